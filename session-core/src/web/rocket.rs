//! A fairing and request guards for rocket.
//!
//! [`Session`] loads the session; [`LazySession`] loads nothing by itself. [`SessionError`] is a `Responder`, so that
//! handlers can use `?`; it answers by the catcher of its status. Where there are several `Sessions`,
//! [`SessionOf`] names the one.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two fairings do not collide.** The guards give the session of the one attached last; [`Sessions::find`], given
//!    the request, gives any one's. The same `Sessions` attached twice opens once. Like every fairing, it holds for all
//!    routes; one that does not ask for its session pays nothing.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but that of the catcher for the status of the
//!    [`SessionError`]. So it is where changes were dropped because the session had ended, with 409, but for a
//!    `GET` and the like, unless the [`GonePolicy`](crate::GonePolicy) says otherwise. Handlers and guards that fail end at the same catcher, which finds the
//!    error by [`error`]. Where the application has none, the answer is [`SessionError::http_text`].
//! 4. **Attach it before** a fairing that is to see this response: rocket calls them in the order in which they are
//!    attached.
//! 5. **A client that hangs up** does not end its handler: rocket lets it run to its end, and what it changed is
//!    stored. No fairing can see that.
//! 6. **Panics** are caught by rocket, and are a 500 like any: what the handler changed is discarded.
//! 7. **Rocket's cookie jar** has no part in it. It discards the cookies of requests that fail, and decodes what it reads;
//!    the session's cookie is read and set as raw headers. A `Cookie` header that is not UTF-8 is dropped by rocket.
//!
//! ```
//! use rocket::{get, routes};
//! use session_core::web::rocket::SessionFairing;
//! use session_core::{Session, SessionError, SessionStore, Sessions};
//! # use std::sync::Arc;
//!
//! #[get("/")]
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).build()?;
//! let app = rocket::build().attach(SessionFairing::new(sessions)).mount("/", routes![visits]);
//! # Ok(()) }
//! ```

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rocket::catcher::Catcher;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::response::{self, Responder, Response};
use rocket::{Data, Request};

use super::opened::sealed::Search;
use super::opened::{Carrier, Opened, beside, innermost, named};
use super::rejection::TEXT;
use super::{SessionOf, SessionRejection, rejection};
use crate::engine::{SessionError, Sessions};
use crate::request::{Handled, LazySession, RequestHead, ResponseHeaders};
use crate::session::Session;

/// Gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionFairing {
    sessions: Sessions,
}

impl SessionFairing {
    /// Makes a fairing.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

#[rocket::async_trait]
impl Fairing for SessionFairing {
    fn info(&self) -> Info {
        Info { name: "Session", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let Some(beside) = beside(&self.sessions, &*request) else { return };
        let session = {
            // HTTP/2 has no Host header but an authority.
            let authority = request.host().map(ToString::to_string);
            let header = |name: &str| request.headers().get_one(name).map(str::as_bytes);
            let mut head = RequestHead::new(request.method().as_str())
                .with_cookies(request.headers().get("Cookie").map(str::as_bytes))
                .with_headers(&header)
                .with_target(authority.as_deref().map(str::as_bytes), request.rocket().config().tls_enabled());
            // A request of the local client.
            if request.remote().is_none() {
                head = head.may_lack_host();
            }
            self.sessions.open_beside(head, beside)
        };
        Carried::of(request).opened().push(Opened::new(session));
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let carried = Carried::of(request);
        let opened = {
            let mut opened = carried.opened();
            let own = opened.iter().position(|opened| opened.session().sessions().is(&self.sessions));
            own.map(|own| opened.remove(own))
        };
        let Some(opened) = opened else { return };
        let failed = response.status().code >= 500;
        let handled = if failed { Handled::Failed } else { Handled::Completed };
        let mut closed = opened.close(handled).await;
        match std::mem::replace(&mut closed.outcome, Ok(crate::CloseOutcome::Untouched)) {
            Err(error) => {
                let error = carried.at_close.get_or_init(|| error.into());
                *response = answer(request, error).await;
            }
            Ok(_) => {
                if let Some(error) = carried.before.get().filter(|error| status(error) == response.status()) {
                    // What rocket says where the application has no catcher gives way to what the visitor can do; once, or
                    // the headers would go that another fairing of ours has added since.
                    if catcher(request, response.status()).is_none() && !carried.answered.swap(true, Ordering::Relaxed)
                    {
                        *response = text(error);
                    }
                    if !response.headers().contains("Cache-Control") {
                        response.set_raw_header("Cache-Control", "no-store");
                    }
                }
            }
        }
        closed.add_to(response);
    }
}

/// Gives the error by which the request failed at its session, for catchers; `None` if it did not.
///
/// ```
/// use rocket::{Request, catch};
/// use session_core::web::rocket::error;
///
/// #[catch(409)]
/// fn conflict(request: &Request<'_>) -> &'static str {
///     match error(request) {
///         Some(_) => "Somebody was faster. Go back, and try again.",
///         None => "This is there already.",
///     }
/// }
/// ```
#[must_use]
pub fn error<'r>(request: &'r Request<'_>) -> Option<&'r SessionRejection> {
    let carried = Carried::of(request);
    carried.at_close.get().or_else(|| carried.before.get())
}

/// What a request carries in its local cache.
#[derive(Debug, Default)]
struct Carried {
    /// The sessions opened for it, that of the fairing attached first first. If the request is dropped, they are.
    opened: Mutex<Vec<Opened>>,
    /// Why a guard or a handler failed at the session.
    before: OnceLock<SessionRejection>,
    /// That has its answer.
    answered: AtomicBool,
    /// Why it was not stored.
    at_close: OnceLock<SessionRejection>,
}

impl Carried {
    fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }

    fn opened(&self) -> MutexGuard<'_, Vec<Opened>> {
        // Nothing panics while it is locked.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Search for Request<'_> {
    fn search(&self, wanted: &dyn Fn(&LazySession) -> bool) -> Option<LazySession> {
        let opened = Carried::of(self).opened();
        opened.iter().rev().map(Opened::session).find(|session| wanted(session)).cloned()
    }
}

impl Carrier for Request<'_> {}

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

/// Answers an error as rocket answers those of guards and handlers: by the catcher that is nearest, as it finds it.
async fn answer<'r>(request: &'r Request<'_>, error: &SessionRejection) -> Response<'r> {
    let status = status(error);
    let caught = match catcher(request, status) {
        Some(catcher) => catcher.handler.handle(status, request).await.ok(),
        None => None,
    };
    let mut response = caught.unwrap_or_else(|| text(error));
    response.set_raw_header("Cache-Control", "no-store");
    response
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

fn text(error: &SessionRejection) -> Response<'static> {
    let text: Cow<'static, str> = match error {
        SessionRejection::Session(error) => error.http_text().into(),
        rejection => rejection.to_string().into(),
    };
    let mut response = Response::build();
    response.status(status(error)).raw_header("Content-Type", TEXT);
    response.sized_body(text.len(), std::io::Cursor::new(text.into_owned())).finalize()
}

fn status(error: &SessionRejection) -> Status {
    Status::new(error.http_status())
}

/// Answers by the catcher of its status.
impl<'r> Responder<'r, 'static> for SessionError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(failed(request, self.into()).0)
    }
}

/// Takes note that a request fails at its session.
fn failed<'r>(request: &'r Request<'_>, error: SessionRejection) -> (Status, &'r SessionRejection) {
    rejection::log(&error, error.http_status());
    (status(&error), Carried::of(request).before.get_or_init(|| error))
}

impl SessionRejection {
    fn refuse<'r, T>(self, request: &'r Request<'_>) -> Outcome<T, &'r Self> {
        Outcome::Error(failed(request, self))
    }
}

/// Loads what a guard found.
async fn load<'r>(
    request: &'r Request<'_>,
    found: Result<LazySession, SessionRejection>,
) -> Outcome<Session, &'r SessionRejection> {
    match found {
        Ok(lazy) => match lazy.load().await {
            Ok(session) => Outcome::Success(session),
            Err(error) => SessionRejection::from(error).refuse(request),
        },
        Err(rejection) => rejection.refuse(request),
    }
}

fn only(request: &Request<'_>) -> Result<LazySession, SessionRejection> {
    innermost(request).ok_or(SessionRejection::NotOpened { missing: "SessionFairing" })
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LazySession {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        match only(request) {
            Ok(session) => Outcome::Success(session),
            Err(rejection) => rejection.refuse(request),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Session {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        load(request, only(request)).await
    }
}

#[rocket::async_trait]
impl<'r, N: 'static> FromRequest<'r> for SessionOf<N> {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        load(request, named::<N>(request)).await.map(Self::new)
    }
}
