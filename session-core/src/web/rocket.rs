//! A fairing and request guards for rocket.
//!
//! [`Session`] loads the session; [`LazySession`] loads nothing by itself. [`SessionError`] is a `Responder`, so that
//! handlers can use `?`; it answers by the catcher of its status.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two fairings do not collide.** The guards give the session of the one attached last; [`Sessions::find`], given
//!    the request, gives any one's. The same `Sessions` attached twice opens once. Like every fairing, it holds for all
//!    routes; one that does not ask for its session pays nothing.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but one with the status of the
//!    [`SessionError`] and an empty body: a fairing can call no catcher. So it is where changes were dropped because the
//!    session had ended, with 409, unless the [`GonePolicy`](crate::GonePolicy) says otherwise.
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

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::response::{self, Responder, Response};
use rocket::{Data, Request};

use super::opened::sealed::Search;
use super::opened::{Carrier, Opened};
use super::{SessionRejection, rejection};
use crate::engine::{SessionError, Sessions};
use crate::request::{Closed, Handled, LazySession};
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
        if self.sessions.find(&*request).is_some() {
            return;
        }
        // HTTP/2 has no Host header but an authority.
        let host = request.headers().get_one("Host").map(str::to_owned);
        let host = host.or_else(|| request.host().map(ToString::to_string));
        let cookies = request.headers().get("Cookie").map(str::as_bytes);
        let session = self.sessions.open_on_host(host.as_deref().map(str::as_bytes), cookies);
        Carried::of(request).opened().push(Opened::new(session));
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let carried = Carried::of(request);
        let opened = {
            let mut opened = carried.opened();
            let own = opened.iter().position(|opened| opened.session().sessions().is(&self.sessions));
            own.map(|own| opened.remove(own))
        };
        if let Some(opened) = opened {
            let failed = response.status().code >= 500;
            let handled = if failed { Handled::Failed } else { Handled::Completed };
            let closed = opened.close(handled).await;
            if let Err(error) = &closed.outcome {
                *response = Response::build().status(status(error.http_status())).finalize();
                carried.failed.store(true, Ordering::Relaxed);
            }
            tell(&closed, response);
        }
        if carried.failed.load(Ordering::Relaxed) && !response.headers().contains("Cache-Control") {
            response.set_raw_header("Cache-Control", "no-store");
        }
    }
}

/// What a request carries in its local cache.
#[derive(Debug, Default)]
struct Carried {
    /// The sessions opened for it, that of the fairing attached first first. If the request is dropped, they are.
    opened: Mutex<Vec<Opened>>,
    /// It failed at its session.
    failed: AtomicBool,
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

/// Adds to `response` what closing its request has to say.
fn tell(closed: &Closed, response: &mut Response<'_>) {
    let vary = closed.vary(response.headers().get("Vary").map(str::as_bytes));
    let private = closed.cache_control(response.headers().get("Cache-Control").map(str::as_bytes));
    for (name, value) in [("Vary", vary), ("Cache-Control", private)] {
        if let Some(value) = value {
            response.set_raw_header(name, value);
        }
    }
    for set_cookie in closed.set_cookie.iter().chain(&closed.removals) {
        response.adjoin_raw_header("Set-Cookie", set_cookie.clone());
    }
}

fn status(code: u16) -> Status {
    Status::new(code)
}

/// Answers by the catcher of its status, which is told nothing of the inside.
impl<'r> Responder<'r, 'static> for SessionError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(failed(request, &self, self.http_status()))
    }
}

/// Takes note that a request fails at its session.
fn failed(request: &Request<'_>, error: &(dyn std::error::Error + 'static), code: u16) -> Status {
    rejection::log(error, code);
    Carried::of(request).failed.store(true, Ordering::Relaxed);
    status(code)
}

fn refuse<T>(request: &Request<'_>, rejection: SessionRejection) -> Outcome<T, SessionRejection> {
    Outcome::Error((failed(request, &rejection, rejection.http_status()), rejection))
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LazySession {
    type Error = SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, SessionRejection> {
        match request.search(&|_| true) {
            Some(session) => Outcome::Success(session),
            None => refuse(request, SessionRejection::NotOpened { missing: "SessionFairing" }),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Session {
    type Error = SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, SessionRejection> {
        let Some(lazy) = request.search(&|_| true) else {
            return refuse(request, SessionRejection::NotOpened { missing: "SessionFairing" });
        };
        match lazy.load().await {
            Ok(session) => Outcome::Success(session),
            Err(error) => refuse(request, error.into()),
        }
    }
}
