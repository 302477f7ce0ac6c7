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
    /// Makes an error of a reason, which must not quote the payload.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::Broken }
    }

    /// Makes an error that says that this program has not the key to the payload. Another may have it, so the record is
    /// kept.
    pub fn no_key(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::NoKey }
    }

    /// Tells whether it was made by [`no_key`](Self::no_key).
    #[must_use]
    pub fn lacks_key(&self) -> bool {
        self.kind == CodecErrorKind::NoKey
    }

    /// Makes an error that says that the payload is of a format that this program does not know. Another may know it, so
    /// the record is kept.
    pub fn unknown_format(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::UnknownFormat }
    }

    /// Tells whether it was made by [`unknown_format`](Self::unknown_format).
    #[must_use]
    pub fn is_unknown_format(&self) -> bool {
        self.kind == CodecErrorKind::UnknownFormat
    }

    /// Makes an error that says that the payload is not what was written for this record: it was tampered with. The record
    /// is refused, and kept.
    pub fn tampered(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::Tampered }
    }

    /// Tells whether it was made by [`tampered`](Self::tampered).
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
