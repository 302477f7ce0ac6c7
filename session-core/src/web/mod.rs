//! Adapters for web frameworks, each behind a feature of the same name, and none without one. Each has its page: `axum`,
//! `actix_web`, `poem`, `rocket`, `salvo`, and `tower` for what else speaks `http`. This one is about what they have in common.
//!
//! # Signing in and out
//!
//! A login says whose the session is, by an [`Owner`](crate::Owner), once the application has checked who they are. The
//! session gets a new id, and keeps what it had, such as a cart. A logout ends the session with all that is in it, and
//! removes the cookie; if the store fails then, the answer is 503. It needs no `?`.
//!
//! ```
//! use session_core::{Next, Owner, Session, SessionError};
//! # fn check(_: &str, _: &str) -> bool { true }
//!
//! /// What the login form sends; deserialize it as your framework does. `next` is a hidden field.
//! #[derive(serde::Deserialize)]
//! struct Login {
//!     name: String,
//!     password: String,
//!     #[serde(default)]
//!     next: Next,
//! }
//!
//! /// Gives where to go on; `None` if the password is wrong.
//! fn log_in(session: &Session, login: Login) -> Result<Option<Next>, SessionError> {
//!     if !check(&login.name, &login.password) {
//!         return Ok(None);
//!     }
//!     session.log_in(Owner::new(login.name)?)?;
//!     Ok(Some(login.next))
//! }
//!
//! fn log_out(session: &Session) {
//!     session.log_out();
//! }
//! ```
//!
//! # Who must be signed in, and the way back
//!
//! A handler that takes a [`SignedIn`] runs for nobody else: `user.owner().as_str()` says who it is, and it derefs to the
//! [`Session`](crate::Session). A browser on its way to a page (it says `Sec-Fetch-Mode: navigate`, or in older ones and in
//! tests `Accept: text/html`) is sent to the [login page](crate::SessionsBuilder::login_page) by 303; what else asks is
//! answered 401, and so are all without a login page.
//!
//! ```
//! # use std::sync::Arc;
//! # use session_core::{BuildError, SessionStore, Sessions};
//! use session_core::LoginPage;
//! # fn run(store: Arc<dyn SessionStore>) -> Result<Sessions, BuildError> {
//! Sessions::builder(store).login_page(LoginPage::at("/login")).build()
//! # }
//! ```
//!
//! The login page is asked for as `/login?next=/account`. Read that as a [`Next`](crate::Next), which is `/` where it is
//! missing or leads to another site, put it into the form between double quotes, as it is, and redirect there in the end.
//!
//! # Where somebody is signed in
//!
//! A page that lists the devices of its visitor shows what each session is labelled as at its login:
//! [`set_label`](crate::Session::set_label), and with the feature `device` [`device`] for a name from the `User-Agent`.
//! [`Sessions::list`](crate::Sessions::list) gives the labels without reading what else is in the sessions, and
//! [`Sessions::revoke_owned`](crate::Sessions::revoke_owned) ends one of them.
//!
//! # The cookie
//!
//! The default cookie is `Secure`. Over plain http Chrome and Firefox take it on `localhost`, and Safari does not; for
//! that, and for other hosts, see [`CookieConfig::development`](crate::CookieConfig::development). It is `SameSite=Lax`, so
//! that forms of other sites come without it. A sibling (`other.example.org` beside `shop.example.org`) is no other site to
//! that: where you do not trust yours, look at `Sec-Fetch-Site` or use your framework's protection against forged requests.
//!
//! # Connections that stay open
//!
//! What an event stream or a WebSocket changes is written by [`commit`](crate::Session::commit). A visitor who has no session
//! gets one by what the handler changes *before* it returns the stream, since the cookie leaves with that; else `commit` is
//! [`ResponseSent`](crate::SessionError::ResponseSent). [`ended`](crate::Session::ended) waits for the end of the session. One
//! that this process makes is seen at once, and one of another process's at once where the store [tells of
//! it](crate::Watch), else within [`look_every`](crate::SessionsBuilder::look_every); [`reload`](crate::Session::reload) asks
//! the store now. Neither keeps the session alive: [`touch`](crate::Session::touch) does, where a message comes from the
//! visitor. Being watched costs a read of the store a minute for each connection where the store tells, else four; `reload`
//! is one more each time.
//!
//! A WebSocket can be opened by a page of any other site, which may then talk as the visitor, since CORS does not apply to
//! it. That the cookie is `SameSite=Lax` does not stop a sibling. So look whose page it is before the upgrade, and refuse
//! the others with 403. Browsers always say so by `Origin`; who does not is a program, and has nobody's cookies. A proxy in
//! front has to pass `Host` on.
//!
//! ```
//! /// Tells whether a WebSocket may be opened, by the headers `Origin` and `Host` of the request.
//! fn may_open(origin: Option<&str>, host: Option<&str>) -> bool {
//!     let Some(origin) = origin else { return true };
//!     let page = origin.split_once("://").map(|(_, page)| page);
//!     page.is_some() && page == host
//! }
//!
//! let host = Some("shop.example.org");
//! assert!(may_open(Some("https://shop.example.org"), host));
//! assert!(!may_open(Some("https://blog.example.org"), host));
//! assert!(!may_open(Some("https://shop.example.org.other.example"), host));
//! assert!(!may_open(Some("null"), host));
//! assert!(may_open(None, host));
//! ```
//!
//! # For who writes an adapter
//!
//! An adapter is [`Sessions::open`](crate::Sessions::open) when a request comes,
//! [`LazySession::load`](crate::LazySession::load) when a handler asks,
//! [`Sessions::close`](crate::Sessions::close) before the response leaves, and [`Closed::add_to`](crate::Closed::add_to) for
//! its headers, put into the framework's own words. Where sessions are bound to devices, a request that
//! `LazySession::is_for_device` is answered by `Sessions::answer_device`, and by no handler.

#[cfg(feature = "actix-web")]
pub mod actix_web;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "device")]
mod device; // a name for what a visitor holds
#[cfg(feature = "_http")]
mod exchange; // what those share that speak in the types of `http`
#[cfg(feature = "_web")]
mod guard; // handlers that want somebody signed in
#[cfg(feature = "_extractors")]
mod named; // SessionOf: whose session a handler means
#[cfg(feature = "_web")]
mod opened; // the sessions that are opened for a request
#[cfg(any(feature = "actix-web", feature = "poem", feature = "salvo", feature = "tower"))]
mod own; // how the application answers errors
#[cfg(feature = "poem")]
pub mod poem;
#[cfg(feature = "_web")]
mod rejection; // why a handler was not given its session
#[cfg(feature = "rocket")]
pub mod rocket;
#[cfg(feature = "salvo")]
pub mod salvo;
#[cfg(feature = "tower")]
mod service; // what is behind the layers of tower and axum
#[cfg(feature = "tower")]
pub mod tower;

#[cfg(feature = "device")]
pub use device::device;
#[cfg(feature = "_web")]
pub use guard::{SignedIn, SignedInWithin, Visit};
#[cfg(feature = "_extractors")]
pub use named::SessionOf;
#[cfg(feature = "_web")]
pub use opened::Carrier;
#[cfg(feature = "_web")]
pub use rejection::SessionRejection;
