//! Several connections to one server, taken by turns.
//!
//! A client on one connection and the server wait for each other: while the server works through a batch of commands,
//! nobody sends; while the answers are handed out, the server has nothing to do. With a second connection both work
//! on. Each caller waits for its answer before it asks again, and what an answer that is lost leaves in doubt is settled
//! by versions, so nothing depends on the order between connections.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::link::{Link, Listener, Target, Timeouts};

/// A handle; clones share the connections.
#[derive(Clone)]
pub(crate) struct Links {
    first: Link,
    others: Arc<[Link]>,
    turn: Arc<AtomicUsize>,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.topology())
    }
}

impl Links {
    pub(crate) fn new(target: Target, timeouts: Timeouts, count: NonZeroUsize) -> Self {
        let others = (1..count.get()).map(|_| Link::new(target.clone(), timeouts)).collect();
        Self { first: Link::new(target, timeouts), others, turn: Arc::default() }
    }

    /// Gives the one whose turn it is.
    pub(crate) fn next(&self) -> &Link {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % (self.others.len() + 1);
        self.others.get(turn).unwrap_or(&self.first)
    }

    /// Gives all of them up: after a failover the old master answers still, on each.
    pub(crate) fn give_up(&self) {
        self.first.give_up();
        self.others.iter().for_each(Link::give_up);
    }

    pub(crate) fn topology(&self) -> &'static str {
        self.first.topology()
    }

    /// Tells whether the server can push, as [`Link::speaks_resp3`] does.
    pub(crate) fn speaks_resp3(&self) -> bool {
        self.first.speaks_resp3()
    }

    /// Makes one more to the same server, which pushes.
    pub(crate) fn heard_by(&self, listener: Arc<dyn Listener>, prefix: String) -> Link {
        self.first.heard_by(listener, prefix)
    }
}
