//! The store: the contract's verbs.

use std::fmt;
use std::sync::Arc;

use redis::{Cmd, Value, cmd};
use session_core::{
    Causes, Limits, Owner, Owners, Put, PutOutcome, Reclaim, Record, Scan, SessionKey, SessionStore, StoreError, Sweep,
    Timestamp, Version, Watch, async_trait,
};

use crate::config::RedisConfig;
use crate::error::{Fault, Intent, NAME, corrupt, misconfigured, not_a_record, strange};
use crate::feed::Feed;
use crate::keys::{Keys, member};
use crate::layout::{self, Stored};
use crate::script::{Call, DELETE, ENTER, Entry, LEAVE, PUT, PUT_STAGED, Reply, Script, Staged, TOUCH};
use crate::wire::Wire;

/// A store that keeps sessions in Redis or Valkey.
///
/// A handle: clones share its connections.
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) wire: Wire,
    pub(crate) keys: Keys,
    pub(crate) config: RedisConfig,
    /// `None` where the server cannot push, or there are several.
    pub(crate) feed: Option<Feed>,
}

/// Shows what it is connected to, and no address: a URL holds a password.
impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("wire", &self.inner.wire).field("config", &self.inner.config).finish()
    }
}

#[async_trait]
impl SessionStore for RedisStore {
    fn limits(&self) -> Limits {
        Limits::default()
            .with_max_payload(self.inner.config.max_payload)
            .with_eviction(self.inner.config.eviction)
            .with_reclaim(Reclaim::ByItself)
    }

    fn system(&self) -> Option<&'static str> {
        Some("redis")
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.check_server().await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let value = self.inner.wire.read(&get(&self.inner.keys.record(key))).await?;
        Ok(stored(value)?.map(|stored| Arc::new(stored.record)))
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let limit = self.inner.config.max_payload;
        if record.payload.len() > limit {
            return Err(StoreError::TooLarge { store: NAME, limit });
        }
        let bytes = layout::encode(record);
        if put == Put::Create && record.owner.is_none() && self.create(key, &bytes, record.expires_at).await? {
            return Ok(PutOutcome::Stored);
        }
        let expected = match put.replaces() {
            None => Vec::new(),
            Some(version) => layout::start(record.owner.as_ref(), version).to_vec(),
        };
        let kept = layout::kept(record.expires_at).to_string();
        let mut entered = Entered::default();
        // A new session's entry is surely needed; whether a replaced one's is, the script says.
        if let (Some(owner), Put::Create, false) = (&record.owner, put, self.inner.wire.reaches_all_keys()) {
            let tag = layout::tag(record.version);
            let entry = Entry { tag, owner: owner.as_str().into(), stays: false };
            entered = self.enter(key, &entry, record.expires_at).await?;
        }
        for _ in 0..TRIES {
            let (tag, at) = (&entered.tag, entered.at.as_bytes());
            let arguments: [&[u8]; 7] = [&bytes, &expected, kept.as_bytes(), self.owners(), key.as_bytes(), tag, at];
            let reply = match bytes.len() < Staged::LEAST || !self.inner.wire.reaches_all_keys() {
                true => self.write(&PUT, key, &arguments, None).await,
                false => self.write_staged(key, record, arguments).await,
            };
            match reply? {
                Reply::Done => return Ok(PutOutcome::Stored),
                Reply::Entered(entries) => {
                    self.prune_if_crowded(record.owner.as_ref(), entries);
                    return Ok(PutOutcome::Stored);
                }
                Reply::Left(entry) => {
                    self.leave(key, &entry).await;
                    return Ok(PutOutcome::Stored);
                }
                Reply::Exists => return Ok(PutOutcome::Exists),
                Reply::Gone => return Ok(PutOutcome::Gone),
                Reply::Corrupt => return Err(self.unreadable(key).await),
                Reply::Winner(bytes) => {
                    let winner = layout::decode(bytes).map_err(corrupt)?;
                    return Ok(PutOutcome::Conflict(Arc::new(winner.record)));
                }
                Reply::Needed(entry) => entered = self.enter(key, &entry, record.expires_at).await?,
            }
        }
        Err(clocks_apart())
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (version, times) =
            (version.as_u64().to_be_bytes(), [layout::time(seen), layout::time(expires_at)].concat());
        let (kept, lives) = (layout::kept(expires_at).to_string(), layout::index_lives(expires_at));
        let mut entered: &[u8] = b"";
        for _ in 0..TRIES {
            let arguments: [&[u8]; 7] =
                [&version, &times, kept.as_bytes(), &lives, self.owners(), key.as_bytes(), entered];
            match self.write(&TOUCH, key, &arguments, None).await? {
                Reply::Done => return Ok(true),
                Reply::Gone => return Ok(false),
                Reply::Corrupt => return Err(self.unreadable(key).await),
                Reply::Needed(entry) => {
                    self.enter(key, &Entry { stays: true, ..entry }, expires_at).await?;
                    entered = b"1";
                }
                _ => return Err(strange("the script `touch`")),
            }
        }
        Err(strange("the script `touch`"))
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        match self.write(&DELETE, key, &[self.owners(), key.as_bytes()], None).await? {
            Reply::Done => Ok(true),
            Reply::Gone => Ok(false),
            Reply::Left(entry) => {
                self.leave(key, &entry).await;
                Ok(true)
            }
            _ => Err(strange("the script `delete`")),
        }
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        None
    }

    fn owners(&self) -> Option<&dyn Owners> {
        Some(self)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        Some(self)
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.inner.feed.as_ref().map(|feed| feed as &dyn Watch)
    }
}

/// How often a `put` is told that an entry is needed before it gives up. Twice can happen: the first entry was late.
const TRIES: usize = 4;

/// What a caller has entered in an owner's index, and when by that server's clock.
#[derive(Default)]
struct Entered {
    tag: Vec<u8>,
    at: String,
}

impl RedisStore {
    /// Gives what the names of owners' indexes begin with, for scripts that can reach them; else nothing.
    fn owners(&self) -> &[u8] {
        if self.inner.wire.reaches_all_keys() { self.inner.keys.owners().as_bytes() } else { b"" }
    }

    /// Says why a script could not read what is there: the scripts know that it is no record of theirs, and no more.
    async fn unreadable(&self, key: &SessionKey) -> StoreError {
        match self.get(key).await {
            // Somebody has mended or removed it since.
            Ok(_) => not_a_record(),
            Err(error) => error,
        }
    }

    /// Creates a session of nobody's, by a command that costs the server less than a script. Gives `false` if
    /// something stands there, which may be this very write, sent before: then the script says what it is.
    async fn create(&self, key: &SessionKey, bytes: &[u8], deadline: Timestamp) -> Result<bool, StoreError> {
        let mut command = cmd("SET");
        command.arg(self.inner.keys.record(key)).arg(bytes);
        command.arg("NX").arg("PXAT").arg(layout::kept(deadline));
        match self.inner.wire.write(&command).await? {
            Value::Okay => Ok(true),
            Value::Nil => Ok(false),
            _ => Err(strange("SET")),
        }
    }

    /// Writes a long record: its bytes go ahead, and the script is handed no more than the head.
    async fn write_staged(
        &self,
        key: &SessionKey,
        record: &Record,
        arguments: [&[u8]; 7],
    ) -> Result<Reply, StoreError> {
        let [bytes, expected, kept, owners, member, tag, at] = arguments;
        let (head, name) = (&bytes[..layout::head_length(record)], self.inner.keys.staged(key, record.version));
        let arguments = [head, expected, kept, owners, member, tag, at, name.as_bytes()];
        self.write(&PUT_STAGED, key, &arguments, Some(Staged { name: &name, bytes })).await
    }

    async fn write(
        &self,
        script: &'static Script,
        key: &SessionKey,
        arguments: &[&[u8]],
        staged: Option<Staged<'_>>,
    ) -> Result<Reply, StoreError> {
        let name = self.inner.keys.record(key);
        let call = Call { script, key: name.as_bytes(), arguments, staged };
        Reply::read(self.inner.wire.call(call, Intent::Write).await?).ok_or_else(|| strange("a script"))
    }

    /// Enters a session in its owner's index, before its record is written.
    async fn enter(&self, key: &SessionKey, entry: &Entry, deadline: Timestamp) -> Result<Entered, StoreError> {
        let (index, member) = (self.inner.keys.owner(&entry.owner), member(key, &entry.tag));
        let (lives, stays): (_, &[u8]) = (layout::index_lives(deadline), if entry.stays { b"1" } else { b"" });
        let call = Call { script: &ENTER, key: &index, arguments: &[&member, &lives, stays], staged: None };
        // To enter it once more does no harm, so a lost answer is no riddle; but the record was surely not written.
        let answer = match self.inner.wire.call(call, Intent::Write).await {
            Err(StoreError::Indeterminate { store, source }) => Err(StoreError::Unavailable { store, source }),
            answer => answer,
        }?;
        match answer {
            Value::Array(parts) => match parts[..] {
                [Value::Int(at), Value::Int(entries)] => {
                    let owner = std::str::from_utf8(&entry.owner).ok().and_then(|owner| Owner::new(owner).ok());
                    self.prune_if_crowded(owner.as_ref(), entries.unsigned_abs());
                    Ok(Entered { tag: entry.tag.to_vec(), at: at.to_string() })
                }
                _ => Err(strange("the script `enter`")),
            },
            _ => Err(strange("the script `enter`")),
        }
    }

    /// Takes an entry out that answers to no record any more. The write is done: if this fails, the entry is stale,
    /// and `list` prunes it.
    async fn leave(&self, key: &SessionKey, entry: &Entry) {
        let (index, member) = (self.inner.keys.owner(&entry.owner), member(key, &entry.tag));
        let call = Call { script: &LEAVE, key: &index, arguments: &[&member], staged: None };
        if let Err(error) = self.inner.wire.call(call, Intent::Write).await {
            tracing::debug!(?key, error = %Causes(&error), "a stale entry of an owner's index was left to be pruned");
        }
    }
}

pub(crate) fn get(name: &str) -> Cmd {
    let mut command = cmd("GET");
    command.arg(name);
    command
}

/// Reads what `GET` gave.
pub(crate) fn stored(value: Value) -> Result<Option<Stored>, StoreError> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => layout::decode(bytes).map(Some).map_err(corrupt),
        _ => Err(strange("GET")),
    }
}

fn clocks_apart() -> StoreError {
    misconfigured(Fault::new("the clocks of the cluster's nodes are minutes apart", "keep them by NTP").into())
}
