//! What went wrong, as a page or as JSON, in one place for handlers and frameworks.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE, VARY};
use http::{HeaderMap, Response, StatusCode};
use session_core::{OwnerError, SessionError};

use crate::answer::{Answer, Body};
use crate::ask::{Ask, Format, header_map};
use crate::assets::protect;
use crate::demo::Demo;
use crate::view::Problem;

/// Says who answers the errors of the sessions, wherever they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errors {
    /// They are given the form of all errors here on their way out.
    Dressed,
    /// The sessions' adapter, by a text; nothing is dressed.
    Plain,
    /// The application, by what it gives to the adapter's `on_error`.
    Own,
}

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
                match self.errors() {
                    Errors::Dressed => self.problem(format, status, words(status).to_owned()),
                    Errors::Plain => {
                        in_words("text/plain; charset=utf-8", &error, error.http_text().to_owned()).map(Body::from)
                    }
                    Errors::Own => own(&error).map(Body::from),
                }
            }
        }
    }

    /// Gives what answers the errors of the sessions, for the `on_error` of their layer or middleware; `None` unless
    /// `SESSION_ERRORS` says so. It cannot know in which format: that is left to [`dress`](Self::dress).
    #[must_use]
    pub fn own_errors(&self) -> Option<fn(&SessionError) -> Response<Bytes>> {
        (self.errors() == Errors::Own).then_some(own)
    }

    /// Tells whether errors are given their form on their way out, as they are unless `SESSION_ERRORS` is `plain`.
    #[must_use]
    pub fn dresses_errors(&self) -> bool {
        self.errors() != Errors::Plain
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
        (self.dresses_errors() && is_error(status) && plain).then(|| {
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

/// Answers an error of the sessions as this application likes.
fn own(error: &SessionError) -> Response<Bytes> {
    let page = format!("<h1>Sorry</h1><p>{}</p><p><a href=\"/\">Back</a></p>\n", error.http_text().trim_end());
    in_words("text/html; charset=utf-8", error, page)
}

fn in_words(content_type: &'static str, error: &SessionError, words: String) -> Response<Bytes> {
    let answer = Response::builder().status(error.http_status()).header(CONTENT_TYPE, content_type);
    answer.header(CACHE_CONTROL, "no-store").body(words.into()).expect("its parts are well-formed")
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
    for (name, value) in from {
        if is_kept(name) {
            to.append(name, value.clone());
        }
    }
}

/// Tells whether a header is for browsers and caches, whatever the body: `Cache-Control` and those that overrule it
/// for some caches, too.
fn is_kept(name: &HeaderName) -> bool {
    [ALLOW, SET_COOKIE, VARY].contains(name)
        || ["clear-site-data", "secure-session-challenge", "secure-session-registration", "surrogate-control"]
            .contains(&name.as_str())
        || name.as_str().ends_with("cache-control")
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
