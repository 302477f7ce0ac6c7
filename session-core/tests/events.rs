//! What logs, hooks and metrics are told.

mod support;

use std::sync::{Arc, Mutex};

use session_core::{
    CloseOutcome, Event, EventKind, Expiry, FailurePolicy, Fingerprint, FingerprintKey, Handled, Owner, SessionStore,
    Sessions,
};
use support::faulty::{Fault, Faulty};
use support::log::Log;
use support::{Browser, MINUTE, builder, count, store};

/// What a hook heard: the names of the events, the sessions' fingerprints, and the owners.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Told>>>);

type Told = (&'static str, Option<Fingerprint>, Option<Owner>);

impl Heard {
    fn hook(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let heard = self.clone();
        move |event| {
            heard.0.lock().unwrap().push((event.kind().name(), event.fingerprint(), event.owner().cloned()));
        }
    }

    fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn names(&self) -> Vec<&'static str> {
        self.take().into_iter().map(|(name, ..)| name).collect()
    }
}

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

#[tokio::test]
async fn a_login_that_meets_a_session_of_another_owner_tells_its_end() {
    let heard = Heard::default();
    let sessions = builder(store()).0.on_event(heard.hook()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let mut tab = browser.clone();
    // Its answer is lost, and the tab comes with the id from before.
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    heard.take();
    tab.request(&sessions, |session| session.log_in(Owner::new("bob").unwrap()).unwrap()).await;
    let told = heard.take();
    assert!(told.iter().any(|(name, _, owner)| *name == "destroyed" && *owner == Some(ann())), "{told:?}");
}

#[tokio::test]
async fn the_life_of_a_session_is_told_from_its_beginning_to_its_end() {
    let heard = Heard::default();
    let (builder, clock) = builder(store());
    let expiry = Expiry::default().with_idle(MINUTE * 20);
    let sessions = builder.on_event(heard.hook()).expiry(expiry).build().unwrap();
    let mut browser = Browser::default();

    browser.request(&sessions, count).await;
    assert_eq!(heard.names(), ["created"]);
    browser.read(&sessions, "n").await;
    browser.request(&sessions, count).await;
    assert_eq!(heard.names(), [""; 0], "neither reading nor writing is an event");

    let old = browser.clone();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let renewed = heard.take();
    assert_eq!((renewed[0].0, &renewed[0].2), ("renewed", &Some(ann())));
    assert!(!old.is_known(&sessions).await);
    assert_eq!(heard.names(), ["retired_id"]);

    browser.request(&sessions, |session| session.destroy()).await;
    let destroyed = heard.take();
    assert_eq!(destroyed, [("destroyed", renewed[0].1, Some(ann()))]);

    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    heard.take();
    assert_eq!(sessions.revoke_all(&ann(), None).await.unwrap(), 1);
    assert_eq!(heard.names(), ["revoked"]);

    let mut other = Browser::default();
    other.request(&sessions, count).await;
    clock.advance(MINUTE * 30);
    heard.take();
    assert!(!other.is_known(&sessions).await);
    assert_eq!(heard.names(), ["expired"]);
    assert_eq!(sessions.sweep().await.unwrap(), 3);
    assert_eq!(heard.names(), ["swept"]);
    assert!(!other.is_known(&sessions).await);
    assert_eq!(heard.names(), ["unknown_id"]);

    Browser::with("__Host-Http-session=no-id").is_known(&sessions).await;
    let mut both = old.clone();
    both.plant(&format!("{}; Path=/; Secure; HttpOnly; Partitioned", other.cookie().unwrap())).unwrap();
    both.is_known(&sessions).await;
    assert_eq!(heard.names(), ["malformed_cookie", "several_cookies", "retired_id", "unknown_id"]);
}

#[tokio::test]
async fn a_race_is_told_with_how_it_ended() {
    let heard = Heard::default();
    let sessions = builder(store()).0.on_event(heard.hook()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let slow = browser.open(&sessions);
    count(&slow.load().await.unwrap());
    browser.request(&sessions, count).await;
    heard.take();
    assert_eq!(sessions.close(&slow, Handled::Completed).await.outcome.unwrap(), CloseOutcome::Written);
    assert_eq!(heard.names(), ["conflict", "replayed"]);

    let slow = browser.open(&sessions);
    count(&slow.load().await.unwrap());
    browser.request(&sessions, |session| session.destroy()).await;
    heard.take();
    assert!(sessions.close(&slow, Handled::Completed).await.outcome.is_err());
    assert_eq!(heard.names(), ["conflict", "gone", "close_failed"]);
}

#[tokio::test]
async fn what_a_stream_never_commits_is_told_once_and_what_it_commits_is_not() {
    let heard = Heard::default();
    let sessions = builder(store()).0.on_event(heard.hook()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    heard.take();
    for commits in [true, false] {
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
        for _ in 0..3 {
            count(&session);
            if commits {
                session.commit().await.unwrap();
            }
        }
        let other = session.clone();
        drop((lazy, session));
        assert_eq!(heard.names(), [""; 0], "somebody may commit yet");
        drop(other);
        assert_eq!(heard.names(), if commits { &[][..] } else { &["changed_too_late"] });
    }
    assert_eq!(browser.read(&sessions, "n").await, Some(4));
}

#[tokio::test]
async fn a_failing_store_is_told_once_for_each_call() {
    let heard = Heard::default();
    let store = Faulty::new(store());
    let policy = FailurePolicy::Anonymous;
    let sessions = builder(store.clone()).0.on_failure(policy).on_event(heard.hook()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    heard.take();
    store.next("get", Fault::Down);
    assert!(!browser.is_known(&sessions).await);
    store.next("put", Fault::LostReply);
    browser.request(&sessions, count).await;
    assert_eq!(heard.names(), ["store_failed", "store_failed"]);
}

#[tokio::test]
async fn a_hook_that_panics_hurts_no_request_and_no_other_hook() {
    let heard = Heard::default();
    let (builder, _) = builder(store());
    let sessions = builder.on_event(|_| panic!("of the hook's own")).on_event(heard.hook()).build().unwrap();
    let mut browser = Browser::default();
    assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Created);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    assert_eq!(heard.names(), ["created"]);
}

#[tokio::test]
async fn processes_name_a_session_alike_if_they_share_a_key() {
    let store = store();
    let secrets = [[1; 32], [1; 32], [2; 32]];
    let [a, b, c] = secrets.map(|secret| {
        let heard = Heard::default();
        let builder =
            builder(store.clone()).0.fingerprint_key(FingerprintKey::new(secret).unwrap()).on_event(heard.hook());
        (builder.build().unwrap(), heard)
    });
    let mut browser = Browser::default();
    browser.request(&a.0, count).await;
    let first = a.1.take()[0].1;
    let key = browser.open(&a.0).load().await.unwrap().session_key().unwrap();
    assert!(store.delete(&key).await.unwrap());
    for ((sessions, heard), same) in [(b, true), (c, false)] {
        assert!(!browser.is_known(&sessions).await);
        assert_eq!(heard.take()[0].1 == first, same);
    }
}

#[tokio::test]
async fn unknown_ids_can_be_counted_per_source() {
    tokio::task_local!(static SOURCE: &'static str);
    let counts = Arc::new(Mutex::new(std::collections::BTreeMap::<&str, u32>::new()));
    let count = Arc::clone(&counts);
    let hook = move |event: &Event<'_>| {
        if let EventKind::UnknownId = event.kind() {
            *count.lock().unwrap().entry(SOURCE.get()).or_default() += 1;
        }
    };
    let sessions = builder(store()).0.on_event(hook).build().unwrap();
    let guess = |byte: char| Browser::with(&format!("__Host-Http-session={}A", String::from(byte).repeat(42)));
    for (source, byte) in [("192.0.2.1", 'a'), ("192.0.2.7", 'b'), ("192.0.2.7", 'c')] {
        assert!(!SOURCE.scope(source, guess(byte).is_known(&sessions)).await);
    }
    assert_eq!(*counts.lock().unwrap(), [("192.0.2.1", 1), ("192.0.2.7", 2)].into());
}

/// A log that is kept in memory.
async fn live_and_die(sessions: &Sessions) -> (String, String) {
    let mut browser = Browser::default();
    browser.request(sessions, |session| session.log_in(ann()).unwrap()).await;
    let key = browser.open(sessions).load().await.unwrap().session_key().unwrap();
    let id = browser.value("__Host-Http-session").unwrap();
    browser.request(sessions, |session| session.destroy()).await;
    let hex: String = key.as_bytes()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    (id, hex)
}

#[tokio::test]
async fn the_log_names_a_session_by_its_fingerprint_and_shows_no_id_no_key_and_no_owner() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .finish();
    let _listening = tracing::subscriber::set_default(subscriber);
    let heard = Heard::default();
    let sessions = builder(store()).0.on_event(heard.hook()).build().unwrap();
    let (id, key) = live_and_die(&sessions).await;
    let fingerprint = heard.take()[0].1.unwrap().to_string();

    let shown = log.text();
    for (event, told) in [("created", "session created"), ("destroyed", "session destroyed")] {
        let line = shown.lines().find(|line| line.contains(told)).unwrap_or_else(|| panic!("{told:?} in {shown}"));
        let fields = [format!("event=\"{event}\""), format!("session={fingerprint}")];
        assert!(line.contains("INFO") && fields.iter().all(|field| line.contains(field)), "{line}");
    }
    for verb in ["get", "put"] {
        let span = format!("db.operation.name=\"{verb}\" session={fingerprint}}}");
        assert!(shown.contains(&span), "{span} in {shown}");
    }
    for secret in [&id, &key, "ann"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn metrics_count_calls_errors_conflicts_and_sweeps_and_time_the_store() {
    use metrics_util::MetricKind;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let figures = recorder.snapshotter();
    let _listening = metrics::set_default_local_recorder(&recorder);
    let store = Faulty::new(store());
    let (builder, clock) = builder(store.clone());
    let sessions = builder.metrics().build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let slow = browser.open(&sessions);
    count(&slow.load().await.unwrap());
    browser.request(&sessions, count).await;
    assert!(sessions.close(&slow, Handled::Completed).await.outcome.is_ok());
    store.next("get", Fault::Down);
    assert!(browser.open(&sessions).load().await.is_err());
    clock.advance(MINUTE * 60 * 24 * 31);
    assert_eq!(sessions.sweep().await.unwrap(), 1);

    let figures = figures.snapshot().into_vec();
    let find = |kind, name: &str, labels: &[(&str, &str)]| {
        let has = |key: &metrics::Key| {
            key.name() == name
                && labels.iter().all(|(k, v)| key.labels().any(|label| (label.key(), label.value()) == (*k, *v)))
        };
        let found = figures.iter().find(|(key, ..)| key.kind() == kind && has(key.key()));
        found.unwrap_or_else(|| panic!("{name} {labels:?} is not among {figures:?}"))
    };
    let counter = |name, labels: &[_]| match find(MetricKind::Counter, name, labels) {
        (.., DebugValue::Counter(n)) => *n,
        other => panic!("{other:?}"),
    };
    let calls = |verb| counter("session_store_operations_total", &[("scope", "session"), ("verb", verb)]);
    assert_eq!([calls("get"), calls("put"), calls("sweep"), calls("scan")], [3, 4, 2, 0]);
    let errors = |verb, kind| counter("session_store_errors_total", &[("verb", verb), ("kind", kind)]);
    assert_eq!([errors("get", "unavailable"), errors("get", "timeout"), errors("put", "unavailable")], [1, 0, 0]);
    for (event, n) in
        [("tampered", 0), ("created", 1), ("conflict", 1), ("replayed", 1), ("store_failed", 1), ("swept", 1)]
    {
        assert_eq!(counter("session_events_total", &[("event", event)]), n, "{event}");
    }
    assert_eq!(counter("session_swept_total", &[]), 1);
    let (.., last) = find(MetricKind::Gauge, "session_last_sweep_timestamp_seconds", &[]);
    let now = support::START + MINUTE * 60 * 24 * 31;
    assert_eq!(*last, DebugValue::Gauge((now.as_millis() as f64 / 1_000.0).into()));
    for (key, unit, help, _) in &figures {
        let stands = unit.is_some() && help.as_ref().is_some_and(|help| help.len() > 40);
        assert!(stands, "{}: {help:?}", key.key().name());
    }
    match find(MetricKind::Histogram, "session_store_operation_seconds", &[("verb", "put")]) {
        (.., DebugValue::Histogram(times)) => assert_eq!(times.len(), 4),
        other => panic!("{other:?}"),
    }
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn two_sessions_of_one_process_are_told_apart_in_metrics_and_logs() {
    use metrics_util::debugging::DebuggingRecorder;
    use session_core::CookieConfig;

    let recorder = DebuggingRecorder::new();
    let _listening = metrics::set_default_local_recorder(&recorder);
    let log = Log::default();
    let _reading = log.listen();
    let store = store();
    let shop = builder(store.clone()).0.metrics().build().unwrap();
    let admin = builder(store).0.cookie(CookieConfig::new("admin")).metrics().build().unwrap();
    Browser::default().request(&shop, count).await;
    Browser::default().request(&admin, count).await;
    let figures = recorder.snapshotter().snapshot().into_vec();
    for scope in ["session", "admin"] {
        let is_it = |key: &metrics::Key| {
            let label = |name: &str, value: &str| key.labels().any(|it| (it.key(), it.value()) == (name, value));
            key.name() == "session_events_total" && label("scope", scope) && label("event", "created")
        };
        let found = figures.iter().find(|(key, ..)| is_it(key.key())).unwrap();
        assert!(matches!(found.3, metrics_util::debugging::DebugValue::Counter(1)), "{found:?}");
    }
    let told = log.lines("session created");
    assert!(!told[0].contains("scope=") && told[1].contains("scope=\"admin\""), "{told:?}");
}
