//! What can go wrong: how a store cannot be set up, and what the server says, with what to do about it.
//!
//! The server quotes arguments in some of its errors, and a key or a payload may be one. So what it says is passed on
//! by its code and those words alone that are known to quote nothing.

use std::borrow::Cow;

use redis::{ErrorKind, RedisError, ServerErrorKind, Value};
use session_core::{BoxError, StoreError};
use thiserror::Error;

use crate::layout::LayoutError;

/// How this store calls itself in errors.
pub(crate) const NAME: &str = "session-redis";

/// Why a store cannot be built, and what to do. No URL is quoted: it may hold a password.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The URL cannot be read.
    #[error("the URL cannot be read: {reason}")]
    Url {
        /// Why.
        reason: &'static str,
    },
    /// What the URL asks for is a feature of this crate, which is off.
    #[error("the URL needs this crate's feature `{feature}`: turn it on in Cargo.toml")]
    Feature {
        /// The feature.
        feature: &'static str,
    },
    /// The prefix cannot be one.
    #[error("a prefix has 1 to 64 bytes, all of them ASCII letters, digits, or one of - _ . :")]
    Prefix,
    /// A setting must not be zero.
    #[error("{setting} must be more than zero; leave it out for the default")]
    Zero {
        /// The setting.
        setting: &'static str,
    },
    /// The payload limit is more than Redis takes.
    #[error("max_payload is at most {limit} bytes: Redis takes no longer string")]
    MaxPayload {
        /// The most bytes it can be.
        limit: usize,
    },
}

impl From<BuildError> for StoreError {
    fn from(error: BuildError) -> Self {
        Self::Misconfigured { store: NAME, source: error.into() }
    }
}

/// Says what the server said, and what to do about it. The cause of a [`StoreError`].
#[derive(Debug, Error)]
#[error("{said}{}{advice}", if advice.is_empty() { "" } else { "; " })]
pub(crate) struct Fault {
    said: Cow<'static, str>,
    advice: &'static str,
}

impl Fault {
    pub(crate) fn new(said: impl Into<Cow<'static, str>>, advice: &'static str) -> Self {
        Self { said: said.into(), advice }
    }
}

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: RedisError,
    pub(crate) sent: Sent,
}

/// Says whether a command that failed may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// No: it never left, or the server refused it.
    No,
    /// Perhaps: the reply was lost.
    Perhaps,
}

/// Says what a command was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

impl Failed {
    /// Judges the error of a command that was handed to a connection.
    pub(crate) fn of(error: RedisError) -> Self {
        let sent = match error.kind() {
            // The server has answered, and a script that is refused has done nothing.
            ErrorKind::Server(_) | ErrorKind::AuthenticationFailed => Sent::No,
            ErrorKind::Extension if error.code() != Some(REPLY_LOST) => Sent::No,
            // The library found nobody to send it to.
            ErrorKind::ClusterConnectionNotFound => Sent::No,
            _ if error.is_connection_refusal() => Sent::No,
            _ => Sent::Perhaps,
        };
        Self { error, sent }
    }

    /// The command never left: there was no connection.
    pub(crate) fn unsent(error: RedisError) -> Self {
        Self { error, sent: Sent::No }
    }

    pub(crate) fn is(&self, kind: ServerErrorKind) -> bool {
        self.error.kind() == ErrorKind::Server(kind)
            || kind == ServerErrorKind::ReadOnly && code(&self.error) == Some("READONLY")
    }

    /// Gives the error of the store's contract.
    pub(crate) fn into_store_error(self, intent: Intent) -> StoreError {
        let store = NAME;
        if self.sent == Sent::Perhaps {
            return match intent {
                Intent::Write => StoreError::Indeterminate { store, source: cause(self.error) },
                Intent::Read if self.error.is_timeout() => StoreError::Timeout { store },
                Intent::Read => StoreError::Unavailable { store, source: cause(self.error) },
            };
        }
        let code = code(&self.error).unwrap_or_default().to_owned();
        let told = |advice| -> BoxError { Fault::new(said(&self.error), advice).into() };
        match code.as_str() {
            "NOAUTH" => misconfigured(told("put the user and the password into the URL")),
            "WRONGPASS" => misconfigured(told("look at the user and the password in the URL")),
            "NOPERM" => misconfigured(told("grant the user what this crate's page lists under access")),
            "NOPROTO" => misconfigured(told("the server is too old for RESP3: add `?protocol=resp2` to the URL")),
            "MISCONF" => {
                misconfigured(told("the server takes no writes because it cannot save: look at its log and disk"))
            }
            "MOVED" | "ASK" | "CROSSSLOT" => misconfigured(told(
                "the server is part of a cluster: use a `redis-cluster://` URL, and this crate's feature `cluster`",
            )),
            "WRONGTYPE" => StoreError::Corrupt { store, source: told("something else writes under this prefix") },
            "OOM" => StoreError::Full { store, source: told("raise `maxmemory`; sessions are not evicted") },
            "READONLY" => {
                unavailable(told("the server is a replica: connect to the master, or wait until the failover is over"))
            }
            "LOADING" => unavailable(told("the server is still reading its data, and will be there soon")),
            "MASTERDOWN" => unavailable(told("the server is a replica that has lost its master")),
            "CLUSTERDOWN" => {
                unavailable(told("the cluster has no master for some slots: wait for its failover, or mend it"))
            }
            "TRYAGAIN" => unavailable(told("the cluster is moving slots")),
            "NOREPLICAS" => unavailable(told("the master has fewer replicas than `min-replicas-to-write` asks for")),
            "BUSY" => unavailable(told("a script of somebody's is running for too long")),
            _ if is_untrusted(&self.error) => misconfigured(told(
                "look at its certificate; name an authority of your own by `SSL_CERT_FILE`, or give it to a client of your own",
            )),
            _ if no_database(&self.error) => misconfigured(told(
                "grant the user `+select` for any database but 0, and name one that the server has; a cluster has one, unless \
                 `cluster-databases` says otherwise, which Valkey 9 knows",
            )),
            _ => match self.error.kind() {
                ErrorKind::AuthenticationFailed => misconfigured(told("look at the user and the password in the URL")),
                ErrorKind::RESP3NotSupported => {
                    misconfigured(told("the server is too old for RESP3: add `?protocol=resp2` to the URL"))
                }
                ErrorKind::InvalidClientConfig => misconfigured(told("")),
                ErrorKind::Io
                | ErrorKind::ClusterConnectionNotFound
                | ErrorKind::MasterNameNotFoundBySentinel
                | ErrorKind::NoValidReplicasFoundBySentinel => unavailable(cause(self.error)),
                _ => StoreError::Backend { store, source: told("") },
            },
        }
    }
}

/// Gives what is no error of the server's, of the answers to reads that went in one go.
pub(crate) fn answered(value: Value) -> Result<Value, StoreError> {
    value.extract_error().map_err(|error| Failed::of(error).into_store_error(Intent::Read))
}

/// The code of an error that this crate makes where the reply to a write was lost.
pub(crate) const REPLY_LOST: &str = "REPLYLOST";

/// Says that what is stored is no record, or one in another format.
pub(crate) fn corrupt(source: LayoutError) -> StoreError {
    match source {
        LayoutError::Format(_) => StoreError::UnknownFormat { store: NAME, source: source.into() },
        _ => StoreError::Corrupt { store: NAME, source: source.into() },
    }
}

/// Says that what is stored is no record, where a script has looked.
pub(crate) fn not_a_record() -> StoreError {
    StoreError::Corrupt {
        store: NAME,
        source: Fault::new("it is no session", "something else writes under this prefix").into(),
    }
}

pub(crate) fn misconfigured(source: BoxError) -> StoreError {
    StoreError::Misconfigured { store: NAME, source }
}

fn unavailable(source: BoxError) -> StoreError {
    StoreError::Unavailable { store: NAME, source }
}

/// Says that the server answered what it never should.
pub(crate) fn strange(command: &'static str) -> StoreError {
    let said = format!("the answer to {command} is none that it gives");
    StoreError::Backend { store: NAME, source: Fault::new(said, "is there a proxy in between?").into() }
}

/// Keeps the error of the network as it is, and of any other what can be shown.
fn cause(error: RedisError) -> BoxError {
    if error.kind() == ErrorKind::Io && std::error::Error::source(&error).is_some() {
        error.into()
    } else {
        Fault::new(said(&error), "").into()
    }
}

/// Gives the code of an error. Before 7.0 Redis wraps what a script was refused for, in one of two ways:
/// `ERR Error running script (call to f_…): @user_script:1: @user_script: 1: -OOM command not allowed …`, and
/// `ERR Error running script (call to f_…): @user_script:1: WRONGTYPE Operation against …`.
fn code(error: &RedisError) -> Option<&str> {
    let wrapped = error.detail().filter(|detail| detail.starts_with("Error running script"));
    let inner = wrapped.and_then(|detail| {
        let (_, said) = detail
            .split_once(": -")
            .or_else(|| detail.split_once("@user_script:").and_then(|(_, behind)| behind.split_once(": ")))?;
        said.split(' ').next().filter(|code| code.bytes().all(|byte| byte.is_ascii_uppercase()))
    });
    inner.or(error.code())
}

/// Tells whether the server's certificate was not taken, or the authorities cannot be read: no waiting mends either. Of a
/// cluster's nodes the library passes on the words alone.
fn is_untrusted(error: &RedisError) -> bool {
    let text = error.to_string();
    error.kind() == ErrorKind::Io
        && ["invalid peer certificate", "failed to read PEM"].iter().any(|words| text.contains(words))
}

/// What the library says of a server that refuses the URL's database.
pub(crate) const NO_DATABASE: &str = "Redis server refused to switch database";

/// Tells whether a connection was refused the URL's database. The library says so in words alone.
fn no_database(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_)) && error.to_string().starts_with(NO_DATABASE)
}

/// How the server refuses a database: none of these quotes more than the user's name.
const DATABASE_REFUSALS: [&str; 4] =
    ["User ", "this user has no permissions", "DB index is out of range", "SELECT is not allowed"];

/// Gives the words of an error that quote nothing.
fn said(error: &RedisError) -> String {
    match (code(error), error.kind()) {
        // Of these the server's text is known, and has no place for an argument.
        (
            Some(
                code @ ("NOAUTH" | "WRONGPASS" | "NOPERM" | "NOPROTO" | "MISCONF" | "OOM" | "READONLY" | "LOADING"
                | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "NOREPLICAS" | "BUSY"),
            ),
            _,
        ) => format!("the server says {code}: {}", error.detail().unwrap_or_default()),
        (Some(REPLY_LOST), _) => "the connection was lost, or the answer did not come in time".to_owned(),
        _ if no_database(error) => {
            let detail = error.detail().unwrap_or_default();
            let known = DATABASE_REFUSALS.iter().any(|words| detail.contains(words));
            format!(
                "the server refused the database{}{}",
                if known { ": " } else { "" },
                if known { detail } else { "" }
            )
        }
        (Some("ERR"), _) => {
            let detail = error.detail().unwrap_or_default();
            // `unknown command 'X', with args beginning with: …`
            let shown = if detail.starts_with("unknown command") || detail.starts_with("Unknown command") {
                "a command is unknown to it: it is too old, or commands were renamed or disabled"
            } else if detail.starts_with("max number of clients") {
                "it has as many clients as it takes"
            } else {
                "an error of no kind of its own"
            };
            format!("the server says ERR: {shown}")
        }
        (Some(code), _) => format!("the server says {code}"),
        (None, ErrorKind::Io) => error.to_string(),
        (None, _) => error.category().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Failed {
        let value = redis::parse_redis_value(format!("-{text}\r\n").as_bytes()).expect("an answer");
        Failed::of(value.extract_error().expect_err("an error"))
    }

    #[test]
    fn what_an_older_server_wraps_is_understood() {
        let wrapped = |inner| {
            answer(&format!("ERR Error running script (call to f_00): @user_script:60: @user_script: 60: -{inner}"))
        };
        let full = wrapped("OOM command not allowed when used memory > 'maxmemory'.");
        assert!(matches!(full.into_store_error(Intent::Write), StoreError::Full { .. }));
        let replica = wrapped("READONLY You can't write against a read only replica.");
        assert!(replica.is(ServerErrorKind::ReadOnly));
        assert!(matches!(replica.into_store_error(Intent::Write), StoreError::Unavailable { .. }));
        let wrapped = |inner| answer(&format!("ERR Error running script (call to f_00): @user_script:60: {inner}"));
        let strange = wrapped("WRONGTYPE Operation against a key holding the wrong kind of value");
        assert!(matches!(strange.into_store_error(Intent::Write), StoreError::Corrupt { .. }));
        let own = wrapped("attempt to index a nil value").into_store_error(Intent::Write);
        assert!(matches!(own, StoreError::Backend { .. }), "{own:?}");
    }

    #[test]
    fn an_error_that_may_quote_is_not_passed_on() {
        for text in ["ERR unknown command 'x', with args beginning with: 'secret'", "ERR secret", "STRANGE secret"] {
            let error = answer(text).into_store_error(Intent::Write);
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert!(matches!(
            answer("NOAUTH Authentication required.").into_store_error(Intent::Read),
            StoreError::Misconfigured { .. }
        ));
        assert!(matches!(
            answer("LOADING Redis is loading").into_store_error(Intent::Read),
            StoreError::Unavailable { .. }
        ));
        assert!(matches!(
            answer("CLUSTERDOWN Hash slot not served").into_store_error(Intent::Write),
            StoreError::Unavailable { .. }
        ));
    }
}
