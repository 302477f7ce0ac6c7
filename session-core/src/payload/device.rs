//! The device that a session is bound to, as it is stored.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::unknown::{OrRaw, Unknown, reads_and_keeps};
use crate::store::Timestamp;

/// The binding of a session to a device: offered to its browser, registered by it with a key, then in force.
///
/// It is a part of what the core keeps, so a renewal of the id takes it along, and nothing of it passes to a session that
/// begins after an end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Binding {
    /// By what the browser names it, drawn at random when it was offered. It is no secret, and opens nothing.
    pub(crate) id: SmolStr,
    /// The device's public key; `None` as long as no browser has registered one. Of an algorithm that this version does not
    /// know, it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<OrRaw<DeviceKey>>,
    /// When the key was registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bound_at: Option<Timestamp>,
    /// When the browser first presented the cookie that goes with it. Until then the answer that carried it may have been
    /// lost, and nobody is asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) presented_at: Option<Timestamp>,
    #[serde(flatten, skip_serializing_if = "Unknown::is_empty")]
    pub(crate) unknown: Unknown,
}

reads_and_keeps!(Binding { id, key, bound_at, presented_at });

/// A public key, with the algorithm that alone it is for. The numbers are base64url, as in a JWK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alg")]
pub(crate) enum DeviceKey {
    /// ECDSA on P-256 with SHA-256.
    ES256 { x: SmolStr, y: SmolStr },
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256 { n: SmolStr, e: SmolStr },
}
