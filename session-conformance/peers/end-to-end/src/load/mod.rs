//! The load of browsers: one thread, which takes less processor than any app.
//!
//! Each connection sends its next request as soon as the one before it was answered. Whose session it is, is drawn by
//! Zipf's law, so that several requests of one browser are under way at once all the time.

mod connection; // sends a request, and reads the answer
mod crowd; // the browsers, and what they were told
mod turn; // what is done for a while, and what came of it

pub(crate) use connection::Connection;
pub(crate) use crowd::{Crowd, Deed};
pub(crate) use turn::{Turn, audit, fill, take_turn};
