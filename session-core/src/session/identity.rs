//! Whose session it is, when they proved it, and the id that goes with that.

use std::time::Duration;

use super::Session;
use super::changes::Change;
use super::state::Privilege;
use crate::engine::SessionError;
use crate::store::{Owner, Timestamp};

impl Session {
    /// Gives the session a new id when the request is closed, and retires the old one. Its values, its
    /// owner and its beginning stay.
    ///
    /// Call it on every change of privilege; [`set_owner`](Self::set_owner) does it by itself. A session
    /// without content gets no id, and so no new one.
    ///
    /// # Errors
    /// `Destroyed` after `destroy`; `ResponseSent`; `ReadOnly` or `Gone` if the session cannot be written.
    #[doc(alias("cycle_id", "regenerate"))]
    pub fn renew(&self) -> Result<(), SessionError> {
        let mut state = self.state();
        state.check_renewable()?;
        state.privilege.renew = true;
        state.privilege.routine = false;
        Ok(())
    }

    /// Gives the owner; `None` if the session belongs to nobody.
    #[must_use]
    pub fn owner(&self) -> Option<Owner> {
        self.state().owner.clone()
    }

    /// Says whom the session belongs to: the user who logged in, or nobody.
    ///
    /// Another owner than before is a change of privilege: the id is [renewed](Self::renew), and the time of
    /// authentication is set, or cleared with the owner. The owner that is there already changes nothing; for
    /// one who logged in again, call [`set_authenticated`](Self::set_authenticated).
    ///
    /// A request that came with a retired id, and whose session is therefore read-only, starts a new session
    /// by this. Its visitor was logged out elsewhere a moment ago, or never saw the answer to their last login. So does one
    /// that came with [several](crate::ReadOnly::SeveralCookies) live sessions, which end.
    ///
    /// # Errors
    /// As [`renew`](Self::renew).
    pub fn set_owner(&self, owner: impl Into<Option<Owner>>) -> Result<(), SessionError> {
        let owner = owner.into();
        let mut state = self.state();
        if owner.is_some() {
            state.start_anew();
        }
        state.check_renewable()?;
        if state.owner == owner {
            return Ok(());
        }
        let authenticated_at = owner.is_some().then(|| self.engine().now());
        state.draft.change(Change::Authenticated(authenticated_at))?;
        state.owner.clone_from(&owner);
        state.privilege = Privilege { renew: true, routine: false, owner: Some(owner) };
        Ok(())
    }

    /// Tells when the owner last proved who they are; `None` if never.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.state().draft.contents().reserved.authenticated_at
    }

    /// Tells whether the owner proved who they are within the last `max_age`; `false` if never.
    ///
    /// Ask before what needs a fresh proof, such as a change of password ("step-up"); if it is too old, have them prove
    /// it again, and call [`set_authenticated`](Self::set_authenticated).
    #[must_use]
    pub fn is_authenticated_within(&self, max_age: Duration) -> bool {
        self.authenticated_at().is_some_and(|at| self.engine().now().since(at) <= max_age)
    }

    /// Takes note that the owner proved who they are again, and [renews](Self::renew) the id.
    ///
    /// # Errors
    /// As [`renew`](Self::renew).
    pub fn set_authenticated(&self) -> Result<(), SessionError> {
        let mut state = self.state();
        state.check_renewable()?;
        state.draft.change(Change::Authenticated(Some(self.engine().now())))?;
        state.privilege.renew = true;
        state.privilege.routine = false;
        Ok(())
    }
}
