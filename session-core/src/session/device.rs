//! How a session is offered to be bound to a device, kept so at a login, and unbound by its end.

use super::binding::{BindingChange, Known, Proven};
use super::changes::Change;
use super::state::State;
use super::{Origin, Session};
use crate::bound::Devices;
use crate::engine::{SessionError, SignIn};

impl State {
    /// Takes note that what the handle held was bound, and ends.
    pub(super) fn unbind(&mut self) {
        let was_bound =
            self.draft.contents().reserved.device.is_some() || matches!(self.origin, Origin::Unproven { .. });
        self.device = Known { unbound: self.device.unbound || was_bound, ..Known::default() };
    }

    /// Shows an empty session of nobody's in the place of one that is bound to another device.
    pub(crate) fn hide_unproven(&mut self) {
        let Some(key) = self.key() else { return };
        self.origin = Origin::Unproven { key };
        self.forget();
        self.id = None;
        self.told = super::Told::Nothing;
        self.leftovers = super::Leftovers::None;
    }

    /// Offers to bind the session.
    fn offer(&mut self, id: String) -> Result<(), SessionError> {
        self.device.offers = true;
        self.draft.change(Change::Binding(BindingChange::Offer { id: id.into() }))
    }
}

impl Session {
    /// Offers the browser to bind the session to its device, by the response to this request; for
    /// [`BindingOffer::WhereAsked`](crate::BindingOffer::WhereAsked), after [`log_in`](Self::log_in) or later. One that is
    /// bound stays so. Where sessions are not set to be bound, and in browsers that cannot, nothing happens.
    ///
    /// # Errors
    /// `SignIn` if the session is nobody's; `ResponseSent`; `ReadOnly` or `Gone` if it cannot be written.
    pub fn offer_binding(&self) -> Result<(), SessionError> {
        let Some(_) = &self.engine().devices else { return Ok(()) };
        let mut state = self.state();
        state.check_renewable()?;
        if state.draft.owner().is_none() {
            return Err(SessionError::SignIn(SignIn::new(false, None)));
        }
        if state.device.offers || state.draft.contents().reserved.bound_at().is_some() {
            return Ok(());
        }
        let id = Devices::draw_id(&*self.engine().random)?;
        state.offer(id)
    }

    /// Returns whether the request proved that it comes from the device that the session is [bound](Self::bound_at) to;
    /// `false` also where nobody asked for a proof.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.state().device.proven == Proven::Given
    }

    /// Takes note, at a login, of which device the session is bound to from now on. From there it stays the same. Who logs in
    /// without its proof has proved who they are, and may have lost it: their browser is offered to bind it anew.
    pub(super) fn bind_at_login(&self, state: &mut State) -> Result<(), SessionError> {
        let Some(devices) = &self.engine().devices else { return Ok(()) };
        if state.device.proven == Proven::Given {
            return Ok(());
        }
        state.device.proven = Proven::NotAsked;
        if devices.offers_at_login() {
            let id = Devices::draw_id(&*self.engine().random)?;
            return state.offer(id);
        }
        state.draft.change(Change::Binding(BindingChange::Drop))
    }
}
