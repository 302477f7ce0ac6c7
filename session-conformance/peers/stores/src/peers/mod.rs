//! One file for each peer: its calls, and nothing else.

pub(crate) mod actix_session;
pub(crate) mod async_session;
pub(crate) mod axum_session;
pub(crate) mod place;
pub(crate) mod tower_sessions;
