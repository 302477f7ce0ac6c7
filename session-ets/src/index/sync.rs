//! What the owner index synchronizes with. `tests/shuttle.rs` compiles the index with shuttle's in place of these.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
