//! The process that a test kills.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use session_core::BoxError;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

use super::serve::SOCKET;
use super::store::{ChildStore, about, locked};
use super::wire::About;

/// How long it may take until a process that was started answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that [serves](super::serve) a store. It ends with this value, or with the process that has it.
#[derive(Debug)]
pub struct Child {
    test: String,
    variables: Vec<(OsString, OsString)>,
    sockets: TempDir,
    /// That of the process that runs now.
    socket: Arc<Mutex<PathBuf>>,
    about: About,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    process: tokio::process::Child,
    /// The how manieth it is.
    number: usize,
}

impl Child {
    /// Runs a test of this program, which is else ignored, in a process of its own, with these variables in its environment,
    /// and waits until it answers.
    ///
    /// The test is named as the test runner names it, with its modules.
    ///
    /// # Errors
    /// If it cannot be started, or ends before it answers.
    pub async fn start<N: Into<OsString>, V: Into<OsString>>(
        test: impl Into<String>,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, BoxError> {
        let (test, sockets) = (test.into(), tempfile::tempdir()?);
        let variables: Vec<_> = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let socket = sockets.path().join("0");
        let mut process = spawned(&test, &variables, &socket)?;
        let about = answers(&mut process, &socket).await?;
        let running = Mutex::new(Running { process, number: 0 });
        Ok(Self { test, variables, sockets, socket: Arc::new(Mutex::new(socket)), about, running })
    }

    /// Returns a handle of the store, with connections of its own.
    #[must_use]
    pub fn handle(&self) -> ChildStore {
        ChildStore::new(Arc::clone(&self.socket), self.about)
    }

    /// Kills the process, by `SIGKILL`, and waits until it is dead.
    ///
    /// # Errors
    /// If the system refuses.
    pub async fn kill(&self) -> Result<(), BoxError> {
        locked(&self.running).process.start_kill()?;
        // Waited for by looks, so that no lock is held over an await.
        while locked(&self.running).process.try_wait()?.is_none() {
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Starts the process again, after it was killed, and waits until it answers.
    ///
    /// # Errors
    /// As those of [`start`](Self::start).
    pub async fn restart(&self) -> Result<(), BoxError> {
        let number = locked(&self.running).number + 1;
        // The file of the socket before is there still.
        let socket = self.sockets.path().join(number.to_string());
        let mut process = spawned(&self.test, &self.variables, &socket)?;
        answers(&mut process, &socket).await?;
        *locked(&self.running) = Running { process, number };
        *locked(&self.socket) = socket;
        Ok(())
    }
}

fn spawned(
    test: &str,
    variables: &[(OsString, OsString)],
    socket: &PathBuf,
) -> Result<tokio::process::Child, BoxError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([test, "--exact", "--ignored", "--nocapture"]);
    command.envs(variables.iter().map(|(name, value)| (name, value))).env(SOCKET, socket);
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true).spawn()?)
}

/// Waits until the process answers, and gives what its store is.
async fn answers(process: &mut tokio::process::Child, socket: &PathBuf) -> Result<About, BoxError> {
    let began = Instant::now();
    loop {
        match about(socket).await {
            Ok(about) => return Ok(about),
            Err(error) if began.elapsed() > PATIENCE => return Err(error),
            Err(_) => {}
        }
        if let Some(status) = process.try_wait()? {
            return Err(
                format!("the process has ended before it answered ({status}): is its test named rightly?").into()
            );
        }
        sleep(Duration::from_millis(5)).await;
    }
}
