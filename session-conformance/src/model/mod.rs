//! The contract as a small model: which answers a store may give, whether a history can be explained, and how records
//! and calls are written in a failure.
//!
//! Nothing here calls a store.

pub(crate) mod history; // concurrent calls on one key
pub(crate) mod show; // how records are written
pub(crate) mod spec; // the model of one key
