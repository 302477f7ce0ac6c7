//! What befalls a store's server.

use std::time::Duration;

use session_conformance::servers::Alone;
use session_core::BoxError;
use session_sql::SqliteStore;
use session_sql::sqlx::Connection as _;
use tokio::time::sleep;

use crate::proxy::{Network, Proxy};

/// How long a blow lasts: longer than a store waits for an answer, shorter than a request may take.
const BLOW: Duration = Duration::from_millis(800);
/// The calm between two.
const CALM: Duration = Duration::from_millis(700);

pub(crate) trait Weather {
    /// Strikes once, and returns when the server is whole again. `number` says how.
    fn strike(&self, number: u32) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// A server of one's own, behind a network of one's own.
pub(crate) struct Served {
    server: Alone,
    proxy: Proxy,
}

impl Served {
    pub(crate) fn new(server: Alone, proxy: Proxy) -> Self {
        Self { server, proxy }
    }
}

impl Weather for Served {
    async fn strike(&self, number: u32) -> Result<(), BoxError> {
        let node = &self.server.nodes()[0];
        sleep(CALM).await;
        match number % 4 {
            0 => {
                node.kill().await?;
                node.restart().await?;
                self.server.ready().await?;
            }
            1 => {
                node.pause()?;
                sleep(BLOW).await;
                node.resume()?;
            }
            2 => {
                self.proxy.set(Network::Silent);
                sleep(BLOW).await;
                self.proxy.set(Network::Up);
            }
            _ => {
                self.proxy.set(Network::Cut);
                sleep(BLOW).await;
                self.proxy.set(Network::Up);
            }
        }
        Ok(())
    }
}

/// A file that somebody else keeps locked for writing now and then.
pub(crate) struct Locked {
    other: SqliteStore,
}

impl Locked {
    pub(crate) fn new(other: SqliteStore) -> Self {
        Self { other }
    }
}

impl Weather for Locked {
    async fn strike(&self, _: u32) -> Result<(), BoxError> {
        sleep(CALM).await;
        let mut connection = self.other.pool().acquire().await?;
        let lock = connection.begin_with("BEGIN IMMEDIATE").await?;
        sleep(BLOW).await;
        Ok(lock.rollback().await?)
    }
}
