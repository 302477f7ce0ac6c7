//! A login is in effect.

use session_core::{CloseOutcome, SessionId};

use super::super::act::Act;
use super::super::scene::{Accident, Beside, Start};
use super::super::told::Told;
use super::super::world::World;
use super::Judged;

impl Judged<'_> {
    /// (d): the login whose answer came last is in effect, if nobody ended it or logged in after it.
    pub(super) async fn a_login_is_in_effect(&self) {
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
        let scene = &self.world.scene;
        if matches!(scene.accident, Accident::Crash(_)) && (scene.acts[0].ends() || scene.acts[0] == Act::EndOthers) {
            // What a process did before it died may be in effect.
            return true;
        }
        let undoes = |told: &Told| {
            // A logout that was asked for before the proof spares what that has made.
            let spares = told.act.is_logout() && told.loaded < login.loaded;
            // Of two logins without any cookie, each is another browser's to the other.
            let evicts =
                scene.start == Start::NoCookie && self.acts(|act| act == Act::Evict) && told.number != login.number;
            // Who ends from elsewhere what a login has only just made was not before it.
            let since = if told.act.is_outside() || evicts { login.loaded } else { login.answered };
            // The same user's next login renews the session, and its answer was lost or came before. A double click comes
            // with the same id.
            let is_next = told.presented != login.presented;
            told.answered > since && told.act.ends() && !spares && (told.act != login.act || is_next || evicts)
        };
        self.told.iter().any(|told| undoes(told) || (self.was_another(told, login) && told.answered > login.loaded))
    }

    /// Tells whether a request ended all of the visitor's sessions but its own, and what a login made was none of that: it
    /// came without a cookie, or with several.
    fn was_another(&self, told: &Told, login: &Told) -> bool {
        let (Act::EndOthers, Some(own), Some(made)) = (told.act, told.key, login.key) else { return false };
        told.was.as_deref() == login.act.logs_in()
            && !self.became(own, |_| false).contains(&made)
            && !self.became(made, |_| false).contains(&own)
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
                self.came_with_nothing(told) || (is_write && told.loaded < login.answered)
            }
            // It gave the id again that was found live, in the place of several cookies, and the login came upon that, or
            // came without it.
            Ok(CloseOutcome::Written | CloseOutcome::Touched) => {
                let is_before = told.answered < login.answered || self.came_with_nothing(login);
                told.cookie.id().is_some() && is_before
            }
            _ => false,
        })
    }

    /// Tells whether a request came with no id, or with none that anybody knows.
    fn came_with_nothing(&self, told: &Told) -> bool {
        let World { scene, had, .. } = self.world;
        let unknown = had.beside.as_ref().filter(|_| scene.beside == Some(Beside::Unknown)).map(SessionId::key);
        told.presented.iter().all(|key| Some(*key) == unknown)
    }
}
