//! What was acknowledged as ended is over, and no more than that.

use std::collections::HashSet;

use session_core::{SessionId, SessionKey};

use super::super::act::{Act, owner};
use super::super::scene::{Accident, Beside};
use super::super::told::Told;
use super::Judged;

impl Judged<'_> {
    /// (a) and (b): of what a logout, a revocation or a login as another has ended no id opens anything. A login whose
    /// proof is later is spared. A login leaves nothing of what it came with under the id that it came with.
    pub(super) fn an_end_that_was_acknowledged_is_an_end(&self) {
        let mut over = HashSet::new();
        for told in self.told.iter().filter(|told| told.is_acknowledged()) {
            let ends = told.act.is_logout()
                || told.act == Act::Revoke
                || told.act.logs_in().is_some_and(|who| told.was.as_deref().is_some_and(|was| was != who));
            for key in &told.presented {
                if ends {
                    over.extend(self.became(*key, |login| login.loaded > told.loaded));
                }
                if told.act.logs_in().is_some() {
                    over.insert(*key);
                }
            }
            over.extend(self.ended_by_owner(told));
        }
        for opened in &self.opened {
            assert!(!over.contains(&opened.key), "a session outlived its end after {self}");
        }
    }

    /// Gives what ended with all of an owner's sessions, or all but one: those that were the owner's when that began.
    fn ended_by_owner(&self, told: &Told) -> HashSet<SessionKey> {
        let (scene, had) = (&self.world.scene, &self.world.had);
        let ends = told.act == Act::RevokeAll || (told.act == Act::EndOthers && told.was.as_deref() == Some("ann"));
        if !ends {
            return HashSet::new();
        }
        let first = had.first.as_ref().filter(|_| scene.start.lives() == Some("ann"));
        let beside = had.beside.as_ref().filter(|_| scene.beside.and_then(Beside::lives) == Some("ann"));
        let mut anns: Vec<_> =
            [first, beside, had.elsewhere.as_ref()].into_iter().flatten().map(SessionId::key).collect();
        let before = |login: &&Told| {
            login.act.logs_in() == Some("ann") && login.is_acknowledged() && login.answered < told.began
        };
        match told.act {
            Act::RevokeAll => anns.extend(self.told.iter().filter(before).filter_map(|login| login.key)),
            // What one browser has come from the other is one session.
            _ => anns.retain(|key| !self.became(*key, |_| false).contains(&told.key.expect("it has an owner"))),
        }
        anns.into_iter().flat_map(|key| self.became(key, |_| false)).collect()
    }

    /// What Ann has in another browser goes on, unless all of hers were to end, or all but one.
    pub(super) fn what_is_not_to_end_lives(&self) {
        let Some(elsewhere) = &self.world.had.elsewhere else { return };
        let ends = |told: &Told| match told.act {
            Act::EndOthers => told.was.is_some(),
            act => matches!(act, Act::RevokeAll | Act::Evict),
        };
        let may_be_over = self.told.iter().any(ends) || self.world.scene.accident != Accident::No;
        let lives = self.opened.iter().any(|opened| opened.key == elsewhere.key());
        let has_limit = self.world.scene.has(|act| act == Act::Evict);
        assert!(lives || may_be_over || has_limit, "Ann was signed out elsewhere for nothing after {self}");
    }

    /// Where all went well, the limit holds. Who lacks a key cannot count what it cannot read.
    pub(super) async fn an_owner_has_no_session_too_many(&self) {
        let scene = &self.world.scene;
        let all_read = (0..scene.acts.len()).all(|number| !scene.servers.lacks_key(number));
        if self.acts(|act| act == Act::Evict) && all_read && scene.accident == Accident::No {
            let listed = self.world.sessions.list(&owner("ann")).await.unwrap();
            assert!(listed.len() <= 1, "{} sessions after {}", listed.len(), self);
        }
    }
}
