#![doc = include_str!("../README.md")]

mod kept; // what both do with a store

#[cfg(feature = "actix-session")]
mod actix_session;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

#[cfg(feature = "actix-session")]
pub use actix_session::ActixStore;
pub use kept::Over;
pub use session_core;
#[cfg(feature = "tower-sessions")]
pub use tower_sessions::TowerStore;
