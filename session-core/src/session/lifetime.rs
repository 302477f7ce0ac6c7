//! How long a session lives, and its cookie.

use super::changes::Change;
use super::{Draft, Session};
use crate::cookie::CookieLifetime;
use crate::engine::SessionError;
use crate::payload::Expiry;

impl Session {
    /// Sets timeouts for this session alone, instead of its `Sessions`' default; `None` goes back to that.
    ///
    /// # Errors
    /// `InvalidExpiry` if they cannot work.
    pub fn set_expiry(&self, expiry: impl Into<Option<Expiry>>) -> Result<(), SessionError> {
        let expiry = expiry.into();
        self.change(|draft| draft.set_expiry(expiry))
    }

    /// Sets how long browsers keep this session's cookie, instead of its `Sessions`' default: a persistent one is
    /// "remember me", together with a long [expiry](Self::set_expiry).
    ///
    /// # Errors
    /// None today.
    pub fn set_cookie_lifetime(&self, lifetime: CookieLifetime) -> Result<(), SessionError> {
        self.change(|draft| draft.set_cookie_lifetime(lifetime))
    }
}

impl Draft {
    /// Returns the session's own timeouts; `None` if it has those of its `Sessions`.
    #[must_use]
    pub fn expiry(&self) -> Option<Expiry> {
        self.contents().reserved.expiry()
    }

    /// Sets timeouts for this session alone, instead of its `Sessions`' default; `None` goes back to that.
    ///
    /// # Errors
    /// `InvalidExpiry` if they cannot work.
    pub fn set_expiry(&mut self, expiry: impl Into<Option<Expiry>>) -> Result<(), SessionError> {
        let expiry = expiry.into();
        if let Some(expiry) = &expiry {
            expiry.check().map_err(SessionError::InvalidExpiry)?;
        }
        if self.expiry() == expiry { Ok(()) } else { self.change(Change::Expiry(expiry)) }
    }

    /// Sets how long browsers keep the session's cookie, instead of its `Sessions`' default. They are told with the
    /// next response of a request of the session.
    ///
    /// # Errors
    /// None of its own; a session's has some.
    pub fn set_cookie_lifetime(&mut self, lifetime: CookieLifetime) -> Result<(), SessionError> {
        let is_set = self.contents().reserved.lifetime() == Some(lifetime);
        if is_set { Ok(()) } else { self.change(Change::Lifetime(lifetime)) }
    }
}
