//! Why a payload cannot be written or read.

use std::borrow::Cow;

use thiserror::Error;

/// Says that a payload cannot be written or read.
///
/// It tells where, never what: the parser's own words would quote the session's data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the payload cannot be coded: {reason}")]
pub struct CodecError {
    reason: Cow<'static, str>,
    lacks_key: bool,
}

impl CodecError {
    /// Makes an error of a reason, which must not quote the payload.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), lacks_key: false }
    }

    /// Makes an error that says that this program has not the key to the payload. Another may have it, so the record is
    /// kept.
    pub fn no_key(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), lacks_key: true }
    }

    /// Tells whether it was made by [`no_key`](Self::no_key).
    #[must_use]
    pub fn lacks_key(&self) -> bool {
        self.lacks_key
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        Self::new(format!("JSON {:?} error in line {}, column {}", error.classify(), error.line(), error.column()))
    }
}
