//! What must hold once all answers are delivered, or lost.

use std::collections::HashSet;
use std::fmt::{self, Display};

use session_core::{
    CloseOutcome, Handled, LazySession, ReadOnly, RequestHead, Session, SessionError, SessionId, SessionKey,
};

use super::act::{Act, NOBODY, log_in, mark, owner, value_of, whose};
use super::told::Told;
use super::world::{Accident, Start, World};
use crate::support::MINUTE;

impl World {
    /// Checks all promises; `order` is that in which the tasks made their steps.
    pub(crate) async fn keeps_its_promises(self, order: &[usize]) {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        let ids: Vec<_> = told.iter().filter_map(|told| told.cookie.id()).chain(&self.first).collect();
        let mut run = Judged { world: &self, told: &told, ids, opened: Vec::new(), order };
        run.opened = run.look_by_all_ids().await;
        run.nobody_met_an_error_for_nothing();
        run.an_end_that_was_acknowledged_is_an_end();
        run.a_write_that_was_acknowledged_is_there();
        run.nothing_passes_from_owner_to_owner();
        run.nobody_is_signed_out_for_nothing().await;
        run.a_login_is_in_effect().await;
        run.an_owner_has_no_session_too_many().await;
        run.nobody_is_stuck().await;
    }
}

/// A session that an id opens.
struct Opened {
    key: SessionKey,
    whose: String,
    session: Session,
}

impl Opened {
    /// Gives all that says whose it was.
    fn marks(&self) -> Vec<String> {
        let values = self.session.keys().into_iter().map(|key| self.session.get(key.as_str()).unwrap().unwrap());
        values.chain(self.session.take_flash().unwrap().into_iter().map(|flash| flash.message)).collect()
    }
}

/// A run that is over, before anybody goes on.
struct Judged<'a> {
    world: &'a World,
    told: &'a [Told],
    /// All that were ever given to a browser.
    ids: Vec<&'a SessionId>,
    /// What they open.
    opened: Vec<Opened>,
    order: &'a [usize],
}

/// Says what went before, where a promise is broken.
impl Display for Judged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let World { acts, start, accident, renewed, .. } = self.world;
        let renewed = renewed.lock().unwrap();
        write!(f, "{acts:?} beginning with {start:?} ({accident:?}) in the order {:?}: ", self.order)?;
        write!(f, "{:#?}, renewed {renewed:?}", self.told)
    }
}

impl Judged<'_> {
    fn acts(&self, is: impl Fn(Act) -> bool) -> bool {
        self.world.acts.iter().any(|act| is(*act))
    }

    /// Looks what an id opens.
    async fn look(&self, lazy: LazySession) -> Option<Opened> {
        let session = lazy.load().await.unwrap_or_else(|error| panic!("{error} after {self}"));
        let (key, whose) = (session.session_key()?, whose(&session));
        Some(Opened { key, whose, session })
    }

    async fn look_by_all_ids(&self) -> Vec<Opened> {
        let mut opened = Vec::new();
        for id in &self.ids {
            let header = format!("__Host-Http-session={}", id.encode());
            opened.extend(
                self.look(self.world.sessions.open(RequestHead::new("GET").with_cookies([header.as_bytes()]))).await,
            );
        }
        opened
    }

    /// (e), and what others may be refused for.
    fn nobody_met_an_error_for_nothing(&self) {
        for told in self.told {
            let Err(error) = &told.outcome else { continue };
            match told.act {
                // Where two log in at once, and there is one place.
                Act::LogIn(_) | Act::Evict if self.acts(|act| act == Act::Evict) => {
                    assert!(matches!(error, SessionError::TooManySessions { .. }), "a login met an error after {self}");
                }
                Act::Write => {
                    let refused = matches!(error, SessionError::Gone | SessionError::ReadOnly(ReadOnly::Retired));
                    assert!(refused, "a write met {error:?} after {self}");
                    assert!(!self.must_be_written(), "a write was refused for nothing after {self}");
                }
                act => panic!("{act:?} met an error after {self}"),
            }
        }
    }

    /// Tells whether nothing can be in the way of a write: nobody ended the session, and of those who begin from a dead id
    /// this is the first. Only the browser that ended it itself, a moment ago, must wait.
    fn must_be_written(&self) -> bool {
        let is_first = self.world.acts.iter().filter(|act| **act == Act::Write).count() == 1;
        !self.acts(Act::ends)
            && match self.world.start {
                Start::NoCookie | Start::Nobody | Start::Ann | Start::Due | Start::Old => true,
                Start::Revoked | Start::LoggedOutBefore => is_first,
                Start::LoggedOut => false,
            }
    }

    /// Gives the keys that a session had since it had this one; not those of a renewal that `is_later`.
    fn became(&self, key: SessionKey, is_later: impl Fn(&Told) -> bool) -> HashSet<SessionKey> {
        let renewed = self.world.renewed.lock().unwrap();
        let mut keys = HashSet::from([key]);
        let mut more = true;
        while more {
            more = false;
            for (from, to) in &*renewed {
                let by = self.told.iter().find(|told| told.key == Some(*to) && told.act.logs_in().is_some());
                more |= keys.contains(from) && !by.is_some_and(&is_later) && keys.insert(*to);
            }
        }
        keys
    }

    /// (a) and (b): of what a logout, a revocation or a login as another has ended no id opens anything. A login whose
    /// proof is later is spared.
    fn an_end_that_was_acknowledged_is_an_end(&self) {
        let mut over = HashSet::new();
        for told in self.told.iter().filter(|told| told.is_acknowledged()) {
            let ends = told.act.is_logout()
                || told.act == Act::Revoke
                || told.act.logs_in().is_some_and(|who| told.was.as_deref().is_some_and(|was| was != who));
            if let (true, Some(key)) = (ends, told.presented) {
                over.extend(self.became(key, |login| login.loaded > told.loaded));
            }
        }
        for opened in &self.opened {
            assert!(!over.contains(&opened.key), "a session outlived its end after {self}");
        }
    }

    /// (a): what was answered as written is there, or its session has ended.
    fn a_write_that_was_acknowledged_is_there(&self) {
        for told in self.told.iter().filter(|told| told.is_acknowledged()) {
            let (Act::Write | Act::LogIn(_) | Act::Evict, Some(key)) = (told.act, told.key) else { continue };
            let keys = self.became(key, |_| false);
            let mut opened = self.opened.iter().filter(|opened| keys.contains(&opened.key)).peekable();
            let lives = opened.peek().is_some();
            for Opened { session, .. } in opened {
                let there = session.contains(value_of(told.number).as_str());
                assert!(there, "the write of {} is lost after {self}", told.number);
            }
            let may_have_ended = self.acts(Act::ends) || self.world.start.is_newcomer();
            assert!(lives || may_have_ended, "what {} wrote to is gone after {}", told.number, self);
        }
    }

    /// (c): no value, no message and no owner passes from one owner's session to another's, and nothing from one that was
    /// begun from a revoked id to one of an owner.
    fn nothing_passes_from_owner_to_owner(&self) {
        for opened in &self.opened {
            let (Opened { key, whose, .. }, marks) = (opened, opened.marks());
            let passed = marks.iter().find(|mark| **mark != NOBODY && *mark != whose);
            assert_eq!(passed, None, "passed on to {whose} after {self}");
            if self.world.start == Start::Revoked && self.began_by_first_id(*key) {
                assert!(!marks.iter().any(|mark| mark == NOBODY), "planted in {whose}'s session after {self}");
            }
        }
    }

    /// Tells whether a session is that of a login which came with the id that the browser began with, and led to no other
    /// login's.
    fn began_by_first_id(&self, key: SessionKey) -> bool {
        let first = self.world.first.as_ref().map(SessionId::key);
        let login_of = |key| self.told.iter().find(move |told| told.key == Some(key) && told.act.logs_in().is_some());
        let renewed = self.world.renewed.lock().unwrap();
        let from_login = renewed.iter().any(|(from, to)| *to == key && login_of(*from).is_some());
        !from_login && login_of(key).is_some_and(|login| login.presented == first)
    }

    /// Where nobody ended anything the browser has its session, also if the answer that brought a new id was lost, and
    /// shows what was acknowledged. Without any cookie each write begins a session of its own.
    async fn nobody_is_signed_out_for_nothing(&self) {
        let World { start, accident, browser, sessions, .. } = self.world;
        let brought = !start.is_newcomer() || *accident == Accident::No;
        if self.acts(Act::ends) || *start == Start::NoCookie || !brought {
            return;
        }
        let opened = self.look(browser.open(sessions)).await;
        if !start.is_newcomer() {
            let who = if *start == Start::Nobody { NOBODY } else { "ann" };
            let whose = opened.as_ref().map(|opened| opened.whose.as_str());
            assert_eq!(whose, Some(who), "signed out for nothing after {self}");
        }
        for told in self.told.iter().filter(|told| told.act == Act::Write && told.is_acknowledged()) {
            let there = opened.as_ref().is_some_and(|opened| opened.session.contains(value_of(told.number).as_str()));
            assert!(there, "the browser does not see the write of {} after {self}", told.number);
        }
    }

    /// (d): the login whose answer came last is in effect, if nobody ended it or logged in after it.
    async fn a_login_is_in_effect(&self) {
        let logins = self.told.iter().filter(|told| told.act.logs_in().is_some() && told.delivered.is_some());
        let Some(login) = logins.max_by_key(|told| told.delivered) else { return };
        if !login.is_acknowledged() || self.is_undone_by_right(login) || self.is_the_networks(login) {
            return;
        }
        let who = login.act.logs_in().expect("it is a login");
        let opened = self.look(self.world.browser.open(&self.world.sessions)).await;
        assert_eq!(opened.map(|opened| opened.whose).as_deref(), Some(who), "a login is undone after {self}");
    }

    /// Tells whether somebody ended what a login had made, or may have.
    fn is_undone_by_right(&self, login: &Told) -> bool {
        let World { start, acts, accident, .. } = self.world;
        if matches!(accident, Accident::Crash(_)) && acts[0].ends() {
            // What a process did before it died may be in effect.
            return true;
        }
        let undoes = |told: &Told| {
            // A logout that was asked for before the proof spares what that has made.
            let spares = told.act.is_logout() && told.loaded < login.loaded;
            // Of two logins without any cookie, each is another browser's to the other.
            let evicts = *start == Start::NoCookie && self.acts(|act| act == Act::Evict) && told.number != login.number;
            // Who ends from elsewhere what a login has only just made was not before it.
            let since = if told.act.is_outside() || evicts { login.loaded } else { login.answered };
            // The same user's next login renews the session, and its answer was lost or came before. A double click comes
            // with the same id.
            let is_next = told.presented != login.presented;
            told.answered > since && told.act.ends() && !spares && (told.act != login.act || is_next || evicts)
        };
        self.told.iter().any(undoes)
    }

    /// Tells whether the network alone has undone a login: what is named here no server can mend.
    fn is_the_networks(&self, login: &Told) -> bool {
        let after = |told: &&Told| told.delivered > login.delivered;
        self.told.iter().filter(after).any(|told| match told.outcome {
            // The answer of a logout that ended something, or of a renewal, came after it.
            Ok(CloseOutcome::Destroyed | CloseOutcome::Renewed) => true,
            // It came with no id, or with one that opens nothing and that the login had not marked yet: neither could
            // know of the other. To lead its cookie to the login's session would be to give a thief who began from a
            // stolen id that of its owner.
            Ok(CloseOutcome::Created) => {
                let is_write = told.act == Act::Write;
                told.presented.is_none() || (is_write && told.loaded < login.answered)
            }
            _ => false,
        })
    }

    /// Where all went well, the limit holds.
    async fn an_owner_has_no_session_too_many(&self) {
        if self.acts(|act| act == Act::Evict) && self.world.accident == Accident::No {
            let listed = self.world.sessions.list(&owner("ann")).await.unwrap();
            assert!(listed.len() <= 1, "{} sessions after {}", listed.len(), self);
        }
    }

    /// What a visitor meets who does nothing more than go on.
    async fn nobody_is_stuck(&self) {
        let World { sessions, clock, browser, .. } = self.world;
        let mut browser = browser.tab();
        let lazy = browser.open(sessions);
        let load = lazy.load().await;
        assert!(load.is_ok(), "stuck: a page is not shown after {self}");
        let closed = sessions.close(&lazy, Handled::Completed).await;
        assert!(closed.outcome.is_ok(), "stuck: a page is an error after {self}");
        browser.take(&closed);
        for (number, who) in ["ann", "bob", "ann"].into_iter().enumerate() {
            let login = browser.try_request(sessions, |session| log_in(session, who, 100 + number)).await;
            assert!(login.outcome.is_ok(), "more than a login away: {:?} of {who} after {self}", login.outcome);
            let opened = self.look(browser.open(sessions)).await;
            let opened = opened.unwrap_or_else(|| panic!("more than a login away: no session of {who} after {self}"));
            assert_eq!(opened.whose, who, "the login led to somebody else's session after {self}");
            let passed = opened.marks().into_iter().find(|mark| mark != NOBODY && mark != who);
            assert_eq!(passed, None, "passed on to {who} after {self}");
        }
        clock.advance(MINUTE * 3);
        browser.request(sessions, |session| mark(session, "last")).await;
        let last = self.look(browser.open(sessions)).await.expect("it was written");
        browser.request(sessions, |session| session.log_out()).await;
        let opened = self.look_by_all_ids().await;
        assert!(!opened.iter().any(|opened| opened.key == last.key), "an id from before opens the last, after {self}");
    }
}
