//! What the tool does where something is wrong: with the place, the store, the command line, or whoever reads.

mod support;

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use serde_json::json;
use session_sql::SqliteStore;
use session_sql::session_core::Sessions;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use support::{Admin, is_signed_in, log_in};

async fn sessions(url: &str) -> Sessions {
    let sessions = Sessions::builder(SqliteStore::from_url(url).unwrap()).build().unwrap();
    sessions.init().await.unwrap();
    sessions
}

fn files(admin: &Admin) -> Vec<String> {
    let names = std::fs::read_dir(admin.path()).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

const COMMANDS: [&[&str]; 12] = [
    &["check"],
    &["count"],
    &["ages"],
    &["owners"],
    &["sweep"],
    &["list", "ann"],
    &["list", "--all"],
    &["revoke", "--owner", "ann"],
    &["revoke", "--all"],
    &["revoke", "--everything"],
    &["set", "--owner", "ann", "role", "1"],
    &["unset", "--owner", "ann", "role"],
];

#[tokio::test]
async fn a_misspelt_path_makes_no_file_and_a_missing_table_no_table() {
    let admin = Admin::new();
    let misspelt = admin.sqlite("sesions.db");
    for arguments in COMMANDS {
        let refused = admin.run(&[&["--json", "--store", &misspelt], arguments].concat()).await;
        assert_eq!((refused.exit, &refused.json()["kind"]), (66, &json!("missing")), "{refused:?}");
        assert!(refused.stderr.contains("there is no file"), "{refused:?}");
    }
    for (from, to) in [(&misspelt, &admin.sqlite("to.db")), (&admin.sqlite("from.db"), &misspelt)] {
        assert_eq!(admin.run(&["copy", from, to]).await.exit, 66);
    }
    assert_eq!(files(&admin), [""; 0], "nothing was made");

    // The app's table has another name.
    let url = admin.sqlite("sessions.db");
    assert_eq!(admin.run(&["--store", &url, "--table", "web_sessions", "init"]).await.exit, 0);
    let store = SqliteStore::from_url(&url).unwrap();
    let tables = async || -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'";
        session_sql::sqlx::query_scalar(sql).fetch_all(store.pool()).await.unwrap()
    };
    for arguments in COMMANDS {
        let refused = admin.run(&[&["--store", &url], arguments].concat()).await;
        assert!(refused.exit == 66 && refused.stderr.contains("there is no table of sessions"), "{refused:?}");
    }
    assert_eq!(tables().await, ["web_sessions"]);
    let again = admin.run(&["--json", "--store", &url, "--table", "web_sessions", "init"]).await;
    assert_eq!(again.json()["result"]["schema"], json!("as it was"));
}

#[tokio::test]
async fn what_may_pass_and_what_may_not_have_codes_of_their_own_and_say_why() {
    let admin = Admin::new();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    for scheme in ["postgres", "mysql", "redis"] {
        let url = format!("{scheme}://ann:s3cret@127.0.0.1:{port}/0");
        let refused = admin.run(&["--json", "--store", &url, "--connect-timeout-ms", "900", "check"]).await;
        assert_eq!((refused.exit, &refused.json()["kind"]), (75, &json!("passing")), "{refused:?}");
        let said = refused.json()["error"].to_string();
        assert!(said.contains("refused") && !said.contains("timed out") && !said.contains("s3cret"), "{said}");
    }
    // A server that takes connections and says nothing: a health check has to end.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("redis://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let refused = admin.run(&["--json", "--store", &url, "check", "--timeout", "1"]).await;
    assert_eq!(refused.exit, 75, "{refused:?}");
    // A file that is none of SQLite's: nobody has to try again.
    std::fs::write(admin.path().join("no.db"), "x".repeat(5_000)).unwrap();
    let refused = admin.run(&["--json", "--store", &admin.sqlite("no.db"), "check"]).await;
    assert_eq!(refused.exit, 78, "{refused:?}");
    assert!(refused.json()["error"].as_array().is_some_and(|causes| causes.len() > 1), "{refused:?}");
}

#[tokio::test]
async fn a_pipe_that_closes_is_no_failure_and_a_full_output_is_told() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let sessions = sessions(&url).await;
    let (key, cookie) = log_in(&sessions, "ann").await;
    for n in 0..1_200 {
        log_in(&sessions, &format!("user-{n}")).await;
    }
    let shell = async |script: &str| admin.shell(&[("SESSION_STORE", &url), ("KEY", &key)], script).await;
    let read = shell("set -o pipefail; $ADMIN list --all | head -c1").await;
    assert!((read.exit, read.stdout.len()) == (0, 1) && read.stderr.is_empty(), "{read:?}");
    for closed in ["--help", "man", "completions bash", "count", "--json owners"] {
        let read = shell(&format!("set -o pipefail; $ADMIN {closed} | true")).await;
        assert!(read.exit == 0 && !read.stderr.contains("panicked"), "{closed}: {read:?}");
    }
    // Nor does it matter that nobody hears what is wrong.
    let unheard = shell("$ADMIN --nonsense 2>&-; echo $?").await;
    assert_eq!(unheard.stdout, "64\n", "{unheard:?}");

    let listed = shell("$ADMIN list ann >/dev/full").await;
    assert!(listed.exit == 74 && listed.stderr.contains("cannot be printed"), "{listed:?}");
    let ended = shell("$ADMIN revoke \"$KEY\" >/dev/full").await;
    assert!(
        ended.exit == 74 && ended.stderr.contains("it was done") && ended.stderr.contains("\"revoked\":1"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("No space left"), "{ended:?}");
    assert!(!is_signed_in(&sessions, &cookie).await);
    let full = shell("$ADMIN --json list --all >/dev/full").await;
    assert!(full.exit == 74 && !full.stderr.contains("panicked"), "{full:?}");
}

#[tokio::test]
async fn where_nobody_has_a_session_nothing_is_said_to_be_done() {
    let admin = Admin::new();
    let (url, to) = (admin.sqlite("sessions.db"), admin.sqlite("to.db"));
    admin.init(&url).await;
    admin.init(&to).await;
    for arguments in [
        &["list", "--all"][..],
        &["revoke", "--all"],
        &["revoke", "--everything"],
        &["owners"],
        &["copy", &url, &to],
        &["verify", &url, &to],
    ] {
        let refused = admin.run(&[&["--json", "--store", &url], arguments].concat()).await;
        assert_eq!((refused.exit, &refused.json()["kind"]), (66, &json!("missing")), "{refused:?}");
    }
    // Who only looks is told.
    for (command, told) in [("check", "empty"), ("count", "live"), ("ages", "live")] {
        let looked = admin.run(&["--json", "--store", &url, command]).await;
        let told = looked.json()["result"][told].clone();
        assert!(looked.exit == 0 && [json!(true), json!(0)].contains(&told), "{looked:?}");
    }
}

#[tokio::test]
async fn what_takes_long_tells_how_far_it_is_and_of_how_many() {
    let admin = Admin::new();
    let (url, to) = (admin.sqlite("sessions.db"), admin.sqlite("to.db"));
    let sessions = sessions(&url).await;
    for n in 0..20 {
        log_in(&sessions, &format!("user-{n}")).await;
    }
    admin.init(&to).await;
    // It pauses for so long that it takes long.
    let mut child = admin.heard(&["copy", &url, &to, "--batch", "1", "--pauses", "400"]);
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = timeout(Duration::from_secs(120), told.next_line()).await.expect("it tells").unwrap().unwrap();
    child.kill().await.unwrap();
    assert!(line.contains(" of 20 records, ") && line.contains(" % seen in pass 1"), "{line}");
}

#[tokio::test]
async fn whatever_is_asked_programs_are_answered_in_json() {
    let admin = Admin::new();
    for (arguments, exit) in [
        (&["--json"][..], 64),
        (&["--json", "key"], 64),
        (&["--json", "nonsense"], 64),
        (&["revoke", "--json"], 64),
        (&["list", "ann", "--all", "--json"], 64),
        (&["sweep", "--batch", "0", "--json"], 64),
        (&["--json", "--settings", "nosuch.env", "count"], 64),
        (&["--json", "--help"], 0),
        (&["--json", "--version"], 0),
        (&["--json", "man"], 0),
        (&["--json", "completions", "zsh"], 0),
    ] {
        let answered = admin.run(arguments).await;
        assert_eq!((answered.exit, answered.stdout.lines().count()), (exit, 1), "{answered:?}");
        let told = answered.json();
        assert_eq!((&told["exit"], &told["ok"]), (&json!(exit), &json!(exit == 0)), "{told}");
        assert!(!told["error"][0].as_str().unwrap_or_default().starts_with("error"), "{told}");
    }
    // Who says too little is told what is missing, and not the whole help.
    for (arguments, missing) in [(&[][..], "[subcommands: init, "), (&["key"], "[subcommands: generate, ")] {
        let refused = admin.run(arguments).await;
        assert!(
            refused.exit == 64 && refused.stderr.contains(missing) && refused.stderr.lines().count() < 10,
            "{refused:?}"
        );
    }
    // What is wrong is named as it was given.
    for (flags, named) in [(&["--table", "shop"][..], "error: --table is set"), (&[], "error: SESSION_TABLE is set")] {
        let variables: &[(&str, &str)] = if flags.is_empty() { &[("SESSION_TABLE", "shop")] } else { &[] };
        let refused = admin.run_with(variables, &[&["--store", "redis://localhost", "count"], flags].concat()).await;
        assert!(refused.exit == 64 && refused.stderr.starts_with(named), "{refused:?}");
    }
    // What follows `--` is no option.
    let refused = admin.run(&["--nonsense", "--", "--json"]).await;
    assert!(refused.exit == 64 && refused.stdout.is_empty() && !refused.stderr.is_empty(), "{refused:?}");
}

#[tokio::test]
async fn a_table_is_as_wide_as_it_may_be_and_breaks_no_key() {
    let admin = Admin::new();
    let url = admin.sqlite("sessions.db");
    let sessions = sessions(&url).await;
    let owner = "somebody whose name is long ".repeat(4);
    let (key, _) = log_in(&sessions, &owner).await;
    for width in [80, 100, 200] {
        let columns = width.to_string();
        let run = async |arguments: &[&str]| {
            let done = admin.run_with(&[("COLUMNS", &columns)], &[&["--store", &url], arguments].concat()).await;
            assert!(done.stdout.lines().all(|line| line.chars().count() <= width), "{width}: {}", done.stdout);
            done.stdout
        };
        let listed = run(&["list", &owner]).await;
        assert!(listed.contains(&key));
        // Where there is no room for a row each session has its own rows, and no time is cut in two.
        let times = listed.split_whitespace().filter(|word| word.len() == 20 && word.ends_with('Z')).count();
        assert_eq!((times, listed.contains("│ session ")), (3, width < 120), "{listed}");
        run(&["owners"]).await;
        run(&["get", &key]).await;
        run(&["--help"]).await;
        run(&["revoke", "--help"]).await;
    }
    // A script is given its lines whole.
    let whole = admin.run(&["--store", &url, "owners"]).await;
    assert!(whole.stdout.lines().any(|line| line.contains(owner.trim_end())), "{whole:?}");
}

#[tokio::test]
async fn completions_and_manual_pages_know_all_commands() {
    let admin = Admin::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let given = admin.run(&["completions", shell]).await;
        assert!(given.exit == 0 && given.stdout.contains("fingerprint"), "{given:?}");
    }
    let checked = admin.shell(&[], "$ADMIN completions bash | bash -n").await;
    assert!(checked.exit == 0 && checked.stderr.is_empty(), "{checked:?}");
    let page = admin.run(&["man"]).await;
    assert!(page.exit == 0 && page.stdout.contains(".TH") && page.stdout.contains("Exit codes"), "{page:?}");
    std::fs::create_dir(admin.path().join("man")).unwrap();
    assert_eq!(admin.run(&["man", "man"]).await.exit, 0);
    for page in ["example-admin.1", "example-admin-revoke.1", "example-admin-find.1"] {
        assert!(admin.path().join("man").join(page).exists(), "{page}");
    }
    assert_eq!(admin.run(&["man", "nosuch"]).await.exit, 73);
}
