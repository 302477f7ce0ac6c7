//! What can go wrong, typed, and how the client's errors become the contract's.
//!
//! The client's errors hold the key that they are about, and a proxy's answers may quote it, so none of them
//! is passed on as it is.

use std::io;

use memcache::exp::Error as ClientError;
use session_core::{BoxError, StoreError};
use thiserror::Error;

/// How this store calls itself in errors.
pub(crate) const NAME: &str = "memcached-store";

/// Says why a store could not be made. The URL is never quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is no URL at all.
    #[error("memcached's URL is none, such as memcached://127.0.0.1:11211")]
    Url(#[source] url::ParseError),
    /// It is the URL of something else.
    #[error("memcached's URL does not begin with memcached://")]
    Scheme,
    /// It has no host.
    #[error("memcached's URL has no host")]
    NoHost,
    /// It has a user or a password, which this store could only ignore.
    #[error("memcached's URL has a user or a password, and this store speaks to memcached without")]
    Password,
    /// It has a path, a query or a fragment, which mean nothing.
    #[error("memcached's URL has something after the host and the port")]
    Excess,
    /// The prefix would make keys that memcached does not take.
    #[error("the prefix is longer than 200 characters, or has one that is not visible ASCII")]
    Prefix,
}

/// Says what memcached or the way to it did; the cause of a [`StoreError`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MemcachedError {
    /// The connection could not be made, or broke.
    #[error("the connection to memcached failed")]
    Connection(#[source] io::Error),
    /// No answer came in time.
    #[error("memcached did not answer in time")]
    NoAnswer,
    /// memcached refused.
    #[error("memcached refused: {0}")]
    Refused(&'static str),
    /// What came is no answer of memcached's.
    #[error("what came is no answer of memcached's")]
    NoSense,
    /// memcached is set up so that it cannot keep sessions.
    #[error("memcached cannot keep sessions as it is set up: {0}")]
    Setup(&'static str),
    /// memcached takes less than the largest payload needs.
    #[error("memcached takes items of {found} bytes at most, and {needed} are needed: start it with -I {needed}")]
    ItemSize {
        /// What it takes.
        found: usize,
        /// What the largest payload needs, with key and header.
        needed: usize,
    },
}

/// What memcached says when it refuses, and what it means. No other text of it is shown.
const REFUSALS: [(&str, &str); 5] = [
    ("out of memory", "out of memory"),
    ("object too large", "the item is too large"),
    ("bad data chunk", "bad data chunk"),
    ("bad command line format", "bad command line format"),
    ("Too many open connections", "too many open connections"),
];

/// Turns the client's error into the contract's.
pub(crate) fn failed(error: ClientError) -> StoreError {
    match error {
        // The client calls ambiguous whatever follows a request that was sent, also a clear answer.
        ClientError::Ambiguous { source, .. } if answered(&source) => failed(*source),
        ClientError::Ambiguous { source, .. } => StoreError::Indeterminate { store: NAME, source: cause(*source) },
        // From here on the request was a read, or never sent in full, which memcached does not act upon.
        ClientError::Timeout { .. } => StoreError::Timeout { store: NAME },
        ClientError::Io(_) => StoreError::Unavailable { store: NAME, source: cause(error) },
        ClientError::Server(ref text) if text.starts_with("out of memory") => {
            StoreError::Full { store: NAME, source: cause(error) }
        }
        // No payload over the limit is ever sent, so the limit is wrong.
        ClientError::Server(ref text) if text.starts_with("object too large") => {
            StoreError::Misconfigured { store: NAME, source: cause(error) }
        }
        error => StoreError::Backend { store: NAME, source: cause(error) },
    }
}

/// Says what the server's set-up lacks.
pub(crate) fn misconfigured(error: MemcachedError) -> StoreError {
    StoreError::Misconfigured { store: NAME, source: error.into() }
}

fn answered(error: &ClientError) -> bool {
    matches!(error, ClientError::Server(_) | ClientError::Rejected(_))
}

/// Keeps of the client's error what holds no key.
fn cause(error: ClientError) -> BoxError {
    let cause = match error {
        ClientError::Io(error) => MemcachedError::Connection(error),
        ClientError::Timeout { .. } => MemcachedError::NoAnswer,
        ClientError::Ambiguous { source, .. } => return cause(*source),
        ClientError::Server(text) | ClientError::Rejected(text) => {
            let known = REFUSALS.iter().find(|(said, _)| text.starts_with(said));
            MemcachedError::Refused(known.map_or("an error that this store does not know", |(_, meant)| meant))
        }
        _ => MemcachedError::NoSense,
    };
    cause.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "session:the-key-that-nobody-may-see";

    fn timeout() -> ClientError {
        ClientError::Timeout { key: KEY.into() }
    }

    fn broken() -> ClientError {
        ClientError::Io(io::ErrorKind::ConnectionReset.into())
    }

    fn sent(source: ClientError) -> ClientError {
        ClientError::Ambiguous { key: KEY.into(), source: source.into() }
    }

    fn server(text: &str) -> ClientError {
        ClientError::Server(text.to_owned())
    }

    #[test]
    fn what_was_not_sent_was_not_done_and_what_got_no_answer_may_have_been() {
        assert!(matches!(failed(timeout()), StoreError::Timeout { .. }));
        assert!(matches!(failed(broken()), StoreError::Unavailable { .. }));
        for unanswered in [timeout(), broken(), ClientError::Protocol("what?".to_owned())] {
            assert!(matches!(failed(sent(unanswered)), StoreError::Indeterminate { .. }));
        }
    }

    #[test]
    fn a_refusal_is_an_answer_also_to_a_write() {
        let full = "out of memory storing object";
        let too_large = "object too large for cache";
        for wrap in [|error| error, sent] {
            assert!(matches!(failed(wrap(server(full))), StoreError::Full { .. }));
            assert!(matches!(failed(wrap(server(too_large))), StoreError::Misconfigured { .. }));
            assert!(matches!(failed(wrap(server("busy"))), StoreError::Backend { .. }));
            assert!(matches!(failed(wrap(ClientError::Rejected("bad".into()))), StoreError::Backend { .. }));
        }
    }

    #[test]
    fn no_error_shows_the_key() {
        let quoting = || ClientError::Protocol(format!("unexpected: {KEY}"));
        for error in
            [timeout(), sent(timeout()), sent(broken()), server(KEY), sent(server(KEY)), quoting(), sent(quoting())]
        {
            let error = failed(error);
            let cause = std::error::Error::source(&error);
            let shown = format!("{error} {error:?} {cause:?} {}", cause.map(ToString::to_string).unwrap_or_default());
            assert!(!shown.contains("nobody-may-see"), "{shown}");
        }
    }
}
