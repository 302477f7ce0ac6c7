//! The commands that the store sends, sent without it.

use std::time::Duration;

use session_redis::redis::aio::MultiplexedConnection;
use session_redis::redis::{Cmd, Script, Value, cmd, pipe};
use session_redis::session_core::{Bytes, Clock, Record, SessionKey, SystemClock, Timestamp};

use super::contest::Contestant;
use super::ours::{key, record};

macro_rules! script {
    ($($part:literal),+) => { concat!($(include_str!(concat!("../../src/script/", $part, ".lua"))),+) };
}

const PUT: &str = script!("put_usual", "prelude", "put");
const PUT_STAGED: &str = script!("put_staged", "prelude", "put");
const TOUCH: &str = script!("touch_usual", "prelude", "touch");
const DELETE: &str = script!("delete_usual", "prelude", "delete");

/// How long a record is that goes ahead of its script, and how long the head is that the script is handed.
const STAGED: usize = 4 * 1_024;
const HEAD: usize = 30;

#[derive(Clone)]
pub(crate) struct ByHand {
    connection: MultiplexedConnection,
    prefix: &'static str,
    payload: Bytes,
    put: String,
    put_staged: String,
    touch: String,
    delete: String,
}

impl ByHand {
    pub(crate) fn new(connection: MultiplexedConnection, prefix: &'static str, payload: Bytes) -> Self {
        let hash = |text| Script::new(text).get_hash().to_owned();
        Self {
            connection,
            prefix,
            payload,
            put: hash(PUT),
            put_staged: hash(PUT_STAGED),
            touch: hash(TOUCH),
            delete: hash(DELETE),
        }
    }

    /// Gives the scripts to the server, so that they can be called by their hash.
    pub(crate) async fn load(&self) {
        for text in [PUT, PUT_STAGED, TOUCH, DELETE] {
            let mut command = cmd("SCRIPT");
            command.arg("LOAD").arg(text);
            assert!(matches!(self.ask(command).await, Value::BulkString(_)));
        }
    }

    async fn ask(&self, command: Cmd) -> Value {
        let answer = self.connection.clone().send_packed_command(&command).await;
        answer.and_then(Value::extract_error).expect("an answer")
    }

    fn name(&self, key: &SessionKey) -> String {
        format!("{}:s:{}", self.prefix, key.encode())
    }
}

impl Contestant for ByHand {
    type Key = SessionKey;

    async fn create(&self) -> SessionKey {
        let (key, record) = (key(), record(self.payload.clone(), 1));
        let mut command = cmd("SET");
        command.arg(self.name(&key)).arg(bytes(&record)).arg("NX");
        command.arg("PXAT").arg(kept(record.expires_at));
        assert_eq!(self.ask(command).await, Value::Okay);
        key
    }

    async fn read(&self, key: &SessionKey) {
        let mut command = cmd("GET");
        command.arg(self.name(key));
        assert!(matches!(self.ask(command).await, Value::BulkString(_)));
    }

    async fn touch(&self, key: &SessionKey) {
        let now = SystemClock.now();
        let until = now + Duration::from_secs(7_200);
        let mut command = cmd("EVALSHA");
        command.arg(&self.touch).arg(1).arg(self.name(key)).arg(&1_u64.to_be_bytes());
        command.arg([six(now), six(until)].concat()).arg(kept(until)).arg(&six(until));
        command.arg(format!("{}:o:", self.prefix)).arg(key.as_bytes()).arg("");
        assert_eq!(self.ask(command).await, Value::Int(1));
    }

    async fn write(&self, key: &SessionKey) {
        let record = record(self.payload.clone(), 2);
        let (bytes, staged) = (bytes(&record), format!("{}:t:{}", self.prefix, key.encode()));
        let long = bytes.len() >= STAGED;
        let mut command = cmd("EVALSHA");
        command.arg(if long { &self.put_staged } else { &self.put }).arg(1).arg(self.name(key));
        command.arg(if long { &bytes[..HEAD] } else { &bytes }).arg(start(1)).arg(kept(record.expires_at));
        command.arg(format!("{}:o:", self.prefix)).arg(key.as_bytes()).arg("").arg("");
        if !long {
            return assert_eq!(self.ask(command).await, Value::Int(1));
        }
        command.arg(&staged);
        let mut all = pipe();
        all.cmd("SET").arg(&staged).arg(bytes).arg("PX").arg(5_000).add_command(command).cmd("DEL").arg(staged);
        let answers: [Value; 3] = all.query_async(&mut self.connection.clone()).await.expect("answers");
        assert_eq!(answers[1], Value::Int(1));
    }

    async fn delete(&self, key: &SessionKey) {
        let mut command = cmd("EVALSHA");
        command.arg(&self.delete).arg(1).arg(self.name(key)).arg(format!("{}:o:", self.prefix)).arg(key.as_bytes());
        assert_eq!(self.ask(command).await, Value::Int(1));
    }
}

fn start(version: u64) -> Vec<u8> {
    let mut bytes = vec![0xf5, b'S', 1, 0];
    bytes.extend(version.to_be_bytes());
    bytes
}

fn kept(deadline: Timestamp) -> u64 {
    deadline.as_millis() + 3_600_000
}

fn bytes(record: &Record) -> Vec<u8> {
    let mut bytes = start(record.version.as_u64());
    for at in [record.created_at, record.last_seen_at, record.expires_at] {
        bytes.extend(&six(at));
    }
    bytes.extend_from_slice(&record.payload);
    bytes
}

fn six(at: Timestamp) -> [u8; 6] {
    let [_, _, time @ ..] = at.as_millis().to_be_bytes();
    time
}
