//! An operator's session on a deployment that has its own prefix, table or schema, which the tool is told by flags, by the
//! environment and by the app's file.

mod support;

use std::sync::Arc;

use serde_json::json;
use session_conformance::servers::{MariaDb, Postgres, Redis};
use session_redis::{RedisConfig, RedisStore};
use session_sql::session_core::{Eviction, SessionStore, Sessions};
use session_sql::{MySqlStore, PostgresStore, SqlConfig, SqliteStore};

use support::{Admin, is_signed_in, log_in};

/// Goes through what an operator does on a day, on the app's store; `place` is how the app sets it up, and `elsewhere` what
/// it comes to where that is not told.
async fn a_day(url: &str, place: &[(&str, &str)], elsewhere: i32, open: impl AsyncFn() -> Arc<dyn SessionStore>) {
    let admin = Admin::new();
    let flag = |name: &str| format!("--{}", name.trim_start_matches("SESSION_").to_lowercase().replace('_', "-"));
    let flags: Vec<String> = place.iter().flat_map(|(name, value)| [flag(name), (*value).to_owned()]).collect();
    let by_flags = async |arguments: &[&str]| {
        let flags = flags.iter().map(String::as_str);
        let all: Vec<_> =
            ["--json", "--store", url].into_iter().chain(flags).chain(arguments.iter().copied()).collect();
        admin.run(&all).await
    };
    let of_app = [&[("SESSION_STORE", url)], place].concat();

    // Before there is anything, nobody says that all is well, and nothing comes of asking.
    let made = by_flags(&["init"]).await;
    assert_eq!(made.exit, 0, "{made:?}");
    for arguments in [&["list", "ann"][..], &["revoke", "--owner", "ann"], &["get", &"A".repeat(43)]] {
        let nothing = by_flags(arguments).await;
        assert_eq!((nothing.exit, &nothing.json()["kind"]), (66, &json!("missing")), "{nothing:?}");
    }

    let sessions = Sessions::builder(open().await).build().unwrap();
    sessions.init().await.unwrap();
    let (one, laptop) = log_in(&sessions, "ann").await;
    let (_, phone) = log_in(&sessions, "ann").await;
    let (_, bob) = log_in(&sessions, "bob").await;

    // By the environment.
    let listed = admin.run_with(&of_app, &["--json", "list", "ann"]).await;
    assert_eq!(listed.json()["result"]["sessions"].as_array().map(Vec::len), Some(2), "{listed:?}");
    // By the app's file.
    let lines: String = of_app.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    std::fs::write(admin.path().join("app.env"), format!("# the app's\nPORT=80\n{lines}")).unwrap();
    let checked = admin.run(&["--settings", "app.env", "--json", "check"]).await;
    assert_eq!((checked.exit, &checked.json()["result"]["empty"]), (0, &json!(false)), "{checked:?}");
    // Where the app has nothing: not one of the three is taken for a store without sessions.
    let missed = admin.run(&["--json", "--store", url, "revoke", "--owner", "ann"]).await;
    assert_eq!(missed.exit, elsewhere, "{missed:?}");
    // Somebody who has nothing is another matter.
    let nobody = by_flags(&["list", "carol"]).await;
    assert_eq!((nobody.exit, &nobody.json()["result"]["sessions"]), (1, &json!([])), "{nobody:?}");

    let counted = by_flags(&["count"]).await;
    assert_eq!(counted.json()["result"]["live"], json!(3), "{counted:?}");
    let owners = by_flags(&["owners"]).await;
    let expected = json!([{ "owner": "ann", "sessions": 2 }, { "owner": "bob", "sessions": 1 }]);
    assert_eq!(owners.json()["result"]["owners"], expected, "{owners:?}");
    let shown = by_flags(&["get", &one]).await;
    assert_eq!((&shown.json()["result"]["owner"], &shown.json()["result"]["state"]), (&json!("ann"), &json!("live")));

    let counted = by_flags(&["revoke", &one, "--dry-run"]).await;
    assert_eq!(counted.json()["result"], json!({ "found": 1, "revoked": 0 }), "{counted:?}");
    assert!(is_signed_in(&sessions, &laptop).await);
    assert_eq!(by_flags(&["revoke", &one]).await.exit, 0);
    assert!(!is_signed_in(&sessions, &laptop).await && is_signed_in(&sessions, &phone).await);
    assert_eq!(by_flags(&["revoke", "--owner", "ann"]).await.json()["result"]["revoked"], json!(1));
    assert!(!is_signed_in(&sessions, &phone).await && is_signed_in(&sessions, &bob).await);
    let all = admin.run(&["--settings", "app.env", "--json", "revoke", "--all"]).await;
    assert_eq!((all.exit, &all.json()["result"]["revoked"]), (0, &json!(1)), "{all:?}");
    assert!(!is_signed_in(&sessions, &bob).await);
}

#[tokio::test]
async fn a_day_on_sqlite_with_a_table_of_its_own() {
    let folder = Admin::new();
    let url = folder.sqlite("sessions.db");
    // Another app's, where the default is, and empty.
    folder.init(&url).await;
    let config = SqlConfig::default().with_table("web_sessions").unwrap();
    let open = async || Arc::new(SqliteStore::from_url_with(&url, config.clone()).unwrap()) as Arc<dyn SessionStore>;
    a_day(&url, &[("SESSION_TABLE", "web_sessions"), ("SESSION_DURABILITY", "process")], 66, open).await;
}

#[tokio::test]
async fn a_day_on_postgresql_with_a_schema_and_a_table_of_its_own() {
    let server = Postgres::alone(&[]).await.unwrap_or_else(|error| panic!("{error}"));
    let store = PostgresStore::from_url(server.url()).unwrap();
    session_sql::sqlx::query("CREATE SCHEMA shop").execute(store.pool()).await.unwrap();
    let config = SqlConfig::default().with_schema("shop").unwrap().with_table("web_sessions").unwrap();
    let open =
        async || Arc::new(PostgresStore::from_url_with(server.url(), config.clone()).unwrap()) as Arc<dyn SessionStore>;
    let place = [("SESSION_SCHEMA", "shop"), ("SESSION_TABLE", "web_sessions"), ("SESSION_ENDS", "silent")];
    a_day(server.url(), &place, 66, open).await;
}

#[tokio::test]
async fn a_day_on_mariadb_with_a_table_of_its_own() {
    let server = MariaDb::alone(&[]).await.unwrap_or_else(|error| panic!("{error}"));
    let config = SqlConfig::default().with_table("web_sessions").unwrap();
    let open =
        async || Arc::new(MySqlStore::from_url_with(server.url(), config.clone()).unwrap()) as Arc<dyn SessionStore>;
    a_day(server.url(), &[("SESSION_TABLE", "web_sessions")], 66, open).await;
}

#[tokio::test]
async fn a_day_on_redis_that_evicts_with_a_prefix_of_its_own() {
    let evicting = ["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"];
    let server = Redis::alone(&evicting).await.unwrap_or_else(|error| panic!("{error}"));
    let config = RedisConfig::default().with_prefix("shop:web").with_eviction(Eviction::UnderPressure);
    let open = async || Arc::new(RedisStore::from_url(server.url(), config.clone()).unwrap()) as Arc<dyn SessionStore>;
    let admin = Admin::new();
    // Without the app's setting the server is one that sessions must not be on, and the exit code says that no retry helps.
    let refused = admin.run(&["--json", "--store", server.url(), "check"]).await;
    assert_eq!((refused.exit, &refused.json()["kind"]), (78, &json!("misconfigured")), "{refused:?}");
    let with_prefix_alone = async |prefix: &str| {
        let place = [("SESSION_PREFIX", prefix), ("SESSION_EVICTION", "under-pressure")];
        admin.run_with(&place, &["--json", "--store", server.url(), "check"]).await.json()["result"]["empty"].clone()
    };
    assert_eq!(with_prefix_alone("shop:web").await, json!(true));
    let place = [("SESSION_PREFIX", "shop:web"), ("SESSION_EVICTION", "under-pressure")];
    a_day(server.url(), &place, 78, open).await;
    assert_eq!(with_prefix_alone("shop:web").await, json!(false));
    assert_eq!(with_prefix_alone("shop").await, json!(true));
}

#[tokio::test]
async fn a_copy_goes_from_one_deployment_to_another_each_set_up_by_its_file() {
    let server = Redis::alone(&[]).await.unwrap_or_else(|error| panic!("{error}"));
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let config = SqlConfig::default().with_table("web_sessions").unwrap();
    let sessions = Sessions::builder(SqliteStore::from_url_with(&url, config).unwrap()).build().unwrap();
    sessions.init().await.unwrap();
    let (_, ann) = log_in(&sessions, "ann").await;
    for n in 0..20 {
        log_in(&sessions, &format!("user-{n}")).await;
    }
    let write = |name: &str, lines: &str| std::fs::write(admin.path().join(name), lines).unwrap();
    write("old.env", &format!("SESSION_STORE={url}\nSESSION_TABLE=web_sessions\n"));
    write("new.env", &format!("SESSION_STORE={}\nSESSION_PREFIX=shop\n", server.url()));
    let files = ["--from-settings", "old.env", "--to-settings", "new.env"];
    // What the app is set up by is not what either is: it would be refused for SQLite.
    let run = async |arguments: &[&str]| {
        admin.run_with(&[("SESSION_PREFIX", "another")], &[&["--json"], arguments, &files].concat()).await
    };
    assert_eq!(admin.run(&["--settings", "new.env", "init"]).await.exit, 0);
    let copied = run(&["copy"]).await;
    assert_eq!((copied.exit, &copied.json()["result"]["written"]), (0, &json!(21)), "{copied:?}");
    let same = run(&["verify"]).await;
    assert_eq!((same.exit, &same.json()["result"]["same"]), (0, &json!(21)), "{same:?}");
    let state = std::fs::read_to_string(admin.path().join("session-copy.state")).unwrap();
    assert!(
        state.lines().next().is_some_and(|line| line.contains("table web_sessions") && line.contains("prefix shop"))
    );

    let moved = RedisStore::from_url(server.url(), RedisConfig::default().with_prefix("shop")).unwrap();
    assert!(is_signed_in(&Sessions::builder(moved).build().unwrap(), &ann).await);
    // Without a file, the source is the app's, and the target as stores are by themselves.
    let of_app = [("SESSION_TABLE", "web_sessions"), ("SESSION_COPY_FROM", &*url), ("SESSION_COPY_TO", server.url())];
    let copied = admin.run_with(&of_app, &["--json", "copy", "--state", "other.state"]).await;
    assert_eq!((copied.exit, &copied.json()["result"]["written"]), (0, &json!(21)), "{copied:?}");
}
