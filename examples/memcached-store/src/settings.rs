//! Whether the server can serve as it is set up.

use memcache::exp::Error as ClientError;
use session_core::StoreError;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::{MemcachedConfig, OVERHEAD};
use crate::error::{MemcachedError, NAME, failed, misconfigured};

/// What of memcached's settings matters here.
#[derive(Debug, Default)]
struct Settings {
    cas_enabled: Option<bool>,
    item_size_max: Option<usize>,
}

/// Asks the server for its settings, on a connection of its own, and says what is wrong with them.
pub(crate) async fn check(config: &MemcachedConfig) -> Result<(), StoreError> {
    // To connect, and to be answered.
    let settings = timeout(config.timeout * 2, ask(&config.address)).await;
    let settings = settings.map_err(|_| StoreError::Timeout { store: NAME })?;
    let settings = settings.map_err(|error| failed(ClientError::Io(error)))?;
    match settings.cas_enabled {
        Some(true) => {}
        Some(false) => return Err(misconfigured(MemcachedError::Setup("start it without -C, which turns CAS off"))),
        None => {
            let setup = "it does not tell its settings; connect to memcached itself, not to a proxy";
            return Err(misconfigured(MemcachedError::Setup(setup)));
        }
    }
    let needed = config.max_payload.saturating_add(OVERHEAD);
    match settings.item_size_max {
        Some(found) if found < needed => Err(misconfigured(MemcachedError::ItemSize { found, needed })),
        _ => Ok(()),
    }
}

/// The client has no word for it.
async fn ask(address: &str) -> std::io::Result<Settings> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    stream.write_all(b"stats settings\r\n").await?;
    let mut settings = Settings::default();
    let mut lines = stream.lines();
    while let Some(line) = lines.next_line().await? {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["STAT", "cas_enabled", value] => settings.cas_enabled = Some(value == "yes"),
            ["STAT", "item_size_max", value] => settings.item_size_max = value.parse().ok(),
            ["STAT", ..] => {}
            // The end, or an error.
            _ => return Ok(settings),
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}
