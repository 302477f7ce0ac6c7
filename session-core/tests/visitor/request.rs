//! A request of the browser, or what somebody does elsewhere, in steps.

use std::sync::{Arc, Mutex};

use session_core::{Handled, Session, SessionError, SessionId, Sessions};

use super::act::{Act, owner};
use super::told::{Cookie, Told, ids};
use crate::support::Browser;
use crate::support::stepped::{Kind, Steps};

/// One task of a run.
pub(super) struct Request {
    pub(super) act: Act,
    pub(super) number: usize,
    pub(super) sessions: Sessions,
    pub(super) steps: Steps,
    pub(super) browser: Browser,
    pub(super) first: Option<SessionId>,
    pub(super) told: Arc<Mutex<Vec<Told>>>,
    pub(super) answer_is_lost: bool,
}

impl Request {
    pub(super) async fn run(mut self) {
        match self.act {
            Act::Revoke | Act::RevokeAll => return self.revoke().await,
            Act::Evict => self.steps.step(Kind::Outside).await,
            _ => self.steps.step(Kind::Open).await,
        }
        let presented = ids(&self.browser).iter().map(SessionId::key).collect();
        let lazy = self.browser.open(&self.sessions);
        let session = lazy.load().await.unwrap();
        let (was, loaded) = (session.owner().map(|owner| owner.as_str().to_owned()), self.steps.count());
        let key_then = session.session_key();
        let handled = match self.act {
            Act::EndOthers => self.end_others(&session).await,
            act => act.handle(self.number, &session),
        };
        let how = if handled.is_ok() { Handled::Completed } else { Handled::Failed };
        let closed = self.sessions.close(&lazy, how).await;
        let cookie = Cookie::of(&closed);
        let index = {
            let mut told = self.told.lock().unwrap();
            told.push(Told {
                act: self.act,
                number: self.number,
                presented,
                was,
                began: loaded,
                loaded,
                answered: self.steps.count(),
                delivered: None,
                outcome: handled.and(closed.outcome),
                key: if self.act == Act::EndOthers { key_then } else { session.session_key() },
                cookie,
            });
            told.len() - 1
        };
        if self.answer_is_lost || self.act == Act::Evict {
            return;
        }
        self.steps.step(Kind::Deliver).await;
        self.told.lock().unwrap()[index].delivered = Some(self.steps.count());
        for set_cookie in closed.set_cookie.iter().chain(&closed.removals) {
            let _ = self.browser.plant(set_cookie);
        }
    }

    async fn revoke(self) {
        let (mut began, mut presented) = (self.steps.count(), Vec::new());
        let revoked = match (self.act, &self.first) {
            (Act::RevokeAll, _) => {
                // The list is read in one step with what comes before.
                self.steps.step(Kind::Outside).await;
                began = self.steps.count();
                self.sessions.revoke_all(&owner("ann"), None).await.map(drop)
            }
            (_, Some(id)) => {
                presented.push(id.key());
                self.sessions.revoke(&id.key()).await.map(drop)
            }
            (_, None) => return,
        };
        let when = (began, self.steps.count());
        self.told.lock().unwrap().push(Told::of_revocation((self.act, self.number), presented, when, revoked));
    }

    /// "Log out everywhere else".
    async fn end_others(&self, session: &Session) -> Result<(), SessionError> {
        let Some(owner) = session.owner() else { return Ok(()) };
        self.sessions.revoke_all(&owner, session.session_key().as_ref()).await.map(drop)
    }
}
