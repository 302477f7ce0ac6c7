//! Runs the real server, and is a browser to it.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

pub const JSON: &str = "application/json";

/// Longer than anything takes. Nothing waits for it to pass: it ends what would hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a server keeps its sessions; servers started one after another here share them.
#[derive(Clone)]
pub struct Home(Arc<TempDir>);

impl Home {
    pub fn new() -> Self {
        Self(Arc::new(TempDir::new().expect("there is room for a folder")))
    }

    pub fn session_file(&self) -> PathBuf {
        self.0.path().join("sessions.tab")
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_example-axum"));
        command.current_dir(self.0.path()).env("PORT", "0").env("RUST_LOG", "example_demo=debug");
        for name in ["SESSION_COOKIE", "SESSION_FILE", "SESSION_KEYS", "SESSION_STORE"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    pub async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    pub async fn start_with(&self, settings: &[(&str, &str)]) -> Server {
        Server::start(self.command().envs(settings.iter().copied()), self.clone()).await
    }
}

/// A server of the test's own; it is killed when it is dropped.
pub struct Server {
    child: Child,
    pub url: String,
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

    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("it serves plain http")
    }

    /// Waits until the server logs this.
    pub async fn logged(&mut self, text: &str) {
        loop {
            let line = in_time(text, self.log.next_line()).await.expect("it logs text");
            if line.unwrap_or_else(|| panic!("the server ended before it logged {text:?}")).contains(text) {
                return;
            }
        }
    }

    /// Asks the server to stop: as a service manager does, or as Ctrl-C.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("it runs").try_into().expect("process ids fit");
        kill_process(Pid::from_raw(id).expect("it is not 0"), signal).expect("it runs");
    }

    pub async fn ended(mut self) -> ExitStatus {
        in_time("the server's end", self.child.wait()).await.expect("it is a child of ours")
    }

    pub async fn stop(self) {
        self.signal(Signal::TERM);
        assert!(self.ended().await.success());
    }
}

/// Waits, but not for ever.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// A browser with one cookie. It keeps that by hand: libraries send no `Secure` cookie over plain http, as
/// browsers do on loopback.
#[derive(Clone, Debug)]
pub struct Browser {
    client: reqwest::Client,
    url: String,
    pub cookie: Option<String>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.expect("the body is text") }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("it is ASCII")).collect()
    }

    /// Gives the one error that a JSON client is told.
    pub fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.json()["error"].as_str().expect("an error is a text").to_owned()
    }
}

impl Browser {
    pub fn new(server: &Server) -> Self {
        let client = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(PATIENCE);
        Self { client: client.build().expect("it has no settings"), url: server.url.clone(), cookie: None }
    }

    /// Goes on at another server with the cookie it has.
    pub fn at(&self, server: &Server) -> Self {
        Self { cookie: self.cookie.clone(), ..Self::new(server) }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    /// Sends a request, and keeps the cookie that comes back.
    pub async fn send(&mut self, request: RequestBuilder) -> Answer {
        let answer = Answer::of(request.send().await.expect("the server answers")).await;
        for line in answer.header(SET_COOKIE.as_str()) {
            self.cookie = match line.to_ascii_lowercase().contains("max-age=0") {
                true => None,
                false => line.split(';').next().map(str::to_owned),
            };
        }
        answer
    }

    /// Looks at something as a program does.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(ACCEPT, JSON)).await
    }

    /// Sends JSON, and is answered in JSON.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).header(ACCEPT, JSON).json(body)).await
    }

    /// Looks at a page as a person does.
    pub async fn page(&mut self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(ACCEPT, "text/html,*/*;q=0.8")).await
    }

    /// Sends a form, as a page does.
    pub async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).header(ACCEPT, "text/html,*/*;q=0.8").form(fields)).await
    }

    pub async fn sign_in(&mut self, name: &str) {
        let answer = self.post("/login", &json!({ "name": name })).await;
        assert_eq!((answer.status, &answer.json()["user"]), (StatusCode::OK, &json!(name)));
    }

    pub async fn user(&mut self) -> Value {
        self.get("/").await.json()["user"].clone()
    }

    pub async fn count(&mut self) -> Value {
        self.get("/count").await.json()["count"].clone()
    }
}
