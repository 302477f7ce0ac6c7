//! What happens to sessions, told to logs, to an audit log and to metrics.
//!
//! All three are fed from one place, so what one of them tells the others tell, too. None costs anything on the way of a
//! request that only reads its session, unless somebody listens.
//!
//! # Logs
//! Every event goes to [`tracing`](https://docs.rs/tracing) under the target `session_core`, with the fields `event`
//! (the name below), `session` (a [`Fingerprint`]), `scope` where it is not that of the default cookie, `verb`, `error`,
//! `kind`, `left_out`, `removed`, `cookie`, `seconds` and `reason`, as they apply. `error` is the whole [chain of
//! causes](crate::Causes) as one text, so that a log in JSON has it too, and `kind` one word for it
//! ([`SessionError::kind`](crate::SessionError::kind)), the same as in spans and metrics.
//!
//! A request that fails is one line. What fails again and again is told at once, and then every ten seconds with the
//! number of times that were `left_out`, by kind: `store_failed`, `no_key`, `unknown_format` and `clock_skew`. Functions given by
//! `on_event` and metrics hear of each.
//!
//! # Spans
//! Every call to the store is a span `session_store` at the level debug, under the target `session_core::store`, with the
//! attributes of OpenTelemetry's conventions for clients of databases: `otel.kind` = `client`, `otel.name`,
//! `db.system.name` (what the store says that it is), `db.operation.name` (the verb), `error.type` (the kind, if it
//! failed) and `otel.status_code`; and `session`. `RUST_LOG=info,session_core::store=debug` has the spans alone, without
//! the SQL that a database's library writes at that level. Subscribers that listen to no span pay nothing for them.
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
//! | `clock_skew` | warn | a session was last seen a minute or more after what is now on this server: the clocks of two servers are apart |
//! | `ready` | info | the store that failed at the start is ready: see [`Sessions::init_in_background`](crate::Sessions::init_in_background) |
//!
#![doc = include_str!("../../docs/metrics.md")]

use std::fmt;
use std::time::Duration;

use super::SessionError;
pub use super::fingerprint::Fingerprint;
use super::fingerprint::Fingerprints;
pub use super::verb::Verb;
use crate::payload::CodecError;
use crate::store::{Owner, SessionKey};

/// Buckets for `session_store_operation_seconds`, in seconds: a table in memory answers within the first, a request has
/// given up by the last.
pub const BUCKETS: [f64; 14] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Something that happened to a session.
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
    /// Returns what happened.
    #[must_use]
    pub fn kind(&self) -> EventKind<'a> {
        self.kind
    }

    /// Returns the key of the session; `None` where there is none, or there are many.
    #[must_use]
    pub fn session_key(&self) -> Option<SessionKey> {
        self.key
    }

    /// Names the session in a log, by its key; `None` where there is no key.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.key.and_then(|key| self.fingerprints.of(&key))
    }

    /// Returns the owner; `None` if the session belongs to nobody, or nobody looked.
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

/// What happened; the [module page](self) has a line for each.
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
    #[non_exhaustive]
    ClockSkew {
        /// How far the clock of whoever wrote the session is ahead of this one's.
        ahead: Duration,
    },
    Ready,
}

impl EventKind<'_> {
    /// All that [`name`](Self::name) gives.
    #[cfg(feature = "metrics")]
    pub(crate) const NAMES: [&'static str; 36] = [
        "created",
        "renewed",
        "destroyed",
        "revoked",
        "evicted",
        "expired",
        "unknown_id",
        "retired_id",
        "old_id",
        "malformed_cookie",
        "several_cookies",
        "other_scope",
        "unreadable",
        "no_key",
        "unknown_format",
        "tampered",
        "conflict",
        "replayed",
        "unmergeable",
        "gone",
        "device_offered",
        "device_bound",
        "device_proved",
        "device_refused",
        "device_unproven",
        "device_skipped",
        "plain_http",
        "several_sessions",
        "changed_too_late",
        "wrong_type",
        "store_failed",
        "close_failed",
        "swept",
        "sweep_panicked",
        "clock_skew",
        "ready",
    ];

    /// Returns the [kind](SessionError::kind) of the error that the event tells; `None` if it tells none.
    #[must_use]
    pub fn error_kind(&self) -> Option<&'static str> {
        match self {
            Self::NoKey { error } | Self::Tampered { error } => Some(error.kind()),
            Self::UnknownFormat { error }
            | Self::WrongType { error }
            | Self::StoreFailed { error, .. }
            | Self::CloseFailed { error } => Some(error.kind()),
            _ => None,
        }
    }

    /// Returns the event's name in logs and metrics.
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
            Self::ClockSkew { .. } => "clock_skew",
            Self::Ready => "ready",
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
            ClockSkew { ahead: Duration::ZERO },
            Ready,
        ];
        #[cfg(feature = "metrics")]
        assert_eq!(kinds.map(|kind| kind.name()), EventKind::NAMES, "each has a series from the start");
        for kind in &kinds {
            assert!(page.contains(&format!("//! | `{}` |", kind.name())), "{kind:?}");
        }
        assert_eq!(page.matches("//! | `").count(), kinds.len(), "a line for what is no event");
    }
}
