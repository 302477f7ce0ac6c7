//! Starting before the store is there, and telling whether it is.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::{Causes, SessionError, StoreError};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};
use tokio::time::{Instant, advance};

/// Lets all tasks run that can, and no time pass.
async fn all_is_done() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_init_that_fails_says_why_and_is_not_tried_again() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    faulty.next("init", Fault::Down);
    let error = sessions.init().await.unwrap_err();
    assert_eq!(error.kind(), "unavailable");
    assert!(Causes(&error).to_string().contains("connection refused"), "{error:?}");
    advance(Duration::from_secs(60)).await;
    all_is_done().await;
    assert_eq!(faulty.calls(), ["init"]);
    sessions.init().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn init_in_the_background_is_tried_until_it_succeeds() {
    let faulty = Faulty::new(store());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let names = Arc::clone(&heard);
    let (builder, _) = builder(faulty.clone());
    let sessions = builder.on_event(move |event| names.lock().unwrap().push(event.kind().name())).build().unwrap();
    for fault in [Fault::Down, Fault::Hang, Fault::Down, Fault::Down, Fault::Down, Fault::Down, Fault::Down] {
        faulty.next("init", fault);
    }
    sessions.init_in_background();
    all_is_done().await;
    assert_eq!(faulty.calls(), ["init"]);
    // A request comes meanwhile; it is the store that says whether it can be answered.
    Browser::default().request(&sessions, count).await;
    let began = Instant::now();
    while !heard.lock().unwrap().contains(&"ready") {
        advance(Duration::from_millis(50)).await;
        all_is_done().await;
        assert!(began.elapsed() < Duration::from_secs(60), "it was given up");
    }
    assert_eq!(faulty.calls().iter().filter(|call| **call == "init").count(), 7);
    advance(Duration::from_secs(60)).await;
    all_is_done().await;
    assert!(faulty.calls().is_empty(), "it is done");
}

#[tokio::test(start_paused = true)]
async fn init_in_the_background_ends_with_the_sessions() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    for _ in 0..1_000 {
        faulty.next("init", Fault::Down);
    }
    sessions.init_in_background();
    all_is_done().await;
    drop(sessions);
    faulty.calls();
    advance(Duration::from_secs(600)).await;
    all_is_done().await;
    assert!(faulty.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_is_ready_that_answers_within_the_time() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let within = Duration::from_secs(1);
    sessions.ready(within).await.unwrap();
    assert_eq!(faulty.calls(), ["get"], "it changes nothing");
    faulty.next("get", Fault::Down);
    let down = sessions.ready(within).await.unwrap_err();
    assert!(matches!(down, SessionError::Store(StoreError::Unavailable { .. })));
    faulty.next("get", Fault::Hang);
    let began = Instant::now();
    let hangs = sessions.ready(within).await.unwrap_err();
    assert_eq!((hangs.kind(), hangs.http_status(), began.elapsed()), ("timeout", 503, within));
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn a_check_of_health_is_mounted_in_one_line() {
    use axum::{Router, body::Body, routing::get};
    use http::Request;
    use tower::ServiceExt;

    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let app: Router = Router::new().route("/ready", get(async move || sessions.ready(Duration::from_secs(1)).await));
    for (fault, status) in [(Fault::No, 200), (Fault::Down, 503), (Fault::No, 200)] {
        faulty.next("get", fault);
        let request = Request::get("/ready").body(Body::empty()).unwrap();
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), status);
    }
}
