//! What a request was answered.

use session_core::{CloseOutcome, Closed, SessionError, SessionId, SessionKey};

use super::act::Act;
use crate::support::Browser;

/// What a request was answered. Times are numbers of steps.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) act: Act,
    pub(crate) number: usize,
    /// The key of the id that it came with.
    pub(crate) presented: Option<SessionKey>,
    /// Whose session its handler saw.
    pub(crate) was: Option<String>,
    pub(crate) loaded: usize,
    pub(crate) answered: usize,
    /// When the answer reached the browser; `None` if it was lost.
    pub(crate) delivered: Option<usize>,
    pub(crate) outcome: Result<CloseOutcome, SessionError>,
    /// The key that its handle had at last.
    pub(crate) key: Option<SessionKey>,
    pub(crate) cookie: Cookie,
}

/// What an answer does to the browser's cookie.
#[derive(Debug)]
pub(crate) enum Cookie {
    Stays,
    Goes,
    Is(SessionId),
}

impl Cookie {
    pub(crate) fn of(closed: &Closed) -> Self {
        if closed.set_cookie.is_none() {
            return Self::Stays;
        }
        let mut browser = Browser::default();
        browser.take(closed);
        id(&browser).map_or(Self::Goes, Self::Is)
    }

    pub(crate) fn id(&self) -> Option<&SessionId> {
        match self {
            Self::Is(id) => Some(id),
            _ => None,
        }
    }
}

impl Told {
    /// What somebody elsewhere is told who has revoked the session under a key.
    pub(crate) fn of_revocation(act: Act, number: usize, key: SessionKey, answered: usize) -> Self {
        Self {
            act,
            number,
            presented: Some(key),
            was: None,
            loaded: usize::MAX,
            answered,
            delivered: None,
            outcome: Ok(CloseOutcome::Destroyed),
            key: None,
            cookie: Cookie::Stays,
        }
    }

    pub(crate) fn is_acknowledged(&self) -> bool {
        self.outcome.is_ok()
    }
}

/// Gives the id that a browser has.
pub(crate) fn id(browser: &Browser) -> Option<SessionId> {
    browser.value("__Host-Http-session").map(|text| SessionId::parse(text.as_bytes()).unwrap())
}
