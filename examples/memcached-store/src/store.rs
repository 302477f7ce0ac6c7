//! The store: the contract's verbs in memcached's words.

use std::fmt;
use std::sync::Arc;

use memcache::exp::{AsyncMetaClient, Error as ClientError, Meta, MutationResult, MutationStatus};
use session_core::{
    Eviction, Limits, Owners, Put, PutOutcome, Reclaim, Record, Scan, SessionKey, SessionStore, StoreError, Sweep,
    Timestamp, Version, Watch, async_trait,
};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::config::MemcachedConfig;
use crate::error::{ConfigError, MemcachedError, NAME, failed, misconfigured};
use crate::{codec, expiry, settings};

/// Keeps sessions in memcached.
///
/// It connects when it is first used, and as often as it must. Its connections belong to the Tokio runtime
/// that made them.
///
/// ```
/// use memcached_store::{MemcachedConfig, MemcachedStore};
///
/// let store = MemcachedStore::new(MemcachedConfig::from_url("memcached://127.0.0.1:11211")?)?;
/// assert!(format!("{store:?}").contains("127.0.0.1:11211"));
/// # Ok::<(), memcached_store::ConfigError>(())
/// ```
pub struct MemcachedStore {
    config: MemcachedConfig,
    client: OnceCell<AsyncMetaClient>,
}

impl fmt::Debug for MemcachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedStore").field("config", &self.config).finish_non_exhaustive()
    }
}

impl MemcachedStore {
    /// Makes a store; nothing is connected yet.
    ///
    /// # Errors
    /// [`ConfigError::Prefix`] if memcached would not take the keys.
    pub fn new(config: MemcachedConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self { config, client: OnceCell::new() })
    }

    /// Gives the client, which keeps the connections: one whose exchange did not come to its end, because
    /// its future was dropped or for want of time, is closed, so no request reads another one's answer.
    async fn client(&self) -> Result<&AsyncMetaClient, StoreError> {
        let connect = || async {
            let config = &self.config;
            let builder = AsyncMetaClient::builder()
                .connect_timeout(Some(config.timeout))
                .io_timeout(Some(config.timeout))
                .max_idle(config.connections.get())
                .max_connections(Some(config.connections.get()));
            let client = timeout(config.timeout, builder.connect_async(config.address.as_str())).await;
            client.map_err(|_| StoreError::Timeout { store: NAME })?.map_err(failed)
        };
        self.client.get_or_try_init(connect).await
    }

    fn name(&self, key: &SessionKey) -> String {
        format!("{}{}", self.config.prefix, key.encode())
    }

    /// Reads a record, and memcached's mark of this very value.
    async fn read(&self, key: &SessionKey) -> Result<Option<(Record, u64)>, StoreError> {
        let found = self.client().await?.get(self.name(key)).meta(Meta::NONE.cas()).send().await.map_err(failed)?;
        let Some(value) = found.value else { return Ok(None) };
        let record = codec::decode(value).map_err(|error| match error {
            // A later version of this store may know it, so the core is to leave it alone.
            codec::NoRecord::Format(_) => StoreError::UnknownFormat { store: NAME, source: error.into() },
            _ => StoreError::Corrupt { store: NAME, source: error.into() },
        })?;
        match found.item.cas {
            // A write that compares with 0 would compare with nothing.
            None | Some(0) => Err(misconfigured(MemcachedError::Setup("start it without -C, which turns CAS off"))),
            Some(mark) => Ok(Some((record, mark))),
        }
    }

    /// Stores a record if there is none; `false` if there is one.
    async fn add(&self, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
        let request = self.client().await?.set(self.name(key), codec::encode(record)).add();
        written(&request.ttl_raw(expiry::reclaim_at(record.expires_at)).send().await.map_err(failed)?)
    }

    /// Stores a record in place of the value with this mark; `false` if that is no longer what is there.
    async fn swap(&self, key: &SessionKey, record: &Record, mark: u64) -> Result<bool, StoreError> {
        let request = self.client().await?.set(self.name(key), codec::encode(record)).compare_cas(mark);
        written(&request.ttl_raw(expiry::reclaim_at(record.expires_at)).send().await.map_err(failed)?)
    }
}

#[async_trait]
impl SessionStore for MemcachedStore {
    fn limits(&self) -> Limits {
        Limits::default()
            .with_max_payload(self.config.max_payload)
            .with_eviction(Eviction::UnderPressure)
            .with_reclaim(Reclaim::ByItself)
    }

    async fn init(&self) -> Result<(), StoreError> {
        settings::check(&self.config).await?;
        match self.client().await?.noop().await {
            Err(ClientError::Rejected(_)) => Err(misconfigured(MemcachedError::Setup("it is older than 1.6"))),
            result => result.map_err(failed),
        }
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.read(key).await?.map(|(record, _)| Arc::new(record)))
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let limit = self.config.max_payload;
        if record.payload.len() > limit {
            return Err(StoreError::TooLarge { store: NAME, limit });
        }
        // Another turn means that somebody else wrote in between, so somebody always gets on.
        loop {
            // A key is hardly ever taken, so a Create begins with the write, and reads only to tell who has it.
            if put == Put::Create && self.add(key, record).await? {
                return Ok(PutOutcome::Stored);
            }
            match (self.read(key).await?, put.replaces()) {
                (Some((standing, _)), _) if standing.version == record.version => return Ok(PutOutcome::Stored),
                (Some(_), None) => return Ok(PutOutcome::Exists),
                (None, None) => {}
                (None, Some(_)) => return Ok(PutOutcome::Gone),
                (Some((standing, _)), Some(_)) if !standing.is_live_at(record.last_seen_at) => {
                    return Ok(PutOutcome::Gone);
                }
                (Some((standing, _)), Some(version)) if standing.version != version => {
                    return Ok(PutOutcome::Conflict(Arc::new(standing)));
                }
                (Some((_, mark)), Some(_)) => {
                    if self.swap(key, record, mark).await? {
                        return Ok(PutOutcome::Stored);
                    }
                }
            }
        }
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        // memcached's own touch moves its time alone, and the times that count stand in the value.
        loop {
            let Some((standing, mark)) = self.read(key).await? else { return Ok(false) };
            if standing.version != version || !standing.is_live_at(seen) {
                return Ok(false);
            }
            let (seen, expires_at) = (standing.last_seen_at.max(seen), standing.expires_at.max(expires_at));
            let moved = Record { last_seen_at: seen, expires_at, ..standing.clone() };
            if moved == standing || self.swap(key, &moved, mark).await? {
                return Ok(true);
            }
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        written(&self.client().await?.delete(self.name(key)).send().await.map_err(failed)?)
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        None
    }

    fn owners(&self) -> Option<&dyn Owners> {
        None
    }

    fn scan(&self) -> Option<&dyn Scan> {
        None
    }

    fn watch(&self) -> Option<&dyn Watch> {
        None
    }
}

/// Tells whether memcached did it. If not, what was expected there was not there; it is no error.
fn written(result: &MutationResult) -> Result<bool, StoreError> {
    match result.status {
        MutationStatus::Applied => Ok(true),
        MutationStatus::AlreadyExists | MutationStatus::CasMismatch | MutationStatus::NotFound => Ok(false),
        _ => Err(StoreError::Backend { store: NAME, source: MemcachedError::NoSense.into() }),
    }
}
