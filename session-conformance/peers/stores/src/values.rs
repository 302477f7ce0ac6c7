//! A record as the values that peers keep of a session, each under a name.

use std::time::Duration;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use session_core::{BoxError, Clock, Owner, Record, SessionKey, StoreError, SystemClock, Timestamp, Version};
use sha2::{Digest as _, Sha256};

/// What a record is made of, in JSON: peers keep nothing else.
#[derive(Debug, Serialize, Deserialize)]
struct Values {
    version: u64,
    payload: String,
    owner: Option<String>,
    created_at: u64,
    last_seen_at: u64,
    /// Beside the deadline that the peer keeps, which many round to seconds, or reckon from their own clock.
    expires_at: u64,
}

pub(crate) fn to_values(record: &Record) -> Map<String, Value> {
    let values = Values {
        version: record.version.as_u64(),
        payload: BASE64.encode(&record.payload),
        owner: record.owner.as_ref().map(|owner| owner.as_str().to_owned()),
        created_at: record.created_at.as_millis(),
        last_seen_at: record.last_seen_at.as_millis(),
        expires_at: record.expires_at.as_millis(),
    };
    match serde_json::to_value(values) {
        Ok(Value::Object(values)) => values,
        other => unreachable!("six fields are an object: {}", other.is_ok()),
    }
}

pub(crate) fn from_values(values: Map<String, Value>) -> Result<Record, BoxError> {
    let values: Values = serde_json::from_value(Value::Object(values))?;
    Ok(Record {
        version: Version::from_u64(values.version),
        payload: BASE64.decode(values.payload.as_bytes())?.into(),
        owner: values.owner.map(Owner::new).transpose()?,
        created_at: Timestamp::from_millis(values.created_at),
        last_seen_at: Timestamp::from_millis(values.last_seen_at),
        expires_at: Timestamp::from_millis(values.expires_at),
    })
}

/// The same where values are texts, each of which is JSON.
pub(crate) fn to_texts<M: FromIterator<(String, String)>>(record: &Record) -> M {
    to_values(record).into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

pub(crate) fn from_texts(texts: impl IntoIterator<Item = (String, String)>) -> Result<Record, BoxError> {
    let values = texts.into_iter().map(|(name, text)| Ok((name, serde_json::from_str(&text)?)));
    from_values(values.collect::<Result<_, serde_json::Error>>()?)
}

/// How long a record has to live by the clock, for peers that are told that: a second at the least, since most take
/// whole seconds, and none a deadline that is past.
pub(crate) fn time_to_live(record: &Record) -> Duration {
    let left = record.expires_at.as_millis().saturating_sub(SystemClock.now().as_millis());
    Duration::from_millis(left).max(Duration::from_secs(1))
}

/// A key for peers whose ids have half as many bits: of its hash as many as they take, so that no two keys are one.
pub(crate) fn half(key: &SessionKey) -> [u8; 16] {
    let hash = Sha256::digest(key.as_bytes());
    std::array::from_fn(|at| hash[at])
}

/// A failure of the peer's.
pub(crate) fn backend(error: impl Into<BoxError>) -> StoreError {
    StoreError::Backend { store: PEER, source: error.into() }
}

/// What the peer cannot read, or what it gives and is no record.
pub(crate) fn corrupt(error: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt { store: PEER, source: error.into() }
}

const PEER: &str = "a peer";
