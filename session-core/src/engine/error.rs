//! Why a session did not do what was asked. No error shows an id, a whole key, a payload or a password.

use std::time::Duration;

use thiserror::Error;

use super::{Misfit, SignIn};
use crate::payload::{CodecError, LabelError};
use crate::store::{OwnerError, PutNewError, RandomError, StoreError};

/// Why a session did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The value under the key is of another type, or was damaged in the store; it stays as it is.
    #[error("the value {key:?} is not a {expected}: {misfit}")]
    WrongType {
        /// The value's key.
        key: String,
        /// The type that was asked for.
        expected: &'static str,
        /// Where in the value it does not fit, and why.
        misfit: Misfit,
    },
    /// The value could not be read again if it were written as JSON; nothing was changed.
    #[error("the value {key:?} cannot be kept as JSON: {misfit}")]
    NotSerializable {
        /// The value's key.
        key: String,
        /// Where in the value JSON does not suffice, and why.
        misfit: Misfit,
    },
    /// The text cannot be an owner.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The session cannot have the label; nothing was changed.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// The timeouts cannot work.
    #[error("{0}")]
    InvalidExpiry(&'static str),
    /// The session cannot be written.
    #[error("the session is read-only: {0}")]
    ReadOnly(ReadOnly),
    /// The response has left, so that the browser can no longer be given an id.
    #[error(
        "the response has left, so the browser can be given no id any more; start or renew a session before, as by \
         putting something into it"
    )]
    ResponseSent,
    /// Somebody changed the session meanwhile, and the changes cannot be merged. Nothing was written.
    #[error("the session was changed by another request, and the changes cannot be merged")]
    Conflict,
    /// A closure that was given to the session uses the session itself, where that cannot work: it waits for the store,
    /// or changes under its feet what it is making. The [`Draft`](crate::Draft) or value that it is given is there for that.
    #[error("a closure that was given to a session uses the session itself; use what the closure is given")]
    WithinClosure,
    /// The session ended or was renewed meanwhile, by logout, revocation or expiry. The changes were
    /// discarded.
    #[error("the session has ended; the changes were discarded")]
    Gone,
    /// The store gave no answer to a write in time, and it cannot be told whether it happened. The changes
    /// count once at most: they are never replayed on what they may be part of.
    #[error("a write to the session may have happened or not")]
    Indeterminate,
    /// The session is too large. Nothing was written.
    #[error("the session is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that a session may have.
        limit: usize,
    },
    /// The owner has as many sessions as allowed. Nothing was written.
    #[error("the owner has {max} sessions already")]
    TooManySessions {
        /// The most sessions that an owner may have.
        max: usize,
    },
    /// The store lacks a capability that this needs.
    #[error("the store has no {capability}")]
    Unsupported {
        /// The capability.
        capability: &'static str,
    },
    /// What the request asks for needs somebody signed in, or a later proof of who they are.
    #[error("nobody is signed in, or the last proof of who they are is too old")]
    SignIn(SignIn),
    /// The cookie is configured for development, and the request was not made to a loopback host.
    #[error(
        "the development cookie is for loopback hosts alone; use the default cookie, or force it with \
         `CookieTransport::HttpAnywhere`"
    )]
    InsecureHost,
    /// The cookie is configured for development, and the request came through a proxy.
    #[error(
        "the development cookie is not for a server behind a proxy, and the request has the header `{header}`; use the \
         default cookie, or force it with `CookieTransport::HttpAnywhere`"
    )]
    BehindProxy {
        /// The header by which the proxy tells of itself.
        header: &'static str,
    },
    /// Two `Sessions` have opened a session for the request, and their cookies have the same name.
    #[error("two `Sessions` on this route have a cookie named `{name}`; give one of them another name")]
    SameCookie {
        /// The name.
        name: String,
    },
    /// The operation took longer than its deadline allows.
    #[error("the session store took longer than {after:?}")]
    Timeout {
        /// How long an operation may take.
        after: Duration,
    },
    /// The store failed.
    #[error("the session store failed")]
    Store(#[from] StoreError),
    /// No id could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The session cannot be written or read.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl SessionError {
    /// Returns the HTTP status that answers a request which ends with this error.
    ///
    /// 503 where a later try may succeed, 401 where somebody must sign in, or 303 where a browser is sent to where they
    /// can ([`SignIn::location`]), 409 where another request won, 413 for what is too large, 422
    /// for what cannot be an owner, 429 for too many sessions, 500 for what the application or its operator got wrong.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        if self.leaves_alone().is_some() {
            // Another server may know what this one does not.
            return 503;
        }
        match self {
            Self::Store(StoreError::TooLarge { .. }) => 413,
            // No later try helps until somebody mends it.
            Self::Store(StoreError::Misconfigured { .. }) => 500,
            Self::Timeout { .. } | Self::Store(_) | Self::Random(_) | Self::Indeterminate => 503,
            Self::ReadOnly(ReadOnly::StoreFailed) => 503,
            Self::Conflict | Self::Gone | Self::ReadOnly(_) => 409,
            Self::TooLarge { .. } | Self::Label(_) => 413,
            Self::SignIn(needed) if needed.location().is_some() => 303,
            Self::SignIn(_) => 401,
            Self::Owner(_) => 422,
            Self::TooManySessions { .. } => 429,
            Self::WrongType { .. }
            | Self::NotSerializable { .. }
            | Self::InvalidExpiry(_)
            | Self::WithinClosure
            | Self::ResponseSent
            | Self::Unsupported { .. }
            | Self::InsecureHost
            | Self::BehindProxy { .. }
            | Self::SameCookie { .. }
            | Self::Codec(_) => 500,
        }
    }

    /// Returns what kind of error it is, as one word for logs, spans and metrics: that of a [`StoreError`], else the
    /// variant's name with underscores, such as `timeout`, `unavailable`, `full`, `misconfigured` or `indeterminate`.
    /// What cannot be decoded is `no_key`, `unknown_format`, `tampered` or `codec`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Store(error) => error.kind(),
            Self::Codec(error) => error.kind(),
            Self::Timeout { .. } => "timeout",
            Self::Indeterminate => "indeterminate",
            Self::WrongType { .. } => "wrong_type",
            Self::NotSerializable { .. } => "not_serializable",
            Self::Owner(_) => "owner",
            Self::Label(_) => "label",
            Self::InvalidExpiry(_) => "invalid_expiry",
            Self::ReadOnly(_) => "read_only",
            Self::ResponseSent => "response_sent",
            Self::Conflict => "conflict",
            Self::WithinClosure => "within_closure",
            Self::Gone => "gone",
            Self::TooLarge { .. } => "too_large",
            Self::TooManySessions { .. } => "too_many_sessions",
            Self::Unsupported { .. } => "unsupported",
            Self::SignIn(_) => "sign_in",
            Self::InsecureHost => "insecure_host",
            Self::BehindProxy { .. } => "behind_proxy",
            Self::SameCookie { .. } => "same_cookie",
            Self::Random(_) => "random",
        }
    }

    /// Returns the text that answers a request which ends with this error: it tells the visitor what to do, and nothing
    /// of the inside. Adapters send it as plain text, unless the application gives an answer of its own.
    #[must_use]
    pub fn http_text(&self) -> &'static str {
        match self.http_status() {
            303 | 401 => "Sign in to see this, or sign in again.\n",
            409 => {
                "Your session has changed or ended meanwhile, so what you sent was not saved. Go back, reload the page, \
                 and try again.\n"
            }
            413 => "This is more than can be kept for you. Nothing was saved.\n",
            422 => "This name cannot be used to sign in.\n",
            429 => "You are signed in in too many places. Sign out in one of them, and try again.\n",
            503 => "This does not work for the moment, and nothing was lost. Try again in a while.\n",
            _ => "Something is wrong on this server, and trying again will not help.\n",
        }
    }

    /// Says where an answer to this error sends the browser; `None` if nowhere.
    #[cfg(feature = "_web")]
    pub(crate) fn location(&self) -> Option<&str> {
        if let Self::SignIn(needed) = self { needed.location() } else { None }
    }

    /// Tells whether the store failed, or cannot be told to have done what it was asked.
    pub(crate) fn is_of_the_store(&self) -> bool {
        let is_misconfigured = matches!(self, Self::Store(StoreError::Misconfigured { .. }));
        (self.http_status() == 503 || is_misconfigured) && self.leaves_alone().is_none()
    }

    /// Tells whether an event has told it to the log where it was made, so that whoever answers with it need not.
    pub(crate) fn is_told(&self) -> bool {
        match self {
            // This one is of no call to the store: every id was taken.
            Self::Store(StoreError::Backend { store: "session-core", .. }) => false,
            Self::Store(_) | Self::Timeout { .. } | Self::Indeterminate | Self::ReadOnly(ReadOnly::StoreFailed) => true,
            Self::Conflict | Self::Gone | Self::WrongType { .. } => true,
            _ => self.leaves_alone().is_some(),
        }
    }

    /// Says why what is stored is not this server's to write or to end; `None` if the error says nothing like that.
    pub(crate) fn leaves_alone(&self) -> Option<ReadOnly> {
        match self {
            Self::Codec(error) if error.lacks_key() => Some(ReadOnly::NoKey),
            Self::Codec(error) if error.is_unknown_format() => Some(ReadOnly::UnknownFormat),
            Self::Store(StoreError::UnknownFormat { .. }) => Some(ReadOnly::UnknownFormat),
            Self::ReadOnly(why @ (ReadOnly::NoKey | ReadOnly::UnknownFormat)) => Some(*why),
            _ => None,
        }
    }
}

/// Ids that are taken without end are a failure of the store, or of what draws them.
impl From<PutNewError> for SessionError {
    fn from(error: PutNewError) -> Self {
        match error {
            PutNewError::Random(error) => Self::Random(error),
            PutNewError::Store(error) => Self::Store(error),
            error @ PutNewError::Exhausted { .. } => {
                StoreError::Backend { store: "session-core", source: error.into() }.into()
            }
        }
    }
}

/// Why a session is empty and can never be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadOnly {
    /// The store failed, and the failure policy says to go on without a session.
    #[error("the store failed when it was loaded")]
    StoreFailed,
    /// The request is a straggler: it came with the id of a session that its browser ended, or was given another id for, a
    /// moment ago, or that was ended while it was on its way. A login begins a session all the same.
    #[error("the request came with the id of a session that was just ended or renewed")]
    Retired,
    /// The request came with several different session cookies, and nothing tells which is right: several open a session,
    /// and one of them is somebody's, so that a login alone begins another; or there are more than are looked at.
    #[error("the request came with several different session cookies")]
    SeveralCookies,
    /// The session is bound to a device, and the request came without the proof that it comes from there: its cookie may be
    /// stolen. See [`OnUnproven`](crate::guide). Somebody who signs in goes on with it.
    #[error("the session is bound to a device, and the request did not prove that it comes from there")]
    Unproven,
    /// The session was sealed with a key that this server lacks. It is left alone: another server may have it.
    #[error("this server lacks the key to it")]
    NoKey,
    /// The session is of a format, or a kind, that this server does not know. It is left alone: another server may know
    /// it.
    #[error("it is of a format that this server does not know")]
    UnknownFormat,
}
