//! What happens to sessions, told to logs, to an audit log and to metrics.
//!
//! All three are fed from one place, so what one of them tells the others tell, too. None costs anything on the way of a
//! request that only reads its session, unless somebody listens.
//!
//! # Logs
//! Every event goes to [`tracing`](https://docs.rs/tracing) under the target `session_core`, with the fields `event`
//! (the name below), `session` (a [`Fingerprint`]), `error`, `removed`, `cookie` and `reason`, as they apply. Every call to the store is a
//! span at the level debug, `session_store`, with the fields `verb` and `session`. Subscribers that listen to no span of
//! this target pay nothing for it.
//!
//! # Audit log
//! [`SessionsBuilder::on_event`](crate::SessionsBuilder::on_event) takes a function that is given each [`Event`]. It is
//! called in the task of the request, so that it can find there, for example in a task-local, where the request came
//! from: that is how unknown ids are counted per source.
//!
//! # Events
//! | event | level | when |
//! |---|---|---|
//! | `created` | info | a session was stored for the first time |
//! | `renewed` | info | it moved to a new id |
//! | `destroyed` | info | its visitor ended it |
//! | `revoked` | info | it was ended from outside |
//! | `evicted` | info | it was ended since its owner had too many |
//! | `expired` | debug | a request came with the id of one that is past its deadline |
//! | `unknown_id` | debug | a request came with an id that the store does not know |
//! | `retired_id` | debug | a request came with the id of one that was renewed or has ended |
//! | `old_id` | warn | a request came with an id after the one that took its place had been presented, and the overlap was over: a tab that slept, or a stolen id |
//! | `malformed_cookie` | debug | a request came with a cookie of the right name that holds no id |
//! | `several_cookies` | warn | a request came with several different ids |
//! | `other_scope` | warn | a session was presented in the cookie of other `Sessions` |
//! | `unreadable` | warn | a session that cannot be decoded was removed |
//! | `no_key` | error | a session was sealed with a key that this server lacks, and left alone |
//! | `unknown_format` | error | a session is of a format, or a kind, that this server does not know, and was left alone |
//! | `tampered` | error | a session's record is not what was sealed; it was refused, and kept |
//! | `conflict` | debug | another request had changed the session meanwhile |
//! | `replayed` | debug | the changes were made again on what that request wrote |
//! | `unmergeable` | warn | they could not be, and are discarded |
//! | `gone` | info | changes were discarded, since the session had ended meanwhile |
//! | `device_offered` | debug | a browser was offered to bind the session to its device |
//! | `device_bound` | info | it registered a key, and the session is bound |
//! | `device_proved` | debug | the device proved itself, and was given a new cookie |
//! | `device_refused` | warn | a registration or a proof was refused; the error says why. Where no session was found, it is told at debug |
//! | `device_unproven` | warn | a request came with the cookie of a bound session and without the device's: a stolen cookie, or a browser that could not refresh |
//! | `device_skipped` | warn | the same, and its browser says that it could not refresh; `reason` is `server_error`, `unreachable`, `quota_exceeded` or `other` |
//! | `plain_http` | warn | a `Secure` cookie was set on what looks like plain http from another machine, where browsers drop it; told once |
//! | `several_sessions` | warn | a handler that named none of several `Sessions` on its route was given the innermost's; told once for those |
//! | `changed_too_late` | warn | a session was changed after its response had left, and not [committed](crate::Session::commit); told when its last handle goes |
//! | `wrong_type` | warn | a value is of another type than the program asked for; told once for each handle and name |
//! | `store_failed` | error | a call to the store failed, or took too long |
//! | `close_failed` | warn | what a request did to its session was not stored; the log has it once, by the event that says why if there is one |
//! | `swept` | debug | expired records were removed |
//! | `sweep_panicked` | error | the store panicked in a sweep; the next one tries again |
//!
//! # Metrics
//! With the feature `metrics` and [`SessionsBuilder::metrics`](crate::SessionsBuilder), on the facade of the crate
//! [`metrics`](https://docs.rs/metrics). Install the recorder before `build`.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `session_store_operations_total` | counter | `verb`: `init`, `get`, `put`, `touch`, `delete`, `list`, `scan`, `sweep`; `result`: `ok`, `error` | calls to the store; a timeout is an error |
//! | `session_store_operation_seconds` | histogram | `verb` | how long they took |
//! | `session_events_total` | counter | `event`: a name from the table above | events, among them conflicts, replays and errors |
//! | `session_swept_total` | counter | | expired records removed |
//!
//! How many sessions there are is known to a store in memory alone, without reading them all: `session-ets` has a gauge
//! of its own, `session_table_records`, behind its feature `metrics`.

use std::fmt;

use super::SessionError;
pub use super::fingerprint::Fingerprint;
use super::fingerprint::Fingerprints;
use crate::payload::CodecError;
use crate::store::{Owner, SessionKey};

/// Tells what happened to a session.
///
/// `Debug` shows no id, no whole key and no owner.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    pub(crate) kind: EventKind<'a>,
    pub(crate) key: Option<SessionKey>,
    pub(crate) owner: Option<&'a Owner>,
    pub(crate) fingerprints: &'a Fingerprints,
}

impl<'a> Event<'a> {
    /// Says what happened.
    #[must_use]
    pub fn kind(&self) -> EventKind<'a> {
        self.kind
    }

    /// Gives the key of the session; `None` where there is none, or there are many.
    #[must_use]
    pub fn session_key(&self) -> Option<SessionKey> {
        self.key
    }

    /// Names the session in a log, by its key; `None` where there is no key.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.key.and_then(|key| self.fingerprints.of(&key))
    }

    /// Gives the owner; `None` if the session belongs to nobody, or nobody looked.
    #[must_use]
    pub fn owner(&self) -> Option<&'a Owner> {
        self.owner
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("kind", &self.kind).field("session", &self.fingerprint()).finish_non_exhaustive()
    }
}

/// Says what happened; the [module page](self) has a line for each.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the module's table says what each is")]
pub enum EventKind<'a> {
    Created,
    #[non_exhaustive]
    Renewed {
        from: SessionKey,
    },
    Destroyed,
    Revoked,
    Evicted,
    Expired,
    UnknownId,
    RetiredId,
    OldId,
    MalformedCookie,
    SeveralCookies,
    OtherScope,
    Unreadable,
    #[non_exhaustive]
    NoKey {
        error: &'a CodecError,
    },
    #[non_exhaustive]
    UnknownFormat {
        error: &'a SessionError,
    },
    #[non_exhaustive]
    Tampered {
        error: &'a CodecError,
    },
    Conflict,
    Replayed,
    Unmergeable,
    Gone,
    DeviceOffered,
    DeviceBound,
    DeviceProved,
    #[non_exhaustive]
    DeviceRefused {
        /// A `ProofError`, with the feature `device-bound`.
        error: &'a (dyn std::error::Error + 'static),
    },
    DeviceUnproven,
    #[non_exhaustive]
    DeviceSkipped {
        reason: &'static str,
    },
    PlainHttp,
    #[non_exhaustive]
    SeveralSessions {
        /// The cookie of those whose session it was given.
        cookie: &'a str,
    },
    ChangedTooLate,
    #[non_exhaustive]
    WrongType {
        /// A [`SessionError::WrongType`], whether the program saw it or not.
        error: &'a SessionError,
    },
    #[non_exhaustive]
    StoreFailed {
        verb: Verb,
        error: &'a SessionError,
    },
    #[non_exhaustive]
    CloseFailed {
        error: &'a SessionError,
    },
    #[non_exhaustive]
    Swept {
        removed: u64,
    },
    SweepPanicked,
}

impl EventKind<'_> {
    /// Gives the event's name in logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Renewed { .. } => "renewed",
            Self::Destroyed => "destroyed",
            Self::Revoked => "revoked",
            Self::Evicted => "evicted",
            Self::Expired => "expired",
            Self::UnknownId => "unknown_id",
            Self::RetiredId => "retired_id",
            Self::OldId => "old_id",
            Self::MalformedCookie => "malformed_cookie",
            Self::SeveralCookies => "several_cookies",
            Self::OtherScope => "other_scope",
            Self::Unreadable => "unreadable",
            Self::NoKey { .. } => "no_key",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::Tampered { .. } => "tampered",
            Self::Conflict => "conflict",
            Self::Replayed => "replayed",
            Self::Unmergeable => "unmergeable",
            Self::Gone => "gone",
            Self::DeviceOffered => "device_offered",
            Self::DeviceBound => "device_bound",
            Self::DeviceProved => "device_proved",
            Self::DeviceRefused { .. } => "device_refused",
            Self::DeviceUnproven => "device_unproven",
            Self::DeviceSkipped { .. } => "device_skipped",
            Self::PlainHttp => "plain_http",
            Self::SeveralSessions { .. } => "several_sessions",
            Self::ChangedTooLate => "changed_too_late",
            Self::WrongType { .. } => "wrong_type",
            Self::StoreFailed { .. } => "store_failed",
            Self::CloseFailed { .. } => "close_failed",
            Self::Swept { .. } => "swept",
            Self::SweepPanicked => "sweep_panicked",
        }
    }
}

/// Names what the store was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the verb of that name")]
pub enum Verb {
    Init,
    Get,
    Put,
    Touch,
    Delete,
    List,
    Scan,
    Sweep,
}

impl Verb {
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Self; 8] =
        [Self::Init, Self::Get, Self::Put, Self::Touch, Self::Delete, Self::List, Self::Scan, Self::Sweep];

    /// Gives the verb's name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Get => "get",
            Self::Put => "put",
            Self::Touch => "touch",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Scan => "scan",
            Self::Sweep => "sweep",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_line_for_each_event() {
        let page = include_str!("events.rs").split("\nuse ").next().unwrap();
        let (codec, session) = (CodecError::new(""), SessionError::Gone);
        let from = SessionKey::from_bytes([1; 32]);
        use EventKind::*;
        let kinds = [
            Created,
            Renewed { from },
            Destroyed,
            Revoked,
            Evicted,
            Expired,
            UnknownId,
            RetiredId,
            OldId,
            MalformedCookie,
            SeveralCookies,
            OtherScope,
            Unreadable,
            NoKey { error: &codec },
            UnknownFormat { error: &session },
            Tampered { error: &codec },
            Conflict,
            Replayed,
            Unmergeable,
            Gone,
            DeviceOffered,
            DeviceBound,
            DeviceProved,
            DeviceRefused { error: &codec },
            DeviceUnproven,
            DeviceSkipped { reason: "other" },
            PlainHttp,
            SeveralSessions { cookie: "" },
            ChangedTooLate,
            WrongType { error: &session },
            StoreFailed { verb: Verb::Get, error: &session },
            CloseFailed { error: &session },
            Swept { removed: 1 },
            SweepPanicked,
        ];
        for kind in &kinds {
            assert!(page.contains(&format!("//! | `{}` |", kind.name())), "{kind:?}");
        }
        let events = page.split("# Metrics").next().unwrap();
        assert_eq!(events.matches("//! | `").count(), kinds.len(), "a line for what is no event");
    }
}
