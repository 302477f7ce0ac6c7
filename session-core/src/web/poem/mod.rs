//! Middlewares and extractors for poem.
//!
//! How somebody signs in and out, the way back from the login page, the cookie over plain http, and connections that stay
//! open are on [the page of all adapters](super).
//!
//! [`Session`] is an argument of a `#[handler]`, and loads the session; [`LazySession`] loads nothing by itself.
//! [`SignedIn`], [`SignedInWithin`] and [`Owner`] want somebody signed in.
//!
//! ```
//! use poem::{EndpointExt, Result, Route, get, handler};
//! use session_core::web::poem::SessionMiddleware;
//! use session_core::{Session, SessionStore, Sessions};
//! # use std::sync::Arc;
//!
//! #[handler]
//! async fn visits(session: Session) -> Result<String> {
//!     let visit = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visit}"))
//! }
//!
//! # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).build()?;
//! let app = Route::new().at("/", get(visits)).with(SessionMiddleware::new(sessions));
//! # Ok(()) }
//! ```
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two middlewares on one route do not collide.** The extractors give the innermost one's session;
//!    [`SessionOf`] gives the one it names, and [`Sessions::find`], given the request's extensions, any one's. The same
//!    `Sessions` put on twice opens once.
//! 3. **Errors go on outwards as errors** where [`SessionHeaders`] is further out, to `catch_error`, `catch_all_error` and
//!    whatever looks at them; the response that finally leaves has the headers of the session. Without it, errors of
//!    handlers that asked for their session become responses here, since poem's `Error` has no place for headers and a
//!    login's cookie must not be lost. Other errors go on either way.
//! 4. **An `Option` is poem's**: it is `None` whatever went wrong, a store that fails included. A `Result<Session>` tells.
//! 5. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//!
//! # Errors
//!
//! [`SessionError`], [`SessionRejection`] and [`OwnerError`] are `ResponseError`s, so that handlers use `?`. Each is answered by
//! the text of [`SessionError::http_text`], or by [the application](SessionMiddleware::on_error).
//!
//! | what went wrong | status | what `catch_error` sees |
//! |---|---|---|
//! | the session could not be loaded | 503 | inside, and outside by rule 3: a [`SessionError`]; the handler does not run |
//! | nobody is signed in, or not lately, and a program asks | 401 | the same |
//! | the same, and a browser goes to a page | 303 to the [login page](crate::SessionsBuilder::login_page) | inside a [`SessionError`], outside the redirect, which is a response |
//! | a handler returned a [`SessionError`] | [its own](SessionError::http_status) | that, inside, and outside by rule 3 |
//! | a handler returned another error | its own | that one, inside, and outside by rule 3 |
//! | the changes could not be stored | 503 | inside the handler's answer; outside a response that has taken its place |
//! | the session had ended meanwhile, and the request is no `GET` or the like | 409 | the same, unless the [`GonePolicy`](crate::GonePolicy) says otherwise |
//! | there is no middleware, or none of the name | 500 | a [`SessionRejection`] |
//!
//! What the application answers by `on_error` is a response further out. Where the changes could not be stored, the response has the
//! error as its data (`Arc<SessionError>`); one that is sent has a [`CloseOutcome`](crate::CloseOutcome), absent when
//! nothing changed (`Untouched`, `Unchanged`). With two middlewares it is that of the outermost that has one.
//!
//! # Middleware
//!
//! What is put on last is the outermost. The whole, from the inside:
//!
//! ```
//! use poem::middleware::{CatchPanic, Cors, NormalizePath, Tracing, TrailingSlash};
//! use poem::{EndpointExt, Error, IntoResponse, Route};
//! # use session_core::web::poem::{SessionHeaders, SessionMiddleware};
//! # fn run(routes: Route, sessions: session_core::Sessions) -> impl poem::Endpoint {
//! routes
//!     .with(CatchPanic::new())
//!     .with(SessionMiddleware::new(sessions))
//!     .catch_all_error(async |error: Error| error.to_string().with_status(error.status()))
//!     .with(Cors::new())
//!     .with(SessionHeaders)
//!     .with(NormalizePath::new(TrailingSlash::Trim))
//!     .with(Tracing)
//! # }
//! ```
//!
//! | middleware | where |
//! |---|---|
//! | `Cors` | between [`SessionMiddleware`] and [`SessionHeaders`]: inside of both, the answers of the sessions have no CORS; outside of both, it overwrites `Vary: Cookie` by its own `Vary: Origin` (a fault of poem 3.1), and a shared cache may mix visitors up |
//! | `catch_error`, `catch_all_error` | the same, or inside |
//! | `CatchPanic` | inside, so that its 500 is a failed request with the session's headers; outside it catches as well, and what the handler did to the session is as if the client had hung up |
//! | `Tracing` | outside, so that what the session did stands in its span, and the status is the final one |
//! | `Compression`, `NormalizePath` | either way |
//!
//! # Testing
//!
//! By poem's own client; a visitor's next request brings back the cookie.
//!
//! ```
//! use poem::http::header::{COOKIE, SET_COOKIE};
//! use poem::test::TestClient;
//! # use poem::{Endpoint, EndpointExt, Result, Route, get, handler};
//! # use session_core::web::poem::SessionMiddleware;
//! # use session_core::{Session, Sessions};
//! # use session_ets::{EtsStore, Table};
//! #
//! # #[handler]
//! # async fn visits(session: Session) -> Result<String> {
//! #     let visit = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//! #     Ok(format!("visit no. {visit}"))
//! # }
//! #
//! # fn app() -> impl Endpoint {
//! #     let sessions = Sessions::builder(EtsStore::new(Table::private())).build().unwrap();
//! #     Route::new().at("/", get(visits)).with(SessionMiddleware::new(sessions))
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let client = TestClient::new(app());
//! let first = client.get("/").send().await;
//! let cookie = first.0.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
//! client.get("/").header(COOKIE, cookie).send().await.assert_text("visit no. 2").await;
//! # }
//! ```
//!
//! # WebSocket and events
//!
//! A [`Session`] is moved into the callback of `WebSocket::on_upgrade`, or into the stream of an `SSE`. There it is waited
//! for beside the messages until it has [`ended`](Session::ended), prolonged by [`touch`](Session::touch) when the visitor
//! sends something, read again by [`reload`](Session::reload), and written by
//! [`commit`](Session::commit): a new visitor's, once the handler has changed something before the upgrade, so that there is
//! a cookie. [Whose pages may open a socket](super#connections-that-stay-open) is to be looked at before. The example of poem
//! in the repository sends a counter by both, until the session ends.

mod errors; // how errors become responses
mod extractors; // how a handler gets its session
mod headers; // the middleware that adds the headers of sessions to what finally leaves
mod middleware; // the middleware that opens a session and closes it

pub use headers::{SessionHeaders, SessionHeadersEndpoint};
pub use middleware::{SessionEndpoint, SessionMiddleware};
#[cfg(doc)]
use {
    super::{SessionOf, SessionRejection, SignedIn, SignedInWithin},
    crate::{LazySession, Owner, OwnerError, Session, SessionError, Sessions},
};
