//! The one place from which logs, hooks and metrics are told.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Level, Span};

use super::deadline::Deadline;
use super::fingerprint::Fingerprints;
#[cfg(feature = "metrics")]
use super::metrics::Metrics;
use super::{Event, EventKind, SessionError, Verb};
use crate::secrets::SecretKeyError;
use crate::store::{Owner, SessionKey, StoreError};

type Hook = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// Knows who listens.
#[derive(Clone, Default)]
pub(crate) struct Observer {
    hooks: Vec<Hook>,
    fingerprints: Fingerprints,
    #[cfg(feature = "metrics")]
    metrics: Option<Arc<Metrics>>,
}

impl Observer {
    pub(crate) fn add_hook(&mut self, hook: impl Fn(&Event<'_>) + Send + Sync + 'static) {
        self.hooks.push(Arc::new(hook));
    }

    pub(crate) fn set_fingerprint_key(&mut self, secret: &[u8]) -> Result<(), SecretKeyError> {
        self.fingerprints = Fingerprints::keyed(secret)?;
        Ok(())
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn count(&mut self) {
        self.metrics = Some(Arc::new(Metrics::register()));
    }

    /// Tells everybody who listens what happened.
    pub(crate) fn tell(&self, kind: EventKind<'_>, key: Option<SessionKey>, owner: Option<&Owner>) {
        let event = Event { kind, key, owner, fingerprints: &self.fingerprints };
        log(&event);
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
                target: "session_core",
                "session_store",
                verb = verb.name(),
                session = key.and_then(|key| self.fingerprints.of(key)).map(tracing::field::display),
            )
        } else {
            Span::none()
        };
        #[cfg(feature = "metrics")]
        let began = self.metrics.as_ref().map(|_| tokio::time::Instant::now());
        let answer = deadline.limit(work).instrument(span).await.and_then(|done| done.map_err(Into::into));
        #[cfg(feature = "metrics")]
        if let (Some(metrics), Some(began)) = (&self.metrics, began) {
            metrics.operation(verb, answer.is_ok(), began.elapsed());
        }
        if let Err(error) = &answer {
            self.tell(EventKind::StoreFailed { verb, error }, key.copied(), None);
        }
        answer
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observer({} hooks)", self.hooks.len())
    }
}

/// Writes an event to the log. What is not listened to is neither formatted nor hashed.
fn log(event: &Event<'_>) {
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
    let verb = match kind {
        EventKind::StoreFailed { verb, .. } => Some(verb.name()),
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
                verb,
                error,
                removed,
                cookie,
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
        EventKind::UnknownFormat { .. } => log!(ERROR, "a session of a format that is not known here is left alone"),
        EventKind::Tampered { .. } => log!(ERROR, "a session's record is not what was sealed; it is refused, and kept"),
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
            log!(WARN, "a session was changed after its response had left, and never committed; the changes are lost")
        }
        EventKind::WrongType { .. } => log!(WARN, "a value of a session is of another type than was asked for"),
        EventKind::StoreFailed { .. } => log!(ERROR, "the session store failed"),
        // One failure is one line.
        EventKind::CloseFailed { error } if error.is_told() => {}
        EventKind::CloseFailed { .. } => log!(WARN, "session not closed"),
        EventKind::Swept { .. } => log!(DEBUG, "expired sessions removed"),
        EventKind::SweepPanicked => log!(ERROR, "the store panicked in a sweep; the next one tries again"),
    }
}
