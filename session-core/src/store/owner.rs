//! Whom a session belongs to.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Whom a session belongs to, such as a user id: 1 to 255 bytes of UTF-8.
///
/// Owners are compared byte for byte: `Ann` and `ann` are two. Clones share the text.
///
/// ```
/// use session_core::Owner;
///
/// let owner = Owner::new("user-17")?;
/// assert_eq!(owner.as_str(), "user-17");
/// assert!(Owner::new("").is_err());
/// assert!(Owner::new("x".repeat(256)).is_err());
/// # Ok::<(), session_core::OwnerError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner(Arc<str>);

impl Owner {
    /// The most bytes an owner may have.
    pub const MAX_LEN: usize = 255;

    /// Creates an owner of a text.
    ///
    /// # Errors
    /// [`OwnerError`] if it is empty or longer than [`MAX_LEN`](Self::MAX_LEN) bytes.
    pub fn new(owner: impl Into<Arc<str>>) -> Result<Self, OwnerError> {
        let owner = owner.into();
        match owner.len() {
            1..=Self::MAX_LEN => Ok(Self(owner)),
            len => Err(OwnerError { len }),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owner({:?})", &*self.0)
    }
}

impl Borrow<str> for Owner {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Owner {
    type Error = OwnerError;

    fn try_from(owner: String) -> Result<Self, OwnerError> {
        Self::new(owner)
    }
}

impl TryFrom<&str> for Owner {
    type Error = OwnerError;

    fn try_from(owner: &str) -> Result<Self, OwnerError> {
        Self::new(owner)
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.as_str().to_owned()
    }
}

/// The error of a text that cannot be an [`Owner`](Owner).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an owner has 1 to 255 bytes, this has {len}")]
pub struct OwnerError {
    /// How many bytes the text has.
    pub len: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_one_to_255_bytes_not_characters() {
        assert!(Owner::new("é".repeat(127)).is_ok());
        assert_eq!(Owner::new("é".repeat(128)).unwrap_err().len, 256);
    }
}
