//! Records for pages, which are bounded in bytes: what is long is read by itself, until a page is full.

use redis::{Cmd, Value, cmd, pipe};
use session_core::store::Page;
use session_core::{SessionKey, StoreError};
use tokio::task::JoinSet;

use crate::error::{answered, strange};
use crate::store::{RedisStore, get};

/// How many bytes may come at once, of all records of a page together.
const AT_ONCE: usize = 4 * Page::BYTES;

/// What stands under some keys, in their order; of long records the beginnings, in which their heads are.
pub(crate) struct Beginnings {
    values: Vec<Value>,
    /// From how many bytes on a record is long.
    long: usize,
}

impl Beginnings {
    /// Gives each, and whether there may be more of it than was read.
    pub(crate) fn each(self) -> impl Iterator<Item = (Value, bool)> {
        self.values.into_iter().map(move |value| {
            let is_long = matches!(&value, Value::BulkString(bytes) if bytes.len() >= self.long);
            (value, is_long)
        })
    }
}

impl RedisStore {
    /// Reads what stands under the keys, and what `last` asks for after that; on a cluster in no order, and without `last`.
    pub(crate) async fn beginnings(
        &self,
        keys: &[SessionKey],
        last: Option<&Cmd>,
    ) -> Result<(Beginnings, Option<Value>), StoreError> {
        let few = keys.len().saturating_mul(self.inner.config.max_payload) <= AT_ONCE;
        let long = if few { usize::MAX } else { AT_ONCE / keys.len() };
        let names = keys.iter().map(|key| self.inner.keys.record(key));
        if !self.inner.wire.reaches_all_keys() {
            let values = if few { self.whole(names).await? } else { self.gather(names, long).await? };
            return Ok((Beginnings { values, long }, None));
        }
        let mut commands = pipe();
        if few {
            let all = commands.cmd("MGET");
            for name in names {
                all.arg(name);
            }
        } else {
            for name in names {
                commands.add_command(beginning(&name, long));
            }
        }
        if let Some(last) = last {
            commands.add_command(last.clone());
        }
        let mut answers = self.inner.wire.read_many(&commands).await?;
        let last = last.and_then(|_| answers.pop());
        let values = match (few, answers.pop()) {
            (true, Some(values)) => array(answered(values)?, keys.len())?,
            (false, value) => answers.into_iter().chain(value).map(something).collect(),
            (true, None) => return Err(strange("MGET")),
        };
        if values.len() == keys.len() { Ok((Beginnings { values, long }, last)) } else { Err(strange("a pipeline")) }
    }

    /// Reads few records of a cluster, which the client library gathers.
    async fn whole(&self, names: impl Iterator<Item = String>) -> Result<Vec<Value>, StoreError> {
        let (mut command, mut keys) = (cmd("MGET"), 0);
        for name in names {
            command.arg(name);
            keys += 1;
        }
        array(self.inner.wire.read(&command).await?, keys)
    }

    /// Reads many records of a cluster, all at once.
    async fn gather(&self, names: impl Iterator<Item = String>, long: usize) -> Result<Vec<Value>, StoreError> {
        let mut reads = JoinSet::new();
        for (at, name) in names.enumerate() {
            let (wire, command) = (self.inner.wire.clone(), beginning(&name, long));
            reads.spawn(async move { (at, wire.read(&command).await) });
        }
        let mut values = vec![Value::Nil; reads.len()];
        while let Some(read) = reads.join_next().await {
            let (at, value) = read.map_err(|_| strange("a read that was given up"))?;
            values[at] = match value {
                // Something else stands there.
                Err(StoreError::Corrupt { .. }) => Value::Nil,
                value => something(value?),
            };
        }
        Ok(values)
    }

    /// Reads a record that is too long to be read among others.
    pub(crate) async fn long(&self, key: &SessionKey) -> Result<Value, StoreError> {
        match self.inner.wire.read(&get(&self.inner.keys.record(key))).await {
            Err(StoreError::Corrupt { .. }) => Ok(Value::Nil),
            value => value,
        }
    }
}

fn beginning(name: &str, long: usize) -> Cmd {
    let mut command = cmd("GETRANGE");
    command.arg(name).arg(0).arg(long - 1);
    command
}

/// Reads an answer to `GETRANGE` as one to `GET`, to which what is no string is nothing, as to `MGET`.
fn something(value: Value) -> Value {
    match value {
        Value::BulkString(bytes) if !bytes.is_empty() => Value::BulkString(bytes),
        _ => Value::Nil,
    }
}

fn array(value: Value, length: usize) -> Result<Vec<Value>, StoreError> {
    match value {
        Value::Array(values) if values.len() == length => Ok(values),
        _ => Err(strange("MGET")),
    }
}
