//! The changes that a request makes, as a log that can be replayed on what another request wrote.

use std::sync::Arc;

use smol_str::SmolStr;

use super::value::{WrongTypes, present};
use crate::cookie::CookieLifetime;
use crate::engine::SessionError;
use crate::payload::{Contents, Expiry, OrRaw, StoredFlash};
use crate::store::Timestamp;

/// A change in the log.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) change: Change,
    /// It changed nothing when it was made. It is made again with the others, since what it was made on may be
    /// out of date, but is no reason to write at the end of a request.
    pub(crate) soft: bool,
}

/// One change that can be made again, on other contents.
#[derive(Clone)]
pub(crate) enum Change {
    Insert {
        key: SmolStr,
        value: SmolStr,
    },
    Remove {
        key: SmolStr,
    },
    /// Hands out exactly this value, which nobody else may have been handed.
    Take {
        key: SmolStr,
        value: SmolStr,
    },
    Clear,
    Update {
        key: SmolStr,
        apply: Apply,
    },
    Flash(StoredFlash),
    /// Hands out these messages.
    TakeFlash(Vec<u64>),
    Authenticated(Timestamp),
    /// The id that it had before opens it until then.
    OldIdUntil(Timestamp),
    Expiry(Option<Expiry>),
    Lifetime(CookieLifetime),
    /// Changes the binding to a device.
    #[cfg(feature = "device-bound")]
    Binding(super::binding::BindingChange),
    /// Sets a label, or removes it.
    Label {
        name: SmolStr,
        text: Option<SmolStr>,
    },
}

/// How many messages wait for a page; the oldest goes when there is one more.
pub(crate) const MOST_FLASHES: usize = 32;

/// Makes a new text of the old one, if there are any; and notes where the old one is of another type.
pub(crate) type Apply =
    Arc<dyn Fn(Option<&str>, &mut WrongTypes) -> Result<Option<SmolStr>, SessionError> + Send + Sync>;

impl Change {
    /// Gives the key of a change after which it does not matter what was there; `None` for others.
    pub(super) fn sets(&self) -> Option<&SmolStr> {
        match self {
            Self::Insert { key, .. } | Self::Remove { key } => Some(key),
            _ => None,
        }
    }

    /// Makes the change on `contents`.
    ///
    /// # Errors
    /// `Conflict` if what it consumes is not there, `Label` if there are too many, `WrongType` as the first time, which
    /// `wrong` notes.
    pub(crate) fn apply(&self, contents: &mut Contents, wrong: &mut WrongTypes) -> Result<(), SessionError> {
        let reserved = &mut contents.reserved;
        match self {
            Self::Insert { key, value } => set(contents, key, Some(value.clone())),
            Self::Remove { key } => set(contents, key, None),
            Self::Take { key, value } => match contents.values.get(key) {
                Some(there) if there == value => set(contents, key, None),
                // Somebody else took it, or put another in its place: handing it out twice must not
                // end well for both.
                _ => return Err(SessionError::Conflict),
            },
            Self::Clear => contents.values.clear(),
            Self::Update { key, apply } => {
                let value = apply(present(contents, key), wrong)?;
                set(contents, key, value);
            }
            Self::Flash(flash) => {
                // Where no page shows them, they must not fill the session.
                if reserved.flash.len() >= MOST_FLASHES {
                    reserved.flash.remove(0);
                }
                reserved.flash.push(OrRaw::Known(flash.clone()));
            }
            Self::TakeFlash(ids) => {
                // Where two pages show a message at once, both show it.
                reserved.flash.retain(|stored| !stored.known().is_some_and(|known| ids.contains(&known.id)));
            }
            Self::Authenticated(at) => reserved.authenticated_at = Some(*at),
            Self::OldIdUntil(at) => reserved.old_id_until = reserved.old_id_until.map(|until| until.min(*at)),
            Self::Expiry(expiry) => reserved.set_expiry(*expiry),
            Self::Lifetime(lifetime) => reserved.lifetime = Some(OrRaw::Known(*lifetime)),
            #[cfg(feature = "device-bound")]
            Self::Binding(change) => change.apply(reserved)?,
            Self::Label { name, text } => reserved.labels.set(name, text.as_ref())?,
        }
        Ok(())
    }
}

/// Sets a value, or removes it.
pub(super) fn set(contents: &mut Contents, key: &SmolStr, value: Option<SmolStr>) {
    match value {
        Some(value) => contents.values.insert(key.clone(), value),
        None => {
            contents.values.remove(key);
        }
    }
}

/// Makes the changes of `log` on `contents`, all of them or none. `wrong` notes values that are of another type there.
///
/// # Errors
/// `Conflict` if one of them cannot be made there.
pub(crate) fn replay(log: &[Entry], mut contents: Contents, wrong: &mut WrongTypes) -> Result<Contents, SessionError> {
    for Entry { change, .. } in log {
        change.apply(&mut contents, wrong).map_err(|_| SessionError::Conflict)?;
    }
    Ok(contents)
}

/// Tells whether one of the changes changed something.
pub(crate) fn has_effect(log: &[Entry]) -> bool {
    log.iter().any(|entry| !entry.soft)
}
