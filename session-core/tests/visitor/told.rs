//! What a request was answered.

use session_core::{CloseOutcome, Closed, ReadOnly, SessionError, SessionId, SessionKey};

use super::act::Act;
use crate::support::Browser;

/// What a request was answered. Times are numbers of steps.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) act: Act,
    pub(crate) number: usize,
    /// The keys of the ids that it came with.
    pub(crate) presented: Vec<SessionKey>,
    /// When it began to end sessions by their owner, or to do what is done from elsewhere.
    pub(crate) began: usize,
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
        ids(&browser).pop().map_or(Self::Goes, Self::Is)
    }

    pub(crate) fn id(&self) -> Option<&SessionId> {
        match self {
            Self::Is(id) => Some(id),
            _ => None,
        }
    }
}

impl Told {
    /// What somebody elsewhere is told who has revoked the session under a key, or all of an owner.
    pub(crate) fn of_revocation(
        (act, number): (Act, usize),
        presented: Vec<SessionKey>,
        (began, answered): (usize, usize),
        revoked: Result<(), SessionError>,
    ) -> Self {
        Self {
            act,
            number,
            presented,
            began,
            was: None,
            loaded: usize::MAX,
            answered,
            delivered: None,
            outcome: revoked.map(|()| CloseOutcome::Destroyed),
            key: None,
            cookie: Cookie::Stays,
        }
    }

    pub(crate) fn is_acknowledged(&self) -> bool {
        self.outcome.is_ok()
    }

    /// Tells whether it was refused at the start, since its server could not read what it came with.
    pub(crate) fn is_left_alone(&self) -> bool {
        matches!(self.outcome, Err(SessionError::ReadOnly(ReadOnly::NoKey)))
    }
}

/// Gives the ids that a browser has, in the order in which they came into its jar.
pub(crate) fn ids(browser: &Browser) -> Vec<SessionId> {
    let (jar, now) = (browser.jar(), browser.now());
    let ours = jar.all(now).filter(|cookie| cookie.name.ends_with("-session"));
    ours.map(|cookie| SessionId::parse(cookie.value.as_bytes()).unwrap()).collect()
}
