//! A middleware and extractors for poem.
//!
//! [`Session`] loads the session; [`LazySession`] loads nothing by itself. [`SessionError`] is a `ResponseError`, so that
//! handlers can use `?`.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two middlewares on one route do not collide.** The extractors give the innermost one's session;
//!    [`SessionOf`] gives the one it names, and [`Sessions::find`], given the request's extensions, any one's. The same
//!    `Sessions` put on twice opens once.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but one with the status and the text of the
//!    [`SessionError`], and the error as its data (`Arc<SessionError>`); or
//!    [the application's own](SessionMiddleware::on_error). So it is where changes were
//!    dropped because the session had ended, with 409, but for a `GET` and the like, unless the
//!    [`GonePolicy`](crate::GonePolicy) says otherwise.
//!    A response that is sent has a [`CloseOutcome`](crate::CloseOutcome) as its data; none stands for `Untouched` and
//!    `Unchanged`. With two middlewares it is that of the outermost that has one.
//! 4. **Errors become responses here**, since the session's headers belong on those, too. What looks at errors, such as
//!    `catch_error` and `Tracing`, belongs inside of this middleware.
//! 5. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//! 6. **Panics** are not caught. Put `CatchPanic` inside of this one, to have its 500 treated as one.
//!
//! ```
//! use poem::{EndpointExt, Route, get, handler};
//! use session_core::web::poem::SessionMiddleware;
//! use session_core::{Session, SessionError, SessionStore, Sessions};
//! # use std::sync::Arc;
//!
//! #[handler]
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).build()?;
//! let app = Route::new().at("/", get(visits)).with(SessionMiddleware::new(sessions));
//! # Ok(()) }
//! ```

mod errors; // how errors become responses
mod extractors; // how a handler gets its session
mod headers; // the middleware that adds the headers of sessions to what finally leaves
mod middleware; // the middleware that opens a session and closes it

pub use headers::{SessionHeaders, SessionHeadersEndpoint};
pub use middleware::{SessionEndpoint, SessionMiddleware};
#[cfg(doc)]
use {
    super::SessionOf,
    crate::{LazySession, Session, SessionError, Sessions},
};
