//! How errors become responses.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use poem::error::ResponseError;
use poem::{Error, Response};

use crate::engine::SessionError;
use crate::store::OwnerError;
use crate::web::rejection::TEXT;
use crate::web::{SessionRejection, exchange, rejection};

/// Finds the session's error in one of poem's.
pub(super) fn session_error(error: &Error) -> Option<&SessionError> {
    match error.downcast_ref::<SessionRejection>() {
        Some(SessionRejection::Session(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

/// Tells caches to keep nothing of an answer to an error, and a browser where it is sent.
pub(super) fn prepared(error: &SessionError, mut response: Response) -> Response {
    exchange::lead(error, response.status(), response.headers_mut());
    exchange::keep_from_caches(response.headers_mut());
    response
}

pub(super) fn text(error: &SessionError) -> Response {
    let mut response = Response::from((exchange::status(error), error.http_text()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
    prepared(error, response)
}

/// The text is [`SessionError::http_text`].
impl ResponseError for SessionError {
    fn status(&self) -> StatusCode {
        exchange::status(self)
    }

    fn as_response(&self) -> Response {
        rejection::log(self, self.http_status());
        text(self)
    }
}

/// It is answered as [`SessionError::Owner`].
impl ResponseError for OwnerError {
    fn status(&self) -> StatusCode {
        exchange::status(&SessionError::Owner(*self))
    }

    fn as_response(&self) -> Response {
        SessionError::Owner(*self).as_response()
    }
}

impl ResponseError for SessionRejection {
    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn as_response(&self) -> Response {
        match self {
            Self::Session(error) => error.as_response(),
            rejection => {
                rejection::log(rejection, rejection.http_status());
                Response::from((self.status(), self.to_string()))
            }
        }
    }
}
