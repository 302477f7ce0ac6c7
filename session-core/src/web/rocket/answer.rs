//! How errors are answered: by the application's catchers, else by a text or a redirect.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;

use rocket::catcher::Catcher;
use rocket::futures::FutureExt;
use rocket::http::{ContentType, Status};
use rocket::response::{self, Responder, Response};
use rocket::{Request, catcher};

use super::super::SessionRejection;
use super::super::rejection::TEXT;
use super::carried::{error, failed, status};
use crate::engine::SessionError;
use crate::request::ResponseHeaders;

impl ResponseHeaders for Response<'_> {
    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers().get(name).map(str::as_bytes)
    }

    fn names(&self) -> impl Iterator<Item: AsRef<str>> {
        self.headers().iter().map(|header| header.name().to_string())
    }

    fn set(&mut self, name: &str, value: Cow<'static, str>) {
        self.set_raw_header(name.to_owned(), value);
    }

    fn add_cookie(&mut self, value: String) {
        self.adjoin_raw_header("Set-Cookie", value);
    }
}

/// Answered by the catcher of its status, which is 401 for [`SignIn`](SessionError::SignIn).
impl<'r> Responder<'r, 'static> for SessionError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(failed(request, self.into()))
    }
}

/// Answered by the catcher of its status.
impl<'r> Responder<'r, 'static> for SessionRejection {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(failed(request, self))
    }
}

/// For handlers whose errors are statuses. The catcher is not told of the error; the log is.
impl From<SessionError> for Status {
    fn from(error: SessionError) -> Self {
        let error = SessionRejection::from(error);
        super::super::rejection::log(&error, error.http_status());
        status(&error)
    }
}

/// Creates the catcher of 401 that sends browsers to the [login page](crate::SessionsBuilder::login_page), for
/// applications that have a default catcher, which would answer in its place.
///
/// ```
/// use rocket::http::{ContentType, Status};
/// use rocket::{Build, Request, Rocket, catch, catchers};
/// use session_core::web::rocket::sign_in_catcher;
///
/// #[catch(default)]
/// fn page(status: Status, _: &Request<'_>) -> String {
///     format!("{status}. Go back, or to the start.")
/// }
///
/// fn app(rocket: Rocket<Build>) -> Rocket<Build> {
///     rocket.register("/", catchers![page]).register("/", vec![sign_in_catcher()])
/// }
/// ```
#[must_use]
pub fn sign_in_catcher() -> Catcher {
    fn sign_in<'r>(status: Status, request: &'r Request<'_>) -> catcher::BoxFuture<'r> {
        Box::pin(async move {
            match error(request) {
                Some(error) => Ok(text(error)),
                // It is the application's own.
                None => Catcher::default().handler.handle(status, request).await,
            }
        })
    }
    Catcher::new(Status::Unauthorized.code, sign_in)
}

/// Answers an error as rocket answers those of guards and handlers: by the catcher that is nearest, as it finds it.
pub(super) async fn by_catcher<'r>(request: &'r Request<'_>, error: &SessionRejection) -> Response<'r> {
    let status = status(error);
    let caught = match catcher(request, status) {
        // Nobody else would catch its panic here.
        Some(catcher) => {
            let answer = async { catcher.handler.handle(status, request).await };
            AssertUnwindSafe(answer).catch_unwind().await.ok().and_then(Result::ok)
        }
        None => None,
    };
    let mut response = caught.unwrap_or_else(|| text(error));
    response.set_raw_header("Cache-Control", "no-store");
    response
}

/// Describes what rocket itself answers by this status; `None` where the application has a catcher.
pub(super) async fn rockets(request: &Request<'_>, status: Status) -> Option<Looks> {
    if catcher(request, status).is_some() {
        return None;
    }
    let rockets = Catcher::default();
    let answer = rockets.handler.handle(status, request).await.ok()?;
    Some(Looks::of(&answer))
}

/// What rocket's own answer is told by: a handler may have answered with the same status.
#[derive(PartialEq, Eq)]
pub(super) struct Looks {
    content_type: Option<ContentType>,
    size: Option<usize>,
}

impl Looks {
    pub(super) fn of(response: &Response<'_>) -> Self {
        Self { content_type: response.content_type(), size: response.body().preset_size() }
    }
}

/// Finds the application's catcher: of those whose base the path begins with, that of the longest one; of two, that of
/// this status alone.
fn catcher<'r>(request: &'r Request<'_>, status: Status) -> Option<&'r Catcher> {
    let path = request.uri().path();
    let reaches = |catcher: &&Catcher| {
        catcher.code.is_none_or(|code| code == status.code) && catcher.base.path().segments().prefix_of(path.segments())
    };
    let depth = |catcher: &&Catcher| (catcher.base.path().segments().len(), catcher.code.is_some());
    request.rocket().catchers().filter(reaches).max_by_key(depth)
}

/// Answers an error by its text, and sends a browser that is to sign in to where it can.
pub(super) fn text(error: &SessionRejection) -> Response<'static> {
    let text: Cow<'static, str> = match error {
        SessionRejection::Session(error) => error.http_text().into(),
        rejection => rejection.to_string().into(),
    };
    let mut response = Response::build();
    response.status(Status::new(error.http_status())).raw_header("Content-Type", TEXT);
    response.raw_header("Cache-Control", "no-store");
    if let SessionRejection::Session(error) = error
        && let Some(location) = error.location()
    {
        response.raw_header("Location", location.to_owned());
    }
    response.sized_body(text.len(), std::io::Cursor::new(text.into_owned())).finalize()
}
