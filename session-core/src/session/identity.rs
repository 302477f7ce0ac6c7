//! Whose session it is, when they proved it, and the id that goes with that.

use std::time::Duration;

use super::changes::Change;
use super::state::Privilege;
use super::{Draft, Session};
#[cfg(feature = "_web")]
use crate::engine::LoginPage;
use crate::engine::SessionError;
use crate::store::{Owner, Timestamp};

impl Session {
    /// Gives the session a new id when the request is closed, and retires the old one. Its values, its owner and its
    /// beginning stay.
    ///
    /// Call it on every change of privilege; [`log_in`](Self::log_in) does it by itself. A session without content gets no
    /// id, and so no new one.
    ///
    /// # Errors
    /// `ResponseSent`; `ReadOnly` or `Gone` if the session cannot be written.
    #[doc(alias("cycle_id", "regenerate"))]
    pub fn renew(&self) -> Result<(), SessionError> {
        let mut state = self.state();
        state.check_renewable()?;
        state.privilege.renew = true;
        state.privilege.routine = false;
        Ok(())
    }

    /// Returns the owner; `None` if the session belongs to nobody.
    #[must_use]
    pub fn owner(&self) -> Option<Owner> {
        self.state().draft.owner().cloned()
    }

    /// Logs `owner` in, who has proved who they are: the session is theirs, under a new [id](Self::renew), from when
    /// the request is closed.
    ///
    /// A session has one owner for life, or none:
    ///
    /// | it belonged to | |
    /// |---|---|
    /// | nobody | its values stay: the cart that was filled before the login |
    /// | the same owner | its values stay; the time of the proof is set, as after a password was asked for again |
    /// | another | it [ends](Self::destroy), and a new one begins, with nothing of it |
    ///
    /// Nobody who proved who they are is refused because their session has ended meanwhile, or because they clicked twice:
    /// where the request came with the id of a session that is over, the login goes on from the one that it became, or
    /// begins a new one.
    ///
    /// ```
    /// # use session_core::{Owner, Session, SessionError};
    /// fn after_the_password_was_checked(session: &Session, user: u64) -> Result<(), SessionError> {
    ///     session.log_in(Owner::new(user.to_string())?)
    /// }
    /// ```
    ///
    /// # Errors
    /// `ResponseSent`; `ReadOnly` if the store failed, or the session is another server's to read. Closing the request may
    /// end with `TooManySessions`, `TooLarge`, or `Conflict` where it also [took](Self::take) what another request took.
    #[doc(alias("set_owner", "login", "authenticate"))]
    pub fn log_in(&self, owner: Owner) -> Result<(), SessionError> {
        let now = self.engine().now();
        let mut state = self.state();
        state.check_login()?;
        if state.draft.owner().is_some_and(|there| *there != owner) {
            state.end(now);
        }
        state.draft.change(Change::Authenticated(now))?;
        state.draft.set_owner(Some(owner.clone()));
        #[cfg(feature = "device-bound")]
        self.bind_at_login(&mut state)?;
        state.privilege = Privilege { renew: true, routine: false, login: Some(owner) };
        Ok(())
    }

    /// Ends the session, as [`destroy`](Self::destroy) does; the handle goes on with a new, empty one of nobody's.
    ///
    /// ```
    /// # use session_core::{FlashLevel, Session, SessionError};
    /// fn log_out(session: &Session) -> Result<(), SessionError> {
    ///     session.log_out();
    ///     session.flash(FlashLevel::Info, "You are signed out.")
    /// }
    /// ```
    #[doc(alias("logout", "sign_out"))]
    pub fn log_out(&self) {
        self.destroy();
    }

    /// Returns when the owner last proved who they are; `None` if never.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.state().draft.contents().reserved.authenticated_at
    }

    /// Returns when the session was bound to the device that its visitor signed in on; `None` if it is not.
    #[must_use]
    pub fn bound_at(&self) -> Option<Timestamp> {
        self.state().draft.contents().reserved.bound_at()
    }

    /// Tells where browsers are sent to sign in.
    #[cfg(feature = "_web")]
    pub(crate) fn login_page(&self) -> Option<&LoginPage> {
        self.engine().login_page.as_ref()
    }

    /// Returns whether the owner proved who they are within the last `max_age`; `false` if never.
    ///
    /// Ask before what needs a fresh proof, such as a change of password ("step-up"); if it is too old, have them prove
    /// it again, and call [`log_in`](Self::log_in).
    #[must_use]
    pub fn is_authenticated_within(&self, max_age: Duration) -> bool {
        #[cfg(feature = "device-bound")]
        if self.state().device.is_doubtful() {
            return false;
        }
        self.authenticated_at().is_some_and(|at| self.engine().now().since(at) <= max_age)
    }
}

impl Draft {
    /// Returns the owner; `None` if the session belongs to nobody. Nothing that is done to a draft changes it.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// Returns when the owner last proved who they are; `None` if never.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.contents().reserved.authenticated_at
    }
}
