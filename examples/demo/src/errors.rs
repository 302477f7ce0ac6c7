//! What went wrong, as a page or as JSON, in one place for handlers and frameworks.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE, VARY};
use http::{HeaderMap, Response, StatusCode};
use session_core::{OwnerError, SessionError};

use crate::answer::{Answer, Body};
use crate::ask::{Ask, Format, header_map};
use crate::assets::protect;
use crate::demo::Demo;
use crate::view::Problem;

/// Why a handler does not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The visitor is told this.
    Told(StatusCode, String),
    /// Nobody is signed in.
    SignIn,
    /// The session did not do its part. Why is for the log alone.
    Session(SessionError),
}

pub(crate) fn refuse(status: StatusCode, message: impl Into<String>) -> Refusal {
    Refusal::Told(status, message.into())
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl From<OwnerError> for Refusal {
    fn from(error: OwnerError) -> Self {
        refuse(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    }
}

impl Demo {
    /// Gives a refusal its form.
    pub(crate) fn refusal(&self, format: Format, refusal: Refusal) -> Answer {
        match (refusal, format) {
            (Refusal::Told(status, message), _) => self.problem(format, status, message),
            (Refusal::SignIn, Format::Json) => {
                self.problem(format, StatusCode::UNAUTHORIZED, "Sign in first.".to_owned())
            }
            (Refusal::SignIn, Format::Page) => see_other("/"),
            (Refusal::Session(error), _) => {
                let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                if status.is_server_error() {
                    let error: &(dyn std::error::Error + 'static) = &error;
                    tracing::error!(error, "a request failed at its session");
                }
                self.problem(format, status, words(status).to_owned())
            }
        }
    }

    /// Looks at a response on its way out, whoever made it: the demo, the framework, or the sessions' adapter.
    /// An error that has no form yet becomes a page or JSON, and what the response says to browsers and caches stays.
    ///
    /// `body` makes the framework's body of the demo's.
    pub fn dress<B>(&self, format: Format, response: Response<B>, body: impl FnOnce(Body) -> B) -> Response<B> {
        let mut response = match self.undressed(format, response.status().as_u16(), response.headers()) {
            None => response,
            Some(problem) => problem.map(body),
        };
        protect(&mut response);
        response
    }

    /// Gives what takes the place of a response that is an error and has no form yet, as those of frameworks and of the
    /// sessions' adapter have none; `None` for everything else. It says to browsers and caches what `headers`, those of
    /// the response, say. For frameworks with responses of their own: others have [`dress`](Self::dress).
    #[must_use]
    pub fn undressed(
        &self,
        format: Format,
        status: u16,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
    ) -> Option<Answer> {
        let headers = header_map(headers);
        let status = StatusCode::from_u16(status).ok()?;
        // The demo's own are HTML or JSON.
        let plain = headers.get(CONTENT_TYPE).is_none_or(|found| found.as_bytes().starts_with(b"text/plain"));
        (is_error(status) && plain).then(|| {
            let mut problem = self.problem(format, status, words(status).to_owned());
            keep(&headers, problem.headers_mut());
            protect(&mut problem);
            problem
        })
    }

    /// Answers a request whose session could not be loaded, where no extractor does.
    #[must_use]
    pub fn failed(&self, ask: &Ask, error: SessionError) -> Answer {
        let mut answer = self.refusal(ask.format(), Refusal::Session(error));
        protect(&mut answer);
        answer
    }

    fn problem(&self, format: Format, status: StatusCode, error: String) -> Answer {
        let mut answer = self.show(format, &Problem { framework: self.framework(), status: status.as_u16(), error });
        *answer.status_mut() = status;
        answer
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Answers that what was asked for is seen on `page`, or that it was done there.
pub(crate) fn see_other(page: &str) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let headers = answer.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(page).expect("the pages' addresses are ASCII"));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    answer
}

fn keep(from: &HeaderMap, to: &mut HeaderMap) {
    // That the answer has two forms is said once.
    let says_accept = |value: &HeaderValue| value.to_str().is_ok_and(|it| it.to_ascii_lowercase().contains("accept"));
    if from.get_all(VARY).iter().any(says_accept) {
        to.remove(VARY);
    }
    for name in [ALLOW, CACHE_CONTROL, SET_COOKIE, VARY] {
        for value in from.get_all(&name) {
            to.append(&name, value.clone());
        }
    }
}

/// Says what a status means here, where nobody has said more.
fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is no such page.",
        StatusCode::CONFLICT => "Nothing was changed: the session has ended, or another request was faster.",
        StatusCode::PAYLOAD_TOO_LARGE => "That is too much.",
        StatusCode::TOO_MANY_REQUESTS => "You have as many sessions as you may. End one, and sign in again.",
        StatusCode::SERVICE_UNAVAILABLE => "Sessions cannot be reached for now, so nothing was changed. Try again.",
        other => other.canonical_reason().unwrap_or("Error"),
    }
}
