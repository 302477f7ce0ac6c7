//! What the log of an operator says of a store that fails, in whatever format.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use session_core::{Handled, Session, StoreError};
use support::faulty::{Fault, Faulty};
use support::log::Log;
use support::wrapped::{Around, Wrapped};
use support::{Browser, MINUTE, builder, count, sessions, store};
use tokio::time::advance;

/// Fails while it is told to, of a cause that has a cause.
#[derive(Clone, Debug, Default)]
struct Outage(Arc<AtomicBool>);

impl Outage {
    fn is(&self, down: bool) {
        self.0.store(down, Ordering::Relaxed);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no answer from the server")]
struct NoAnswer(#[source] std::io::Error);

impl Around for Outage {
    async fn call<T: Send>(
        &self,
        _verb: &'static str,
        done: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if !self.0.load(Ordering::Relaxed) {
            return done.await;
        }
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
        Err(StoreError::Unavailable { store: "a store", source: NoAnswer(refused).into() })
    }
}

const WHY: &str = "the session store failed: a store: the backend is unavailable; nothing was done: no answer from the \
                   server: connection refused";

#[tokio::test]
async fn every_format_has_the_whole_chain_of_causes_and_its_kind() {
    for json in [true, false] {
        let (log, outage) = (Log::default(), Outage::default());
        let _listening = if json { log.listen_in_json() } else { log.listen() };
        let (sessions, _) = sessions(Wrapped::around(store(), outage.clone()));
        let mut browser = Browser::default();
        browser.request(&sessions, count).await;
        outage.is(true);
        assert!(browser.open(&sessions).load().await.is_err());
        if json {
            let told = log.objects("session_core");
            let told = &told.iter().find(|line| line["level"] == "ERROR").unwrap()["fields"];
            assert_eq!(
                (&told["error"], &told["kind"], &told["verb"]),
                (&WHY.into(), &"unavailable".into(), &"get".into())
            );
        } else {
            let told = log.lines("ERROR");
            assert!(told[0].contains(WHY) && told[0].contains("kind=\"unavailable\""), "{told:?}");
        }
    }
}

#[tokio::test]
async fn the_span_of_a_call_has_what_opentelemetry_asks_of_a_database_client() {
    let (log, faulty) = (Log::default(), Faulty::new(store()));
    let _listening = log.listen_in_json();
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    faulty.next("get", Fault::Down);
    assert!(browser.open(&sessions).load().await.is_err());
    let spans: Vec<Value> =
        log.objects("session_core::store").into_iter().map(|closed| closed["span"].clone()).collect();
    let [put, get] = &spans[..] else { panic!("{spans:?}") };
    for (span, verb) in [(put, "put"), (get, "get")] {
        assert_eq!(span["otel.kind"], "client");
        assert_eq!(span["otel.name"], format!("{verb} session"));
        assert_eq!(span["db.operation.name"], verb);
    }
    assert_eq!((&put["error.type"], &put["otel.status_code"]), (&Value::Null, &Value::Null));
    assert_eq!((&get["error.type"], &get["otel.status_code"]), (&"unavailable".into(), &"ERROR".into()));
}

/// Has each request of so many write to its session while the store is down.
async fn fail(sessions: &session_core::Sessions, browser: &Browser, requests: usize) {
    for _ in 0..requests {
        let lazy = browser.open(sessions);
        assert!(lazy.load().await.is_err());
        assert!(sessions.close(&lazy, Handled::Completed).await.set_cookie.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_at_once_then_every_ten_seconds_with_what_was_left_out() {
    let (log, outage) = (Log::default(), Outage::default());
    let _listening = log.listen_in_json();
    let (sessions, _) = sessions(Wrapped::around(store(), outage.clone()));
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    outage.is(true);
    for _ in 0..35 {
        fail(&sessions, &browser, 1_000).await;
        advance(Duration::from_secs(1)).await;
    }
    let lines = |level: &str| -> Vec<Value> {
        log.objects("session_core").into_iter().filter(|line| line["level"] == level).collect()
    };
    let left_out =
        |lines: &[Value]| lines.iter().map(|line| line["fields"]["left_out"].as_u64().unwrap_or(0)).sum::<u64>();
    let told = lines("ERROR");
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(left_out(&told), 3 * 9_999, "{told:?}");

    outage.is(false);
    browser.request(&sessions, count).await;
    assert!(lines("WARN").is_empty(), "it may fail again");
    advance(Duration::from_secs(10)).await;
    browser.request(&sessions, count).await;
    browser.request(&sessions, count).await;
    let owed = lines("WARN");
    assert_eq!(owed.len(), 1, "{owed:?}");
    assert_eq!(
        (&owed[0]["fields"]["event"], &owed[0]["fields"]["kind"]),
        (&"store_failed".into(), &"unavailable".into())
    );
    assert_eq!(left_out(&told) + left_out(&owed) + 4, 35_000, "each is told or counted");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_fails_is_one_line() {
    // The reply to its write is lost for as long as it tries.
    let (log, faulty) = (Log::default(), Faulty::new(store()));
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let _listening = log.listen();
    let lazy = browser.open(&sessions);
    let write: fn(&Session) = count;
    write(&lazy.load().await.unwrap());
    for _ in 0..1_000 {
        faulty.next("put", Fault::LostCall);
    }
    assert!(sessions.close(&lazy, Handled::Completed).await.outcome.is_err());
    assert!(faulty.calls().iter().filter(|call| **call == "put").count() > 10);
    assert_eq!(log.lines("session_core").len(), 1, "{log:?}");
}

#[tokio::test]
async fn a_session_that_was_last_seen_in_the_future_tells_that_clocks_are_apart() {
    let (log, store) = (Log::default(), store());
    let _listening = log.listen_in_json();
    let ((here, clock), (there, fast)) = (sessions(store.clone()), builder(store.clone()));
    fast.advance(MINUTE * 7);
    let there = there.build().unwrap();
    let mut browser = Browser::default();
    browser.request(&there, count).await;
    for _ in 0..3 {
        assert_eq!(browser.read(&here, "n").await, Some(1));
    }
    let told: Vec<_> = log.objects("session_core").into_iter().filter(|line| line["level"] == "WARN").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["fields"]["event"], &told[0]["fields"]["seconds"]), (&"clock_skew".into(), &420.into()));
    // Ordinary differences are no news.
    clock.advance(MINUTE * 6 + Duration::from_secs(30));
    browser.read(&here, "n").await;
    let again = log.objects("session_core").into_iter().filter(|line| line["level"] == "WARN").count();
    assert_eq!(again, 1);
}
