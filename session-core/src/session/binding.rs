//! The device that a session is bound to: what a handle knows of it, and the changes of the binding.

use smol_str::SmolStr;

use crate::engine::SessionError;
use crate::payload::{Binding, DeviceKey, OrRaw, Reserved};
use crate::store::Timestamp;

/// What a handle knows of the device of its session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(crate) proven: Proven,
    /// The browser is to be offered to bind the session.
    pub(crate) offers: bool,
    /// A session that was offered or bound was ended, so that its browser may have a cookie of the device.
    pub(crate) unbound: bool,
}

/// Says whether a request proved that it comes from the device of its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Proven {
    /// Nobody asked for it.
    #[default]
    NotAsked,
    Given,
    /// It did not, and goes on, but no proof of who its owner is counts as fresh.
    Missing,
}

impl Known {
    /// Tells whether no proof of who the owner is may count as fresh.
    pub(super) fn is_doubtful(self) -> bool {
        self.proven == Proven::Missing
    }
}

/// A change of the binding, in the log with all others.
#[derive(Clone, Debug)]
pub(crate) enum BindingChange {
    /// The session is there to be bound under this name. A key that was registered before goes.
    Offer { id: SmolStr },
    /// Its browser has registered a key.
    Register { id: SmolStr, key: DeviceKey, at: Timestamp },
    /// Its browser has presented the device cookie for the first time.
    Presented { id: SmolStr, at: Timestamp },
    /// It is bound to nothing.
    Drop,
}

impl BindingChange {
    /// Makes the change.
    ///
    /// # Errors
    /// `Conflict` if a key is registered where none is awaited: another request was faster, or has begun anew.
    pub(super) fn apply(&self, reserved: &mut Reserved) -> Result<(), SessionError> {
        match self {
            Self::Offer { id } => {
                let binding = Binding { id: id.clone(), ..Binding::default() };
                reserved.device = Some(Box::new(OrRaw::Known(binding)));
            }
            Self::Register { id, key, at } => match reserved.binding_mut() {
                Some(binding) if binding.id == *id && binding.key.is_none() => {
                    binding.key = Some(OrRaw::Known(key.clone()));
                    binding.bound_at = Some(*at);
                }
                _ => return Err(SessionError::Conflict),
            },
            Self::Presented { id, at } => {
                if let Some(binding) = reserved.binding_mut().filter(|binding| binding.id == *id) {
                    binding.presented_at.get_or_insert(*at);
                }
            }
            Self::Drop => reserved.device = None,
        }
        Ok(())
    }
}
