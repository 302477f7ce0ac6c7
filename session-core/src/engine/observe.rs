//! The one place from which logs, hooks and metrics are told.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Level, Span};

use super::deadline::Deadline;
use super::fingerprint::{FingerprintKey, Fingerprints};
#[cfg(feature = "metrics")]
use super::metrics::Metrics;
use super::repeats::Repeats;
use super::{Event, EventKind, SessionError, Verb};
#[cfg(feature = "metrics")]
use crate::store::Timestamp;
use crate::store::{Causes, Owner, SessionKey, StoreError};

type Hook = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// Knows who listens.
#[derive(Clone, Default)]
pub(crate) struct Observer {
    hooks: Vec<Hook>,
    fingerprints: Fingerprints,
    repeats: Arc<Repeats>,
    /// The scope of these `Sessions`, where it is not the usual one.
    scope: Option<Arc<str>>,
    /// What the spans of calls name the backend.
    system: Option<&'static str>,
    #[cfg(feature = "metrics")]
    metrics: Option<Arc<Metrics>>,
}

impl Observer {
    pub(crate) fn add_hook(&mut self, hook: impl Fn(&Event<'_>) + Send + Sync + 'static) {
        self.hooks.push(Arc::new(hook));
    }

    pub(crate) fn set_fingerprint_key(&mut self, key: FingerprintKey) {
        self.fingerprints = Fingerprints::keyed(key);
    }

    /// Sets whose events these are: the scope, which is empty for the usual one, and the backend.
    pub(crate) fn set_names(&mut self, scope: &str, system: Option<&'static str>) {
        self.scope = (!scope.is_empty()).then(|| scope.into());
        self.system = system;
    }

    /// Begins to count, under the scope's name.
    #[cfg(feature = "metrics")]
    pub(crate) fn count(&mut self, scope: &str) {
        self.metrics = Some(Arc::new(Metrics::register(scope)));
    }

    /// Takes note that a sweep came to its end, or that a sweeper begins.
    #[cfg(feature = "metrics")]
    pub(crate) fn swept_until(&self, now: Timestamp) {
        if let Some(metrics) = &self.metrics {
            metrics.swept_until(now);
        }
    }

    /// Tells everybody who listens what happened.
    pub(crate) fn tell(&self, kind: EventKind<'_>, key: Option<SessionKey>, owner: Option<&Owner>) {
        let event = Event { kind, key, owner, fingerprints: &self.fingerprints };
        self.log(&event);
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.event(&kind);
        }
        for hook in &self.hooks {
            if catch_unwind(AssertUnwindSafe(|| hook(&event))).is_err() {
                tracing::error!(target: "session_core", event = kind.name(), "an event hook panicked");
            }
        }
    }

    /// Waits for a call to the store, until the deadline, and tells how it went.
    pub(crate) async fn call<T>(
        &self,
        verb: Verb,
        key: Option<&SessionKey>,
        deadline: &Deadline,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, SessionError> {
        // Asked first: where tracing is built with its feature `log`, which any dependency may turn on, and nobody
        // listens, the macro computes the fields all the same, and a fingerprint costs three rounds of SHA-256.
        let span = if LevelFilter::current() >= Level::DEBUG {
            tracing::debug_span!(
                target: "session_core::store",
                "session_store",
                "otel.name" = verb.span_name(),
                "otel.kind" = "client",
                "otel.status_code" = tracing::field::Empty,
                "db.system.name" = self.system,
                "db.operation.name" = verb.name(),
                "error.type" = tracing::field::Empty,
                session = key.and_then(|key| self.fingerprints.of(key)).map(tracing::field::display),
            )
        } else {
            Span::none()
        };
        #[cfg(feature = "metrics")]
        let began = self.metrics.as_ref().map(|_| tokio::time::Instant::now());
        let answer = deadline.limit(work).instrument(span.clone()).await.and_then(|done| done.map_err(Into::into));
        #[cfg(feature = "metrics")]
        if let (Some(metrics), Some(began)) = (&self.metrics, began) {
            metrics.operation(verb, answer.as_ref().err(), began.elapsed());
        }
        match &answer {
            Ok(_) => self.log_owed(),
            Err(error) => {
                span.record("error.type", error.kind());
                span.record("otel.status_code", "ERROR");
                self.tell(EventKind::StoreFailed { verb, error }, key.copied(), None);
            }
        }
        answer
    }

    /// Writes to the log how often it was not told of what failed, once nothing fails any more.
    fn log_owed(&self) {
        for ((event, kind), left_out) in self.repeats.owed() {
            let scope = self.scope.as_deref();
            tracing::warn!(target: "session_core", event, kind, left_out, scope, "this came more often than it was told");
        }
    }
}

impl Observer {
    /// Writes an event to the log. What is not listened to is neither formatted nor hashed.
    fn log(&self, event: &Event<'_>) {
        let kind = &event.kind;
        let error: Option<&(dyn Error + 'static)> = match kind {
            EventKind::StoreFailed { error, .. }
            | EventKind::CloseFailed { error }
            | EventKind::UnknownFormat { error }
            | EventKind::WrongType { error } => Some(*error),
            EventKind::NoKey { error } | EventKind::Tampered { error } => Some(*error),
            EventKind::DeviceRefused { error } => Some(*error),
            _ => None,
        };
        let error_kind = kind.error_kind();
        let left_out = match kind {
            // What fails for one request fails for all.
            EventKind::StoreFailed { .. }
            | EventKind::NoKey { .. }
            | EventKind::UnknownFormat { .. }
            | EventKind::ClockSkew { .. } => {
                let Some(left_out) = self.repeats.say((kind.name(), error_kind.unwrap_or_default())) else { return };
                Some(left_out).filter(|left_out| *left_out > 0)
            }
            _ => None,
        };
        let verb = match kind {
            EventKind::StoreFailed { verb, .. } => Some(verb.name()),
            _ => None,
        };
        let seconds = match kind {
            EventKind::ClockSkew { ahead } => Some(ahead.as_secs()),
            _ => None,
        };
        let removed = match kind {
            EventKind::Swept { removed } => Some(*removed),
            _ => None,
        };
        let cookie = match kind {
            EventKind::SeveralSessions { cookie } => Some(*cookie),
            _ => None,
        };
        let reason = match kind {
            EventKind::DeviceSkipped { reason } => Some(*reason),
            _ => None,
        };
        macro_rules! log {
            ($level:ident, $message:literal) => {
                tracing::event!(
                    target: "session_core",
                    tracing::Level::$level,
                    event = kind.name(),
                    session = event.fingerprint().map(tracing::field::display),
                    scope = self.scope.as_deref(),
                    verb,
                    kind = error_kind,
                    error = error.map(|error| tracing::field::display(Causes(error))),
                    left_out,
                    removed,
                    cookie,
                    seconds,
                    reason,
                    $message
                )
            };
        }
        match kind {
            EventKind::Created => log!(INFO, "session created"),
            EventKind::Renewed { .. } => log!(INFO, "session renewed"),
            EventKind::Destroyed => log!(INFO, "session destroyed"),
            EventKind::Revoked => log!(INFO, "session revoked"),
            EventKind::Evicted => log!(INFO, "session evicted, its owner has too many"),
            EventKind::Expired => log!(DEBUG, "session expired"),
            EventKind::UnknownId => log!(DEBUG, "unknown session id"),
            EventKind::RetiredId => log!(DEBUG, "retired session id"),
            EventKind::OldId => log!(WARN, "old session id after the new one"),
            EventKind::MalformedCookie => log!(DEBUG, "a request came with a malformed session cookie"),
            EventKind::SeveralCookies => log!(WARN, "a request came with several different session cookies"),
            EventKind::OtherScope => log!(WARN, "a session was presented in the cookie of another"),
            EventKind::Unreadable => log!(WARN, "a session that cannot be read is removed"),
            EventKind::NoKey { .. } => log!(ERROR, "a session that cannot be opened is left alone"),
            EventKind::UnknownFormat { .. } => {
                log!(ERROR, "a session of a format that is not known here is left alone")
            }
            EventKind::Tampered { .. } => {
                log!(ERROR, "a session's record is not what was sealed; it is refused, and kept")
            }
            EventKind::Conflict => log!(DEBUG, "session conflict"),
            EventKind::Replayed => log!(DEBUG, "changes made again after a conflict"),
            EventKind::Unmergeable => log!(WARN, "changes cannot be merged with what another request wrote"),
            EventKind::Gone => log!(INFO, "changes discarded, the session has ended"),
            EventKind::DeviceOffered => log!(DEBUG, "a browser is offered to bind the session to its device"),
            EventKind::DeviceBound => log!(INFO, "session bound to a device"),
            EventKind::DeviceProved => log!(DEBUG, "the device of a bound session proved itself"),
            // Without a session anybody may send what is refused, over and over.
            EventKind::DeviceRefused { .. } if event.key.is_none() => {
                log!(DEBUG, "what is no proof of a device is refused")
            }
            EventKind::DeviceRefused { .. } => log!(WARN, "the proof of a device is refused"),
            EventKind::DeviceUnproven => log!(WARN, "a request of a bound session came without its device's cookie"),
            EventKind::DeviceSkipped { .. } => log!(WARN, "a browser could not refresh a bound session"),
            EventKind::PlainHttp => log!(
                WARN,
                "a Secure cookie was set on what looks like plain http from another machine, and browsers drop it there, so \
                 that each click is a new visitor: serve by https, and have the proxy that ends it send \
                 `X-Forwarded-Proto: https`; in a test network without TLS, use CookieTransport::HttpAnywhere"
            ),
            EventKind::SeveralSessions { .. } => log!(
                WARN,
                "several `Sessions` are on a route, and a handler that names none was given that of the innermost, whose \
                 cookie this is: name the one it is to have by `SessionOf`"
            ),
            EventKind::ChangedTooLate => {
                log!(
                    WARN,
                    "a session was changed after its response had left, and never committed; the changes are lost"
                )
            }
            EventKind::WrongType { .. } => log!(WARN, "a value of a session is of another type than was asked for"),
            EventKind::StoreFailed { .. } => log!(ERROR, "the session store failed"),
            // One failure is one line.
            EventKind::CloseFailed { error } if error.is_told() => {}
            EventKind::CloseFailed { .. } => log!(WARN, "session not closed"),
            EventKind::Swept { .. } => log!(DEBUG, "expired sessions removed"),
            EventKind::ClockSkew { .. } => log!(
                WARN,
                "a session was seen in what is the future here: the clock of this server is behind that of another, or \
                 that one's is ahead, which ends sessions early; set the clocks"
            ),
            EventKind::Ready => log!(INFO, "the session store is ready, which it was not at first"),
            EventKind::SweepPanicked => log!(ERROR, "the store panicked in a sweep; the next one tries again"),
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observer({} hooks)", self.hooks.len())
    }
}
