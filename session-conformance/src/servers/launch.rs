//! Starts a command under the keeper, which ends it when its users are gone, and waits until it answers.

use std::env;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
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
    keeper: Child,
    _user: Lock,
}

impl Launch {
    /// Runs `script` with `environment`, as `user` if this is root and there is one.
    pub(super) fn start(
        site: &Site,
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
            .arg(&site.home)
            .args([user, "sh", "-c", script, "server"])
            .args(arguments)
            .envs(environment.iter().copied())
            .env("SERVER_HOME", &site.home)
            .stdin(home::open(&site.users)?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { home: site.home.clone(), keeper, _user: lock })
    }

    /// Waits until the server answers.
    pub(super) fn wait(&mut self, kind: &Kind, place: &Place) -> Result<(), String> {
        let end = Instant::now() + START_LIMIT;
        loop {
            let Err(error) = (kind.ready)(place) else { return Ok(()) };
            if let Some(status) = self.ended(place) {
                return Err(format!("it ended with status {}: {}", status.trim(), self.last_words()));
            }
            if let Some(status) = self.keeper.try_wait().map_err(|error| error.to_string())? {
                return Err(format!("the shell that keeps it ended with {status}"));
            }
            if Instant::now() > end {
                return Err(format!("it did not answer within {START_LIMIT:?} ({error}): {}", self.last_words()));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Gives the status that the script or a node ended with; `None` while all run.
    fn ended(&self, place: &Place) -> Option<String> {
        let exit = |name: &str| fs::read_to_string(self.home.join(name)).ok();
        exit("exit").or_else(|| place.ports.iter().find_map(|port| exit(&format!("{port}.exit"))))
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join(" / ")
    }
}

fn linger() -> io::Result<u32> {
    match env::var(LINGER) {
        Ok(seconds) => seconds
            .parse()
            .map_err(|_| io::Error::other(format!("{LINGER} is {seconds:?}, and has to be a number of seconds"))),
        Err(_) => Ok(5),
    }
}

/// Says why a command that this needs is not there; `None` if it is.
pub(super) fn lacks(command: &str) -> Option<String> {
    let found = Command::new("sh").args(["-c", &format!("command -v {command}")]).stdout(Stdio::null()).status();
    (!found.is_ok_and(|status| status.success())).then(|| format!("the command {command} is not on PATH"))
}
