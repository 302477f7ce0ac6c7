//! What is told before the application is launched.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket, Route, get, routes};
use session_core::web::rocket::SessionFairing;
use session_core::web::{SessionOf, SignedIn, SignedInWithin};
use session_core::{CookieConfig, LazySession, Owner, Session};

use crate::adapter::Shop;
use crate::quiet;
use crate::support::{builder, sessions, store};

#[get("/session")]
fn session(_session: Session) {}

#[get("/lazy")]
fn lazy(_session: LazySession) {}

#[get("/option")]
fn option(_session: Option<Session>) {}

#[get("/signed-in")]
fn signed_in(_somebody: SignedIn) {}

#[get("/lately")]
fn lately(_somebody: SignedInWithin<60>) {}

#[get("/of-shop")]
fn of_shop(_session: SessionOf<Shop>) {}

#[get("/nothing")]
fn nothing() {}

#[get("/owner")]
fn owner(_owner: Owner) {}

/// Launches it, and gives the guards that aborted that.
async fn aborted(app: Rocket<Build>) -> Vec<&'static str> {
    match Client::untracked(app).await {
        Ok(_) => Vec::new(),
        Err(error) => match error.kind() {
            ErrorKind::SentinelAborts(aborted) => aborted.iter().map(|sentry| sentry.type_name).collect(),
            other => panic!("{other}"),
        },
    }
}

#[tokio::test]
async fn a_route_that_asks_for_a_session_does_not_launch_without_its_fairing() {
    let all: [(Vec<Route>, &str); 6] = [
        (routes![session], "Session"),
        (routes![lazy], "LazySession"),
        (routes![option], "Session>"),
        (routes![signed_in], "SignedIn"),
        (routes![lately], "SignedInWithin<60>"),
        (routes![of_shop], "Shop>"),
    ];
    for (routes, guard) in all {
        let told = aborted(quiet().mount("/", routes.clone())).await;
        assert!(told.len() == 1 && told[0].ends_with(guard), "{guard}: {told:?}");
        let shop = builder(store()).0.named::<Shop>().build().unwrap();
        let app = quiet().mount("/", routes).attach(SessionFairing::new(shop));
        assert!(aborted(app).await.is_empty(), "{guard}");
    }
}

/// A log that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_is_told_what_is_to_be_attached() {
    let log = Log::default();
    let told = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || log.clone()).finish();
    let _here = tracing::subscriber::set_default(subscriber);
    assert_eq!(aborted(quiet().mount("/", routes![session, of_shop])).await.len(), 2);
    let told = String::from_utf8(told.0.lock().unwrap().clone()).unwrap();
    assert!(told.contains("Session`, but the route has no `SessionFairing`"), "{told}");
    assert!(told.contains("no session of the name `rocket::adapter::Shop`"), "{told}");
}

#[tokio::test]
async fn a_session_of_another_name_is_not_the_one_that_is_asked_for() {
    let (unnamed, _) = sessions(store());
    let app = quiet().mount("/", routes![session, of_shop]).attach(SessionFairing::new(unnamed));
    assert_eq!(aborted(app).await.len(), 1);
}

#[tokio::test]
async fn fairings_that_are_attached_at_ignition_count() {
    let stage = AdHoc::on_ignite("Sessions", |rocket| async {
        let admin = builder(store()).0.cookie(CookieConfig::new("admin")).build().unwrap();
        let shop = builder(store()).0.named::<Shop>().build().unwrap();
        rocket.attach(SessionFairing::new(admin)).attach(SessionFairing::new(shop))
    });
    let app = quiet().mount("/", routes![session, of_shop, option]).attach(stage);
    assert!(aborted(app).await.is_empty());
}

#[tokio::test]
async fn what_asks_for_no_session_needs_no_fairing() {
    assert!(aborted(quiet().mount("/", routes![nothing])).await.is_empty());
    // An owner may be shown by what has no sessions; as a guard without a fairing it is a 500.
    let client = Client::untracked(quiet().mount("/", routes![owner])).await.unwrap();
    assert_eq!(client.get("/owner").dispatch().await.status().code, 500);
}
