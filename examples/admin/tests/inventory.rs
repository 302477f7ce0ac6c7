//! What is in a store, by age and by owner; what would be ended or removed; and the end of everything.

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use session_sql::SqliteStore;
use session_sql::session_core::{
    Clock, CookieConfig, Expiry, Handled, ManualClock, RequestHead, SessionStore, Sessions, SystemClock,
};

use support::{Admin, is_signed_in, log_in};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sets up an app whose clock is that far behind, so that what it makes is as old.
async fn app(url: &str, cookie: &str, ago: Duration, lifetime: Duration) -> Sessions {
    let store: Arc<dyn SessionStore> = Arc::new(SqliteStore::from_url(url).unwrap());
    let clock = ManualClock::new(SystemClock.now() - ago);
    let expiry = Expiry::default().with_idle(None).with_absolute(lifetime);
    let cookie = CookieConfig::new(cookie.to_owned());
    let sessions = Sessions::builder(store).cookie(cookie).clock(clock).expiry(expiry).build().unwrap();
    sessions.init().await.unwrap();
    sessions
}

async fn run(admin: &Admin, url: &str, arguments: &[&str]) -> (i32, Value) {
    let done = admin.run(&[&["--json", "--store", url], arguments].concat()).await;
    (done.exit, done.json()["result"].clone())
}

#[tokio::test]
async fn sessions_are_told_by_age_and_owners_by_name_and_number() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    for (ago, owners) in
        [(DAY * 2, &["ann", "anna"][..]), (DAY / 2, &["ann", "bob", "ann"]), (Duration::ZERO, &["zoe"])]
    {
        let sessions = app(&url, "session", ago, DAY * 30).await;
        for owner in owners {
            log_in(&sessions, owner).await;
        }
    }
    let (exit, ages) = run(&admin, &url, &["ages"]).await;
    let count = |seconds: u64| {
        let rows = ages["ages"].as_array().unwrap();
        rows.iter().find(|row| row["up_to_seconds"] == json!(seconds)).unwrap()["sessions"].clone()
    };
    assert_eq!((exit, &ages["live"]), (0, &json!(6)));
    assert_eq!([60, 86_400, 3 * 86_400, 7 * 86_400].map(count), [1, 3, 2, 0].map(|n| json!(n)), "{ages}");
    let (_, left) = run(&admin, &url, &["ages", "--by", "expires"]).await;
    assert_eq!(left["ages"].as_array().unwrap()[7]["sessions"], json!(6), "{left}");
    let table = admin.run(&["--store", &url, "ages", "--by", "seen"]).await;
    assert!(table.exit == 0 && table.stdout.contains('#'), "{table:?}");

    let owners = async |arguments: &[&str]| {
        let (exit, result) = run(&admin, &url, &[&["owners"], arguments].concat()).await;
        let names = result["owners"].as_array().unwrap().iter().map(|it| (it["owner"].clone(), it["sessions"].clone()));
        (exit, result["found"].clone(), names.collect::<Vec<_>>())
    };
    let told = |names: &[(&str, u64)]| names.iter().map(|(name, n)| (json!(name), json!(n))).collect::<Vec<_>>();
    assert_eq!(owners(&[]).await, (0, json!(4), told(&[("ann", 3), ("anna", 1), ("bob", 1), ("zoe", 1)])));
    assert_eq!(owners(&["--begin", "ann"]).await, (0, json!(2), told(&[("ann", 3), ("anna", 1)])));
    assert_eq!(owners(&["--at-least", "2"]).await, (0, json!(1), told(&[("ann", 3)])));
    assert_eq!(owners(&["--limit", "2"]).await, (0, json!(4), told(&[("ann", 3), ("anna", 1)])));
    assert_eq!(owners(&["--begin", "x"]).await, (1, json!(0), vec![]));
}

#[tokio::test]
async fn what_would_be_removed_is_counted_and_stays() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let old = app(&url, "session", DAY, DAY / 2).await;
    for _ in 0..600 {
        log_in(&old, "ann").await;
    }
    let sessions = app(&url, "session", Duration::ZERO, DAY).await;
    let (key, cookie) = log_in(&sessions, "ann").await;
    let (_, other) = log_in(&sessions, "ann").await;

    assert_eq!(run(&admin, &url, &["sweep", "--dry-run"]).await, (0, json!({ "found": 600, "removed": 0 })));
    let counted = run(&admin, &url, &["revoke", "--owner", "ann", "--except", &key, "--dry-run"]).await;
    assert_eq!(counted, (0, json!({ "found": 1, "revoked": 0 })));
    let counted = run(&admin, &url, &["unset", "--owner", "ann", "role", "--dry-run"]).await;
    assert_eq!(counted, (0, json!({ "found": 2, "changed": 0 })));
    assert_eq!(run(&admin, &url, &["unset", "--key", &key, "nothing", "--dry-run"]).await.0, 1);
    let counted = run(&admin, &url, &["revoke", "--everything", "--dry-run"]).await;
    assert_eq!(counted, (0, json!({ "found": 602, "removed": 0, "unreadable": 0 })));
    assert!(is_signed_in(&sessions, &cookie).await && is_signed_in(&sessions, &other).await);

    // With pauses it takes longer, and removes the same.
    assert_eq!(run(&admin, &url, &["sweep", "--batch", "100", "--pauses", "1"]).await, (0, json!({ "removed": 600 })));
    let (_, counted) = run(&admin, &url, &["count"]).await;
    assert_eq!((&counted["live"], &counted["expired"]), (&json!(2), &json!(0)), "{counted}");
}

#[tokio::test]
async fn everything_is_removed_or_what_began_before_a_day_whosever_it_is() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let mut cookies = Vec::new();
    for (ago, cookie) in
        [(DAY * 3, "session"), (DAY * 3, "shop"), (Duration::ZERO, "session"), (Duration::ZERO, "shop")]
    {
        let sessions = app(&url, cookie, ago, DAY * 30).await;
        let (_, set) = log_in(&sessions, "ann").await;
        cookies.push((sessions, set));
    }
    let store = SqliteStore::from_url(&url).unwrap();
    let damage =
        "INSERT INTO sessions SELECT NULL, randomblob(32), 1, payload, owner, -1, 1, 1, 1 FROM sessions LIMIT 1";
    session_sql::sqlx::query(damage).execute(store.pool()).await.unwrap();

    // A day, as people write it.
    let before = (SystemClock.now() - DAY).as_millis();
    let day = time::OffsetDateTime::from_unix_timestamp((before / 1_000).cast_signed()).unwrap().date().to_string();
    let (exit, result) = run(&admin, &url, &["revoke", "--everything", "--before", &day]).await;
    assert_eq!((exit, result), (1, json!({ "found": 2, "removed": 2, "unreadable": 1 })), "one has no time to go by");
    for (at, (sessions, cookie)) in cookies.iter().enumerate() {
        assert_eq!(is_signed_in(sessions, cookie).await, at >= 2, "{at}");
    }
    // A session that is being used meanwhile does not come back.
    let (sessions, cookie) = &cookies[2];
    let lazy = sessions.open(RequestHead::new("POST").with_cookies([cookie.as_bytes()]));
    let session = lazy.load().await.unwrap();
    session.insert("role", "editor").unwrap();
    let key = session.session_key().unwrap();
    let (exit, result) = run(&admin, &url, &["revoke", "--everything"]).await;
    assert_eq!((exit, result), (0, json!({ "found": 3, "removed": 3, "unreadable": 1 })));
    let _ = sessions.close(&lazy, Handled::Completed).await;
    assert_eq!(run(&admin, &url, &["check"]).await.1["empty"], json!(true));
    assert!(store.get(&key).await.unwrap().is_none());
}
