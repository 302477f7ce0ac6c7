//! A server that is asked to stop, as the page `operating` has it.
#![cfg(all(unix, feature = "axum"))]

mod support;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use session_core::web::axum::SessionLayer;
use session_core::{Session, SessionError};
use support::{Browser, sessions, store};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// As the page has it.
async fn asked_to_stop() {
    let mut terminate = signal(SignalKind::terminate()).expect("a signal that can be listened to");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

async fn run(listener: TcpListener, app: Router) -> io::Result<()> {
    axum::serve(listener, app).with_graceful_shutdown(asked_to_stop()).await
}

/// A handler that waits: for the test to know that it has begun, and to let it end.
#[derive(Clone, Default)]
struct Gate {
    begun: Arc<Notify>,
    go: Arc<Notify>,
}

async fn slow(State(gate): State<Gate>, session: Session) -> Result<String, SessionError> {
    let n = session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    gate.begun.notify_one();
    gate.go.notified().await;
    Ok(format!("visit no. {n}"))
}

fn get_page(address: SocketAddr) -> io::Result<String> {
    let (mut stream, mut answer) = (TcpStream::connect(address)?, String::new());
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_at_sigterm_is_answered_and_stored_and_the_server_ends() {
    // From here on the signal ends no process by itself.
    let _heard = signal(SignalKind::terminate()).unwrap();
    let ((sessions, _), gate) = (sessions(store()), Gate::default());
    let routes = Router::new().route("/", get(slow)).with_state(gate.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(run(listener, routes.layer(SessionLayer::new(sessions.clone()))));
    let answer = tokio::task::spawn_blocking(move || get_page(address));
    gate.begun.notified().await;

    // Sent again until it takes no more connections: a signal that comes before it is listened to is nobody's.
    let terminate = format!("kill -TERM {}", std::process::id());
    let began = Instant::now();
    loop {
        assert!(Command::new("sh").args(["-c", &terminate]).status().unwrap().success());
        tokio::task::yield_now().await;
        if TcpStream::connect(address).is_err() {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it takes new visitors for ever");
    }
    assert!(!server.is_finished() && !answer.is_finished(), "somebody waits for an answer");
    gate.go.notify_one();
    let answer = answer.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("visit no. 1"), "{answer}");
    server.await.unwrap().unwrap();

    let set = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = set.split(';').next().unwrap();
    assert_eq!(Browser::with(cookie).read(&sessions, "n").await, Some(1));
}
