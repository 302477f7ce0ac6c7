//! What outlives the response's head.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rocket::local::asynchronous::Client;
use rocket::response::stream::{Event, EventStream, TextStream};
use rocket::tokio::io::AsyncReadExt;
use rocket::tokio::select;
use rocket::tokio::sync::broadcast::{Sender, channel};
use rocket::tokio::time::timeout;
use rocket::{State, get, routes};
use session_core::web::SignedIn;
use session_core::web::rocket::SessionFairing;
use session_core::{EventKind, Owner, Session, SessionError};

use crate::quiet;
use crate::support::{builder, store};

#[get("/login")]
fn log_in(session: Session) -> Result<(), SessionError> {
    session.log_in(Owner::new("ann")?)
}

#[get("/steps")]
fn steps(session: Session) -> TextStream![String] {
    TextStream! {
        for step in 1..=3 {
            let kept = session.insert("step", step).is_ok() && session.commit().await.is_ok();
            yield format!("{step} {kept} ");
        }
    }
}

#[get("/begun")]
fn begun(session: Session) -> Result<TextStream![String], SessionError> {
    session.insert("step", 0)?;
    Ok(steps(session))
}

#[get("/step")]
fn step(session: Session) -> Result<String, SessionError> {
    Ok(session.get::<u32>("step")?.unwrap_or_default().to_string())
}

#[get("/events")]
fn events(ann: SignedIn, news: &State<Sender<&'static str>>) -> EventStream![] {
    let mut news = news.subscribe();
    EventStream! {
        loop {
            let news = select! {
                () = ann.ended() => break,
                news = news.recv() => news,
            };
            let Ok(news) = news else { break };
            yield Event::data(news);
        }
    }
}

#[tokio::test]
async fn what_a_stream_commits_is_stored_without_a_word() {
    let warned = Arc::new(Mutex::new(0));
    let hook = Arc::clone(&warned);
    let sessions = builder(store()).0.on_event(move |event| {
        if matches!(event.kind(), EventKind::ChangedTooLate) {
            *hook.lock().unwrap() += 1;
        }
    });
    let app = quiet().attach(SessionFairing::new(sessions.build().unwrap()));
    let client = Client::tracked(app.mount("/", routes![steps, begun, step])).await.unwrap();
    // A new visitor has no session to commit to once the head has left.
    let told = client.get("/steps").dispatch().await.into_string().await.unwrap();
    assert_eq!(told, "1 false 2 false 3 false ");
    let told = client.get("/begun").dispatch().await.into_string().await.unwrap();
    assert_eq!(told, "1 true 2 true 3 true ");
    let seen = *warned.lock().unwrap();
    let told = client.get("/steps").dispatch().await.into_string().await.unwrap();
    assert_eq!((told.as_str(), *warned.lock().unwrap()), ("1 true 2 true 3 true ", seen));
    assert_eq!(client.get("/step").dispatch().await.into_string().await.unwrap(), "3");
}

#[tokio::test]
async fn events_end_when_the_session_does() {
    let sessions = builder(store()).0.look_every(Duration::from_millis(20)).build().unwrap();
    let (news, _) = channel(1);
    let app = quiet().attach(SessionFairing::new(sessions.clone())).manage(news.clone());
    let client = Client::tracked(app.mount("/", routes![log_in, events])).await.unwrap();
    client.get("/login").dispatch().await;
    let mut stream = client.get("/events").dispatch().await;
    news.send("here").unwrap();
    let mut first = [0; 10];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"data:here\n");
    sessions.revoke_all(&Owner::new("ann").unwrap(), None).await.unwrap();
    let mut rest = String::new();
    timeout(Duration::from_secs(30), stream.read_to_string(&mut rest)).await.expect("it ends").unwrap();
    assert_eq!(client.get("/events").dispatch().await.status().code, 401);
}
