//! What this server gives to browsers and knows again by a MAC: challenges, and the device cookie. Nothing of it is stored.

use std::time::Duration;

use crate::cookie::SigningKey;
use crate::store::Timestamp;

/// How long a challenge is good for.
pub(super) const GOOD_FOR: Duration = Duration::from_secs(120);

/// The length of a nonce, in base64url.
const NONCE_LEN: usize = 22;

/// What a MAC is for. One that was made for one thing is good for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A challenge by which a key is registered.
    Register,
    /// A challenge by which the device cookie is renewed.
    Refresh,
    /// The device cookie.
    Cookie,
}

impl Purpose {
    /// The label that separates these MACs from each other and from all others of the same key.
    fn label(self) -> &'static [u8] {
        match self {
            Self::Register => b"session-core device v1 register\0",
            Self::Refresh => b"session-core device v1 refresh\0",
            Self::Cookie => b"session-core device v1 cookie\0",
        }
    }
}

/// Makes and verifies MACs over a text and what it belongs to.
#[derive(Debug)]
pub(super) struct Tags {
    pub(super) keys: Vec<SigningKey>,
    /// The name of the session cookie, so that two `Sessions` of one key do not know each other's.
    pub(super) name: String,
}

impl Tags {
    /// Writes `text`, a dot, and the MAC.
    pub(super) fn tag(&self, purpose: Purpose, binding: &str, text: &str) -> String {
        let mac = self.keys[0].sign_as(purpose.label(), self.covered(binding, text).as_bytes());
        format!("{text}.{mac}")
    }

    /// Gives the text of what [`tag`](Self::tag) wrote; `None` of everything else.
    pub(super) fn read<'a>(&self, purpose: Purpose, binding: &str, tagged: &'a str) -> Option<&'a str> {
        let (text, mac) = tagged.rsplit_once('.')?;
        let covered = self.covered(binding, text);
        let verifies = |key: &SigningKey| key.verifies_as(purpose.label(), covered.as_bytes(), mac.as_bytes());
        self.keys.iter().any(verifies).then_some(text)
    }

    fn covered(&self, binding: &str, text: &str) -> String {
        // Neither a name nor a binding holds a NUL: no two run together.
        format!("{}\0{binding}\0{text}", self.name)
    }
}

/// Reads a time as it is written.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp::from_millis)
}

/// Gives the time and the nonce of a challenge's text.
pub(super) fn challenge(text: &str) -> Option<(Timestamp, &str)> {
    let (at, nonce) = text.split_once('.')?;
    (nonce.len() == NONCE_LEN).then_some((time(at)?, nonce))
}
