//! Runs the tool as an operator does, in a folder of its own.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
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
        for name in ["SESSION_STORE", "SESSION_COOKIE_NAME", "SESSION_SEALING_KEYS", "SESSION_SEALING_KEYS_FILE"] {
            command.env_remove(name);
        }
        command
    }

    /// Starts it and leaves it running.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    }

    pub async fn run(&self, arguments: &[&str]) -> Answer {
        self.run_with(&[], arguments).await
    }

    /// Runs it with these variables.
    pub async fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Answer {
        let output = self.command(arguments).envs(variables.iter().copied()).output().await.expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("it prints text");
        let exit = output.status.code().expect("it ends by itself");
        Answer { exit, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Waits for a condition, and fails if it does not come.
pub async fn in_time(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
