//! What a handle and the process that serves it say to each other: JSON, one message a line.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use session_core::store::Page;
use session_core::{
    BoxError, Cursor, Eviction, Limits, Owner, Put, PutOutcome, Reclaim, Record, SessionKey, StoreError, Timestamp,
    Version,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::check::with_causes;

/// How an error names the store.
pub(super) const NAME: &str = "child";

pub(super) type Line = BufReader<UnixStream>;

/// Sends a message.
pub(super) async fn send(line: &mut Line, message: &impl Serialize) -> Result<(), BoxError> {
    let mut text = serde_json::to_vec(message)?;
    text.push(b'\n');
    Ok(line.get_mut().write_all(&text).await?)
}

/// Receives a message; `None` once nobody sends any more.
pub(super) async fn receive<T: DeserializeOwned>(line: &mut Line) -> Result<Option<T>, BoxError> {
    let mut text = Vec::new();
    line.read_until(b'\n', &mut text).await?;
    // Without its end it is half of one, whose sender is dead.
    if text.pop() == Some(b'\n') { Ok(Some(serde_json::from_slice(&text)?)) } else { Ok(None) }
}

/// A call of a verb.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    About,
    Init,
    Get(SessionKey),
    Put(SessionKey, Stored, Way),
    Touch(SessionKey, u64, Timestamp, Timestamp),
    Delete(SessionKey),
    Sweep(Timestamp, usize),
    List(Owner, Option<Vec<u8>>, usize),
    Scan(Option<Vec<u8>>, usize),
}

/// What a verb gave.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    About(About),
    Done,
    Found(Option<Stored>),
    Put(Outcome),
    Yes(bool),
    Swept(u64),
    Page(Records),
    Failed(Failed),
}

/// What a store says of itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) max_payload: usize,
    pub(super) evicts: bool,
    pub(super) reclaims: bool,
    pub(super) sweep: bool,
    pub(super) owners: bool,
    pub(super) scan: bool,
}

impl About {
    pub(super) fn limits(self) -> Limits {
        let mut limits = Limits::default().with_max_payload(self.max_payload);
        if self.evicts {
            limits = limits.with_eviction(Eviction::UnderPressure);
        }
        if self.reclaims { limits.with_reclaim(Reclaim::ByItself) } else { limits }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    version: u64,
    payload: Vec<u8>,
    owner: Option<Owner>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

impl From<&Record> for Stored {
    fn from(record: &Record) -> Self {
        Self {
            version: record.version.as_u64(),
            payload: record.payload.to_vec(),
            owner: record.owner.clone(),
            created_at: record.created_at,
            last_seen_at: record.last_seen_at,
            expires_at: record.expires_at,
        }
    }
}

impl From<Stored> for Record {
    fn from(stored: Stored) -> Self {
        Self {
            version: Version::from_u64(stored.version),
            payload: stored.payload.into(),
            owner: stored.owner,
            created_at: stored.created_at,
            last_seen_at: stored.last_seen_at,
            expires_at: stored.expires_at,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Way {
    Create,
    Replace(u64),
    End(u64),
}

impl From<Put> for Way {
    fn from(put: Put) -> Self {
        match put {
            Put::Create => Self::Create,
            Put::Replace(version) => Self::Replace(version.as_u64()),
            Put::End(version) => Self::End(version.as_u64()),
        }
    }
}

impl From<Way> for Put {
    fn from(way: Way) -> Self {
        match way {
            Way::Create => Self::Create,
            Way::Replace(version) => Self::Replace(Version::from_u64(version)),
            Way::End(version) => Self::End(Version::from_u64(version)),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Outcome {
    Stored,
    Exists,
    Conflict(Stored),
    Gone,
}

impl From<PutOutcome> for Outcome {
    fn from(outcome: PutOutcome) -> Self {
        match outcome {
            PutOutcome::Stored => Self::Stored,
            PutOutcome::Exists => Self::Exists,
            PutOutcome::Conflict(winner) => Self::Conflict((&*winner).into()),
            PutOutcome::Gone => Self::Gone,
        }
    }
}

impl From<Outcome> for PutOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Stored => Self::Stored,
            Outcome::Exists => Self::Exists,
            Outcome::Conflict(winner) => Self::Conflict(Arc::new(winner.into())),
            Outcome::Gone => Self::Gone,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Records {
    records: Vec<(SessionKey, Stored)>,
    next: Option<Vec<u8>>,
    unreadable: Vec<SessionKey>,
}

impl From<Page> for Records {
    fn from(page: Page) -> Self {
        Self {
            records: page.records.iter().map(|(key, record)| (*key, (&**record).into())).collect(),
            next: page.next.map(|it| it.as_bytes().to_vec()),
            unreadable: page.unreadable,
        }
    }
}

impl From<Records> for Page {
    fn from(page: Records) -> Self {
        let records = page.records.into_iter().map(|(key, stored)| (key, Arc::new(stored.into())));
        Self { records: records.collect(), next: page.next.map(Cursor::new), unreadable: page.unreadable }
    }
}

/// How a store failed, with its causes as a text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Failed {
    Unavailable(String),
    Timeout,
    Indeterminate(String),
    UnknownFormat(String),
    Corrupt(String),
    TooLarge(usize),
    Full(String),
    Misconfigured(String),
    InvalidCursor,
    Backend(String),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        let told = with_causes(&error);
        match error {
            StoreError::Unavailable { .. } => Self::Unavailable(told),
            StoreError::Timeout { .. } => Self::Timeout,
            StoreError::Indeterminate { .. } => Self::Indeterminate(told),
            StoreError::UnknownFormat { .. } => Self::UnknownFormat(told),
            StoreError::Corrupt { .. } => Self::Corrupt(told),
            StoreError::TooLarge { limit, .. } => Self::TooLarge(limit),
            StoreError::Full { .. } => Self::Full(told),
            StoreError::Misconfigured { .. } => Self::Misconfigured(told),
            StoreError::InvalidCursor { .. } => Self::InvalidCursor,
            _ => Self::Backend(told),
        }
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        let store = NAME;
        match failed {
            Failed::Unavailable(told) => Self::Unavailable { store, source: told.into() },
            Failed::Timeout => Self::Timeout { store },
            Failed::Indeterminate(told) => Self::Indeterminate { store, source: told.into() },
            Failed::UnknownFormat(told) => Self::UnknownFormat { store, source: told.into() },
            Failed::Corrupt(told) => Self::Corrupt { store, source: told.into() },
            Failed::TooLarge(limit) => Self::TooLarge { store, limit },
            Failed::Full(told) => Self::Full { store, source: told.into() },
            Failed::Misconfigured(told) => Self::Misconfigured { store, source: told.into() },
            Failed::InvalidCursor => Self::InvalidCursor { store },
            Failed::Backend(told) => Self::Backend { store, source: told.into() },
        }
    }
}
