//! Why a payload cannot be written or read.

use std::borrow::Cow;

use thiserror::Error;

/// Why a payload cannot be written or read.
///
/// It tells where, never what: the parser's own words would quote the session's data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the payload cannot be coded: {reason}")]
pub struct CodecError {
    reason: Cow<'static, str>,
    kind: CodecErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodecErrorKind {
    Broken,
    NoKey,
    UnknownFormat,
    Tampered,
}

impl CodecError {
    /// Creates an error of a reason, which must not quote the payload.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::Broken }
    }

    /// Creates the error of a program that has not the key to the payload. Another may have it, so the record is kept.
    pub fn no_key(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::NoKey }
    }

    /// Returns whether it was made by [`no_key`](Self::no_key).
    #[must_use]
    pub fn lacks_key(&self) -> bool {
        self.kind == CodecErrorKind::NoKey
    }

    /// Creates the error of a program that does not know the payload's format. Another may know it, so the record is
    /// kept.
    pub fn unknown_format(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::UnknownFormat }
    }

    /// Returns whether it was made by [`unknown_format`](Self::unknown_format).
    #[must_use]
    pub fn is_unknown_format(&self) -> bool {
        self.kind == CodecErrorKind::UnknownFormat
    }

    /// Creates the error of a payload that is not what was written for this record: it was tampered with. The record is
    /// refused, and kept.
    pub fn tampered(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::Tampered }
    }

    /// Returns whether it was made by [`tampered`](Self::tampered).
    #[must_use]
    pub fn is_tampered(&self) -> bool {
        self.kind == CodecErrorKind::Tampered
    }

    /// Gives what kind of error it is, as one word for logs and metrics.
    #[must_use]
    pub(crate) fn kind(&self) -> &'static str {
        match self.kind {
            CodecErrorKind::Broken => "codec",
            CodecErrorKind::NoKey => "no_key",
            CodecErrorKind::UnknownFormat => "unknown_format",
            CodecErrorKind::Tampered => "tampered",
        }
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        Self::new(format!("JSON {:?} error in line {}, column {}", error.classify(), error.line(), error.column()))
    }
}
