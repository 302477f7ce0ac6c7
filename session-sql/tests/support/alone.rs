//! A server of the test's own, to kill and to start again on the same data.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use session_sql::session_core::BoxError;
use session_sql::sqlx::Connection;
use tempfile::TempDir;

/// Which server it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "mysql")]
    MariaDb,
}

/// A server of the test's own. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Alone {
    kind: Kind,
    port: u16,
    folder: TempDir,
    /// Arguments of the next start.
    pub(crate) arguments: Vec<String>,
    running: Option<Child>,
}

impl Alone {
    pub(crate) async fn start(kind: Kind) -> Result<Self, BoxError> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut alone = Self { kind, port, folder: tempfile::tempdir()?, arguments: Vec::new(), running: None };
        alone.create()?;
        alone.restart().await?;
        Ok(alone)
    }

    /// Creates the files of the server.
    fn create(&self) -> Result<(), BoxError> {
        let folder = self.folder.path();
        if let Some((uid, gid)) = self.user()? {
            chown(folder, Some(uid), Some(gid))?;
        }
        let data = folder.join("data").display().to_string();
        let mut command = match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => {
                let mut command = self.command(&postgres("initdb")?)?;
                command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-D", &data]);
                command
            }
            #[cfg(feature = "mysql")]
            Kind::MariaDb => {
                let mut command = self.command("mariadb-install-db")?;
                command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
                command.arg(format!("--datadir={data}"));
                command
            }
        };
        let done = command.output().map_err(|error| format!("{command:?}: {error}"))?;
        match done.status.success() {
            true => Ok(()),
            false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr)).into()),
        }
    }

    /// Starts the server again, on the same data and port, and waits until it answers.
    pub(crate) async fn restart(&mut self) -> Result<(), BoxError> {
        let (data, port) = (self.folder.path().join("data"), self.port);
        let folder = self.folder.path().display().to_string();
        let mut command = match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => {
                let mut command = self.command(&postgres("postgres")?)?;
                command.args(["-D", &data.display().to_string(), "-k", &folder, "-h", "127.0.0.1"]);
                command.args(["-p", &port.to_string()]);
                command
            }
            #[cfg(feature = "mysql")]
            Kind::MariaDb => {
                let mut command = self.command("mariadbd")?;
                command.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"]);
                command.args([format!("--datadir={}", data.display()), format!("--socket={folder}/socket")]);
                command.args([format!("--port={port}"), format!("--pid-file={folder}/pid")]);
                command
            }
        };
        command.args(&self.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(command.spawn().map_err(|error| format!("{command:?}: {error}"))?);
        let begun = Instant::now();
        while let Err(error) = self.answers().await {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(format!("{command:?} does not answer: {error}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn answers(&self) -> Result<(), BoxError> {
        match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => Ok(session_sql::sqlx::PgConnection::connect(&self.url()).await?.close().await?),
            #[cfg(feature = "mysql")]
            Kind::MariaDb => Ok(session_sql::sqlx::MySqlConnection::connect(&self.url()).await?.close().await?),
        }
    }

    /// Ends the server as a crash does: SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.kill();
            let _ = running.wait();
        }
        // PostgreSQL refuses to start while a process of the one that was killed is left; they end by themselves when
        // they notice, and `restart` waits until the new one answers.
    }

    pub(crate) fn url(&self) -> String {
        match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => format!("postgres://postgres@127.0.0.1:{}/postgres", self.port),
            #[cfg(feature = "mysql")]
            Kind::MariaDb => format!("mysql://root@127.0.0.1:{}/mysql", self.port),
        }
    }

    /// A command that runs as the server's user: neither server runs as root.
    fn command(&self, program: &str) -> Result<Command, BoxError> {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        if let Some((uid, gid)) = self.user()? {
            command.uid(uid).gid(gid);
        }
        Ok(command)
    }

    /// Gives the user and group to run as; `None` if this is not root.
    fn user(&self) -> Result<Option<(u32, u32)>, BoxError> {
        let name = match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => "postgres",
            #[cfg(feature = "mysql")]
            Kind::MariaDb => "mysql",
        };
        match id(&["-u"])? {
            0 => Ok(Some((id(&["-u", name])?, id(&["-g", name])?))),
            _ => Ok(None),
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.kill();
    }
}

fn id(arguments: &[&str]) -> Result<u32, BoxError> {
    let told = Command::new("id").args(arguments).output()?;
    Ok(String::from_utf8(told.stdout)?.trim().parse()?)
}

/// Finds a program of PostgreSQL, which distributions keep out of the path, one folder per version.
#[cfg(feature = "postgres")]
fn postgres(program: &str) -> Result<String, BoxError> {
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut found: Vec<_> = versions.flatten().map(|version| version.path().join("bin").join(program)).collect();
        found.retain(|path| Path::exists(path));
        found.sort();
        if let Some(path) = found.pop() {
            return Ok(path.display().to_string());
        }
    }
    Ok(program.to_owned())
}
