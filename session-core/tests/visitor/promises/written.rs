//! What was acknowledged as written is there, and nothing passes from owner to owner.

use session_core::{SessionId, SessionKey};

use super::super::act::{Act, NOBODY, value_of};
use super::super::scene::{Beside, Start};
use super::{Judged, Opened};

impl Judged<'_> {
    /// (a): what was answered as written is there, or its session has ended.
    pub(super) fn a_write_that_was_acknowledged_is_there(&self) {
        for told in self.told.iter().filter(|told| told.is_acknowledged()) {
            let (Act::Write | Act::LogIn(_) | Act::Evict, Some(key)) = (told.act, told.key) else { continue };
            let keys = self.became(key, |_| false);
            let mut opened = self.opened.iter().filter(|opened| keys.contains(&opened.key)).peekable();
            let lives = opened.peek().is_some();
            for Opened { session, .. } in opened {
                let there = session.contains(value_of(told.number).as_str());
                assert!(there, "the write of {} is lost after {self}", told.number);
            }
            let may_have_ended = self.acts(Act::ends) || self.world.scene.is_newcomer();
            assert!(lives || may_have_ended, "what {} wrote to is gone after {}", told.number, self);
        }
    }

    /// (c): no value, no message and no owner passes from one owner's session to another's, and nothing from one that was
    /// begun from a revoked id to one of an owner.
    pub(super) fn nothing_passes_from_owner_to_owner(&self) {
        for opened in &self.opened {
            let (Opened { key, whose, .. }, marks) = (opened, opened.marks());
            let passed = marks.iter().find(|mark| **mark != NOBODY && *mark != whose);
            assert_eq!(passed, None, "passed on to {whose} after {self}");
            if self.world.scene.start == Start::Revoked && self.began_by_first_id(*key) {
                assert!(!marks.iter().any(|mark| mark == NOBODY), "planted in {whose}'s session after {self}");
            }
        }
    }

    /// Tells whether a session is that of a login which came with the id that the browser began with, and with none that
    /// opened something, and led to no other login's.
    fn began_by_first_id(&self, key: SessionKey) -> bool {
        let first = self.world.had.first.as_ref().map(SessionId::key).expect("it was revoked");
        let login_of = |key| self.told.iter().find(move |told| told.key == Some(key) && told.act.logs_in().is_some());
        let renewed = self.world.renewed.lock().unwrap();
        let from_login = renewed.iter().any(|(from, to)| *to == key && login_of(*from).is_some());
        // What its second cookie opened is its own.
        let had_another = self.world.scene.beside.and_then(Beside::lives).is_some();
        !from_login && !had_another && login_of(key).is_some_and(|login| login.presented.contains(&first))
    }
}
