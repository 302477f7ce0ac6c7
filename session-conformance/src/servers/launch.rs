//! Starts a command under the keeper, which ends it when its users are gone, and waits until it answers.

use std::env;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::home::{self, Linger, Lock, Site};
use super::kind::{Kind, Place};

/// Sets how long a server without users stays, in seconds.
const LINGER: &str = "SESSION_TEST_LINGER";

/// How long a server may take to answer. A database that makes its files on a busy machine takes a while.
pub(super) const START_LIMIT: Duration = Duration::from_secs(90);

/// A command that was started under the keeper, which ends it some time after this and all other users are dropped.
pub(super) struct Launch {
    pub(super) home: PathBuf,
    /// Some until it is dropped.
    keeper: Option<Child>,
    _user: Lock,
}

impl Launch {
    /// Runs `script` with `environment`, within the folder `root` if there is one, and as `user` if this is root and
    /// there is one.
    pub(super) fn start(
        site: &Site,
        root: Option<&Path>,
        user: &str,
        script: &str,
        environment: &[(&str, &str)],
        arguments: &[String],
    ) -> io::Result<Self> {
        let linger = match site.linger {
            Linger::AsSet => linger()?,
            Linger::No => 0,
        };
        let lock = Lock::shared(&site.users)?;
        // In a process group of its own, so that a Ctrl-C for the tests does not take the keeper, which tidies up.
        let keeper = Command::new("sh")
            .args(["-c", include_str!("scripts/keeper.sh"), "session-conformance", &linger.to_string()])
            .args([&site.users, &site.home])
            .args([user, "sh", "-c", script, "server"])
            .args(arguments)
            .envs(environment.iter().copied())
            .env("SERVER_HOME", &site.home)
            .env("SERVER_ROOT", root.unwrap_or(Path::new("")))
            .env("ENTER", include_str!("scripts/enter.sh"))
            // Not the home alone: what tests hand to a server lies there, too.
            .env("SEEN", std::path::absolute(env::temp_dir())?)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { home: site.home.clone(), keeper: Some(keeper), _user: lock })
    }

    /// Waits until the server answers. If it does not, it is ended.
    pub(super) fn wait(&mut self, kind: &Kind, place: &Place) -> Result<(), String> {
        self.answers(kind, place).inspect_err(|_| self.give_up())
    }

    /// Ends the server, whatever other users there are of what it was to be.
    pub(super) fn give_up(&self) {
        // If the home is not there, it has ended already.
        let _ = fs::write(self.home.join("given-up"), "");
    }

    fn answers(&mut self, kind: &Kind, place: &Place) -> Result<(), String> {
        let end = Instant::now() + START_LIMIT;
        loop {
            let Err(error) = (kind.ready)(place) else { return Ok(()) };
            if let Some(status) = home::ended(&self.home, place) {
                return Err(format!("it ended with status {}: {}", status.trim(), self.last_words()));
            }
            if let Some(Ok(Some(status))) = self.keeper.as_mut().map(Child::try_wait) {
                return Err(format!("the shell that keeps it in {} ended with {status}", self.home.display()));
            }
            if Instant::now() > end {
                return Err(format!("it did not answer within {START_LIMIT:?} ({error}): {}", self.last_words()));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join(" / ")
    }
}

impl Drop for Launch {
    fn drop(&mut self) {
        // It may end long before this process does, and would stay as a zombie.
        if let Some(mut keeper) = self.keeper.take() {
            thread::spawn(move || keeper.wait());
        }
    }
}

fn linger() -> io::Result<u32> {
    match env::var(LINGER) {
        Ok(seconds) if !seconds.is_empty() => seconds
            .parse()
            .map_err(|_| io::Error::other(format!("{LINGER} is {seconds:?}, and has to be a number of seconds"))),
        _ => Ok(5),
    }
}

/// Says why a command that this needs is not there; `None` if it is.
pub(super) fn lacks(command: &str) -> Option<String> {
    let found = Command::new("sh").args(["-c", &format!("command -v {command}")]).stdout(Stdio::null()).status();
    (!found.is_ok_and(|status| status.success())).then(|| format!("the command {command} is not on PATH"))
}
