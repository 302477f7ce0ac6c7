//! The memcached store keeps every clause of the contract that it does not say it cannot keep.

mod support;

use std::sync::Arc;

use memcached_store::session_core::{BoxError, Eviction, Limits, Reclaim, SessionKey, SessionStore};
use memcached_store::{MemcachedConfig, MemcachedStore};
use session_conformance::servers::Memcached;
use session_conformance::{Corruption, Harness, suite};
use support::{config, raw};

struct MemcachedHarness {
    _server: Memcached,
    config: MemcachedConfig,
}

impl Harness for MemcachedHarness {
    async fn start() -> Result<Self, BoxError> {
        let server = Memcached::start().await?;
        Ok(Self { config: config(server.url())?, _server: server })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(MemcachedStore::new(self.config.clone()).expect("the prefix is fine"))
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    fn limits(&self) -> Limits {
        Limits::default()
            .with_max_payload(1024 * 1024 - 1024)
            .with_eviction(Eviction::UnderPressure)
            .with_reclaim(Reclaim::ByItself)
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let command = format!("set {}{} 0 0 7\r\n\x01arbage\r\n", self.config.prefix, key.encode());
        match raw(&self.config.address, command.as_bytes()).await?.as_str() {
            "STORED" => Ok(Corruption::Planted),
            said => Err(format!("memcached said {said}").into()),
        }
    }

    async fn unreachable(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        // Port 1 is nobody's.
        let config = config("memcached://127.0.0.1:1")?;
        Ok(Some(Arc::new(MemcachedStore::new(config)?)))
    }
}

suite!(
    MemcachedHarness,
    without {
        SWP: "memcached reclaims by itself",
        OWN: "memcached keeps no index",
        SCN: "memcached cannot enumerate",
        WAT: "memcached tells nobody"
    }
);
