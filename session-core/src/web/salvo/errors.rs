//! How errors become salvo's, of which its catcher makes pages.

use std::sync::Arc;

use http::StatusCode;
use salvo_core::http::{ResBody, StatusError};
use salvo_core::{Response, Scribe};

use crate::engine::SessionError;
use crate::store::OwnerError;
use crate::web::{SessionRejection, exchange, rejection};

/// Gives the error that a handler or an extractor has left to the catcher.
pub(super) fn left_in(res: &Response) -> Option<Arc<SessionError>> {
    match &res.body {
        ResBody::Error(error) => error.downcast_origin().cloned(),
        _ => None,
    }
}

/// Leaves an error to the catcher, and in the extensions of the response.
pub(super) fn render(error: &Arc<SessionError>, res: &mut Response) {
    let status = match exchange::status(error) {
        // Of a browser that is to sign in: the hoop sends it there.
        redirect if redirect.is_redirection() => StatusCode::UNAUTHORIZED,
        status => status,
    };
    res.render(status_error(status, error.http_text()).origin(Arc::clone(error)));
    exchange::keep_from_caches(res.headers_mut());
    res.extensions.insert(Arc::clone(error));
}

fn status_error(status: StatusCode, brief: impl Into<String>) -> StatusError {
    StatusError::from_code(status).unwrap_or_else(StatusError::internal_server_error).brief(brief)
}

/// Becomes a `StatusError`, of which the catcher makes a page: its brief is [`SessionError::http_text`], and its origin the
/// error itself, in an `Arc`, which is in the extensions of the response as well.
impl Scribe for SessionError {
    fn render(self, res: &mut Response) {
        rejection::log(&self, self.http_status());
        render(&Arc::new(self), res);
    }
}

/// It is answered as [`SessionError::Owner`].
impl Scribe for OwnerError {
    fn render(self, res: &mut Response) {
        SessionError::Owner(self).render(res);
    }
}

/// Becomes a `StatusError`, of which the catcher makes a page.
impl Scribe for SessionRejection {
    fn render(self, res: &mut Response) {
        match self {
            Self::Session(error) => error.render(res),
            rejection => {
                let status = rejection.http_status();
                rejection::log(&rejection, status);
                let status = StatusCode::from_u16(status).expect("an error's status is one of a few");
                res.render(status_error(status, rejection.to_string()));
            }
        }
    }
}
