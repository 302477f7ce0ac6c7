//! What a session contains, decoded: the application's values, and what the core itself keeps.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Expiry;
use super::device::Binding;
use super::labels::Labels;
use super::unknown::{OrRaw, Raw, Unknown, reads_and_keeps};
use super::values::Values;
use crate::cookie::CookieLifetime;
use crate::store::{SessionKey, Timestamp};

/// The content of a session, each value as the JSON text it was stored as.
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

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Fields {
    /// Which `Sessions` it belongs to, so that two on one store cannot take each other's ids.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) flash: Vec<OrRaw<StoredFlash>>,
    /// The key that it had before its last renewal; the two are one session, and both may stand for a moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renewed_from: Option<SessionKey>,
    /// When it was given its present id, if this is not its first, and ids are renewed every so often or the cookie has
    /// former names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renewed_at: Option<Timestamp>,
    /// Until when the id that it had before still opens it, if its last renewal was a routine one. Short as soon as the
    /// present id was presented: until then the answer that carried it may have been lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) old_id_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authenticated_at: Option<Timestamp>,
    /// Differs from the default of its `Sessions`, if set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiry: Option<StoredExpiry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lifetime: Option<OrRaw<CookieLifetime>>,
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub(crate) labels: Labels,
    /// The device that it is bound to, or is offered to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<Box<OrRaw<Binding>>>,
    #[serde(flatten, skip_serializing_if = "Unknown::is_empty")]
    pub(crate) unknown: Unknown,
    /// What stands in the payload beside this object.
    #[serde(skip)]
    pub(crate) sections: Unknown,
}

reads_and_keeps!(Fields {
    scope,
    flash,
    renewed_from,
    renewed_at,
    old_id_until,
    authenticated_at,
    expiry,
    lifetime,
    labels,
    device,
});

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
    old_id_until: None,
    authenticated_at: None,
    expiry: None,
    lifetime: None,
    labels: Labels::NONE,
    device: None,
    unknown: Unknown::NONE,
    sections: Unknown::NONE,
};

impl Fields {
    /// Gives the session's own timeouts, if it has some that this version can judge it by.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.expiry.as_ref().map(StoredExpiry::get).filter(|expiry| expiry.check().is_ok())
    }

    /// Sets the session's own timeouts, beside what another version keeps with them.
    pub(crate) fn set_expiry(&mut self, expiry: Option<Expiry>) {
        self.expiry = expiry.map(|expiry| {
            let unknown = self.expiry.take().map(|stored| stored.unknown).unwrap_or_default();
            StoredExpiry { unknown, ..expiry.into() }
        });
    }

    /// Gives the lifetime of the session's own cookie, if it has one that this version knows.
    pub(crate) fn lifetime(&self) -> Option<CookieLifetime> {
        self.lifetime.as_ref().and_then(OrRaw::known).copied()
    }

    /// Gives the binding to a device, if there is one that this version can read.
    pub(crate) fn binding(&self) -> Option<&Binding> {
        self.device.as_deref().and_then(OrRaw::known)
    }

    #[cfg(feature = "device-bound")]
    pub(crate) fn binding_mut(&mut self) -> Option<&mut Binding> {
        match self.device.as_deref_mut() {
            Some(OrRaw::Known(binding)) => Some(binding),
            _ => None,
        }
    }

    /// Tells when the session was bound to a device; `None` if it is not, or is only offered to be.
    pub(crate) fn bound_at(&self) -> Option<Timestamp> {
        self.binding()?.bound_at
    }

    /// Takes over what another version keeps here, in the place of what was taken over before.
    pub(crate) fn keep_unknown_of(&mut self, other: &Self) {
        self.unknown.clone_from(&other.unknown);
        self.sections.clone_from(&other.sections);
    }
}

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
        let Fields { flash, authenticated_at, labels, .. } = &*self.reserved;
        self.values.is_empty() && flash.is_empty() && authenticated_at.is_none() && labels.is_empty()
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contents({} values)", self.values.len())
    }
}

/// A message for the next page that is shown, and only for that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Flash {
    /// How it is meant.
    pub level: FlashLevel,
    /// What it says.
    pub message: String,
}

/// How a [`Flash`] is meant.
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
#[serde(try_from = "FlashFields")]
pub(crate) struct StoredFlash {
    pub(crate) id: u64,
    level: StoredLevel,
    message: String,
    #[serde(flatten, skip_serializing_if = "Unknown::is_empty")]
    unknown: Unknown,
}

impl StoredFlash {
    pub(crate) fn new(id: u64, Flash { level, message }: Flash) -> Self {
        Self { id, level: StoredLevel { level, stored: None }, message, unknown: Unknown::NONE }
    }

    pub(crate) fn into_flash(self) -> Flash {
        Flash { level: self.level.level, message: self.message }
    }
}

/// What is read of a flash. One that lacks any of these is of a kind that another version has added.
#[derive(Default)]
struct FlashFields {
    id: Option<u64>,
    level: Option<StoredLevel>,
    message: Option<String>,
    unknown: Unknown,
}

reads_and_keeps!(FlashFields { id, level, message });

impl TryFrom<FlashFields> for StoredFlash {
    type Error = &'static str;

    fn try_from(FlashFields { id, level, message, unknown }: FlashFields) -> Result<Self, Self::Error> {
        match (id, level, message) {
            (Some(id), Some(level), Some(message)) => Ok(Self { id, level, message, unknown }),
            _ => Err("it is another kind of flash"),
        }
    }
}

/// A level, and how it was stored if this version does not know it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredLevel {
    level: FlashLevel,
    stored: Option<Raw>,
}

impl Serialize for StoredLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.stored {
            None => self.level.serialize(serializer),
            Some(stored) => stored.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for StoredLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        let level = serde_json::from_str(json.get()).unwrap_or(FlashLevel::Info);
        let is_known = level != FlashLevel::Info || json.get() == "\"info\"";
        Ok(Self { level, stored: (!is_known).then(|| Raw::new(json)) })
    }
}

/// Timeouts as they are stored, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct StoredExpiry {
    #[serde(skip_serializing_if = "Option::is_none")]
    idle: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absolute: Option<u64>,
    #[serde(flatten, skip_serializing_if = "Unknown::is_empty")]
    unknown: Unknown,
}

reads_and_keeps!(StoredExpiry { idle, absolute });

impl StoredExpiry {
    fn get(&self) -> Expiry {
        Expiry::default()
            .with_idle(self.idle.map(Duration::from_millis))
            .with_absolute(self.absolute.map(Duration::from_millis))
    }
}

impl From<Expiry> for StoredExpiry {
    fn from(Expiry { idle, absolute }: Expiry) -> Self {
        let millis = |timeout: Duration| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        Self { idle: idle.map(millis), absolute: absolute.map(millis), unknown: Unknown::NONE }
    }
}
