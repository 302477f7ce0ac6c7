//! A cluster's slots are moved while the sessions in them are written, read and ended.

#![cfg(feature = "cluster")]

mod common;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::record;
use common::slots::{Mover, keys_by_slot, slot};
use session_conformance::servers::{Alone, RedisCluster};
use session_redis::redis::Value;
use session_redis::session_core::{
    BoxError, Clock, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, SystemClock, Version,
};
use session_redis::{RedisConfig, RedisStore};

const PREFIX: &str = "session";

/// A store of its own, with time for a machine that runs all tests at once.
fn store(server: &Alone) -> Result<RedisStore, BoxError> {
    let patience = Duration::from_secs(20);
    let config = RedisConfig::default().with_connect_timeout(patience).with_response_timeout(patience);
    Ok(RedisStore::from_url(server.url(), config.with_prefix(PREFIX))?)
}

/// A user of the sessions of one owner and of nobody's, over two handles, who knows how each of them stands.
struct User {
    handles: [RedisStore; 2],
    owner: Owner,
    /// Keys that were never used.
    fresh: Vec<SessionKey>,
    live: HashMap<SessionKey, Record>,
    /// What was deleted, and its last version.
    deleted: Vec<(SessionKey, Version)>,
    steps: usize,
}

impl User {
    fn new(server: &Alone, name: &str, fresh: Vec<SessionKey>) -> Result<Self, BoxError> {
        let (handles, owner) = ([store(server)?, store(server)?], Owner::new(name)?);
        Ok(Self { handles, owner, fresh, live: HashMap::new(), deleted: Vec::new(), steps: 0 })
    }

    async fn step(&mut self) -> Result<(), BoxError> {
        self.steps += 1;
        if self.live.len() < 8
            && let Some(key) = self.fresh.pop()
        {
            let new = record(self.steps.is_multiple_of(2).then_some(&self.owner));
            assert_eq!(self.handles[0].put(&key, &new, Put::Create).await?, PutOutcome::Stored);
            self.live.insert(key, new);
        }
        let keys: Vec<_> = self.live.keys().copied().collect();
        for key in &keys {
            self.write(key).await?;
        }
        self.nothing_is_missing().await?;
        // Now and then, so that there are keys for as long as it goes on.
        if self.steps.is_multiple_of(3)
            && let Some(key) = keys.first()
        {
            self.end(key).await?;
        }
        for (key, version) in &self.deleted {
            assert_eq!(self.handles[1].put(key, &record(None), Put::Replace(*version)).await?, PutOutcome::Gone);
        }
        Ok(())
    }

    /// Writes by both handles at once: one stores, the other is shown what did.
    async fn write(&mut self, key: &SessionKey) -> Result<(), BoxError> {
        let stands = &self.live[key];
        let put = Put::Replace(stands.version);
        let [one, two] = [(); 2].map(|()| record(stands.owner.as_ref()));
        let (first, second) = tokio::join!(self.handles[0].put(key, &one, put), self.handles[1].put(key, &two, put));
        let (stored, refused) = match (first?, second?) {
            (PutOutcome::Stored, refused) => (one, refused),
            (refused, PutOutcome::Stored) => (two, refused),
            neither => return Err(format!("{neither:?}").into()),
        };
        assert_eq!(refused, PutOutcome::Conflict(Arc::new(stored.clone())));
        let seen = SystemClock.now().max(stored.last_seen_at) + Duration::from_millis(1);
        assert!(self.handles[1].touch(key, stored.version, seen, stored.expires_at).await?);
        let touched = Record { last_seen_at: seen, ..stored };
        assert_eq!(self.handles[0].get(key).await?.as_deref(), Some(&touched));
        self.live.insert(*key, touched);
        Ok(())
    }

    /// Ends a session, and tries to bring it back.
    async fn end(&mut self, key: &SessionKey) -> Result<(), BoxError> {
        let last = self.live.remove(key).ok_or("it is live")?;
        assert!(self.handles[0].delete(key).await?);
        assert!(!self.handles[1].delete(key).await?);
        assert!(!self.handles[1].touch(key, last.version, last.last_seen_at, last.expires_at).await?);
        assert_eq!(self.handles[1].get(key).await?, None);
        self.deleted.push((*key, last.version));
        Ok(())
    }

    /// The owner's list has each of the owner's sessions, and nothing else.
    async fn nothing_is_missing(&self) -> Result<(), BoxError> {
        let limit = NonZeroUsize::new(100).ok_or("more than none")?;
        let page = self.handles[1].owners().ok_or("it has them")?.list(&self.owner, None, limit).await?;
        let mut listed: Vec<_> = page.records.into_iter().map(|(key, _)| key).collect();
        let mut own: Vec<_> =
            self.live.iter().filter(|(_, record)| record.owner.is_some()).map(|(key, _)| *key).collect();
        listed.sort_by_key(|key| *key.as_bytes());
        own.sort_by_key(|key| *key.as_bytes());
        assert_eq!(listed, own);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_is_lost_and_no_session_comes_back_while_slots_are_moved() -> Result<(), BoxError> {
    let server = RedisCluster::alone(&[]).await?;
    let mover = Mover::of(&server).await?;
    let (mut slots, mut keys) = (Vec::new(), [const { Vec::new() }; 4]);
    for (slot, found) in keys_by_slot(PREFIX, 16, 20) {
        slots.push(slot);
        found.into_iter().enumerate().for_each(|(number, key)| keys[number % 4].push(key));
    }
    let done = Arc::new(AtomicBool::new(false));
    let mut users = Vec::new();
    for (name, keys) in ["ann", "bob", "cid", "dan"].into_iter().zip(keys) {
        // The owner's index is moved, too.
        slots.push(slot(&format!("{PREFIX}:o:{name}")));
        let (mut user, done) = (User::new(&server, name, keys)?, done.clone());
        users.push(tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) || user.steps <= 10 {
                user.step().await.map_err(|error| format!("step {}: {error:?}", user.steps))?;
            }
            Ok::<_, BoxError>(user)
        }));
    }
    // On a busy machine few commands meet a slot while it is half moved.
    for round in 1.. {
        mover.move_by_keys(&slots).await?;
        let mut asked = 0;
        for master in &mover.masters {
            asked += master.answered("ASK").await?;
        }
        if round >= 2 && asked >= 100 {
            break;
        }
        assert!(round < 20, "{asked} commands met a slot that was half moved");
    }
    // Servers that can move slots by themselves are Valkey 9 and what follows it.
    if mover.moves_whole().await? {
        for _ in 0..2 {
            mover.move_whole(&slots).await?;
        }
    }
    done.store(true, Ordering::Relaxed);
    for user in users {
        let user = user.await??;
        assert!(user.steps > 10 && user.deleted.len() > 2, "{} steps, {} ended", user.steps, user.deleted.len());
        // By a newcomer, who has followed no slot.
        let store = store(&server)?;
        for (key, stands) in &user.live {
            assert_eq!(store.get(key).await?.as_deref(), Some(stands));
        }
        for (key, _) in &user.deleted {
            assert_eq!(store.get(key).await?, None);
        }
        user.nothing_is_missing().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_ask_the_new_master_at_once_none_is_sent_back() -> Result<(), BoxError> {
    let server = RedisCluster::alone(&[]).await?;
    let (mover, store) = (Mover::of(&server).await?, store(&server)?);
    let (slot, keys) = keys_by_slot(PREFIX, 1, 16).remove(0);
    let from = mover.owner(slot).await?;
    let to = (from + 1) % mover.masters.len();
    // Half moved, and nothing is left on the old master.
    mover.begin(slot, from, to).await?;
    let (asked, sent_back) = (mover.masters[from].answered("ASK").await?, mover.masters[to].answered("MOVED").await?);
    let many: Vec<_> = keys
        .into_iter()
        .map(|key| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    let (first, second) = (record(None), record(None));
                    assert_eq!(store.put(&key, &first, Put::Create).await?, PutOutcome::Stored);
                    assert_eq!(store.put(&key, &second, Put::Replace(first.version)).await?, PutOutcome::Stored);
                    assert_eq!(store.get(&key).await?.as_deref(), Some(&second));
                    assert!(store.delete(&key).await?);
                }
                Ok::<_, BoxError>(())
            })
        })
        .collect();
    for one in many {
        one.await??;
    }
    assert!(mover.masters[from].answered("ASK").await? - asked >= 16 * 20 * 4);
    assert_eq!(mover.masters[to].answered("MOVED").await?, sent_back);
    mover.finish(slot, to).await
}

#[tokio::test]
async fn a_slot_that_each_master_sends_to_the_other_is_unavailable() -> Result<(), BoxError> {
    let server = RedisCluster::alone(&[]).await?;
    let (mover, store) = (Mover::of(&server).await?, store(&server)?);
    let (slot, keys) = keys_by_slot(PREFIX, 1, 2).remove(0);
    let stands = record(None);
    assert_eq!(store.put(&keys[0], &stands, Put::Create).await?, PutOutcome::Stored);
    let from = mover.owner(slot).await?;
    let (old, new) = (&mover.masters[from], &mover.masters[(from + 1) % mover.masters.len()]);
    // Half of what a move begins with: the new master was not told.
    old.run::<Value>(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", new.id)).await?;
    let create = store.put(&keys[1], &record(None), Put::Create).await;
    assert!(matches!(create, Err(StoreError::Unavailable { .. })), "{create:?}");
    assert_eq!(store.get(&keys[0]).await?.as_deref(), Some(&stands), "what has not left is served");
    old.run::<Value>(&format!("CLUSTER SETSLOT {slot} STABLE")).await?;
    assert_eq!(store.put(&keys[1], &record(None), Put::Create).await?, PutOutcome::Stored);
    Ok(())
}
