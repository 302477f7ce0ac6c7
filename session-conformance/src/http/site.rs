//! A server that runs, and the routes that tests alone have.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use session_core::BoxError;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::task::JoinHandle;

use super::browser::{Browser, client};
use super::steps::Steps;
use crate::check::{Check, broken, ensure, works};

/// What the line begins with that tells where a server listens.
const LISTENING: &str = "listening on ";

/// A server of the clause's own; it is killed when this is dropped.
pub(super) struct Site {
    child: Child,
    pub(super) url: String,
    pub(super) steps: Steps,
    client: reqwest::Client,
    printed: [Printed; 2],
}

/// All that the server has printed to one of its outputs.
struct Printed {
    text: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
}

/// How often each verb of the store was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) get: u64,
    pub(super) put: u64,
    pub(super) touch: u64,
}

impl Site {
    pub(super) async fn start(command: Command, steps: Steps) -> Result<Self, BoxError> {
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stderr = Printed::of(child.stderr.take().expect("it is piped"), |_| ());
        let (address, mut told) = tokio::sync::mpsc::unbounded_channel();
        let stdout = Printed::of(child.stdout.take().expect("it is piped"), move |line| {
            if let Some(url) = line.strip_prefix(LISTENING) {
                // Nobody listens any more where it says so twice.
                let _ = address.send(url.trim().to_owned());
            }
        });
        match told.recv().await {
            Some(url) => Ok(Self { child, url, steps, client: client()?, printed: [stdout, stderr] }),
            None => {
                let said = [stdout.all().await, stderr.all().await].concat();
                Err(format!("the server ended before it printed `{LISTENING}http://…`, and said: {said}").into())
            }
        }
    }

    pub(super) fn browser(&self, name: &'static str) -> Browser {
        Browser::new(name, &self.url, self.client.clone(), self.steps.clone())
    }

    /// Moves the time on.
    pub(super) async fn advance(&self, by: Duration) -> Check {
        self.control("POST", &format!("/test/clock?advance_ms={}", by.as_millis())).await.map(drop)
    }

    /// Makes the store `up`, `down` or `slow`.
    pub(super) async fn store(&self, state: &str) -> Check {
        self.control("POST", &format!("/test/store?state={state}")).await.map(drop)
    }

    pub(super) async fn counts(&self) -> Check<Counts> {
        let counts = self.control("GET", "/test/store").await?;
        let count = |verb: &str| counts[verb].as_u64();
        match (count("get"), count("put"), count("touch")) {
            (Some(get), Some(put), Some(touch)) => Ok(Counts { get, put, touch }),
            _ => broken("the counts of get, put and touch", counts.to_string()),
        }
    }

    /// Waits until so many requests are held at a gate.
    pub(super) async fn held(&self, gate: &str, requests: usize) -> Check {
        self.control("GET", &format!("/test/gate?name={gate}&held={requests}")).await.map(drop)
    }

    /// Lets the requests go that are held at a gate.
    pub(super) async fn open(&self, gate: &str) -> Check {
        self.control("POST", &format!("/test/gate?name={gate}")).await.map(drop)
    }

    async fn control(&self, method: &str, path: &str) -> Check<Value> {
        let answer = self.browser("test").send(method, path, |request| request).await?;
        ensure(answer.status == 200, format!("200 from {path}"), || answer.to_string())?;
        answer.json()
    }

    /// Asks the server to stop, waits until it has, and gives all that it has printed.
    pub(super) async fn stop(mut self) -> Check<String> {
        self.steps.add("stop the server by SIGTERM".to_owned());
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let Some(id) = id else { return broken("the server runs", "it has ended") };
        works("SIGTERM", kill_process(id, Signal::TERM))?;
        let status = works("the server's end", self.child.wait().await)?;
        let [stdout, stderr] = self.printed;
        let said = [stdout.all().await, stderr.all().await].concat();
        ensure(status.success(), "the server ends well", || format!("{status}, and it said: {said}"))?;
        Ok(said)
    }
}

impl Printed {
    fn of(output: impl AsyncRead + Unpin + Send + 'static, mut each: impl FnMut(&str) + Send + 'static) -> Self {
        let text = Arc::<Mutex<String>>::default();
        let kept = Arc::clone(&text);
        let reading = tokio::spawn(async move {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while matches!(output.read_until(b'\n', &mut line).await, Ok(1..)) {
                let shown = String::from_utf8_lossy(&line);
                each(&shown);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push_str(&shown);
                line.clear();
            }
        });
        Self { text, reading }
    }

    /// Gives all of it, once there will be no more.
    async fn all(self) -> String {
        // A panic while reading has lost nothing that was read before.
        let _ = self.reading.await;
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
