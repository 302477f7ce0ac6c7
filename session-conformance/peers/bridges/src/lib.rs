#![doc = include_str!("../README.md")]

#[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
mod kept; // what both do with a store

#[cfg(feature = "actix-session")]
mod actix_session;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

#[cfg(feature = "actix-session")]
pub use actix_session::ActixStore;
#[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
pub use kept::Over;
pub use session_core;
#[cfg(feature = "tower-sessions")]
pub use tower_sessions::TowerStore;
