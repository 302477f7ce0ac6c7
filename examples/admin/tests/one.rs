//! Looks into one session, and changes it, and those of an owner.

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use session_sql::SqliteStore;
use session_sql::session_core::{Handled, Owner, RequestHead, Sealed, SecretKeys, Session, Sessions};

use support::Admin;

async fn sessions(url: &str) -> Sessions {
    let sessions = Sessions::builder(SqliteStore::from_url(url).unwrap()).build().unwrap();
    sessions.init().await.unwrap();
    sessions
}

/// Makes a request of the browser with this cookie, or of one without, and gives the session, and the cookie if it is set.
async fn visit(sessions: &Sessions, cookie: Option<&str>, change: impl Fn(&Session)) -> (Session, Option<String>) {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies(cookie.map(str::as_bytes)));
    let session = lazy.load().await.unwrap();
    change(&session);
    let closed = sessions.close(&lazy, Handled::Completed).await;
    closed.outcome.unwrap();
    (session, closed.set_cookie.and_then(|set| set.split(';').next().map(str::to_owned)))
}

/// Logs an owner in, with two values, and gives the session's key and cookie.
async fn log_in(sessions: &Sessions, owner: &str) -> (String, String) {
    let (session, cookie) = visit(sessions, None, |session| {
        session.insert("address", "7 Secret Street").unwrap();
        session.insert("role", "reader").unwrap();
        session.log_in(Owner::new(owner).unwrap()).unwrap();
    })
    .await;
    (session.session_key().unwrap().encode(), cookie.unwrap())
}

#[tokio::test]
async fn a_session_shows_its_values_to_who_asks_for_them_alone() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let (key, _) = log_in(&sessions(&url).await, "ann").await;
    for json in [&["--json"][..], &[]] {
        let run =
            async |arguments: &[&str]| admin.run(&[json, &["--store", &url, "get", &key], arguments].concat()).await;
        let shown = run(&[]).await;
        assert!(shown.exit == 0 && shown.stdout.contains("address") && shown.stdout.contains("ann"), "{shown:?}");
        assert!(!shown.stdout.contains("Secret Street") && !shown.stdout.contains("reader"), "{shown:?}");
        let shown = run(&["--values"]).await;
        assert!(shown.exit == 0 && shown.stdout.contains("7 Secret Street"), "{shown:?}");
    }
    let shown = admin.run(&["--json", "--store", &url, "get", &key, "--values"]).await.json();
    let result = &shown["result"];
    assert_eq!((&result["key"], &result["owner"]), (&json!(key), &json!("ann")));
    assert_eq!(result["names"], json!(["address", "role"]));
    assert_eq!(result["values"], json!({ "address": "7 Secret Street", "role": "reader" }));
    assert!(["created_at", "authenticated_at", "last_seen_at", "expires_at"].iter().all(|name| result[*name].is_u64()));

    let none = admin.run(&["--json", "--store", &url, "get", &"A".repeat(43)]).await;
    assert_eq!((none.exit, &none.json()["result"]["state"]), (1, &json!("absent")), "{none:?}");
    // Of another app.
    let none = admin.run(&["--json", "--store", &url, "get", &key, "--cookie", "shop"]).await;
    assert_eq!((none.exit, &none.json()["result"]["state"]), (1, &json!("other_app")), "{none:?}");
}

#[tokio::test]
async fn a_value_is_set_and_removed_in_one_session_or_in_all_of_an_owners() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let sessions = sessions(&url).await;
    let ((one, laptop), (_, phone), (_, bob)) =
        (log_in(&sessions, "ann").await, log_in(&sessions, "ann").await, log_in(&sessions, "bob").await);
    let run = async |arguments: &[&str]| {
        let done = admin.run(&[&["--json", "--store", &url], arguments].concat()).await;
        (done.exit, done.json()["result"]["changed"].clone())
    };
    let value =
        async |cookie: &str, name: &str| visit(&sessions, Some(cookie), |_| ()).await.0.get::<Value>(name).unwrap();

    assert_eq!(run(&["set", "--key", &one, "role", "\"editor\""]).await, (0, json!(1)));
    assert_eq!(value(&laptop, "role").await, Some(json!("editor")));
    assert_eq!(value(&phone, "role").await, Some(json!("reader")));
    assert_eq!(run(&["set", "--owner", "ann", "limits", r#"{"orders":-1.5,"countries":["de"]}"#]).await, (0, json!(2)));
    for cookie in [&laptop, &phone] {
        assert_eq!(value(cookie, "limits").await, Some(json!({ "orders": -1.5, "countries": ["de"] })));
    }
    assert_eq!(value(&bob, "limits").await, None);
    assert_eq!(run(&["unset", "--owner", "ann", "role"]).await, (0, json!(2)));
    assert_eq!(run(&["set", "--key", &one, "limits", "null"]).await, (0, json!(1)));
    for (cookie, name) in [(&laptop, "role"), (&phone, "role"), (&laptop, "limits")] {
        assert_eq!(value(cookie, name).await, None);
    }
    assert_eq!(value(&bob, "role").await, Some(json!("reader")));

    assert_eq!(run(&["set", "--owner", "nobody", "role", "1"]).await, (1, json!(0)));
    assert_eq!(run(&["unset", "--key", &"A".repeat(43), "role"]).await, (1, json!(0)));
    for wrong in
        [&["set", "--key", &one, "role", "s3cret"][..], &["set", "role", "1"], &["unset", "--key", "x", "role"]]
    {
        let refused = admin.run(&[&["--store", &url], wrong].concat()).await;
        assert!(refused.exit == 64 && !refused.stderr.contains("s3cret"), "{refused:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_for_want_of_a_key_is_told_and_not_taken_for_nothing() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let keys = SecretKeys::generate().unwrap().to_string();
    let sealed = Sealed::new(SecretKeys::parse(&keys).unwrap().sealing_keys()).unwrap();
    let store = Arc::new(SqliteStore::from_url(&url).unwrap());
    let sessions = Sessions::builder(store).codec(sealed).build().unwrap();
    sessions.init().await.unwrap();
    let (key, cookie) = log_in(&sessions, "ann").await;

    let blind = admin.run(&["--json", "--store", &url, "revoke", "--all"]).await;
    let figures = json!({ "found": 0, "revoked": 0, "unreadable": 1 });
    assert_eq!((blind.exit, &blind.json()["result"]), (1, &figures), "{blind:?}");
    assert_eq!(admin.run(&["--store", &url, "get", &key]).await.exit, 65);

    let with_keys = [("SESSION_SEALING_KEYS", &*keys)];
    let set = admin.run_with(&with_keys, &["--store", &url, "set", "--key", &key, "role", "\"editor\""]).await;
    assert_eq!(set.exit, 0, "{set:?}");
    let (session, _) = visit(&sessions, Some(&cookie), |_| ()).await;
    assert_eq!(session.get::<String>("role").unwrap().as_deref(), Some("editor"));
    let all = admin.run_with(&with_keys, &["--json", "--store", &url, "revoke", "--all"]).await;
    let figures = json!({ "found": 1, "revoked": 1, "unreadable": 0 });
    assert_eq!((all.exit, &all.json()["result"]), (0, &figures), "{all:?}");
    assert_eq!(visit(&sessions, Some(&cookie), |_| ()).await.0.owner(), None);
}
