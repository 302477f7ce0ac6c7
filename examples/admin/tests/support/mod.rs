//! Runs the tool as an operator does, in a folder of its own.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use session_sql::session_core::{Handled, Owner, RequestHead, Sessions};
use tempfile::TempDir;
use tokio::process::{Child, Command};

pub struct Admin(TempDir);

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it prints text");
        let exit = output.status.code().expect("it ends by itself");
        Self { exit, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Gives the last object that it printed.
    pub fn json(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

impl Admin {
    pub fn new() -> Self {
        Self(TempDir::new().expect("there is room for a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn sqlite(&self, name: &str) -> String {
        format!("sqlite://{}", self.path().join(name).display())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_example-admin"));
        command.args(arguments).current_dir(self.path()).kill_on_drop(true).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SESSION_") || name == "COLUMNS" {
                command.env_remove(name);
            }
        }
        command
    }

    /// Makes what a store needs.
    pub async fn init(&self, url: &str) {
        let made = self.run(&["--store", url, "init"]).await;
        assert_eq!(made.exit, 0, "{made:?}");
    }

    /// Runs it in a shell, as `$ADMIN`, and gives what came of it.
    pub async fn shell(&self, variables: &[(&str, &str)], script: &str) -> Answer {
        let mut command = Command::new("bash");
        command.args(["-c", script]).current_dir(self.path()).kill_on_drop(true).stdin(Stdio::null());
        command.env("ADMIN", env!("CARGO_BIN_EXE_example-admin")).envs(variables.iter().copied());
        Answer::of(command.output().await.expect("it runs"))
    }

    /// Starts it and leaves it running.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    }

    /// Starts it, and leaves what it tells to be read.
    pub fn heard(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts")
    }

    pub async fn run(&self, arguments: &[&str]) -> Answer {
        self.run_with(&[], arguments).await
    }

    /// Runs it with these variables.
    pub async fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).envs(variables.iter().copied()).output().await.expect("it runs"))
    }
}

/// Makes a request of a browser that has no cookie, and logs an owner in; gives the session's key and cookie.
pub async fn log_in(sessions: &Sessions, owner: &str) -> (String, String) {
    let lazy = sessions.open(RequestHead::new("POST"));
    let session = lazy.load().await.unwrap();
    session.insert("role", "reader").unwrap();
    session.log_in(Owner::new(owner).unwrap()).unwrap();
    let closed = sessions.close(&lazy, Handled::Completed).await;
    closed.outcome.unwrap();
    let set = closed.set_cookie.unwrap();
    (session.session_key().unwrap().encode(), set.split(';').next().unwrap().to_owned())
}

/// Tells whether the browser with this cookie is signed in.
pub async fn is_signed_in(sessions: &Sessions, cookie: &str) -> bool {
    let lazy = sessions.open(RequestHead::new("GET").with_cookies([cookie.as_bytes()]));
    lazy.load().await.unwrap().owner().is_some()
}

/// Waits for a condition, and fails if it does not come.
pub async fn in_time(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
