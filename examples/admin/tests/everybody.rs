//! Lists everybody's sessions, and ends them while others log in.

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use session_conformance::servers::Redis;
use session_redis::RedisStore;
use session_sql::SqliteStore;
use session_sql::session_core::{Clock, Handled, Owner, RequestHead, Sessions, SystemClock, Timestamp};
use tokio::task::JoinSet;

use support::{Admin, in_time};

/// How many sessions there are before anybody is thrown out.
const SESSIONS: usize = 3_000;

/// Makes a request of the browser with this cookie, or of one without, logs it in, and gives the cookie that it has then.
async fn log_in(sessions: &Sessions, cookie: Option<&str>, owner: &str) -> String {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies(cookie.map(str::as_bytes)));
    lazy.load().await.unwrap().log_in(Owner::new(owner).unwrap()).unwrap();
    let closed = sessions.close(&lazy, Handled::Completed).await;
    closed.outcome.unwrap();
    closed.set_cookie.unwrap().split(';').next().unwrap().to_owned()
}

/// Gives the session a new id, as is done every so often; `None` if it has ended.
async fn renew(sessions: &Sessions, cookie: &str) -> Option<String> {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies([cookie.as_bytes()]));
    let session = lazy.load().await.unwrap();
    session.owner()?;
    session.renew().unwrap();
    let closed = sessions.close(&lazy, Handled::Completed).await;
    closed.set_cookie?.split(';').next().map(str::to_owned)
}

async fn is_signed_in(sessions: &Sessions, cookie: &str) -> bool {
    let lazy = sessions.open(RequestHead::new("GET").with_cookies([cookie.as_bytes()]));
    lazy.load().await.unwrap().owner().is_some()
}

async fn fill(sessions: &Sessions) -> Vec<String> {
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let sessions = sessions.clone();
        tasks.spawn(async move {
            let mut cookies = Vec::new();
            for n in 0..SESSIONS / 8 {
                cookies.push(log_in(&sessions, None, &format!("user-{task}-{}", n % 100)).await);
            }
            cookies
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// Waits until the clock shows another millisecond.
async fn next_millisecond() -> Timestamp {
    let now = SystemClock.now();
    in_time("the next millisecond", || SystemClock.now() > now).await;
    SystemClock.now()
}

/// Ends everybody's sessions from before a time, killed once on its way, while others log in and ids are renewed.
async fn all_from_before_are_ended(url: &str, sessions: Sessions) {
    let admin = Admin::new();
    sessions.init().await.unwrap();
    let mut old = fill(&sessions).await;
    let before = next_millisecond().await.as_millis().to_string();
    let run = async |arguments: &[&str]| {
        let begin = ["--json", "--store", url, "revoke", "--all", "--before", &before];
        admin.run(&[&begin, arguments].concat()).await
    };

    let counted = run(&["--dry-run"]).await;
    let figures = json!({ "found": SESSIONS, "revoked": 0, "unreadable": 0 });
    assert_eq!((counted.exit, &counted.json()["result"]), (0, &figures), "{counted:?}");
    assert!(is_signed_in(&sessions, &old[0]).await, "nobody was ended");

    let (stop, logins) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let newcomers = {
        let (sessions, stop, logins) = (sessions.clone(), Arc::clone(&stop), Arc::clone(&logins));
        tokio::spawn(async move {
            let mut cookies = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                // Users whose old sessions are ended meanwhile.
                cookies.push(log_in(&sessions, None, &format!("user-{}-1", cookies.len() % 8)).await);
                logins.fetch_add(1, Ordering::SeqCst);
                // A busy site, but SQLite has one writer, and this is not to be the only one.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            cookies
        })
    };
    let renewing = {
        let (sessions, stop, mine) = (sessions.clone(), Arc::clone(&stop), old.split_off(SESSIONS - 20));
        tokio::spawn(async move {
            let (mut seen, mut mine): (Vec<String>, Vec<String>) = (mine.clone(), mine);
            while !stop.load(Ordering::SeqCst) {
                for cookie in &mut mine {
                    if let Some(renewed) = renew(&sessions, cookie).await {
                        seen.push(renewed.clone());
                        *cookie = renewed;
                    }
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            seen
        })
    };

    in_time("others log in", || logins.load(Ordering::SeqCst) > 20).await;
    let begin = ["--store", url, "revoke", "--all", "--before", &before];
    let mut child = admin.start(&begin);
    let seen = logins.load(Ordering::SeqCst);
    in_time("it is under way", || logins.load(Ordering::SeqCst) > seen + 20).await;
    child.kill().await.unwrap();
    let walked = run(&[]).await;
    assert_eq!((walked.exit, &walked.json()["result"]["unreadable"]), (0, &json!(0)), "{walked:?}");
    let found = walked.json()["result"]["found"].as_u64().unwrap();
    assert!(walked.json()["result"]["revoked"].as_u64().unwrap() <= found, "{walked:?}");
    stop.store(true, Ordering::SeqCst);
    old.extend(renewing.await.unwrap());
    for cookie in &old {
        assert!(!is_signed_in(&sessions, cookie).await);
    }
    let new = newcomers.await.unwrap();
    for cookie in &new {
        assert!(is_signed_in(&sessions, cookie).await, "they came after that time");
    }
    // The first has found all that was left, so there is none to find, now that nobody renews.
    let figures = json!({ "found": 0, "revoked": 0, "unreadable": 0 });
    assert_eq!(run(&[]).await.json()["result"], figures);

    // Everybody out, whoever they are.
    let all = admin.run(&["--json", "--store", url, "revoke", "--all"]).await;
    assert_eq!((all.exit, &all.json()["result"]["revoked"]), (0, &json!(new.len())), "{all:?}");
    assert!(!is_signed_in(&sessions, &new[0]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_from_before_are_ended_in_sqlite_and_nobody_who_comes_meanwhile() {
    let file = Admin::new();
    let url = file.sqlite("sessions.db");
    let sessions = Sessions::builder(SqliteStore::from_url(&url).unwrap()).build().unwrap();
    all_from_before_are_ended(&url, sessions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_from_before_are_ended_in_redis_and_nobody_who_comes_meanwhile() {
    let server = Redis::alone(&[]).await.unwrap_or_else(|error| panic!("{error}"));
    let sessions = Sessions::builder(RedisStore::connect(server.url()).await.unwrap()).build().unwrap();
    all_from_before_are_ended(server.url(), sessions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_listed_at_once_or_a_page_after_the_other() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let sessions = Sessions::builder(SqliteStore::from_url(&url).unwrap()).build().unwrap();
    sessions.init().await.unwrap();
    let cookies = fill(&sessions).await;
    let keys = |lines: &str| -> Vec<String> {
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| Some(line["session"]["key"].as_str()?.to_owned())).collect()
    };
    let listed = admin.run(&["--json", "--store", &url, "list", "--all"]).await;
    let all = keys(&listed.stdout);
    assert_eq!(listed.json()["result"], json!({ "listed": SESSIONS, "next": null }));
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), cookies.len());

    let (mut paged, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        // As one word, since a cursor may begin with a hyphen.
        let after_it = after.map(|after| format!("--after={after}"));
        let begin = ["--json", "--store", &url, "list", "--all", "--limit", "700"];
        let listed = admin.run(&begin.iter().copied().chain(after_it.as_deref()).collect::<Vec<_>>()).await;
        assert!(keys(&listed.stdout).len() <= 700, "{}", keys(&listed.stdout).len());
        paged.extend(keys(&listed.stdout));
        match listed.json()["result"]["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let table = admin.run(&["--store", &url, "list", "--all", "--limit", "2"]).await;
    assert!(table.exit == 0 && all[..2].iter().all(|key| table.stdout.contains(key)), "{table:?}");
}
