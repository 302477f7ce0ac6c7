//! The feed: what PostgreSQL tells of ends (`LISTEN`), told to who listens.
//!
//! Who ends a session has its key sent in the same statement (`pg_notify`), which PostgreSQL does once that is committed, and
//! never for what was not. Other writes are told to nobody: each notification takes a lock of the whole server's at its commit.
//!
//! # What a pooler does to it
//!
//! PgBouncer in transaction mode lends the connection that listens to others, and what is told goes to nobody, without a
//! word. So a feed is one only once it has heard what another connection said for it alone, over the way that writes take. Where
//! it hears nothing it says so in the log, and ends are looked for.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use session_core::{Causes, Keeper, Kept, Notifier, SessionId, SessionKey, Tells, Watch, Watcher};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor};
use tokio::time::{sleep, timeout};

use crate::config::SqlConfig;
use crate::error::SqlError;
use crate::statements::channel;

/// How often a connection is asked whether it is alive.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How long nobody tries to listen after that failed; and after nothing came through, which will seldom change.
const PAUSE: Duration = Duration::from_secs(1);
const LONG_PAUSE: Duration = Duration::from_secs(60);
/// What a feed says to itself begins so, and no key does.
const PROOF: &str = "?";

/// A connection that listens, once somebody listens to it.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    keeper: Keeper,
}

struct Shared {
    notifier: Notifier,
    channel: String,
    /// Where the store's own statements go.
    pool: PgPool,
    /// Where to listen.
    server: Arc<PgConnectOptions>,
    patience: Duration,
}

impl Feed {
    /// Makes a feed of what is ended over the pool.
    pub(crate) fn new(pool: &PgPool, config: &SqlConfig) -> Result<Self, SqlError> {
        let server = match &config.listen_url {
            None => pool.connect_options(),
            Some(url) => Arc::new(PgConnectOptions::from_str(url.as_str()).map_err(SqlError::of_url)?),
        };
        let (channel, patience) = (channel(config), pool.options().get_acquire_timeout());
        let shared = Shared { notifier: Notifier::new(), channel, pool: pool.clone(), server, patience };
        Ok(Self { shared: Arc::new(shared), keeper: Keeper::default() })
    }
}

impl Watch for Feed {
    fn tells(&self) -> Tells {
        Tells::Ends
    }

    fn watcher(&self) -> Watcher {
        let watcher = self.shared.notifier.watcher();
        self.keeper.keep(|| Some(keep(Arc::clone(&self.shared), self.keeper.kept())));
        watcher
    }
}

/// Listens for as long as somebody listens to it, and the store is not closed.
async fn keep(shared: Arc<Shared>, kept: Kept) {
    // Said before another task can begin, which says so of its own.
    let is_unheard = || {
        let is_unheard = !shared.notifier.is_heard();
        if is_unheard {
            shared.notifier.lost();
        }
        is_unheard
    };
    while !kept.ends_if(is_unheard) {
        let mut closed = shared.pool.close_event();
        let ended = closed.do_until(shared.listen(|| kept.ends_if(is_unheard))).await;
        if !matches!(ended, Ok(Ok(Ended::Unheard))) {
            shared.notifier.lost();
        }
        let pause = match ended {
            // The store is closed, or the end was decided.
            Err(_) | Ok(Ok(Ended::Unheard)) => return,
            Ok(Ok(Ended::Silent)) => {
                tracing::warn!(
                    "ends of sessions are not told, for nothing comes through to a connection that listens: behind a \
                     pooler name the server itself by `SqlConfig::with_listen_url`"
                );
                LONG_PAUSE
            }
            Ok(Ok(Ended::Lost)) => PAUSE,
            Ok(Err(error)) => {
                tracing::debug!(error = %Causes(&error), "ends of sessions are not told, for the connection that listens failed");
                PAUSE
            }
        };
        sleep(pause).await;
    }
}

/// Why a connection listens no more.
enum Ended {
    /// It is lost.
    Lost,
    /// It heard nothing from the first.
    Silent,
    /// Nobody listens to it, and the task ends.
    Unheard,
}

impl Shared {
    /// Listens on one connection, until that is lost or `is_unheard`.
    async fn listen(&self, is_unheard: impl Fn() -> bool) -> Result<Ended, sqlx::Error> {
        // Of one connection, without a task that looks at it.
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(self.patience);
        let pool = pool.idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_lazy_with((*self.server).clone().extra_float_digits(None));
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(&self.channel).await?;
        if !self.hears(&mut listener).await? {
            return Ok(Ended::Silent);
        }
        self.notifier.resumed();
        while !is_unheard() {
            match timeout(ASK_EVERY, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => {
                    if let Some(key) = SessionKey::parse(notification.payload().as_bytes()) {
                        self.notifier.changed(&key);
                    }
                }
                Ok(Ok(None)) => return Ok(Ended::Lost),
                Ok(Err(error)) => return Err(error),
                // One that is cut in silence looks as one where nothing happens.
                Err(_) => {
                    let ask = format!("LISTEN \"{}\"", self.channel);
                    match timeout(self.patience, listener.execute(AssertSqlSafe(ask))).await {
                        Ok(asked) => asked.map(drop)?,
                        Err(_) => return Ok(Ended::Lost),
                    }
                }
            }
        }
        Ok(Ended::Unheard)
    }

    /// Tells whether what is said by another connection, over the way that writes take, comes through.
    async fn hears(&self, listener: &mut PgListener) -> Result<bool, sqlx::Error> {
        let nonce = SessionId::random().map_err(sqlx::Error::config)?.key().encode();
        let said = format!("{PROOF}{nonce}");
        let say = format!("SELECT pg_notify('{}', '{said}')", self.channel);
        // Without a name, for a pooler that mixes up statements.
        sqlx::raw_sql(AssertSqlSafe(say)).execute(&self.pool).await?;
        let heard = async {
            while let Some(notification) = listener.try_recv().await? {
                if notification.payload() == said {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        timeout(self.patience, heard).await.unwrap_or(Ok(false))
    }
}
