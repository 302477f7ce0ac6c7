//! Every line that the page for operators tells somebody to run is run, each block on a deployment of its own.

mod support;

use std::time::Duration;

use session_sql::SqliteStore;
use session_sql::session_core::{Clock, FingerprintKey, SecretKeys, SessionKey, Sessions, SystemClock};

use support::{Admin, log_in};

const PAGE: &str = include_str!("../../../session-core/docs/questions.md");

#[tokio::test]
async fn each_line_of_the_page_does_what_it_is_there_for() {
    let blocks: Vec<_> = PAGE.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 8, "{} blocks", blocks.len());
    let secret = SecretKeys::generate().unwrap().to_string();
    let names: FingerprintKey = SecretKeys::parse(&secret).unwrap().fingerprint_keys().next().unwrap();
    for block in blocks {
        let admin = Admin::new();
        let (url, other) = (admin.sqlite("sessions.db"), admin.sqlite("other.db"));
        let sessions = Sessions::builder(SqliteStore::from_url(&url).unwrap()).build().unwrap();
        sessions.init().await.unwrap();
        let (key, _) = log_in(&sessions, "ann").await;
        for owner in ["ann", "bob"] {
            log_in(&sessions, owner).await;
        }
        let name = names.fingerprint(&SessionKey::parse(key.as_bytes()).unwrap()).to_string();
        let time = (SystemClock.now() + Duration::from_secs(1)).as_millis().to_string();
        let variables = [
            ("SESSION_STORE", &*url),
            ("SESSION_FINGERPRINT_KEYS", &*secret),
            ("KEY", &*key),
            ("NAME", &*name),
            ("OTHER", &*other),
            ("TIME", &*time),
        ];
        let script = format!("set -eu\nexample-admin() {{ \"$ADMIN\" \"$@\"; }}\n{block}");
        let done = admin.shell(&variables, &script).await;
        assert_eq!(done.exit, 0, "{block}{done:?}");
        // What is to change something has.
        let left = admin.run(&["--json", "--store", &url, "count"]).await.json()["result"]["live"].clone();
        let expected = match block {
            block if block.contains("--all") || block.contains("--everything") => 0,
            block if block.contains("--except") => 1,
            _ => 3,
        };
        assert_eq!(left, expected, "{block}{done:?}");
    }
}
