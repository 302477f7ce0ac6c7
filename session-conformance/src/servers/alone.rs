//! A server for one test, whose nodes can be killed, paused and started again.

use std::fmt;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::blocking::blocking;
use super::error::ServerError;
use super::home::Folder;
use super::kind::{Kind, Place};
use super::launch::{Launch, START_LIMIT};
use super::program;

/// A server that nobody else uses. Dropping it ends it.
#[must_use = "dropping it ends the server"]
pub struct Alone {
    kind: &'static Kind,
    place: Place,
    url: String,
    nodes: Vec<Node>,
    _launch: Launch,
}

impl Alone {
    pub(super) async fn start(kind: &'static Kind, arguments: &[&str]) -> Result<Self, ServerError> {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let start = move || {
            let folder = Folder::open("alone").map_err(|error| error.to_string())?;
            program::start(kind, || folder.lone_site(), &arguments)
        };
        let (launch, place) = blocking(start).await.map_err(|reason| ServerError::alone(kind, &reason))?;
        let nodes = place.ports.iter().map(|port| Node { port: *port, home: launch.home.clone() }).collect();
        Ok(Self { kind, url: (kind.url)(&place), nodes, place, _launch: launch })
    }

    /// Has another password: that of the server that this is a copy of.
    pub(super) fn with_password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.place.password);
        self.url = (self.kind.url)(&self.place);
        self
    }

    pub(super) fn password(&self) -> &str {
        &self.place.password
    }

    /// Returns the URL to connect to, with its password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the server's nodes: one, or a Cluster's six, or a master, two replicas and three sentinels.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Waits until the server is as it was when it started: all nodes answer, and replicas follow their masters.
    ///
    /// # Errors
    ///
    /// What it says instead, after a minute and a half.
    pub async fn ready(&self) -> io::Result<()> {
        let (ready, place) = (self.kind.ready, self.place.clone());
        blocking(move || until(|| ready(&place))).await
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alone").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

/// One process of a server, with the processes that it has started.
#[derive(Clone, Debug)]
pub struct Node {
    port: u16,
    home: PathBuf,
}

impl Node {
    /// Returns the port that it listens on, on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it by `SIGKILL`, and waits until it has ended.
    ///
    /// # Errors
    ///
    /// If it runs no more, or its process cannot be reached.
    pub async fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)?;
        let ended = self.file("exit");
        blocking(move || until(|| fs::metadata(&ended).map(drop))).await
    }

    /// Stops it from running, until [`resume`](Self::resume), and waits until it has stopped: a thread may still answer
    /// after the signal was sent. Its connections stay open.
    ///
    /// # Errors
    ///
    /// If it runs no more, or its process cannot be reached.
    pub fn pause(&self) -> io::Result<()> {
        self.signal(Signal::STOP)?;
        let processes = descendants(self.process()?);
        until(|| match processes.iter().any(|process| runs(*process)) {
            true => Err(io::Error::new(io::ErrorKind::TimedOut, "the node was told to stop, and still runs")),
            false => Ok(()),
        })
    }

    /// Resumes it.
    ///
    /// # Errors
    ///
    /// If it runs no more, or its process cannot be reached.
    pub fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    /// Starts it again after it was killed, and waits until it listens. It may be busy for some time after that with
    /// what it finds on disk: see [`Alone::ready`].
    ///
    /// # Errors
    ///
    /// If it does not listen within a minute and a half.
    pub async fn restart(&self) -> io::Result<()> {
        let (port, again, ended) = (self.port, self.file("again"), self.file("exit"));
        blocking(move || {
            until(|| {
                if ended.exists() && !again.exists() {
                    // Once more if it ended at once: what it was before may not have let go of everything.
                    fs::write(&again, "")?;
                }
                TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(drop)
            })?;
            // It may have been asked for once more than it took, and would start when something else ends it.
            match fs::remove_file(&again) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        })
        .await
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.home.join(format!("{}.{extension}", self.port))
    }

    fn process(&self) -> io::Result<i32> {
        fs::read_to_string(self.file("pid"))?.trim().parse().map_err(io::Error::other)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.file("exit").exists() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the node has ended"));
        }
        let first = self.process()?;
        let send = |process, signal| Pid::from_raw(process).map_or(Ok(()), |process| kill_process(process, signal));
        if signal != Signal::CONT {
            send(first, Signal::STOP)?; // so that it starts no more children while they are looked for
        }
        // The children first, for a parent that is gone cannot be asked for them.
        for process in descendants(first).into_iter().rev() {
            match send(process, signal) {
                Err(rustix::io::Errno::SRCH) if process != first => {} // it ended meanwhile
                other => other?,
            }
        }
        Ok(())
    }
}

/// Gives the process and those that it has started, as far as the system tells: Linux does.
fn descendants(first: i32) -> Vec<i32> {
    let mut found = vec![first];
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        found.extend(children.split_whitespace().filter_map(|child| child.parse::<i32>().ok()));
        next += 1;
    }
    found
}

/// Tells whether a thread of the process may still run, as far as the system tells: Linux does.
fn runs(process: i32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok()).any(|stat| {
        // Behind the program's name, which may have blanks and brackets itself: stopped, traced, or ended.
        let state = stat.rsplit_once(") ").and_then(|(_, behind)| behind.chars().next());
        !matches!(state, Some('T' | 't' | 'Z' | 'X'))
    })
}

fn until(mut done: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let end = Instant::now() + START_LIMIT;
    loop {
        match done() {
            Err(_) if Instant::now() < end => thread::sleep(Duration::from_millis(20)),
            other => return other,
        }
    }
}
