//! What a handle knows of its session between the load and the end of the request.

use std::sync::Arc;

use tokio::time::Instant;

use super::Draft;
use super::changes::{Change, Entry, has_effect};
use super::origin::Origin;
use crate::cookie::CookieLifetime;
use crate::engine::{Heard, SessionError, Watched};
use crate::payload::Contents;
use crate::store::{Owner, Record, SessionId, SessionKey, Timestamp};

/// A session that this request is to end.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) origin: Origin,
    /// Others of this browser's that end with it.
    pub(crate) others: Vec<SessionKey>,
    /// When the handler asked for it.
    pub(crate) asked_at: Timestamp,
    /// Which of the handle's sessions it was.
    epoch: u32,
}

/// A change of privilege that is not written yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Privilege {
    pub(crate) renew: bool,
    /// The renewal is one of those made every so often: no privilege changes, and the old id serves for a while.
    pub(crate) routine: bool,
    /// Who logs in.
    pub(crate) login: Option<Owner>,
}

/// What the browser has been told of the session's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It has none, or one that names no session.
    Nothing,
    /// It has this session's, but not as it is set now. It is given the same id again once a look finds that live: a
    /// straggler's would take the place of a login's.
    Otherwise,
    /// It has this session's, of this lifetime and with this deadline.
    Cookie { lifetime: CookieLifetime, expires_at: Timestamp },
}

/// What is known of the end of a session that is waited for.
#[derive(Debug)]
pub(crate) struct Looking {
    pub(crate) watched: Watched,
    /// What had been heard before it was last looked at.
    pub(crate) heard: Heard,
    /// When it is looked at next, whatever is heard.
    pub(crate) next: Instant,
}

/// What the browser still has from before the cookie was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// Nothing that is known of.
    #[default]
    None,
    /// It has several cookies of the name, among them perhaps those of former attributes.
    Attributes,
    /// It presents the session under a former name, which it is to be moved from.
    Name,
}

/// What was discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Values or messages that were set.
    Changes,
    /// More than that: see [`State::is_exact`].
    Exact,
}

/// What the changes that nobody is writing yet come to on other contents than they were made on.
#[derive(Debug)]
pub(crate) enum Rebased {
    /// There are none.
    Contents,
    /// These.
    Changed(Contents),
    /// They cannot be made there.
    Impossible,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) origin: Origin,
    /// The values as the handler sees them, and the changes that nobody is writing yet.
    pub(crate) draft: Draft,
    /// What nobody is writing yet.
    pub(crate) privilege: Privilege,
    /// What is to end before, or with, what the handle holds now.
    pub(crate) endings: Vec<Ending>,
    /// Other sessions that the browser presented, which end with this one.
    pub(crate) others: Vec<SessionKey>,
    /// Counts the sessions that the handle has held: after an end comes a beginning.
    epoch: u32,
    /// Nothing of the session is to be written at close.
    pub(crate) ignored: bool,
    /// Changes were discarded after they were made, which the next write has to tell.
    pub(crate) discarded: Option<Lost>,
    /// The request's method is safe: nobody who only looks at a page is refused for what it left in the session.
    pub(crate) is_safe: bool,
    /// The contents hold changes that were sent, and may be stored or not. The next write finds out.
    pub(crate) uncertain: bool,
    /// The id that the browser holds or is to be given.
    pub(crate) id: Option<SessionId>,
    /// How long browsers keep the cookie of what is stored.
    pub(crate) lifetime: CookieLifetime,
    /// What the browser knows; where that differs from what is stored, a cookie is due.
    pub(crate) told: Told,
    /// A session of the browser's was ended here, so that its cookie must go.
    pub(crate) ended: bool,
    /// What the handle has shown was somebody's, or is.
    pub(crate) had_owner: bool,
    /// The session came by an id that it had before its last renewal.
    pub(crate) by_old_id: bool,
    /// What the browser still has from before the cookie was changed.
    pub(crate) leftovers: Leftovers,
    /// The response has left, or is about to.
    pub(crate) closed: bool,
    /// It was changed after that; what is in the log when the handle goes is lost.
    pub(super) late: bool,
    /// What is known of the device that it is bound to.
    #[cfg(feature = "device-bound")]
    pub(crate) device: super::binding::Known,
    /// What is known of its end, if that is waited for.
    pub(crate) looking: Option<Looking>,
}

/// What there is to write, taken from the state when the write began.
pub(crate) struct Job {
    pub(crate) origin: Origin,
    pub(crate) contents: Contents,
    pub(crate) log: Vec<Entry>,
    /// How many changes of the log are the state's, to be given back to it if they are not written. A transaction
    /// adds its own behind them.
    pub(crate) taken: usize,
    pub(crate) privilege: Privilege,
    /// Other sessions that the browser presented; each goes when it has ended.
    pub(crate) others: Vec<SessionKey>,
    /// What is to end; each goes when that is done.
    pub(crate) endings: Vec<Ending>,
    /// One of them was ended by this write.
    pub(crate) ended: bool,
    epoch: u32,
}

impl Job {
    /// Tells whether there is anything to store under a new id.
    pub(crate) fn begins(&self) -> bool {
        self.privilege.login.is_some() || !self.contents.is_empty()
    }
}

impl State {
    /// Makes the state of a session that comes from `origin`, for a browser that has been told nothing of it.
    pub(crate) fn new(origin: Origin, draft: Draft, lifetime: CookieLifetime) -> Self {
        Self {
            had_owner: origin.record().is_some_and(|record| record.owner.is_some()),
            origin,
            draft,
            privilege: Privilege::default(),
            endings: Vec::new(),
            others: Vec::new(),
            epoch: 0,
            ignored: false,
            discarded: None,
            is_safe: false,
            uncertain: false,
            id: None,
            lifetime,
            told: Told::Nothing,
            ended: false,
            by_old_id: false,
            leftovers: Leftovers::None,
            closed: false,
            late: false,
            #[cfg(feature = "device-bound")]
            device: super::binding::Known::default(),
            looking: None,
        }
    }

    pub(crate) fn record(&self) -> Option<&Arc<Record>> {
        self.origin.record()
    }

    pub(super) fn key(&self) -> Option<SessionKey> {
        match &self.origin {
            Origin::Stored { key, .. } => Some(*key),
            _ => None,
        }
    }

    /// Tells whether the end of a request is a reason to write.
    pub(crate) fn is_changed(&self) -> bool {
        has_effect(self.draft.log()) || self.privilege.renew || self.uncertain
    }

    /// Tells whether the answer is a promise that the changes are stored, whatever the method: something was handed out
    /// once, or a privilege changed.
    pub(crate) fn is_exact(&self) -> bool {
        let takes = |entry: &Entry| matches!(entry.change, Change::Take { .. });
        (self.privilege.renew && !self.privilege.routine)
            || self.discarded == Some(Lost::Exact)
            || self.draft.log().iter().any(takes)
    }

    /// Says why nothing can be written, if so.
    pub(crate) fn check_writable(&self) -> Result<(), SessionError> {
        match self.origin {
            Origin::New | Origin::Dead { .. } if self.closed => Err(SessionError::ResponseSent),
            Origin::New | Origin::Stored { .. } | Origin::Dead { .. } => Ok(()),
            // Whoever logs in begins anew.
            ref origin if self.privilege.login.is_some() && origin.yields_to_logins() => Ok(()),
            Origin::Ended { .. } => Err(SessionError::Gone),
            _ => Err(self.origin.read_only().map_or(SessionError::Gone, SessionError::ReadOnly)),
        }
    }

    /// Says why the session can be given no new id, if so.
    pub(crate) fn check_renewable(&self) -> Result<(), SessionError> {
        if self.closed { Err(SessionError::ResponseSent) } else { self.check_writable() }
    }

    /// Says why nobody can log in, if so.
    pub(crate) fn check_login(&self) -> Result<(), SessionError> {
        if self.closed {
            return Err(SessionError::ResponseSent);
        }
        self.origin.refuses_logins().map_or(Ok(()), |why| Err(SessionError::ReadOnly(why)))
    }

    /// Has the session end, and goes on with a new one.
    pub(crate) fn end(&mut self, asked_at: Timestamp) {
        #[cfg(feature = "device-bound")]
        self.unbind();
        let origin = std::mem::replace(&mut self.origin, Origin::New);
        let others = std::mem::take(&mut self.others);
        if !matches!(origin, Origin::New) || !others.is_empty() {
            self.endings.push(Ending { origin, others, asked_at, epoch: self.epoch });
        }
        self.epoch += 1;
        self.id = None;
        self.told = Told::Nothing;
        self.ignored = false;
        self.by_old_id = false;
        self.forget();
    }

    /// Tells whether a write that began with `job` still writes what the handle holds.
    pub(crate) fn is_current(&self, job: &Job) -> bool {
        self.epoch == job.epoch
    }

    /// Hands out what there is to write.
    pub(crate) fn take_job(&mut self) -> Job {
        let (contents, log) = (self.draft.contents().clone(), self.draft.take_log());
        let taken = log.len();
        self.job(contents, log, taken)
    }

    /// Makes a job of `contents`, to which `log` leads, of which `taken` changes are the draft's.
    pub(crate) fn job(&mut self, contents: Contents, log: Vec<Entry>, taken: usize) -> Job {
        let privilege = std::mem::take(&mut self.privilege);
        let others = if privilege.login.is_some() { std::mem::take(&mut self.others) } else { Vec::new() };
        Job {
            origin: self.origin.clone(),
            contents,
            taken,
            log,
            privilege,
            others,
            endings: std::mem::take(&mut self.endings),
            ended: false,
            epoch: self.epoch,
        }
    }

    /// Takes back what was certainly not written.
    pub(crate) fn restore(&mut self, job: Job) {
        let is_current = self.is_current(&job);
        let Job { mut log, taken, privilege, others, endings, ended, .. } = job;
        self.ended |= ended;
        self.endings.splice(..0, endings);
        if !is_current {
            return;
        }
        self.others.extend(others);
        log.truncate(taken);
        self.draft.restore(log);
        // One that nobody asked for is not tried again by whatever writes next.
        self.privilege.renew |= privilege.renew && !privilege.routine;
        if self.privilege.login.is_none() {
            self.privilege.login = privilege.login;
        }
    }

    /// Takes note of what was stored for a session that was to end before that was known.
    pub(crate) fn stored_too_late(&mut self, job: &Job, key: SessionKey, record: Arc<Record>, now: Timestamp) {
        let origin = Origin::Stored { key, record };
        match self.endings.iter_mut().find(|ending| ending.epoch == job.epoch) {
            Some(ending) => ending.origin = origin,
            None => self.endings.push(Ending { origin, others: Vec::new(), asked_at: now, epoch: job.epoch }),
        }
    }

    /// Takes note of what is stored now, or was found stored; `lifetime` is its cookie's.
    pub(crate) fn stored(
        &mut self,
        key: SessionKey,
        record: Arc<Record>,
        contents: Contents,
        rebased: Rebased,
        lifetime: CookieLifetime,
    ) {
        let is_exact = self.is_exact();
        match rebased {
            Rebased::Contents => self.draft.show(contents),
            Rebased::Changed(changed) => self.draft.show(changed),
            Rebased::Impossible => {
                self.discarded = Some(if is_exact { Lost::Exact } else { Lost::Changes });
                self.privilege = Privilege::default();
                self.draft.show_alone(contents);
            }
        }
        if self.privilege.login.is_none() {
            self.draft.set_owner(record.owner.clone());
        }
        self.uncertain = false;
        self.had_owner |= record.owner.is_some();
        self.lifetime = lifetime;
        self.origin = Origin::Stored { key, record };
        self.found_live();
    }

    /// Takes note of the key that the session is found under. If another request has renewed it, that one's response
    /// has the id.
    pub(crate) fn moved(&mut self, key: &SessionKey) {
        if let Origin::Stored { key: was, .. } = &self.origin
            && was != key
        {
            self.id = None;
            self.told = Told::Nothing;
            self.leftovers = Leftovers::None;
        }
    }

    /// Takes note of a new id, for which the browser needs a cookie.
    pub(crate) fn renewed(&mut self, id: SessionId) {
        self.id = Some(id);
        self.told = Told::Nothing;
        self.by_old_id = false;
    }

    /// Takes note that the session is over, with all changes that were not written.
    pub(crate) fn ended(&mut self) {
        self.origin = self.origin.ended();
        self.forget();
    }

    /// Forgets all that is not stored, and shows an empty session of nobody's.
    pub(crate) fn forget(&mut self) {
        self.privilege = Privilege::default();
        self.discarded = None;
        self.uncertain = false;
        self.draft.discard();
    }

    /// Takes note of a touch.
    pub(crate) fn touched(&mut self, seen: Timestamp, expires_at: Timestamp) {
        self.found_live();
        if let Origin::Stored { record, .. } = &mut self.origin {
            let record = Arc::make_mut(record);
            record.last_seen_at = record.last_seen_at.max(seen);
            record.expires_at = record.expires_at.max(expires_at);
        }
    }

    /// Takes note that the session was found live under its id, which may be given again.
    fn found_live(&mut self) {
        if self.told == Told::Otherwise {
            self.told = Told::Nothing;
        }
    }
}
