//! The scripts, and what they answer.
//!
//! A script runs as one step: nobody comes between its comparison and its write. It is called by its hash, and sent
//! whole where the server does not know it: at first, after a restart, a failover or a `SCRIPT FLUSH`.

use std::sync::OnceLock;

use redis::{Cmd, Pipeline, Value, cmd};

use crate::keys::Member;
use crate::layout::Tag;

/// One script, which has one key: Cluster takes no other kind.
#[derive(Debug)]
pub(crate) struct Script {
    text: &'static str,
    hash: OnceLock<String>,
}

/// Puts a script together. The prelude costs each call microseconds, so the verbs try their usual case ahead of it.
macro_rules! script {
    ($($part:literal),+) => {
        Script { text: concat!($(include_str!(concat!("script/", $part, ".lua"))),+), hash: OnceLock::new() }
    };
}

pub(crate) static PUT: Script = script!("put_usual", "prelude", "put");
pub(crate) static PUT_STAGED: Script = script!("put_staged", "prelude", "put");
pub(crate) static TOUCH: Script = script!("touch_usual", "prelude", "touch");
pub(crate) static DELETE: Script = script!("delete_usual", "prelude", "delete");
pub(crate) static ENTER: Script = script!("prelude", "enter");
pub(crate) static LEAVE: Script = script!("prelude", "leave");
pub(crate) static PAGE: Script = script!("prelude", "page");
pub(crate) static PRUNE: Script = script!("prelude", "prune");

/// A script with its key and arguments.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) script: &'static Script,
    pub(crate) key: &'a [u8],
    pub(crate) arguments: &'a [&'a [u8]],
    /// `None` if the arguments are all that there is.
    pub(crate) staged: Option<Staged<'a>>,
}

/// What a script finds under a name of its own and moves to its place: a string that is handed to a script costs the
/// server a nanosecond for each byte, while other clients wait.
#[derive(Clone, Copy)]
pub(crate) struct Staged<'a> {
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
}

impl Staged<'_> {
    /// From how many bytes on it is worth the two commands more.
    pub(crate) const LEAST: usize = 4 * 1_024;
    /// Milliseconds until it goes by itself, if the script never comes.
    const LIFE: u64 = 5_000;

    /// Puts the script's command between those that bring and remove what is staged.
    pub(crate) fn around(&self, command: Cmd) -> Pipeline {
        let (mut bring, mut remove) = (cmd("SET"), cmd("DEL"));
        bring.arg(self.name).arg(self.bytes).arg("PX").arg(Self::LIFE);
        remove.arg(self.name);
        let mut all = Pipeline::with_capacity(3);
        all.add_command(bring).add_command(command).add_command(remove);
        all
    }
}

impl Call<'_> {
    /// Calls the script by its hash.
    pub(crate) fn by_hash(&self) -> Cmd {
        let script = self.script;
        let hash = script.hash.get_or_init(|| redis::Script::new(script.text).get_hash().to_owned());
        self.command("EVALSHA", hash)
    }

    /// Sends the script whole; the server keeps it.
    pub(crate) fn whole(&self) -> Cmd {
        self.command("EVAL", self.script.text)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let length: usize = self.arguments.iter().map(|it| it.len()).sum();
        let mut command =
            Cmd::with_capacity(4 + self.arguments.len(), name.len() + script.len() + self.key.len() + length + 1);
        command.arg(name).arg(script).arg(1).arg(self.key);
        for argument in self.arguments {
            command.arg(*argument);
        }
        command
    }
}

/// What `put`, `touch` and `delete` answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Done, now or by the same call before.
    Done,
    /// Done, and the owner's index has so many entries now.
    Entered(u64),
    /// Done, and this entry of an index answers to no record any more.
    Left(Entry),
    /// The key is taken.
    Exists,
    /// Nothing live is there, or not that version.
    Gone,
    /// What is there is no record.
    Corrupt,
    /// Nothing was done: this entry has to stand in the index first.
    Needed(Entry),
    /// Nothing was done: this record stands there.
    Winner(Vec<u8>),
}

/// An entry of an owner's index, on a store whose scripts cannot reach it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) tag: Tag,
    pub(crate) owner: Vec<u8>,
    /// Whether the record is the owner's already.
    pub(crate) stays: bool,
}

impl Reply {
    /// Reads an answer; `None` if no script of this crate gives it.
    pub(crate) fn read(value: Value) -> Option<Self> {
        match value {
            Value::Int(1) => Some(Self::Done),
            Value::Int(2) => Some(Self::Exists),
            Value::Int(3) => Some(Self::Gone),
            Value::Int(4) => Some(Self::Corrupt),
            Value::BulkString(bytes) => Some(Self::Winner(bytes)),
            Value::Array(parts) => match <[Value; 2]>::try_from(parts) {
                Ok([Value::Int(7), Value::Int(entries)]) => Some(Self::Entered(entries.try_into().ok()?)),
                Ok(_) => None,
                Err(parts) => Self::about_an_entry(parts),
            },
            _ => None,
        }
    }

    fn about_an_entry(parts: Vec<Value>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let (Value::Int(code), Value::BulkString(tag), Value::BulkString(owner)) =
            (parts.next()?, parts.next()?, parts.next()?)
        else {
            return None;
        };
        let entry = Entry { tag: tag.try_into().ok()?, owner, stays: parts.next() == Some(Value::Int(1)) };
        match code {
            5 => Some(Self::Needed(entry)),
            6 => Some(Self::Left(entry)),
            _ => None,
        }
    }
}

/// A place in an owner's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) member: Member,
    pub(crate) score: u64,
    /// Whether the write that entered it may still be under way.
    pub(crate) young: bool,
}

/// Reads what the index's page holds; `None` if no script of this crate gives it.
pub(crate) fn places(value: Value) -> Option<Vec<Place>> {
    let Value::Array(parts) = value else { return None };
    let (parts, []) = parts.as_chunks::<3>() else { return None };
    let place = |[member, score, young]: &[Value; 3]| {
        let (Value::BulkString(member), Value::BulkString(score), Value::Int(young)) = (member, score, young) else {
            return None;
        };
        Some(Place {
            member: member.as_slice().try_into().ok()?,
            score: std::str::from_utf8(score).ok()?.parse().ok()?,
            young: *young == 1,
        })
    };
    parts.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_no_script_gives_is_none() {
        let entry =
            |code| Value::Array(vec![Value::Int(code), Value::BulkString(vec![1; 8]), Value::BulkString(vec![b'a'])]);
        assert!(matches!(Reply::read(entry(5)), Some(Reply::Needed(Entry { stays: false, .. }))));
        assert!(matches!(Reply::read(entry(6)), Some(Reply::Left(_))));
        for value in [Value::Nil, Value::Okay, Value::Int(0), Value::Int(5), Value::Array(vec![]), entry(7)] {
            assert_eq!(Reply::read(value.clone()), None, "{value:?}");
        }
        assert_eq!(places(Value::Array(vec![Value::Nil])), None);
        assert_eq!(places(Value::Array(vec![])), Some(vec![]));
    }
}
