//! A fairing and request guards for rocket.
//!
//! How somebody signs in and out, the way back from the login page, the cookie over plain http, and connections that stay
//! open are on [the page of all adapters](super).
//!
//! [`Session`] as an argument loads the session, [`LazySession`] loads nothing by itself, and [`SessionOf`] names the one
//! that is meant, where there are several `Sessions`. [`SignedIn`] and [`SignedInWithin`] want somebody signed in; an [`Owner`] as
//! an argument does, for handlers that want to know who and no more.
//!
//! ```
//! use rocket::form::Form;
//! use rocket::response::Redirect;
//! use rocket::{FromForm, get, post, routes};
//! use session_core::web::SignedIn;
//! use session_core::web::rocket::SessionFairing;
//! use session_core::{LoginPage, Next, Owner, Session, SessionError, SessionStore, Sessions};
//! # use std::sync::Arc;
//!
//! #[derive(FromForm)]
//! struct Login<'r> {
//!     name: &'r str,
//!     next: Next,
//! }
//!
//! #[post("/login", data = "<login>")]
//! fn log_in(session: Session, login: Form<Login<'_>>) -> Result<Redirect, SessionError> {
//!     // Once the password is checked.
//!     session.log_in(Owner::new(login.name)?)?;
//!     Ok(Redirect::to(login.into_inner().next))
//! }
//!
//! #[get("/account")]
//! fn account(ann: SignedIn) -> Result<String, SessionError> {
//!     let visits = ann.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("{}, this is visit no. {visits}", ann.owner().as_str()))
//! }
//!
//! # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).login_page(LoginPage::at("/login")).build()?;
//! let app = rocket::build().attach(SessionFairing::new(sessions)).mount("/", routes![log_in, account]);
//! # Ok(()) }
//! ```
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two fairings do not collide.** The guards give the session of the one attached last; [`Sessions::find`], given
//!    the request, gives any one's. The same `Sessions` attached twice opens once. Like every fairing, it holds for all
//!    routes; one that does not ask for its session pays nothing.
//! 3. **A fairing that is not there aborts the launch**, as a `State` that is not managed does: the guards are sentinels.
//!    By rocket's rules an `Option` of one is, too. An `Owner` is none, since what shows owners may have no sessions: where that
//!    is all that a route asks for, the missing fairing is a 500.
//! 4. **Where nobody is signed in, the guard forwards with 401**, so that a route of a lower rank is for guests: another one
//!    of the same path, with `rank = 2`. If there is none, the catcher of 401 answers. A route that takes every path
//!    (`/<path..>`, a `FileServer` at `/`) is one of a lower rank: mount it below a path of its own.
//! 5. **An `Option` is `None` for every error**, by rocket's rules: where nobody is signed in, and where the store failed.
//!    To tell them apart ask for a `Session` and look at its [`owner`](Session::owner), or for `Result<SignedIn, &SessionRejection>`, which
//!    forwards for the one and is an `Err` for the other.
//! 6. **A client that hangs up** does not end its handler: rocket lets it run to its end, and what it changed is
//!    stored. No fairing can see that.
//! 7. **Panics** are caught by rocket, and are a 500 like any: what the handler changed is discarded.
//! 8. **Rocket's cookie jar** has no part in it, but that the local client shows its cookies there. It discards the cookies of
//!    requests that fail, and decodes what it reads; the session's cookie is read and set as raw headers. A `Cookie` header
//!    that is not UTF-8 is dropped by rocket.
//!
//! # Errors
//!
//! | what went wrong | status | the catcher's [`error`] |
//! |---|---|---|
//! | nobody is signed in, or not lately enough | 401; 303 to the [login page](crate::SessionsBuilder::login_page) for a browser | `Session(SignIn)` |
//! | the store failed, or was too slow | 503 | `Session(Store)`, `Session(Timeout)` and the like |
//! | somebody else was faster, or ended the session | 409 | `Session(Conflict)`, `Session(Gone)` |
//! | too large, no name for an owner, too many sessions | 413, 422, 429 | `Session(TooLarge)`, `Session(Owner)`, `Session(TooManySessions)` |
//! | a value of another type, a mistake in the set-up | 500 | `Session(WrongType)` and the like |
//! | no `Sessions` of that name, found without a guard | 500 | `NotNamed`, `NotOpened` |
//!
//! Guards that fail, handlers that return a [`SessionError`] or a [`SessionRejection`] by `?`, and the fairing, where **storing the
//! changes fails**, are all answered in one way: by the nearest catcher of the status, which finds the error by
//! [`error`](error()). The handler's response is not sent then, nor where its changes were dropped because the session had
//! ended (409), but for a `GET` and the like, unless the [`GonePolicy`](crate::GonePolicy) says otherwise. A handler whose errors are
//! `Status`es uses `?` as well; its catcher is not told why.
//!
//! **Where the application has no catcher**, the answer is [`SessionError::http_text`], and a browser that is to sign in is sent
//! to the login page. A catcher of 401 decides for itself: it finds where the browser is to be sent by
//! [`SignIn::location`](crate::SignIn::location). A *default* catcher answers 401 as well; with [`sign_in_catcher`] beside it, browsers
//! are sent to the login page.
//!
//! A catcher that answers for the fairing cannot set cookies by the jar: rocket has read it by then.
//!
//! # Middleware
//!
//! Rocket calls fairings in the order in which they are attached, with the request as with the response. So what is
//! attached *after* this one sees and changes what is sent; what is attached *before* sees what the handler answered, which
//! is not sent where the session could not be stored.
//!
//! | fairing | attach it | otherwise |
//! |---|---|---|
//! | `Shield` | as it is: rocket attaches one by itself, first | its headers are on every answer in either order |
//! | CORS, numbers of requests and other headers | before or after | on every answer in either order |
//! | compression | after | what rocket says by itself for a 401 stays, encoded: with a login page, register [`sign_in_catcher`] |
//! | logs, metrics | after | they see the handler's status, not that of the answer which took its place |
//!
//! An answer that takes the place of the handler's keeps the headers that other fairings have set by then, but for those that
//! speak of the body (`Content-Encoding` and the like) or of what was done (`Location`). It tells them from the handler's by
//! where they stand: behind `Server`, which rocket sets between the two. So three things are lost if they come from a fairing
//! that is attached before: a header that the handler had set first, a cookie where the handler had set one in the jar,
//! and all but the headers of `Shield` where `ident = false` leaves `Server` out.
//!
//! # Testing
//!
//! Rocket's local clients have sessions: `tracked` keeps the cookie, and `untracked` shows the one that it is given. A
//! development cookie is taken, as from `localhost`.
//!
//! ```
//! use rocket::local::blocking::Client;
//! use rocket::{get, routes};
//! use session_core::web::rocket::SessionFairing;
//! use session_core::{Session, SessionError, Sessions};
//! use session_ets::{EtsStore, Table};
//!
//! #[get("/")]
//! fn visits(session: Session) -> Result<String, SessionError> {
//!     Ok(session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?.to_string())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(EtsStore::new(Table::private())).build()?;
//! let app = rocket::build().attach(SessionFairing::new(sessions)).mount("/", routes![visits]);
//! let client = Client::tracked(app)?;
//! assert_eq!(client.get("/").dispatch().into_string().as_deref(), Some("1"));
//! assert_eq!(client.get("/").dispatch().into_string().as_deref(), Some("2"));
//! # Ok(()) }
//! ```
//!
//! What a request shows by `Cookie` headers counts before the jar. With a
//! [`ManualClock`](crate::ManualClock) a test moves the time on.
//!
//! # WebSocket and events
//!
//! An `EventStream` and a socket (of the crate `rocket_ws`) outlive the response's head, and every check that was made before
//! it. So they wait for the session's end beside their messages, by [`ended`](Session::ended). What they change is stored by
//! a [`commit`](Session::commit), and [`reload`](Session::reload) shows what others have changed. A new visitor has no session to
//! commit to once the head has left: change something in the handler, before the stream is returned. [Whose pages may open a
//! socket](super#connections-that-stay-open) is to be looked at before.
//!
//! ```
//! use rocket::response::stream::{Event, EventStream};
//! use rocket::tokio::select;
//! use rocket::tokio::sync::broadcast::{Sender, error::RecvError};
//! use rocket::{State, get};
//! use session_core::web::SignedIn;
//!
//! #[get("/events")]
//! fn events(ann: SignedIn, news: &State<Sender<String>>) -> EventStream![] {
//!     let mut news = news.subscribe();
//!     EventStream! {
//!         loop {
//!             let news = select! {
//!                 // By a logout, or from elsewhere.
//!                 () = ann.ended() => break,
//!                 news = news.recv() => news,
//!             };
//!             match news {
//!                 Ok(news) => yield Event::data(news),
//!                 Err(RecvError::Lagged(_)) => continue,
//!                 Err(RecvError::Closed) => break,
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! A handler of `rocket_ws` does the same in its `channel`. Sockets that are used keep their session by [`touch`](Session::touch).

#[cfg(doc)]
use super::{SessionOf, SessionRejection, SignedIn, SignedInWithin};
#[cfg(doc)]
use crate::{LazySession, Owner, Session, SessionError, Sessions};

mod answer; // how errors are answered
mod attached; // which sessions have a fairing, told before the launch
mod carried; // what a request carries
mod fairing; // opens and closes
mod guards; // what a handler asks for
mod headers; // what an answer to an error keeps
mod params; // what stands in paths, queries and forms

pub use answer::sign_in_catcher;
pub use carried::error;
pub use fairing::SessionFairing;
