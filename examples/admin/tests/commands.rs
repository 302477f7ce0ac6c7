//! What the other commands do, print, and end with.

mod support;

use std::sync::Arc;

use serde_json::json;
use session_sql::SqliteStore;
use session_sql::session_core::{Handled, Owner, RequestHead, SecretKeys, SessionKey, SessionStore, Sessions};

use support::Admin;

/// Logs an owner in, and gives the session's key.
async fn log_in(url: &str, cookie: &str, owner: &str) -> SessionKey {
    let store: Arc<dyn SessionStore> = Arc::new(SqliteStore::from_url(url).unwrap());
    let cookie = session_sql::session_core::CookieConfig::new(cookie.to_owned());
    let sessions = Sessions::builder(store).cookie(cookie).build().unwrap();
    sessions.init().await.unwrap();
    let lazy = sessions.open(RequestHead::new("POST"));
    let session = lazy.load().await.unwrap();
    session.log_in(Owner::new(owner).unwrap()).unwrap();
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    session.session_key().unwrap()
}

#[tokio::test]
async fn sessions_are_listed_and_revoked_one_and_all_but_one() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let run = async |arguments: &[&str]| admin.run(&[&["--json", "--store", &url], arguments].concat()).await;
    let one = log_in(&url, "session", "ann").await.encode();
    let kept = log_in(&url, "session", "ann").await.encode();
    let (other_app, bob) = (log_in(&url, "shop", "ann").await.encode(), log_in(&url, "session", "bob").await.encode());

    let listed = run(&["list", "ann"]).await;
    assert_eq!(listed.json()["result"]["sessions"].as_array().unwrap().len(), 3, "{listed:?}");
    for (times, exit) in [(1, 0), (0, 1)] {
        let revoked = run(&["revoke", &one]).await;
        assert_eq!((revoked.exit, &revoked.json()["result"]["revoked"]), (exit, &json!(times)), "{revoked:?}");
    }
    // Of another app's cookie: it would be taken for one to end.
    assert_eq!(run(&["revoke", "--owner", "ann", "--except", &other_app]).await.exit, 64);
    assert_eq!(run(&["revoke", "--owner", "ann", "--except", &kept]).await.json()["result"]["revoked"], 1);
    assert_eq!(run(&["list", "ann"]).await.json()["result"]["sessions"][0]["key"], json!(kept));
    assert_eq!(run(&["revoke", "--owner", "ann"]).await.json()["result"]["revoked"], 1);
    assert_eq!(run(&["list", "bob"]).await.json()["result"]["sessions"][0]["key"], json!(bob));

    let counted = run(&["count"]).await.json();
    let figures = ["live", "owned", "retired", "expired", "unreadable"].map(|name| counted["result"][name].clone());
    assert_eq!(figures, [1, 1, 3, 0, 0].map(|figure| json!(figure)), "{counted}");
    assert_eq!(run(&["sweep"]).await.json()["result"]["removed"], 0);
    assert_eq!(run(&["check"]).await.json()["result"]["scan"], true);
    let table = admin.run(&["--store", &url, "list", "bob"]).await;
    assert!(table.exit == 0 && table.stdout.contains(&bob), "{table:?}");
}

#[tokio::test]
async fn a_generated_key_is_one_that_apps_read() {
    let generated = Admin::new().run(&["key", "generate"]).await;
    assert!(generated.exit == 0 && SecretKeys::parse(&generated.stdout).is_ok());
}

#[tokio::test]
async fn what_cannot_work_is_refused_and_no_password_is_shown() {
    let admin = Admin::new();
    for (arguments, exit) in [
        (&["--store", "ets:", "count"][..], 69),
        (&["--store", "sqlite::memory:", "count"], 69),
        (&["count"], 64),
        (&["--store", "nosuch://ann:secret@localhost", "count"], 64),
        (&["count", "redis://ann:secret@localhost"], 64),
        (&["verify", "redis://ann:secret@localhost", "redis://ann:secret@localhost", "redis://ann:secret@x"], 64),
        (&["--store", "redis://ann:secret@localhost:x", "count"], 64),
        (&["--store", "sqlite://x.db", "--prefix", "shop", "count"], 66),
        (&["--store", "redis://localhost", "--table", "Shop", "count"], 64),
        (&["--store", "redis://localhost", "--table", "shop", "count"], 64),
    ] {
        for json in [&[][..], &["--json"]] {
            let refused = admin.run(&[arguments, json].concat()).await;
            assert_eq!(refused.exit, exit, "{refused:?}");
            let shown = format!("{}{}", refused.stdout, refused.stderr);
            assert!(!shown.is_empty() && !shown.contains("secret"), "{shown}");
            // Whatever is wrong, programs are told so in JSON.
            if !json.is_empty() {
                let told = refused.json();
                assert_eq!((&told["ok"], &told["exit"]), (&json!(false), &json!(exit)), "{refused:?}");
                assert!(told["error"].as_array().is_some_and(|said| !said.is_empty()), "{refused:?}");
            }
        }
    }
}
