//! Errors as actix-web answers them.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use actix_web::{HttpResponse, ResponseError};

use crate::engine::SessionError;
use crate::store::OwnerError;
use crate::web::rejection::TEXT;
use crate::web::{SessionRejection, rejection};

/// The text is [`SessionError::http_text`].
impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        rejection::log(self, status.as_u16());
        let mut answer = HttpResponse::build(status)
            .insert_header((CONTENT_TYPE, TEXT))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(self.http_text());
        lead(self, &mut answer);
        answer
    }
}

/// Tells a browser where to go, where an answer to an error sends it somewhere and does not say it by itself.
pub(super) fn lead(error: &SessionError, answer: &mut HttpResponse) {
    let Some(location) = error.location() else { return };
    if answer.status() == StatusCode::SEE_OTHER && !answer.headers().contains_key(LOCATION) {
        let location = HeaderValue::try_from(location).expect("it is escaped");
        answer.headers_mut().insert(LOCATION, location);
    }
}

/// As a [`SessionError`] that was made of it.
impl ResponseError for OwnerError {
    fn status_code(&self) -> StatusCode {
        SessionError::Owner(*self).status_code()
    }

    fn error_response(&self) -> HttpResponse {
        SessionError::Owner(*self).error_response()
    }
}

impl ResponseError for SessionRejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Session(error) => error.error_response(),
            rejection => {
                rejection::log(rejection, rejection.http_status());
                HttpResponse::build(self.status_code()).insert_header((CONTENT_TYPE, TEXT)).body(self.to_string())
            }
        }
    }
}
