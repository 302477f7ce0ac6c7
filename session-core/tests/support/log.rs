//! A log that is kept, to be read by a test.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// What was written to it.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Hears what this thread tells, from info on, until the guard is dropped.
    pub(crate) fn listen(&self) -> DefaultGuard {
        let subscriber = tracing_subscriber::fmt().with_writer(self.clone()).with_ansi(false);
        tracing::subscriber::set_default(subscriber.with_max_level(LevelFilter::INFO).finish())
    }

    /// Hears the same in JSON, with the spans of calls to a store when they end.
    pub(crate) fn listen_in_json(&self) -> DefaultGuard {
        let subscriber = tracing_subscriber::fmt().json().with_writer(self.clone()).with_span_events(FmtSpan::CLOSE);
        tracing::subscriber::set_default(subscriber.with_max_level(LevelFilter::DEBUG).finish())
    }

    /// Gives what was heard in JSON under a target.
    pub(crate) fn objects(&self, target: &str) -> Vec<serde_json::Value> {
        let text = self.text();
        let objects = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        objects.filter(|object| object["target"] == target).collect()
    }

    /// Gives the lines that name a target.
    pub(crate) fn lines(&self, target: &str) -> Vec<String> {
        self.text().lines().filter(|line| line.contains(target)).map(str::to_owned).collect()
    }

    /// Gives all of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// As it reads.
impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
