//! Adapters for web frameworks, each behind a feature of the same name, and none without one.
//!
//! An adapter is [`Sessions::open`](crate::Sessions::open) when a request comes,
//! [`LazySession::load`](crate::LazySession::load) when a handler asks,
//! [`Sessions::close`](crate::Sessions::close) before the response leaves, and [`Closed::add_to`](crate::Closed::add_to) for
//! its headers, put into the framework's own words.

#[cfg(feature = "actix-web")]
pub mod actix_web;
#[cfg(feature = "axum")]
pub mod axum;
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

#[cfg(feature = "_web")]
pub use guard::{SignedIn, SignedInWithin, Visit};
#[cfg(feature = "_extractors")]
pub use named::SessionOf;
#[cfg(feature = "_web")]
pub use opened::Carrier;
#[cfg(feature = "_web")]
pub use rejection::SessionRejection;
