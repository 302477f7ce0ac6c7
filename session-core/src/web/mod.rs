//! Adapters for web frameworks, one file each behind a feature of the same name.
//!
//! An adapter is [`Sessions::open_on_host`](crate::Sessions::open_on_host) when a request comes,
//! [`LazySession::load`](crate::LazySession::load) when a handler asks, and
//! [`Sessions::close`](crate::Sessions::close) before the response leaves, put into the framework's own words.

#[cfg(feature = "actix-web")]
pub mod actix_web;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "_http")]
mod exchange;
mod opened;
#[cfg(feature = "poem")]
pub mod poem;
#[cfg(any(feature = "actix-web", feature = "axum", feature = "poem", feature = "rocket"))]
mod rejection;
#[cfg(feature = "rocket")]
pub mod rocket;
#[cfg(feature = "tower")]
pub mod tower;

pub use opened::Carrier;
#[cfg(any(feature = "actix-web", feature = "axum", feature = "poem", feature = "rocket"))]
pub use rejection::SessionRejection;
