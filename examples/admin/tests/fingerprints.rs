//! From a line of a log to a session, and back; and how it is told why somebody was signed out.

mod support;

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use session_sql::SqliteStore;
use session_sql::session_core::{Handled, Owner, OwnerLimitAction, RequestHead, SecretKeys, SessionStore, Sessions};
use tracing::subscriber::DefaultGuard;

use support::{Admin, is_signed_in};

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens to all that is logged on this thread.
    fn listen(&self) -> DefaultGuard {
        let log = self.clone();
        let writer = move || log.clone();
        let format = tracing_subscriber::fmt().with_writer(writer).with_ansi(false);
        tracing::subscriber::set_default(format.with_max_level(tracing::Level::DEBUG).finish())
    }

    /// Gives the lines that have all of these in them, as `grep` would.
    fn lines(&self, with: &[&str]) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let has_all = |line: &&str| with.iter().all(|part| line.contains(part));
        text.lines().filter(has_all).map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sets up a server of the app, as the page for operators has it: one secret for all, and a line for each sign-in and end
/// that says whose it was.
fn server(url: &str, secret: &str) -> Sessions {
    let keys = SecretKeys::parse(secret).unwrap();
    Sessions::builder(Arc::new(SqliteStore::from_url(url).unwrap()) as Arc<dyn SessionStore>)
        .fingerprint_key(keys.fingerprint_keys().next().unwrap())
        .max_sessions_per_owner(2.try_into().unwrap(), OwnerLimitAction::EvictOldest)
        .on_event(|event| {
            if let (Some(owner), Some(session)) = (event.owner(), event.fingerprint()) {
                let event = event.kind().name();
                tracing::info!(target: "audit", event, owner = owner.as_str(), %session, "of an owner");
            }
        })
        .build()
        .unwrap()
}

/// Signs somebody in at a server, and gives the cookie.
async fn sign_in(sessions: &Sessions, cookie: Option<&str>, owner: &str) -> String {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies(cookie.map(str::as_bytes)));
    lazy.load().await.unwrap().log_in(Owner::new(owner).unwrap()).unwrap();
    let closed = sessions.close(&lazy, Handled::Completed).await;
    closed.outcome.unwrap();
    closed.set_cookie.unwrap().split(';').next().unwrap().to_owned()
}

/// Gives the field of a line.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("{name} in {line}"));
    rest.split(' ').next().unwrap_or_default().trim_matches('"')
}

#[tokio::test]
async fn a_line_of_the_log_leads_to_the_session_and_the_session_to_its_lines() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let (secret, log) = (SecretKeys::generate().unwrap().to_string(), Log::default());
    let _listening = log.listen();
    let (one, two) = (server(&url, &secret), server(&url, &secret));
    one.init().await.unwrap();
    let ann = sign_in(&one, None, "ann").await;
    sign_in(&two, None, "bob").await;

    let with_secret = [("SESSION_STORE", &*url), ("SESSION_FINGERPRINT_KEYS", &*secret)];
    let run = async |arguments: &[&str]| admin.run_with(&with_secret, &[&["--json"], arguments].concat()).await;
    // The last line about her, whichever server wrote it, and the session that is meant.
    let logged = log.lines(&["audit", "owner=\"ann\""]);
    let logged = field(logged.last().expect("there is one"), "session");
    for arguments in [&["find", logged][..], &["find", logged, "--owner", "ann"]] {
        let found = run(arguments).await;
        let found_one = &found.json()["result"]["found"][0];
        assert_eq!(
            (found.exit, &found_one["owner"], &found_one["state"]),
            (0, &json!("ann"), &json!("live")),
            "{found:?}"
        );
        let key = found_one["key"].as_str().unwrap().to_owned();
        // And back, by each command that shows a session.
        assert_eq!(run(&["fingerprint", &key]).await.json()["result"]["fingerprint"], json!(logged));
        assert_eq!(run(&["get", &key]).await.json()["result"]["fingerprint"], json!(logged));
        assert_eq!(run(&["list", "ann"]).await.json()["result"]["sessions"][0]["fingerprint"], json!(logged));
        assert!(admin.run_with(&with_secret, &["list", "--all"]).await.stdout.contains(logged));
    }
    assert_eq!(run(&["find", logged, "--owner", "bob"]).await.exit, 1);
    assert_eq!(run(&["find", "0123456789ab"]).await.exit, 1);
    assert_eq!(run(&["find", "ann"]).await.exit, 64);

    // A new secret in front, as keys are changed: what the old one wrote is still found.
    let both = format!("{},{secret}", *SecretKeys::generate().unwrap());
    let changed = [("SESSION_STORE", &*url), ("SESSION_FINGERPRINT_KEYS", &*both)];
    assert_eq!(admin.run_with(&changed, &["find", logged]).await.exit, 0);
    // Another secret, or none, leads nowhere, and the latter says so.
    let other = SecretKeys::generate().unwrap().to_string();
    let another = [("SESSION_STORE", &*url), ("SESSION_FINGERPRINT_KEYS", &*other)];
    assert_eq!(admin.run_with(&another, &["find", logged]).await.exit, 1);
    let none = admin.run_with(&with_secret[..1], &["find", logged]).await;
    assert!(none.exit == 64 && none.stderr.contains("SESSION_FINGERPRINT_KEYS"), "{none:?}");
    assert!(is_signed_in(&two, &ann).await);
}

/// "Why was ann signed out at 14:03?", as the page for operators answers it.
#[tokio::test]
async fn why_somebody_was_signed_out_is_told_by_the_logs_of_all_servers() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let (secret, log) = (SecretKeys::generate().unwrap().to_string(), Log::default());
    let _listening = log.listen();
    let (one, two) = (server(&url, &secret), server(&url, &secret));
    one.init().await.unwrap();
    let laptop = sign_in(&one, None, "ann").await;
    sign_in(&one, None, "bob").await;
    sign_in(&two, None, "ann").await;
    // It happens here, on another server than where she was: a third device, and two are allowed.
    sign_in(&two, None, "ann").await;
    assert!(!is_signed_in(&one, &laptop).await, "she is signed out, and asks why");

    // 1. What befell sessions of hers about that time, on all servers.
    let ends = |event: &str| log.lines(&["audit", "owner=\"ann\"", &format!("event=\"{event}\"")]);
    let hers: Vec<String> = log.lines(&["audit", "owner=\"ann\"", "evicted"]);
    assert_eq!((hers.len(), ends("destroyed").len(), ends("revoked").len()), (1, 0, 0), "{hers:?}");
    let session = field(&hers[0], "session");
    // 2. That session's own lines, from beginning to end, in the order of time: it says why, and that it was hers.
    let life = log.lines(&[&format!("session={session}")]);
    assert!(life.iter().any(|line| line.contains("session evicted, its owner has too many")), "{life:?}");
    assert!(life.iter().any(|line| line.contains("event=\"created\"")), "{life:?}");
    // 3. Her next request came with the id of a session that had ended, which is when she saw it.
    assert!(life.last().is_some_and(|line| line.contains("retired_id")), "{life:?}");
    // 4. What the store has of it, as long as it stands there; and what she has now.
    let with_secret = [("SESSION_STORE", &*url), ("SESSION_FINGERPRINT_KEYS", &*secret)];
    let found = admin.run_with(&with_secret, &["--json", "find", session]).await;
    assert_eq!(found.json()["result"]["found"][0]["state"], json!("retired"), "{found:?}");
    let has = admin.run_with(&with_secret, &["--json", "list", "ann"]).await;
    let has = has.json()["result"]["sessions"].as_array().unwrap().clone();
    assert!(has.len() == 2 && has.iter().all(|it| it["fingerprint"] != json!(session)), "{has:?}");

    // Had the tool ended it, the one who ran it was told by which name logs know it.
    let key = has[0]["key"].as_str().unwrap();
    let ended = admin.run_with(&with_secret, &["--json", "revoke", key]).await;
    assert_eq!(ended.json()["result"]["fingerprint"], has[0]["fingerprint"], "{ended:?}");
}
