//! What a request of the browser does, or somebody elsewhere.

use session_core::{FlashLevel, Owner, Session, SessionError};

/// What a request of the browser does, or somebody elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Read,
    /// Sets a value that says whose session the handler saw, and leaves a message.
    Write,
    /// Sets such a value once somebody has logged in.
    LogIn(&'static str),
    LogOut,
    /// Leaves a message after the logout: "you are signed out".
    LogOutAndSay,
    /// Ends the session that the browser came with, from elsewhere.
    Revoke,
    /// Ann logs in at another browser, and may have one session.
    Evict,
    /// Ends all sessions of Ann's.
    RevokeAll,
    /// Ends all sessions of the visitor's but the one that the handler saw.
    EndOthers,
}

/// Values and messages of nobody's session say so.
pub(crate) const NOBODY: &str = "nobody";

impl Act {
    pub(crate) const ALL: [Self; 8] = [
        Self::Read,
        Self::Write,
        Self::LogIn("ann"),
        Self::LogIn("bob"),
        Self::LogOut,
        Self::LogOutAndSay,
        Self::Revoke,
        Self::Evict,
    ];

    /// What ends sessions by their owner.
    pub(crate) const OF_OWNER: [Self; 2] = [Self::RevokeAll, Self::EndOthers];

    /// Tells whether it is no request of the browser.
    pub(crate) fn is_outside(self) -> bool {
        matches!(self, Self::Revoke | Self::Evict | Self::RevokeAll)
    }

    /// Tells whether Ann has a session elsewhere, which it ends.
    pub(crate) fn is_of_owner(self) -> bool {
        Self::OF_OWNER.contains(&self)
    }

    pub(crate) fn is_logout(self) -> bool {
        matches!(self, Self::LogOut | Self::LogOutAndSay)
    }

    /// Gives who logs in at the browser.
    pub(crate) fn logs_in(self) -> Option<&'static str> {
        match self {
            Self::LogIn(who) => Some(who),
            _ => None,
        }
    }

    /// Tells whether what others of this browser write may be lost by it, and they are told.
    pub(crate) fn ends(self) -> bool {
        !matches!(self, Self::Read | Self::Write | Self::EndOthers)
    }

    /// Does what the handler of the request with that number does at once.
    ///
    /// # Errors
    /// As a login is refused.
    pub(crate) fn handle(self, number: usize, session: &Session) -> Result<(), SessionError> {
        match self {
            Self::Read | Self::Revoke | Self::RevokeAll | Self::EndOthers => {}
            Self::Write => {
                mark(session, &value_of(number));
                let whose = whose(session);
                session.flash(FlashLevel::Info, whose).unwrap();
            }
            Self::LogIn(who) => log_in(session, who, number)?,
            Self::Evict => log_in(session, "ann", number)?,
            Self::LogOut => session.log_out(),
            Self::LogOutAndSay => {
                session.log_out();
                session.flash(FlashLevel::Info, NOBODY).unwrap();
            }
        }
        Ok(())
    }
}

pub(crate) fn owner(name: &str) -> Owner {
    Owner::new(name).unwrap()
}

/// Gives the key of the value that a request sets.
pub(crate) fn value_of(number: usize) -> String {
    format!("v{number}")
}

pub(crate) fn log_in(session: &Session, who: &str, number: usize) -> Result<(), SessionError> {
    session.log_in(owner(who))?;
    mark(session, &value_of(number));
    Ok(())
}

/// Sets a value that says whose session this is.
pub(crate) fn mark(session: &Session, key: &str) {
    session.insert(key, whose(session)).unwrap();
}

/// Says whose session this is.
pub(crate) fn whose(session: &Session) -> String {
    session.owner().map_or_else(|| NOBODY.to_owned(), |owner| owner.as_str().to_owned())
}
