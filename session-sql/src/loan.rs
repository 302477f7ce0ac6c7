//! A connection that is lent for a statement, and asked whether it answers if that did not come to its end.
//!
//! sqlx's pools ask as well, without a limit: a connection that never answers, since sqlx and the server have lost count
//! of each other or the server hangs, is missing in the pool for as long as TCP takes to give up, or a server to lose
//! patience: MySQL takes eight hours. Over TLS so is one that answers by an error. sqlx 0.9 shuts it down, which begins
//! with a flush, and a flush with rustls that finds nothing to send waits until the server says something. Whoever closes
//! the pool waits with it.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database};
use tokio::runtime::Handle;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use crate::metrics::Counted;

/// A connection that is lent. One that is dropped, and not taken back, is on its own for as long as it takes to answer.
#[derive(Debug)]
pub(crate) struct Loan<Db: Database> {
    /// Some until it is taken back, or dropped.
    connection: Option<PoolConnection<Db>>,
    /// How long it may take to answer; `None` for a database in this process, which always does.
    patience: Option<Duration>,
}

/// A connection that is taken for a statement, and the right to have one.
#[derive(Debug)]
pub(crate) struct Lent<'a, Db: Database> {
    pub(crate) connection: Loan<Db>,
    /// When it came from the pool.
    pub(crate) since: Instant,
    #[expect(dead_code, reason = "it counts until it is dropped")]
    pub(crate) counted: Counted,
    // Last, so that the connection is on its way to the pool when somebody else asks there.
    pub(crate) turn: SemaphorePermit<'a>,
}

impl<Db: Database> Loan<Db> {
    pub(crate) fn new(connection: PoolConnection<Db>, patience: Option<Duration>) -> Self {
        Self { connection: Some(connection), patience }
    }

    /// Takes it back, after a statement that came to its end.
    pub(crate) fn returned(mut self) -> PoolConnection<Db> {
        self.connection.take().expect(LENT)
    }
}

const LENT: &str = "it is there for as long as it is lent";

impl<Db: Database> Deref for Loan<Db> {
    type Target = Db::Connection;

    fn deref(&self) -> &Db::Connection {
        self.connection.as_ref().expect(LENT)
    }
}

impl<Db: Database> DerefMut for Loan<Db> {
    fn deref_mut(&mut self) -> &mut Db::Connection {
        self.connection.as_mut().expect(LENT)
    }
}

impl<Db: Database> Drop for Loan<Db> {
    fn drop(&mut self) {
        // One of this process goes to its pool as it is.
        let (Some(connection), Some(patience)) = (self.connection.take(), self.patience) else { return };
        let asked = Asked::new(connection);
        // Without a runtime nothing can be asked.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                // The pool asks it once more: there is no other way in.
                drop(timeout(patience, asked.answers()).await);
            });
        }
    }
}

/// A connection that is asked whether it answers. If it does not, also when nobody waits for that any more, it is let go
/// at once: its end of the socket is closed, and the pool may open another.
pub(crate) struct Asked<Db: Database>(Option<PoolConnection<Db>>);

impl<Db: Database> Asked<Db> {
    pub(crate) fn new(connection: PoolConnection<Db>) -> Self {
        Self(Some(connection))
    }

    /// Gives it back if it answers.
    pub(crate) async fn answers(mut self) -> Option<PoolConnection<Db>> {
        match self.0.as_mut()?.ping().await {
            Ok(()) => self.0.take(),
            Err(_) => None,
        }
    }

    /// Says goodbye to the server, and waits until it has hung up.
    pub(crate) async fn close(mut self) {
        if let Some(connection) = self.0.take() {
            // It is as good as closed where that fails.
            let _ = connection.close().await;
        }
    }
}

impl<Db: Database> Drop for Asked<Db> {
    fn drop(&mut self) {
        drop(self.0.take().map(PoolConnection::detach));
    }
}

/// Waits for what a server may never let happen, as long as there is patience.
pub(crate) async fn within(patience: Option<Duration>, ended: impl Future<Output = ()>) {
    match patience {
        // Nobody can do more than wait.
        Some(patience) => timeout(patience, ended).await.unwrap_or_default(),
        None => ended.await,
    }
}
