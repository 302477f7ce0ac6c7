//! A middleware, extractors and guards for actix-web.
//!
//! How somebody signs in and out, the way back from the login page, the cookie over plain http, and connections that stay
//! open are on [the page of all adapters](super).
//!
//! ```
//! use actix_web::{App, web};
//! use session_core::web::SignedIn;
//! use session_core::web::actix_web::SessionMiddleware;
//! use session_core::{LoginPage, Session, SessionError, Sessions};
//! # use session_core::SessionStore;
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! async fn account(user: SignedIn) -> String {
//!     format!("Hello, {}", user.owner().as_str())
//! }
//!
//! # fn run(store: impl SessionStore) -> Result<(), Box<dyn std::error::Error>> {
//! // Outside of the closure that `HttpServer::new` calls for each worker: they share it.
//! let sessions = Sessions::builder(store).login_page(LoginPage::at("/login")).build()?;
//! let app = move || {
//!     App::new()
//!         .route("/", web::get().to(visits))
//!         .route("/account", web::get().to(account))
//!         .wrap(SessionMiddleware::new(sessions.clone()))
//! };
//! # let _ = app(); Ok(()) }
//! # run(session_ets::EtsStore::new(session_ets::Table::private())).unwrap();
//! ```
//!
//! `examples/actix-web/examples/shop.rs` is a whole app: login, cart, logout and devices.
//!
//! | argument | gives |
//! |---|---|
//! | [`Session`](crate::Session) | the session, loaded |
//! | [`LazySession`](crate::LazySession) | the same, not loaded yet |
//! | [`SessionOf`](super::SessionOf) | that of the `Sessions` with a name, where a route has several |
//! | [`SignedIn`](super::SignedIn), [`Owner`](crate::Owner) | the session of somebody who is signed in, or who it is |
//! | [`SignedInWithin`](super::SignedInWithin) | the same, with a fresh proof |
//!
//! **`Option<T>` of any of them is `None` for every error**, since actix makes it so for all extractors: also where the
//! store failed, which is then seen in the log alone. Where an outage must not look like a visitor, take
//! [`Session`](crate::Session) and ask for its [`owner`](crate::Session::owner), or `Result<SignedIn, Error>`.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](crate::Session::commit).
//! 2. **Two middlewares on one route do not collide.** The extractors give the innermost one's session, and
//!    [`SessionOf`](super::SessionOf) that of a name; [`Sessions::find`](crate::Sessions::find), given the request, gives any
//!    one's. The same `Sessions` wrapped twice opens once.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but that of the [`SessionError`], which is
//!    the response's `error()`, or [the application's own](SessionMiddleware::on_error). So it is where changes were
//!    dropped because the session had ended, with 409, but for a `GET` and the like, unless the
//!    [`GonePolicy`](crate::GonePolicy) says otherwise. A response that is sent has a
//!    [`CloseOutcome`](crate::CloseOutcome) in its extensions, absent when nothing changed (`Untouched`, `Unchanged`).
//!    With two middlewares it is that of the outermost that has one.
//! 4. **An error stays an error.** One that an inner middleware returns goes on outwards as it is, and gives its
//!    response the session's headers when it is made into one. Its status says whether the request failed.
//! 5. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//! 6. **Panics** are not caught, and what the handler changed is not stored. Actix has no middleware that catches them: the
//!    connection ends without an answer, and the worker goes on.
//!
//! # Errors
//!
//! [`SessionError`], [`OwnerError`](crate::OwnerError) and [`SessionRejection`](super::SessionRejection) are `ResponseError`s,
//! so that `?` takes them in handlers that return `Result<_, SessionError>` or `actix_web::Result<_>`.
//!
//! | what went wrong | status | who answers |
//! |---|---|---|
//! | nobody is signed in, and a guard asks | 303 to the login page for a browser, or 401 | the guard |
//! | the store failed when the session was loaded | 503 | the extractor |
//! | no middleware, or none with the name | 500, a `SessionRejection` | the extractor |
//! | a value is of another type, or cannot be kept | 500 | the handler, by `?` |
//! | a name cannot be an owner | 422 | the handler, by `?` |
//! | the store failed when it was written | 503 | the middleware |
//! | the session ended while the handler changed it | 409 | the middleware |
//! | it became too large, or its owner has too many | 413, 429 | the middleware |
//!
//! What looks at actix's errors finds each by `response.error()` and `as_error::<SessionError>()`, and
//! [`on_error`](SessionMiddleware::on_error) answers all but a missing middleware. Each is one line of the log.
//!
//! # Middleware
//!
//! What is wrapped last is outside. All of it is tried in both orders, in `examples/actix-web/tests/middleware.rs`.
//!
//! | middleware | where | why |
//! |---|---|---|
//! | `ErrorHandlers` | outside | inside it sees the errors of handlers alone, and not a 503 or 409 of this middleware |
//! | `Compress`, `Cors` of actix-cors | either | both leave `Vary: Cookie` beside their own, and a preflight begins no session |
//! | `NormalizePath` | either | a guard's way back is the path as the routes see it |
//! | `Logger` | outside | it sees the status that the visitor sees |
//! | `Condition` around this one | | where it does not hold, an extractor is a 500 that says so |
//!
//! # Testing
//!
//! `TestRequest`, whatever the cookie is: a request that was made in this process needs no `Host`, not even for a
//! development cookie. A browser's part is to send back what `Set-Cookie` says, up to the first `;`.
//!
//! ```
//! # use actix_web::{App, web};
//! # use session_core::web::actix_web::SessionMiddleware;
//! # use session_core::{Session, SessionError, Sessions};
//! # async fn visits(session: Session) -> Result<String, SessionError> {
//! #     Ok(session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?.to_string())
//! # }
//! use actix_web::http::header::{COOKIE, SET_COOKIE};
//! use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
//!
//! # actix_web::rt::System::new().block_on(async {
//! # let sessions = Sessions::builder(session_ets::EtsStore::new(session_ets::Table::private())).build()?;
//! # let app = App::new().route("/", web::get().to(visits)).wrap(SessionMiddleware::new(sessions));
//! let app = init_service(app).await;
//! let first = call_service(&app, TestRequest::get().uri("/").to_request()).await;
//! let cookie = first.headers().get(SET_COOKIE).unwrap().to_str()?.split(';').next().unwrap();
//! let again = TestRequest::get().uri("/").insert_header((COOKIE, cookie)).to_request();
//! assert_eq!(call_and_read_body(&app, again).await, "2");
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! # WebSocket and events
//!
//! [`Session`](crate::Session) beside the body that `actix_ws::handle` takes, or in a handler that answers with
//! `streaming`: the response's head leaves once the session is stored. Whoever goes on after it moves the session into its
//! task or its stream, ends when it [`ended`](crate::Session::ended), writes with [`commit`](crate::Session::commit), reads
//! what others wrote with [`reload`](crate::Session::reload), and prolongs it with [`touch`](crate::Session::touch).
//! [Whose pages may open a socket](super#connections-that-stay-open) is to be looked at before. `examples/actix-web` has both,
//! the socket in `src/live.rs`.
//!
//! [`SessionError`]: crate::SessionError

mod answers; // errors as responses
mod extract; // sessions as arguments, and guards
mod middleware; // opens and closes

pub use middleware::{SessionMiddleware, SessionService};
