//! The servers of the site that the browser is on.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use session_core::cookie::{CookiePrefix, FormerAttributes};
use session_core::{
    CookieConfig, Event, EventKind, ManualClock, OwnerLimitAction, SessionKey, SessionStore, Sessions, SessionsBuilder,
};

use super::act::Act;
use super::scene::{Beside, Caches, Scene, Servers, Start};
use crate::support::seeded::Seeded;
use crate::support::{MINUTE, builder};

/// The path that the cookie had, in which the browser is.
pub(super) const FORMER_PATH: &str = "/shop";

/// From which key to which sessions were renewed.
pub(crate) type Renewed = Arc<Mutex<Vec<(SessionKey, SessionKey)>>>;

/// What the processes that serve the requests have in common.
pub(super) struct Site {
    clock: ManualClock,
    /// A run must be the same every time.
    random: Seeded,
    renews: bool,
    pub(super) has_limit: bool,
    cookie: CookieConfig,
    servers: Servers,
    caches: Caches,
    pub(super) renewed: Renewed,
}

impl Site {
    pub(super) fn of(scene: &Scene, clock: ManualClock) -> Self {
        let former = FormerAttributes::default().with_path(FORMER_PATH);
        Self {
            clock,
            random: Seeded::new(0),
            renews: matches!(scene.start, Start::Due | Start::Old) || scene.beside == Some(Beside::Before),
            has_limit: scene.has(|act| act == Act::Evict),
            cookie: match scene.beside {
                None => CookieConfig::default(),
                Some(_) => CookieConfig::default().with_prefix(CookiePrefix::Secure).with_former_attributes(former),
            },
            servers: scene.servers,
            caches: scene.caches,
            renewed: Renewed::default(),
        }
    }

    /// Makes the server of the request with that number; without one, a server that has all keys.
    pub(super) fn sessions(&self, store: impl SessionStore, number: Option<usize>) -> Sessions {
        let mut builder = builder(store).0.clock(self.clock.clone()).random(self.random.clone());
        builder = seal(builder.cookie(self.cookie.clone()), self.servers, number);
        builder = cache(builder, self.caches, number);
        if self.renews {
            builder = builder.renew_every(MINUTE * 60);
        }
        if self.has_limit {
            builder = builder.max_sessions_per_owner(NonZeroUsize::MIN, OwnerLimitAction::EvictOldest);
        }
        let renewed = Arc::clone(&self.renewed);
        let note = move |event: &Event<'_>| {
            if let (EventKind::Renewed { from, .. }, Some(to)) = (event.kind(), event.session_key()) {
                renewed.lock().unwrap().push((from, to));
            }
        };
        builder.on_event(note).build().unwrap()
    }
}

#[cfg(feature = "near")]
fn cache(builder: SessionsBuilder, caches: Caches, number: Option<usize>) -> SessionsBuilder {
    match (caches, number) {
        (Caches::Full, Some(_)) => {
            builder.near(session_core::Near::default().with_stale_reads(std::time::Duration::from_secs(1)))
        }
        _ => builder,
    }
}

#[cfg(not(feature = "near"))]
fn cache(builder: SessionsBuilder, Caches::No: Caches, _: Option<usize>) -> SessionsBuilder {
    builder
}

#[cfg(feature = "sealed")]
fn seal(builder: SessionsBuilder, servers: Servers, number: Option<usize>) -> SessionsBuilder {
    use session_core::{Sealed, SealingKey};
    let Some(keys) = servers.keys(number) else { return builder };
    let keys = keys.iter().map(|&byte| SealingKey::new([byte; 32]).unwrap());
    builder.codec(Sealed::new(keys).unwrap())
}

#[cfg(not(feature = "sealed"))]
fn seal(builder: SessionsBuilder, Servers::Alike: Servers, _: Option<usize>) -> SessionsBuilder {
    builder
}
