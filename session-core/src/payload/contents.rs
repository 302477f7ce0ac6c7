//! What a session contains, decoded: the application's values, and what the core itself keeps.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use super::Expiry;
use super::values::Values;
use crate::cookie::CookieLifetime;
use crate::store::{SessionKey, Timestamp};

/// Holds what a session contains, each value as the JSON text it was stored as.
///
/// A value is parsed when it is asked for, and one that nobody asks for is written back as it came.
/// There is no way to look inside; it is what a [`Codec`](crate::Codec) passes on.
#[derive(Clone, Default)]
pub struct Contents {
    pub(crate) values: Values,
    pub(crate) reserved: Reserved,
}

/// Holds what the core keeps in a session, out of the application's sight. Most sessions have nothing of it, so it has
/// a place only once something is set.
#[derive(Clone, Default)]
pub(crate) struct Reserved(pub(crate) Option<Box<Fields>>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    /// Which `Sessions` it belongs to, so that two on one store cannot take each other's ids.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) flash: Vec<StoredFlash>,
    /// The key that it had before its last renewal; the two are one session, and both may stand for a moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renewed_from: Option<SessionKey>,
    /// When it was given its present id, if ids are renewed every so often and this is not its first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renewed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authenticated_at: Option<Timestamp>,
    /// Differs from the default of its `Sessions`, if set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiry: Option<Expiry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lifetime: Option<CookieLifetime>,
}

impl Reserved {
    pub(crate) fn is_empty(&self) -> bool {
        **self == NOTHING
    }
}

/// All that is not set.
static NOTHING: Fields = Fields {
    scope: String::new(),
    flash: Vec::new(),
    renewed_from: None,
    renewed_at: None,
    authenticated_at: None,
    expiry: None,
    lifetime: None,
};

impl Deref for Reserved {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Reserved {
    fn deref_mut(&mut self) -> &mut Fields {
        self.0.get_or_insert_default()
    }
}

impl Contents {
    /// Makes the contents of a new session.
    pub(crate) fn new(scope: &str) -> Self {
        let mut contents = Self::default();
        if !scope.is_empty() {
            scope.clone_into(&mut contents.reserved.scope);
        }
        contents
    }

    /// Tells whether there is nothing worth storing.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.reserved.flash.is_empty() && self.reserved.authenticated_at.is_none()
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contents({} values)", self.values.len())
    }
}

/// Holds a message for the next page that is shown, and only for that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Flash {
    /// How it is meant.
    pub level: FlashLevel,
    /// What it says.
    pub message: String,
}

/// Says how a [`Flash`] is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FlashLevel {
    /// Something worked.
    Success,
    /// Something deserves a look.
    Warning,
    /// Something failed.
    Error,
    /// News. A level that this version does not know is read as this.
    #[serde(other)]
    Info,
}

/// A flash with an identity, so that the one consumed is the one removed, whatever else was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredFlash {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) flash: Flash,
}
