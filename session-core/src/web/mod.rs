//! Adapters for web frameworks, one file each behind a feature of the same name.
//!
//! An adapter is [`Sessions::open`](crate::Sessions::open) when a request comes,
//! [`LazySession::load`](crate::LazySession::load) when a handler asks, and
//! [`Sessions::close`](crate::Sessions::close) before the response leaves, put into the framework's own words.

#[cfg(feature = "actix-web")]
pub mod actix_web;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "_http")]
mod exchange;
#[cfg(feature = "_extractors")]
mod named;
mod opened;
#[cfg(feature = "poem")]
pub mod poem;
mod rejection;
#[cfg(feature = "rocket")]
pub mod rocket;
#[cfg(feature = "tower")]
mod service;
#[cfg(feature = "tower")]
pub mod tower;

#[cfg(feature = "_extractors")]
pub use named::SessionOf;
pub use opened::Carrier;
pub use rejection::SessionRejection;
