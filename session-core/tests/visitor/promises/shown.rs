//! What a request is shown, and what it may be refused for.

use session_core::{ReadOnly, SessionError, SessionId, SessionKey};

use super::super::act::{Act, NOBODY};
use super::super::scene::{Accident, Beside, Start};
use super::super::told::{Cookie, Told};
use super::Judged;

impl Judged<'_> {
    /// Who loads before anything ended is shown what its cookies open; and nothing, if they open several sessions of which
    /// one is somebody's: to write to that would be to put a visitor's form into a planted session.
    pub(super) fn each_is_shown_the_session_of_its_cookies(&self) {
        let scene = &self.world.scene;
        for told in self.told.iter().filter(|told| !told.act.is_outside() && self.was_before_all_ends(told)) {
            if scene.servers.lacks_key(told.number) {
                continue;
            }
            let Some(opens) = self.opens(&told.presented) else { continue };
            let is_ambiguous = opens.len() > 1 && opens.iter().any(|whose| *whose != NOBODY);
            let shown = if is_ambiguous { NOBODY } else { opens.first().copied().unwrap_or(NOBODY) };
            let was = told.was.as_deref().unwrap_or(NOBODY);
            assert_eq!(was, shown, "{} was shown another's session after {}", told.number, self);
            if is_ambiguous && told.act == Act::Write {
                let refused = matches!(told.outcome, Err(SessionError::ReadOnly(ReadOnly::SeveralCookies)));
                assert!(refused, "one of several was written to by {} after {}", told.number, self);
            }
        }
    }

    /// Tells whether it had loaded before anything that ends a session had.
    fn was_before_all_ends(&self, told: &Told) -> bool {
        let scene = &self.world.scene;
        let is_later = |number| self.told.iter().any(|other| other.number == number && other.loaded > told.loaded);
        let mut others = scene.acts.iter().enumerate().filter(|(number, _)| *number != told.number);
        others.all(|(number, act)| match act {
            act if act.is_outside() => false,
            act if act.ends() || *act == Act::EndOthers => is_later(number),
            _ => true,
        })
    }

    /// Says whose sessions were opened by the ids that a request came with; `None` if one of them was new.
    fn opens(&self, presented: &[SessionKey]) -> Option<Vec<&'static str>> {
        let scene = &self.world.scene;
        let key = |id: &Option<SessionId>| id.as_ref().map(SessionId::key);
        let (first, beside) = (key(&self.world.had.first), key(&self.world.had.beside));
        let mut opens = Vec::new();
        for key in presented {
            match Some(*key) {
                key if key == first => opens.extend(scene.start.lives()),
                // Alone, it still serves.
                key if key == beside && scene.beside == Some(Beside::Before) => {
                    opens.extend(scene.start.lives().filter(|_| presented.len() == 1));
                }
                key if key == beside => opens.extend(scene.beside.and_then(Beside::lives)),
                _ => return None,
            }
        }
        Some(opens)
    }

    /// (e), and what others may be refused for.
    pub(super) fn nobody_met_an_error_for_nothing(&self) {
        let scene = &self.world.scene;
        for told in self.told {
            let Err(error) = &told.outcome else { continue };
            if scene.servers.lacks_key(told.number) && lacks_key(error) {
                continue;
            }
            match told.act {
                // Where two log in at once, and there is one place.
                Act::LogIn(_) | Act::Evict if self.acts(|act| act == Act::Evict) => {
                    assert!(matches!(error, SessionError::TooManySessions { .. }), "a login met an error after {self}");
                }
                Act::Write => {
                    let refused = match error {
                        SessionError::Gone | SessionError::ReadOnly(ReadOnly::Retired) => true,
                        SessionError::ReadOnly(ReadOnly::SeveralCookies) => told.presented.len() > 1,
                        _ => false,
                    };
                    assert!(refused, "a write met {error:?} after {self}");
                    assert!(!self.must_be_written(), "a write was refused for nothing after {self}");
                }
                act => panic!("{act:?} met an error after {self}"),
            }
        }
    }

    /// Tells whether nothing can be in the way of a write: nobody ended the session, and of those who begin from a dead id
    /// this is the first. Only the browser that ended it itself, a moment ago, must wait, and one whose cookies open several
    /// sessions.
    fn must_be_written(&self) -> bool {
        let scene = &self.world.scene;
        let is_first = scene.acts.iter().filter(|act| **act == Act::Write).count() == 1;
        let was_logged_out = scene.start == Start::LoggedOut || scene.beside == Some(Beside::LoggedOut);
        let is_alone = scene.start == Start::NoCookie && scene.beside.is_none();
        !self.acts(Act::ends)
            && !scene.is_ambiguous()
            && (!scene.is_newcomer() || is_alone || (is_first && !was_logged_out))
    }

    /// Who cannot read what a browser has refuses what would write, begin or end, and leaves the cookie. Another server
    /// may read it.
    pub(super) fn who_cannot_read_leaves_alone(&self) {
        let scene = &self.world.scene;
        for told in self.told.iter().filter(|told| !told.act.is_outside()) {
            if told.outcome.as_ref().is_err_and(lacks_key) {
                assert!(matches!(told.cookie, Cookie::Stays), "the cookie of what is left alone after {self}");
            }
            let had = [&self.world.had.first, &self.world.had.beside].into_iter().flatten();
            let unread = had.map(SessionId::key).any(|key| told.presented.contains(&key));
            // One that nobody knows nobody reads, and what a crash began is not known here.
            let known = scene.beside != Some(Beside::Unknown) && scene.accident == Accident::No;
            if !scene.servers.reads_nothing(told.number) || !unread || !known || told.act == Act::Read {
                continue;
            }
            assert!(told.is_left_alone() || told.act == Act::EndOthers, "what is left alone was touched after {self}");
        }
    }
}

/// Tells whether an error says that this server lacks a key.
fn lacks_key(error: &SessionError) -> bool {
    match error {
        SessionError::ReadOnly(why) => *why == ReadOnly::NoKey,
        SessionError::Codec(error) => error.lacks_key(),
        _ => false,
    }
}
