//! Runs an example as its users do, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// Longer than anything takes. Nothing waits for it to pass: it ends what would hang.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where an example keeps its sessions; servers started one after another here share them.
#[derive(Clone, Debug)]
pub struct Home {
    program: PathBuf,
    folder: Arc<TempDir>,
}

impl Home {
    /// Makes one for the example with this program.
    ///
    /// # Panics
    /// If there is no room for a folder.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let folder = TempDir::new().expect("there is room for a folder");
        Self { program: program.into(), folder: Arc::new(folder) }
    }

    /// Gives the example's framework, which its program is named for.
    ///
    /// # Panics
    /// If the program is not named `example-FRAMEWORK`.
    #[must_use]
    pub fn framework(&self) -> &str {
        let name = self.program.file_stem().and_then(|name| name.to_str());
        name.and_then(|name| name.strip_prefix("example-")).expect("an example's program is named for it")
    }

    /// Gives the folder that servers run in.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the file that sessions in memory wait in while no server runs.
    #[must_use]
    pub fn session_file(&self) -> PathBuf {
        self.path().join("sessions.tab")
    }

    /// Gives the folder where pictures of what went wrong are kept.
    pub(crate) fn screenshots(&self) -> PathBuf {
        self.program.with_file_name("screenshots")
    }

    /// Gives the command that runs the example, on a free port, with no settings of whoever runs the tests.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.path()).env("PORT", "0").env("RUST_LOG", "example_demo=debug");
        for (name, _) in std::env::vars_os() {
            // Those of the tests' own servers begin likewise, and say nothing to an example.
            if name.to_str().is_some_and(|name| name.starts_with("SESSION_")) {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Starts the example.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// Starts the example with these settings.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_with(&self, settings: &[(&str, &str)]) -> Server {
        Server::start(self.command().envs(settings.iter().copied()), self.clone()).await
    }
}

/// A server of the test's own; it is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
    log: Lines<BufReader<ChildStderr>>,
    // Kept, so that the server can go on printing.
    _stdout: Lines<BufReader<ChildStdout>>,
    // Likewise, and gone after the child is.
    _home: Home,
}

impl Server {
    async fn start(command: &mut Command, home: Home) -> Self {
        let mut child = command.spawn().expect("the example was built");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut log = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let line = in_time("the server's address", stdout.next_line()).await.expect("it prints text");
        let Some(url) = line.as_deref().and_then(|line| line.strip_prefix("listening on ")) else {
            let said = in_time("what the server complains of", log.next_line()).await;
            panic!("the server printed {line:?} instead of its address, and {said:?}");
        };
        Self { child, url: url.to_owned(), log, _stdout: stdout, _home: home }
    }

    /// Gives its address, as in `http://127.0.0.1:3000`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Gives its address without the scheme.
    ///
    /// # Panics
    /// If it does not serve plain http.
    #[must_use]
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("it serves plain http")
    }

    /// Waits until the server logs this.
    ///
    /// # Panics
    /// If it does not.
    pub async fn logged(&mut self, text: &str) {
        loop {
            let line = in_time(text, self.log.next_line()).await.expect("it logs text");
            if line.unwrap_or_else(|| panic!("the server ended before it logged {text:?}")).contains(text) {
                return;
            }
        }
    }

    /// Asks the server to stop: as a service manager does, or as Ctrl-C.
    ///
    /// # Panics
    /// If it does not run.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("it runs").try_into().expect("process ids fit");
        kill_process(Pid::from_raw(id).expect("it is not 0"), signal).expect("it runs");
    }

    /// Waits until the server ends.
    ///
    /// # Panics
    /// If it does not.
    pub async fn ended(mut self) -> ExitStatus {
        in_time("the server's end", self.child.wait()).await.expect("it is a child of ours")
    }

    /// Asks the server to stop, and waits until it has.
    ///
    /// # Panics
    /// If it does not, or complains.
    pub async fn stop(self) {
        self.signal(Signal::TERM);
        assert!(self.ended().await.success());
    }
}

/// Waits, but not for ever.
///
/// # Panics
/// If it takes longer than a minute; `what` says what did not come.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not come"))
}
