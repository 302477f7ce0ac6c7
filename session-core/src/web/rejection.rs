//! Why a handler was not given its session.

#[cfg(any(feature = "_extractors", feature = "tower"))]
use std::error::Error;

use crate::engine::SessionError;
#[cfg(any(feature = "_extractors", feature = "tower"))]
use crate::store::Causes;
use thiserror::Error;

/// Why a handler was not given its session.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionRejection {
    /// Nothing has opened a session. Answered with 500.
    #[error("the route has no `{missing}`, which opens its session")]
    NotOpened {
        /// What is to be added.
        missing: &'static str,
    },
    /// None of the `Sessions` on the route have the name that the handler asks for. Answered with 500.
    #[error(
        "the route has no session of the name `{name}`: build its `Sessions` with `named`, and add their middleware"
    )]
    NotNamed {
        /// The name.
        name: &'static str,
    },
    /// The session could not be loaded. Answered with [`SessionError::http_status`].
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl SessionRejection {
    /// Returns the HTTP status that answers a request whose handler was not given its session.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::NotOpened { .. } | Self::NotNamed { .. } => 500,
            Self::Session(error) => error.http_status(),
        }
    }
}

/// The content type of the answers to errors, where no catcher makes pages of them.
#[cfg(any(feature = "actix-web", feature = "poem", feature = "rocket", feature = "tower"))]
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// Tells a log why a request fails, since the visitor is not told; but not of what the log has heard of already.
#[cfg(any(feature = "_extractors", feature = "tower"))]
pub(super) fn log(error: &(dyn Error + 'static), status: u16) {
    let cause = match error.downcast_ref() {
        Some(SessionRejection::Session(error)) => Some(error),
        _ => error.downcast_ref(),
    };
    let is_told = cause.is_some_and(SessionError::is_told);
    if status >= 500 && !is_told {
        let kind = cause.map(SessionError::kind);
        tracing::error!(kind, error = %Causes(error), "a request failed at its session");
    }
}
