//! What one run of a clause works with: servers, and what was done with them.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::site::Site;
use super::steps::Steps;
use crate::check::{Check, works};

/// Holds one run of a clause.
pub(super) struct Case {
    command: Box<dyn Fn() -> Command + Send>,
    home: TempDir,
    pub(super) steps: Steps,
}

impl Case {
    pub(super) fn new(command: impl Fn() -> Command + Send + 'static) -> io::Result<Self> {
        Ok(Self { command: Box::new(command), home: TempDir::new()?, steps: Steps::default() })
    }

    /// Starts the server. One that was stopped goes on where it was.
    pub(super) async fn start(&self) -> Check<Site> {
        self.start_with(&[]).await
    }

    /// Starts the server with settings of its own.
    pub(super) async fn start_with(&self, settings: &[(&str, &str)]) -> Check<Site> {
        let mut command = (self.command)();
        let file: PathBuf = self.home.path().join("sessions.tab");
        command.current_dir(self.home.path()).env("PORT", "0").env("SESSION_TEST", "1").env("SESSION_FILE", file);
        command.envs(settings.iter().copied());
        let shown = settings.iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>();
        self.steps.add(format!("start the server{shown}"));
        works("the server's start", Site::start(command, self.steps.clone()).await)
    }
}
