//! What the suite sets, as far as these peers have it. `peer` has turned down what they have not.

use std::env;
use std::net::TcpListener;

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// The idle timeout.
pub(crate) const DAY: u64 = 24 * 60 * 60;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) development: bool,
    pub(crate) persistent: bool,
    /// The cookie's name, with the prefix.
    pub(crate) cookie: String,
    /// Keys of 64 bytes, the signing one first.
    pub(crate) keys: Vec<[u8; 64]>,
}

impl Settings {
    pub(crate) fn read() -> Self {
        let set = |name: &str| env::var(name).ok();
        let development = set("SESSION_COOKIE").is_some_and(|it| it == "development");
        let name = set("SESSION_COOKIE_NAME").unwrap_or_else(|| "session".to_owned());
        let keys = set("SESSION_KEYS").unwrap_or_else(|| "kept by nobody".to_owned());
        Self {
            development,
            persistent: set("SESSION_LIFETIME").is_some_and(|it| it == "persistent"),
            cookie: if development { name } else { format!("__Host-Http-{name}") },
            keys: keys.split(',').map(stretched).collect(),
        }
    }
}

/// Makes a key as long as the libraries want it, by repeating the text of one.
fn stretched(text: &str) -> [u8; 64] {
    let mut bytes = text.bytes().cycle();
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

/// Listens on a free port.
pub(crate) fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Tells where clients are waited for.
pub(crate) fn tell(listener: &TcpListener) -> Result<()> {
    println!("listening on http://{}", listener.local_addr()?);
    Ok(())
}

/// Waits until SIGTERM comes.
pub(crate) async fn asked_to_stop() {
    match signal(SignalKind::terminate()) {
        Ok(mut asked) => drop(asked.recv().await),
        Err(_) => std::future::pending().await,
    }
}
