//! Where an example that is looked at keeps its sessions.

use session_conformance::servers::Redis;

/// Says where an example that is looked at keeps its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In its memory.
    Ets,
    /// In a real Redis: yours, Docker's, or one of its own.
    Redis,
}

/// One that is there. Keep it as long as its address is used.
pub(crate) enum Opened {
    Ets,
    Redis(Redis),
}

impl Store {
    pub(crate) async fn open(self) -> Opened {
        match self {
            Self::Ets => Opened::Ets,
            Self::Redis => Opened::Redis(Redis::start().await.unwrap_or_else(|error| panic!("{error}"))),
        }
    }
}

impl Opened {
    /// Gives the value of `SESSION_STORE`.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Ets => "ets:",
            Self::Redis(server) => server.url(),
        }
    }
}
