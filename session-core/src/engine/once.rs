//! What is told once and not with every request.

use std::sync::atomic::{AtomicBool, Ordering};

/// Remembers that something was told, or is known to be no trouble. After that nobody looks any more, so that requests pay
/// nothing for it.
#[derive(Debug, Default)]
pub(crate) struct Once {
    settled: AtomicBool,
}

impl Once {
    /// Tells whether it is still to be found out.
    pub(crate) fn is_open(&self) -> bool {
        !self.settled.load(Ordering::Relaxed)
    }

    /// Takes note that it is found out; `true` for the first who does.
    pub(crate) fn settle(&self) -> bool {
        self.is_open() && !self.settled.swap(true, Ordering::Relaxed)
    }
}
