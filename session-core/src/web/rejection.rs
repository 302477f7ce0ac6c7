//! Why a handler was not given its session.

use std::error::Error;

use crate::engine::SessionError;
use thiserror::Error;

/// Says why a handler was not given its session.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionRejection {
    /// Nothing has opened a session. Answered with 500.
    #[error("the route has no `{missing}`, which opens its session")]
    NotOpened {
        /// What is to be added.
        missing: &'static str,
    },
    /// The session could not be loaded. Answered with [`SessionError::http_status`].
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl SessionRejection {
    /// Gives the HTTP status that answers a request whose handler was not given its session.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::NotOpened { .. } => 500,
            Self::Session(error) => error.http_status(),
        }
    }
}

/// Tells a log why a request fails, since the visitor is not told.
pub(super) fn log(error: &(dyn Error + 'static), status: u16) {
    if status >= 500 {
        tracing::error!(error, "a request failed at its session");
    }
}
