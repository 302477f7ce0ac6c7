//! Starts browsers, and leaves none behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use super::window::Kind;
use crate::server::in_time;

const DRIVER: &str = "chromedriver";
const BROWSERS: [&str; 2] = ["chromium", "google-chrome"];
const HOW_TO_GET_IT: &str = "install Chromium and its driver: on Debian, apt-get install chromium chromium-driver";

const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
];

/// Waits for its input to end, and then ends the driver and all browsers: they are of one process group. So they end
/// with the tests' process, however that ends.
const SCRIPT: &str = "chromedriver --port=0 & read -r _; kill -KILL 0";

/// A `chromedriver`, and the browsers that it started. All end when this is dropped.
pub(super) struct Driver {
    shell: Child,
    url: String,
    browser: String,
    profiles: Option<TempDir>,
    started: AtomicU32,
}

impl Driver {
    pub(super) async fn start() -> Self {
        let browser = BROWSERS.iter().find_map(|name| which::which(name).ok());
        let browser = browser.unwrap_or_else(|| panic!("no {} on PATH: {HOW_TO_GET_IT}", BROWSERS.join(", no ")));
        which::which(DRIVER).unwrap_or_else(|error| panic!("{DRIVER}: {error}: {HOW_TO_GET_IT}"));

        let profiles = TempDir::new().expect("there is room for a folder");
        let mut shell = Command::new("sh");
        // Browsers leave more behind than their profiles.
        shell.args(["-c", SCRIPT]).process_group(0).env("TMPDIR", profiles.path());
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = shell.spawn().expect("there is a shell");
        let said = BufReader::new(shell.stdout.take().expect("it is piped"));
        let mut driver = Self {
            shell,
            url: String::new(),
            browser: browser.to_str().expect("programs' paths are text").to_owned(),
            profiles: Some(profiles),
            started: AtomicU32::new(0),
        };
        let port = tokio::task::spawn_blocking(move || port(said));
        let port = in_time("chromedriver's port", port).await.expect("reading lines does not panic");
        driver.url = format!("http://127.0.0.1:{}", port.unwrap_or_else(|said| panic!("{DRIVER} said {said:?}")));
        driver
    }

    /// Starts a browser, with nothing kept from any other.
    pub(super) async fn browser(&self, kind: Kind) -> Client {
        self.browser_with(kind, &[]).await
    }

    /// Starts one with more flags.
    pub(super) async fn browser_with(&self, kind: Kind, more: &[String]) -> Client {
        let profiles = self.profiles.as_ref().expect("it is there until the end").path();
        let profile = profiles.join(self.started.fetch_add(1, Ordering::Relaxed).to_string());
        let mut flags: Vec<_> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.display()));
        flags.extend(kind.flags().iter().map(|flag| (*flag).to_owned()));
        flags.extend_from_slice(more);
        let mut options = json!({ "binary": self.browser, "args": flags });
        if let (Some(options), Some((name, value))) = (options.as_object_mut(), kind.option()) {
            options.insert(name.to_owned(), value);
        }
        let capabilities = Capabilities::from_iter([("goog:chromeOptions".to_owned(), options)]);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let connecting = builder.capabilities(capabilities).connect(&self.url);
        in_time("the browser's start", connecting).await.unwrap_or_else(|error| panic!("no browser: {error}"))
    }
}

/// Reads which port the driver has found; else gives all it said.
fn port(said: impl BufRead) -> Result<u16, String> {
    let mut all = String::new();
    for line in said.lines().map_while(Result::ok) {
        let port = line.split_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').parse());
        if let Some(Ok(port)) = port {
            return Ok(port);
        }
        all.push_str(&line);
        all.push('\n');
    }
    Err(all)
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
        // The browsers are killed by now, but may take a moment to be gone, and they write until they are.
        let profiles = self.profiles.take().map(TempDir::keep);
        let gone = |folder: &std::path::PathBuf| fs::remove_dir_all(folder).is_ok() || !folder.exists();
        for _ in 0..500 {
            if profiles.as_ref().is_none_or(gone) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
