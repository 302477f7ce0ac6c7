//! What a request carries in its local cache: the sessions that were opened for it, and why it failed at them.

use std::ptr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rocket::Request;
use rocket::http::Status;

use super::super::opened::sealed::Search;
use super::super::opened::{Carrier, Opened};
use super::super::{SessionRejection, rejection};
use crate::engine::SessionError;
use crate::request::{Closed, LazySession};

/// What a request carries.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// The sessions opened for it, that of the fairing attached first first. If the request is dropped, they are.
    opened: Mutex<Vec<Opened>>,
    /// Why guards and handlers failed at the session, the first first.
    failures: OnceLock<Box<Failure>>,
    /// Why it was not stored.
    pub(super) at_close: OnceLock<SessionRejection>,
    /// What the fairings have told the response so far.
    pub(super) told: Mutex<Vec<Closed>>,
}

/// Why a guard or a handler failed, and on which route: a guard that forwards leaves the request to the next.
#[derive(Debug)]
struct Failure {
    error: SessionRejection,
    route: usize,
    next: OnceLock<Box<Failure>>,
}

impl Carried {
    pub(super) fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }

    pub(super) fn opened(&self) -> MutexGuard<'_, Vec<Opened>> {
        locked(&self.opened)
    }

    pub(super) fn told(&self) -> MutexGuard<'_, Vec<Closed>> {
        locked(&self.told)
    }

    /// Gives why the route that was tried last failed at the session, in front of its response.
    pub(super) fn failure<'r>(&'r self, request: &Request<'_>) -> Option<&'r SessionRejection> {
        let mut last = None;
        let mut failures = &self.failures;
        while let Some(failure) = failures.get() {
            if failure.route == route(request) {
                last = Some(&failure.error);
            }
            failures = &failure.next;
        }
        last
    }

    fn add(&self, error: SessionRejection, route: usize) {
        let mut failure = Box::new(Failure { error, route, next: OnceLock::new() });
        let mut failures = &self.failures;
        while let Err(again) = failures.set(failure) {
            failure = again;
            failures = &failures.get().expect("it was set just now, or before").next;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is locked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names the route that was tried last.
fn route(request: &Request<'_>) -> usize {
    request.route().map_or(0, |route| ptr::from_ref(route).addr())
}

impl Search for Request<'_> {
    fn search(&self, wanted: &dyn Fn(&LazySession) -> bool) -> Option<LazySession> {
        let opened = Carried::of(self).opened();
        opened.iter().rev().map(Opened::session).find(|session| wanted(session)).cloned()
    }
}

impl Carrier for Request<'_> {}

/// Returns the error by which the request failed at its session, for catchers; `None` if it did not.
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
    carried.at_close.get().or_else(|| carried.failure(request))
}

/// Takes note that a request fails at its session, and gives the status whose catcher answers it.
pub(super) fn failed(request: &Request<'_>, error: SessionRejection) -> Status {
    rejection::log(&error, error.http_status());
    let status = status(&error);
    Carried::of(request).add(error, route(request));
    status
}

/// Gives the status whose catcher answers an error. There are none for 303: what sends a browser to the login page is a
/// 401 until it is answered.
pub(super) fn status(error: &SessionRejection) -> Status {
    match error {
        SessionRejection::Session(SessionError::SignIn(_)) => Status::Unauthorized,
        error => Status::new(error.http_status()),
    }
}
