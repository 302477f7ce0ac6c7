//! A hoop and extractors for salvo.
//!
//! How somebody signs in and out, the way back from the login page, the cookie over plain http, and connections that stay
//! open are on [the page of all adapters](super).
//!
//! [`Session`] is an argument of a `#[handler]`, and loads the session; [`LazySession`] loads nothing by itself.
//! [`SignedIn`], [`SignedInWithin`] and [`Owner`] want somebody signed in. Hoops have it from the depot:
//! `depot.session().await`, by [`SessionDepotExt`].
//!
//! ```
//! # use salvo_core as salvo;
//! use salvo::prelude::*;
//! use session_core::web::salvo::SessionHoop;
//! use session_core::{Session, SessionError, SessionStore, Sessions};
//! # use std::sync::Arc;
//!
//! #[handler]
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visit = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visit}"))
//! }
//!
//! # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).build()?;
//! let service = Service::new(Router::new().get(visits)).hoop(SessionHoop::new(sessions));
//! # Ok(()) }
//! ```
//!
//! The feature asks for the compiler that salvo asks for, which is later than this crate's.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two hoops on one route do not collide.** The extractors give the innermost one's session; [`SessionOf`] gives the
//!    one it names, and [`Sessions::find`], given the depot, any one's. The same `Sessions` put on twice opens once.
//! 3. **A guard for many routes is a hoop of one line**, since an extractor that refuses ends the request:
//!
//!    ```
//!    # use salvo_core as salvo;
//!    use salvo::prelude::*;
//!    use session_core::web::SignedIn;
//!
//!    #[handler]
//!    async fn members_only(_user: SignedIn) {}
//!
//!    # #[handler]
//!    # async fn account() {}
//!    # fn run() -> Router {
//!    Router::with_path("account").hoop(members_only).get(account)
//!    # }
//!    ```
//! 4. **There is no `Option<Session>`.** salvo makes options of what can be deserialized alone, and would make `None` of a
//!    store that fails. `depot.lazy_session()` is `None` where there is no hoop, and [`Session::owner`] where nobody is
//!    signed in.
//! 5. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//! 6. **What a hoop further out does** once the session is closed is too late for it: it reads the session as it was
//!    stored, and what it writes takes a `commit`. So it is in a catcher.
//!
//! # Errors
//!
//! [`SessionError`], [`SessionRejection`] and [`OwnerError`] become `StatusError`s, so that handlers answer them by `?` and
//! the catcher makes pages of them: the brief is [`SessionError::http_text`], and the origin is the error, in an
//! `Arc<SessionError>`, which hoops further out find in the extensions of the response as well. (`#[handler]` wants the
//! trait `Writer` in scope; salvo's prelude has it.)
//!
//! | what went wrong | status | what the handler's hoops and the catcher see |
//! |---|---|---|
//! | the session could not be loaded | 503 | a `StatusError`; the handler does not run |
//! | nobody is signed in, or not lately, and a program asks | 401 | a `StatusError`; the handler does not run |
//! | the same, and a browser goes to a page | 303 | inside of the hoop a `StatusError` of 401, outside the redirect to the [login page](crate::SessionsBuilder::login_page) |
//! | a handler returned an error | [its own](SessionError::http_status) | a `StatusError` |
//! | the changes could not be stored | 503 | the handler's answer inside of the hoop, a `StatusError` outside: what was said is not true |
//! | the session had ended meanwhile, and the request is no `GET` or the like | 409 | the same, unless the [`GonePolicy`](crate::GonePolicy) says otherwise |
//! | there is no hoop, or none of the name | 500 | a `StatusError` that says so |
//!
//! Where an answer is not sent, its body, its cookies and its `Location` are dropped, and other headers stay, as with every
//! `StatusError`. [`SessionHoop::on_error`] answers by itself, before the catcher.
//! A response that is sent has a [`CloseOutcome`](crate::CloseOutcome) in its extensions, absent when nothing changed
//! (`Untouched`, `Unchanged`).
//!
//! # Middleware
//!
//! The first hoop sees a request first: it is the outermost. Hoops of the service run where no route is found, too.
//!
//! | hoop | where |
//! |---|---|
//! | `Compression`, `Cors`, `TrailingSlash` | either way; both vary by what they look at, and CORS is on the answers of the sessions, too |
//! | `Logger` | outside, so that what the session did stands in its span; it tells the final status either way |
//! | `CatchPanic` | inside, so that its 500 is a failed request with the session's headers; outside it catches as well, and what the handler did to the session is as if the client had hung up |
//! | `Catcher` | it belongs to the service, and comes after all hoops; the headers of the session stay on its pages |
//!
//! Under a layer of tower, which salvo's `tower-compat` makes a hoop of, each error page is blank, whatever the layer does:
//! put it further in than what may fail. Services of tower and axum further in find the session in the extensions of the
//! request.
//!
//! # Testing
//!
//! By salvo's own client; a visitor's next request brings back the cookie.
//!
//! ```
//! # use salvo_core as salvo;
//! use salvo::http::header::{COOKIE, SET_COOKIE};
//! use salvo::prelude::*;
//! use salvo::test::{ResponseExt, TestClient};
//! # use session_core::web::salvo::SessionHoop;
//! # use session_core::{Session, SessionError, Sessions};
//! # use session_ets::{EtsStore, Table};
//! #
//! # #[handler]
//! # async fn visits(session: Session) -> Result<String, SessionError> {
//! #     let visit = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//! #     Ok(format!("visit no. {visit}"))
//! # }
//! #
//! # fn app() -> Service {
//! #     let sessions = Sessions::builder(EtsStore::new(Table::private())).build().unwrap();
//! #     Service::new(Router::new().get(visits)).hoop(SessionHoop::new(sessions))
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let app = app();
//! let first = TestClient::get("http://localhost/").send(&app).await;
//! let cookie = first.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
//! let mut second = TestClient::get("http://localhost/").add_header(COOKIE, cookie, true).send(&app).await;
//! assert_eq!(second.take_string().await.unwrap(), "visit no. 2");
//! # }
//! ```
//!
//! # WebSocket and events
//!
//! A [`Session`] is moved into the callback of `WebSocketUpgrade::upgrade`, or into the stream that `sse::stream` sends. There
//! it is waited for beside the messages until it has [`ended`](Session::ended), prolonged by [`touch`](Session::touch) when
//! the visitor sends something, read again by [`reload`](Session::reload), and written by
//! [`commit`](Session::commit): a new visitor's, once the handler has changed something before the upgrade, so that there is
//! a cookie. [Whose pages may open a socket](super#connections-that-stay-open) is to be looked at before. The example of
//! salvo in the repository sends a counter by both, until the session ends.

mod carried; // the sessions that were opened for a request, in its depot
mod errors; // how errors become salvo's, of which its catcher makes pages
mod extractors; // how a handler gets its session
mod hoop; // the hoop that opens a session and closes it

pub use extractors::SessionDepotExt;
pub use hoop::SessionHoop;
#[cfg(doc)]
use {
    super::{SessionOf, SessionRejection, SignedIn, SignedInWithin},
    crate::{LazySession, Owner, OwnerError, Session, SessionError, Sessions},
};
