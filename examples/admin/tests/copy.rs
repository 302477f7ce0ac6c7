//! Copies while the app runs, is killed, cuts over, and loses nothing.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use session_conformance::servers::{MariaDb, Postgres, Redis};
use session_sql::session_core::{Handled, RequestHead, SessionStore, Sessions};
use session_sql::{MySqlStore, PostgresStore, SqliteStore};

use support::{Admin, in_time};

type Jar = Vec<(String, u64)>;

async fn sessions(url: &str) -> Sessions {
    with_store(url).await.0
}

/// Gives the store as well, to look behind.
async fn with_store(url: &str) -> (Sessions, SqliteStore) {
    let store = SqliteStore::from_url(url).unwrap();
    let sessions = Sessions::builder(Arc::new(store.clone()) as Arc<dyn SessionStore>).build().unwrap();
    sessions.init().await.unwrap();
    (sessions, store)
}

/// Makes a request that counts, and gives the cookie and the count.
async fn visit(sessions: &Sessions, cookie: Option<&str>, login: Option<&str>) -> (String, u64) {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies(cookie.map(str::as_bytes)));
    let session = lazy.load().await.unwrap();
    let count = session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).unwrap();
    if let Some(owner) = login {
        session.log_in(session_sql::session_core::Owner::new(owner).unwrap()).unwrap();
    }
    let closed = sessions.close(&lazy, Handled::Completed).await;
    closed.outcome.unwrap();
    let set = closed.set_cookie.and_then(|set| set.split(';').next().map(str::to_owned));
    (set.or_else(|| cookie.map(str::to_owned)).unwrap(), count)
}

async fn log_out(sessions: &Sessions, cookie: &str) {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies([cookie.as_bytes()]));
    lazy.load().await.unwrap().destroy();
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
}

/// Reads the count of a session; `None` if there is no session.
async fn count(sessions: &Sessions, cookie: &str) -> Option<u64> {
    sessions.open(RequestHead::new("POST").with_cookies([cookie.as_bytes()])).load().await.unwrap().get("n").unwrap()
}

/// Logs in, writes and logs out until told to stop; gives what it was told is stored, and who has logged out.
async fn load(sessions: Sessions, name: usize, stop: Arc<AtomicBool>, rounds: Arc<Mutex<u64>>) -> (Jar, Vec<String>) {
    let (mut jar, mut out): (Jar, _) = (Vec::new(), Vec::new());
    for round in 0_usize.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        match round % 4 {
            0 if jar.len() < 40 => {
                let (cookie, _) = visit(&sessions, None, None).await;
                jar.push(visit(&sessions, Some(&cookie), Some(&format!("user-{name}"))).await);
                // What it was before the login.
                out.push(cookie);
            }
            1 if jar.len() > 20 => {
                let (cookie, _) = jar.swap_remove(round % jar.len());
                log_out(&sessions, &cookie).await;
                out.push(cookie);
            }
            _ => {
                let at = round % jar.len();
                jar[at] = visit(&sessions, Some(&jar[at].0), None).await;
            }
        }
        *rounds.lock().unwrap() += 1;
    }
    (jar, out)
}

/// Copies from a file of SQLite to another store under load, with a kill midway, and cuts over.
async fn cut_over(admin: &Admin, to: &str, open: impl AsyncFn() -> Sessions) {
    admin.init(to).await;
    let from = admin.sqlite("from.db");
    let source = sessions(&from).await;
    let mut gone_before = Vec::new();
    for number in 0..300 {
        let owner = format!("user-{}", number % 7);
        gone_before.push(visit(&source, None, Some(&owner)).await.0);
    }
    let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(0)));
    let loads: Vec<_> =
        (0..3).map(|name| tokio::spawn(load(source.clone(), name, Arc::clone(&stop), Arc::clone(&rounds)))).collect();

    // Killed at several moments, of which most lie within a pass.
    for lines in [1, 3, 6] {
        let mut child = admin.start(&["copy", &from, to, "--batch", "7"]);
        let state = admin.path().join("session-copy.state");
        let before = std::fs::read_to_string(&state).unwrap_or_default().lines().count();
        in_time("the copy begins", || {
            std::fs::read_to_string(&state).is_ok_and(|text| text.lines().count() > before.min(2) + lines)
        })
        .await;
        child.kill().await.unwrap();
    }
    // What was copied by now ends at the source.
    for cookie in &gone_before[..100] {
        log_out(&source, cookie).await;
    }
    let mut follow = admin.start(&["copy", &from, to, "--follow", "0"]);
    let seen = *rounds.lock().unwrap();
    in_time("the load goes on", || *rounds.lock().unwrap() > seen + 100).await;
    stop.store(true, Ordering::SeqCst);
    let mut kept: Jar = Vec::new();
    let mut out = gone_before[..100].to_vec();
    for load in loads {
        let (jar, left) = load.await.unwrap();
        kept.extend(jar);
        out.extend(left);
    }
    follow.kill().await.unwrap();

    let settled = admin.run(&["copy", &from, to, "--until-settled", "--json"]).await;
    assert_eq!(settled.exit, 0, "{settled:?}");
    let verified = admin.run(&["verify", &from, to, "--json"]).await;
    assert_eq!(verified.exit, 0, "{verified:?}");
    assert!(verified.json()["result"]["same"].as_u64().unwrap() > 200, "{verified:?}");

    let target = open().await;
    assert!(kept.len() > 30 && out.len() > 110, "{} {}", kept.len(), out.len());
    for (cookie, stored) in &kept {
        assert_eq!(count(&target, cookie).await, Some(*stored));
    }
    for cookie in &gone_before[100..] {
        assert_eq!(count(&target, cookie).await, Some(1));
    }
    for cookie in &out {
        assert_eq!(count(&target, cookie).await, None);
    }

    // Who copies once more by mistake, when the app is on the new store, undoes nothing.
    let (cookie, stored) = visit(&target, Some(&kept[0].0), None).await;
    log_out(&target, &kept[1].0).await;
    let again = admin.run(&["copy", &from, to, "--json"]).await;
    assert_eq!((again.exit, &again.json()["result"]["foreign"]), (1, &json!(2)), "{again:?}");
    assert_eq!(count(&target, &cookie).await, Some(stored));
    assert_eq!(count(&target, &kept[1].0).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nobody_comes_back_from_sqlite_to_sqlite() {
    let admin = Admin::new();
    let to = admin.sqlite("to.db");
    cut_over(&admin, &to, async || sessions(&to).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nobody_comes_back_from_sqlite_to_redis() {
    let server = Redis::alone(&[]).await.unwrap_or_else(|error| panic!("{error}"));
    let admin = Admin::new();
    let open = async || {
        let store = session_redis::RedisStore::connect(server.url()).await.unwrap();
        Sessions::builder(store).build().unwrap()
    };
    cut_over(&admin, server.url(), open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nobody_comes_back_from_sqlite_to_postgresql() {
    let server = Postgres::alone(&[]).await.unwrap_or_else(|error| panic!("{error}"));
    let open = async || Sessions::builder(PostgresStore::from_url(server.url()).unwrap()).build().unwrap();
    cut_over(&Admin::new(), server.url(), open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nobody_comes_back_from_sqlite_to_mariadb() {
    let server = MariaDb::alone(&[]).await.unwrap_or_else(|error| panic!("{error}"));
    let open = async || Sessions::builder(MySqlStore::from_url(server.url()).unwrap()).build().unwrap();
    cut_over(&Admin::new(), server.url(), open).await;
}

#[tokio::test]
async fn a_line_of_the_state_that_was_cut_off_counts_for_nothing_and_one_that_is_wrong_is_refused() {
    let admin = Admin::new();
    let (from, to) = (admin.sqlite("from.db"), admin.sqlite("to.db"));
    let source = sessions(&from).await;
    admin.init(&to).await;
    let cookies = [visit(&source, None, None).await.0, visit(&source, None, None).await.0];
    assert_eq!(admin.run(&["copy", &from, &to]).await.exit, 0);

    let state = admin.path().join("session-copy.state");
    let whole = std::fs::read_to_string(&state).unwrap();
    let last = whole.lines().find(|line| line.starts_with("w ")).unwrap();
    for torn in 1..last.len() {
        std::fs::write(&state, format!("{whole}{}", &last[..torn])).unwrap();
        assert_eq!(admin.run(&["copy", &from, &to]).await.exit, 0, "{}", &last[..torn]);
    }
    let target = sessions(&to).await;
    for cookie in &cookies {
        assert_eq!(count(&target, cookie).await, Some(1));
    }

    std::fs::write(&state, format!("{whole}{}\n", &last[..last.len() / 2])).unwrap();
    let refused = admin.run(&["copy", &from, &to]).await;
    assert!(refused.exit == 64 && refused.stderr.contains("a line that is none of a copy's"), "{refused:?}");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_told_and_the_others_are_copied() {
    let admin = Admin::new();
    let (from, to) = (admin.sqlite("from.db"), admin.sqlite("to.db"));
    let (source, store) = with_store(&from).await;
    admin.init(&to).await;
    let mut cookies = Vec::new();
    for _ in 0..10 {
        cookies.push(visit(&source, None, None).await.0);
    }
    session_sql::sqlx::query("UPDATE sessions SET created_at = -1 WHERE rowid = (SELECT min(rowid) FROM sessions)")
        .execute(store.pool())
        .await
        .unwrap();
    let copied = admin.run(&["copy", &from, &to, "--json"]).await;
    let result = &copied.json()["result"];
    assert_eq!((copied.exit, &result["written"], &result["unreadable"]), (1, &json!(9), &json!(1)), "{copied:?}");
    assert!(copied.stderr.contains("cannot be read at the source"), "{copied:?}");
}

#[tokio::test]
async fn an_empty_source_is_taken_for_a_mistake() {
    let admin = Admin::new();
    let (from, to) = (admin.sqlite("from.db"), admin.sqlite("to.db"));
    let (source, store) = with_store(&from).await;
    admin.init(&to).await;
    let cookie = visit(&source, None, None).await.0;
    assert_eq!(admin.run(&["copy", &from, &to]).await.exit, 0);
    session_sql::sqlx::query("DELETE FROM sessions").execute(store.pool()).await.unwrap();
    let refused = admin.run(&["copy", &from, &to]).await;
    assert!(refused.exit == 64 && refused.stderr.contains("--empty-source"), "{refused:?}");
    let target = sessions(&to).await;
    assert_eq!(count(&target, &cookie).await, Some(1));
    assert_eq!(admin.run(&["copy", &from, &to, "--empty-source"]).await.exit, 0);
    assert_eq!(count(&target, &cookie).await, None);
}

#[tokio::test]
async fn a_store_in_use_is_copied_into_only_when_told_to() {
    let admin = Admin::new();
    let (from, to) = (admin.sqlite("from.db"), admin.sqlite("to.db"));
    let (source, target) = (sessions(&from).await, sessions(&to).await);
    visit(&source, None, None).await;
    let theirs = visit(&target, None, None).await.0;
    for _ in 0..2 {
        let refused = admin.run(&["copy", &from, &to]).await;
        assert!(refused.exit == 64 && refused.stderr.contains("--into-used"), "{refused:?}");
    }
    assert_eq!(admin.run(&["copy", &from, &to, "--into-used"]).await.exit, 0);
    assert_eq!(count(&target, &theirs).await, Some(1));
    // Only at the target is a difference.
    assert_eq!(admin.run(&["verify", &from, &to]).await.exit, 1);
}

#[tokio::test]
async fn what_a_copy_would_do_is_told_and_neither_store_nor_state_is_changed() {
    let admin = Admin::new();
    let (from, to) = (admin.sqlite("from.db"), admin.sqlite("to.db"));
    let (source, target) = (sessions(&from).await, with_store(&to).await);
    let mut cookies = Vec::new();
    for _ in 0..10 {
        cookies.push(visit(&source, None, None).await.0);
    }
    let would = async |figures: [u64; 5]| {
        let files = || {
            let names = std::fs::read_dir(admin.path()).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().contains("state")).collect::<Vec<_>>()
        };
        let state = || (files(), std::fs::read(admin.path().join("session-copy.state")).ok());
        let before = (state(), rows(&target.1).await);
        let told = admin.run(&["--json", "copy", &from, &to, "--batch", "3", "--dry-run"]).await;
        let result = &told.json()["result"];
        let names = ["seen", "to_write", "to_touch", "to_end", "foreign"];
        assert_eq!(names.map(|name| result[name].as_u64().unwrap()), figures, "{told:?}");
        assert_eq!(told.exit, i32::from(figures[4] > 0), "{told:?}");
        assert_eq!((state(), rows(&target.1).await), before, "nothing was changed");
    };
    would([10, 10, 0, 0, 0]).await;
    assert_eq!(admin.run(&["copy", &from, &to]).await.exit, 0);
    would([10, 0, 0, 0, 0]).await;
    // One is new, one has another count, one is gone without a trace, and one was used at the target.
    visit(&source, None, None).await;
    visit(&source, Some(&cookies[0]), None).await;
    let gone = "DELETE FROM sessions WHERE arrival = 10";
    session_sql::sqlx::query(gone).execute(with_store(&from).await.1.pool()).await.unwrap();
    visit(&target.0, Some(&cookies[1]), None).await;
    would([10, 2, 0, 1, 1]).await;
    let copied = admin.run(&["--json", "copy", &from, &to]).await;
    let result = &copied.json()["result"];
    assert_eq!((&result["written"], &result["ended"], &result["foreign"]), (&json!(2), &json!(1), &json!(1)));
    would([10, 0, 0, 0, 1]).await;
    for wrong in ["--follow", "--until-settled"] {
        assert_eq!(admin.run(&["copy", &from, &to, "--dry-run", wrong]).await.exit, 64);
    }
}

/// Gives what stands in a table, as far as it tells one state from another.
async fn rows(store: &SqliteStore) -> Vec<(i64, i64)> {
    let sql = "SELECT version, expires_at FROM sessions ORDER BY session_key";
    session_sql::sqlx::query_as(sql).fetch_all(store.pool()).await.unwrap()
}
