//! The changes that a request makes, as a log that can be replayed on what another request wrote.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;

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
    /// Hands out exactly these messages.
    TakeFlash(Vec<u64>),
    Authenticated(Option<Timestamp>),
    Expiry(Option<Expiry>),
    Lifetime(CookieLifetime),
}

/// How many messages wait for a page; the oldest goes when there is one more.
pub(crate) const MOST_FLASHES: usize = 32;

pub(crate) type Apply = Arc<dyn Fn(Option<&str>) -> Result<SmolStr, SessionError> + Send + Sync>;

impl Change {
    /// Makes the change on `contents`.
    ///
    /// # Errors
    /// `Conflict` if what it consumes is not there, `WrongType` as the first time.
    pub(crate) fn apply(&self, contents: &mut Contents) -> Result<(), SessionError> {
        let Contents { values, reserved } = contents;
        match self {
            Self::Insert { key, value } => {
                values.insert(key.clone(), value.clone());
            }
            Self::Remove { key } => {
                values.remove(key);
            }
            Self::Take { key, value } => match values.get(key) {
                Some(there) if there == value => {
                    values.remove(key);
                }
                // Somebody else took it, or put another in its place: handing it out twice must not
                // end well for both.
                _ => return Err(SessionError::Conflict),
            },
            Self::Clear => values.clear(),
            Self::Update { key, apply } => {
                let value = apply(values.get(key))?;
                values.insert(key.clone(), value);
            }
            Self::Flash(flash) => {
                // Where no page shows them, they must not fill the session.
                if reserved.flash.len() >= MOST_FLASHES {
                    reserved.flash.remove(0);
                }
                reserved.flash.push(OrRaw::Known(flash.clone()));
            }
            Self::TakeFlash(ids) => {
                let before = reserved.flash.len();
                reserved.flash.retain(|stored| !stored.known().is_some_and(|known| ids.contains(&known.id)));
                if before - reserved.flash.len() != ids.len() {
                    return Err(SessionError::Conflict);
                }
            }
            Self::Authenticated(at) => reserved.authenticated_at = *at,
            Self::Expiry(expiry) => reserved.set_expiry(*expiry),
            Self::Lifetime(lifetime) => reserved.lifetime = Some(OrRaw::Known(*lifetime)),
        }
        Ok(())
    }
}

/// Makes the changes of `log` on `contents`, all of them or none.
///
/// # Errors
/// `Conflict` if one of them cannot be made there.
pub(crate) fn replay(log: &[Entry], mut contents: Contents) -> Result<Contents, SessionError> {
    for Entry { change, .. } in log {
        change.apply(&mut contents).map_err(|_| SessionError::Conflict)?;
    }
    Ok(contents)
}

/// Tells whether one of the changes changed something.
pub(crate) fn has_effect(log: &[Entry]) -> bool {
    log.iter().any(|entry| !entry.soft)
}

/// Reads a value's JSON as a `T`.
pub(crate) fn parse<T: DeserializeOwned>(key: &str, value: &str) -> Result<T, SessionError> {
    // The parser's own error would quote the value.
    serde_json::from_str(value)
        .map_err(|_| SessionError::WrongType { key: key.to_owned(), expected: std::any::type_name::<T>() })
}

/// Writes a value as JSON.
pub(crate) fn to_json<T: Serialize>(key: &str, value: &T) -> Result<SmolStr, SessionError> {
    let json = serde_json::to_string(value);
    json.map(SmolStr::from).map_err(|_| SessionError::NotSerializable { key: key.to_owned() })
}
