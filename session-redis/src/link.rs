//! One connection to one server at a time, made anew when it is lost.
//!
//! `redis` has a connection manager that does nearly this. It is not used, since it tells a connection that could not
//! be made, where surely nothing was done, from one that was lost with a write under way no better than the error
//! does, and since it does not ask a Sentinel who the master is now.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{MultiplexedConnection, SendError};
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use tokio::time::timeout;

use crate::error::Failed;

/// Finds the server.
#[derive(Clone)]
pub(crate) enum Target {
    /// It is always the same.
    Server(Box<Client>),
    /// The Sentinels say which it is now.
    #[cfg(feature = "sentinel")]
    Sentinel(Arc<tokio::sync::Mutex<redis::sentinel::SentinelClient>>),
}

impl Target {
    fn topology(&self) -> &'static str {
        match self {
            Self::Server(_) => "single node",
            #[cfg(feature = "sentinel")]
            Self::Sentinel(_) => "sentinel",
        }
    }

    async fn client(&self) -> Result<Client, RedisError> {
        match self {
            Self::Server(client) => Ok((**client).clone()),
            #[cfg(feature = "sentinel")]
            Self::Sentinel(sentinel) => sentinel.lock().await.async_get_client().await,
        }
    }
}

/// Hears what a server pushes of changes, and when no more of it can come. It must not wait.
pub(crate) trait Listener: Send + Sync {
    /// What stands under a name was changed.
    fn changed(&self, name: &[u8]);
    /// Anything may have been: the database was emptied, or what was pushed is not known.
    fn all_changed(&self);
    /// The connection is gone.
    fn lost(&self);
}

fn tell(listener: &dyn Listener, push: &PushInfo) {
    if push.kind != PushKind::Invalidate {
        return;
    }
    match push.data.first() {
        Some(Value::Array(names)) => {
            for name in names {
                if let Value::BulkString(name) = name {
                    listener.changed(name);
                }
            }
        }
        _ => listener.all_changed(),
    }
}

/// The command by which a server pushes all changes of keys whose names begin with `prefix`.
fn tracking(prefix: &str) -> Cmd {
    let mut tracking = redis::cmd("CLIENT");
    tracking.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(prefix);
    tracking
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) response: Duration,
}

/// A handle; clones share the connection.
#[derive(Clone)]
pub(crate) struct Link(Arc<Inner>);

struct Inner {
    target: Target,
    timeouts: Timeouts,
    current: Mutex<Current>,
    /// Held while connecting: nobody else tries meanwhile, and whoever waited takes what came of it.
    connecting: tokio::sync::Mutex<Option<Attempt>>,
    attempts: AtomicU64,
    /// How many answers came, over all connections: a connection that gives some is alive.
    answers: AtomicU64,
    /// Whom to tell of changes, and what the names of the keys begin with of which all are told.
    listens: Option<(Arc<dyn Listener>, String)>,
}

#[derive(Default)]
struct Current {
    /// Counts connections, so that a late complaint about one does not end the next.
    number: u64,
    connection: Option<MultiplexedConnection>,
}

/// A try to connect that failed.
struct Attempt {
    number: u64,
    error: RedisError,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.topology())
    }
}

impl Link {
    pub(crate) fn new(target: Target, timeouts: Timeouts) -> Self {
        Self(Arc::new(Inner::new(target, timeouts)))
    }

    /// Tells whether the server can push. Who the master is, and so what its client speaks, Sentinels say later: a
    /// client of theirs that does not speak RESP3 fails when it is asked for pushes.
    pub(crate) fn speaks_resp3(&self) -> bool {
        match &self.0.target {
            Target::Server(client) => speaks_resp3(client),
            #[cfg(feature = "sentinel")]
            Target::Sentinel(_) => true,
        }
    }

    /// Makes another to the same server, which pushes all changes of keys whose names begin with `prefix`.
    pub(crate) fn heard_by(&self, listener: Arc<dyn Listener>, prefix: String) -> Self {
        let inner = Inner::new(self.0.target.clone(), self.0.timeouts);
        Self(Arc::new(Inner { listens: Some((listener, prefix)), ..inner }))
    }

    pub(crate) fn topology(&self) -> &'static str {
        self.0.target.topology()
    }

    /// Sends a command and gives the answer; an error of the server's is an error.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Failed> {
        let (number, mut connection) = self.connection().await.map_err(Failed::unsent)?;
        let before = self.0.answers.load(Ordering::Relaxed);
        let answer = connection.send_packed_command(command).await;
        self.look_at(number, before, answer.as_ref().err());
        answer.and_then(Value::extract_error).map_err(Failed::of)
    }

    /// Sends commands in one go and gives the answers, among which may be errors of the server's.
    pub(crate) async fn send_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Failed> {
        let (number, mut connection) = self.connection().await.map_err(Failed::unsent)?;
        let before = self.0.answers.load(Ordering::Relaxed);
        let answers = connection.send_packed_commands(commands, 0, commands.len()).await;
        self.look_at(number, before, answers.as_ref().err());
        answers.map_err(Failed::of)
    }

    /// Gives up the connection, so that the next command makes another: after a failover the old master answers still.
    pub(crate) fn give_up(&self) {
        let number = self.current().number;
        self.0.lost(number);
    }

    /// Gives up a connection that is lost, or that has answered nothing for as long as a command may take.
    fn look_at(&self, number: u64, answers_before: u64, error: Option<&RedisError>) {
        let Some(error) = error else {
            self.0.answers.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let silent = self.0.answers.load(Ordering::Relaxed) == answers_before;
        if error.is_unrecoverable_error() || error.is_timeout() && silent {
            self.0.lost(number);
        }
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ready(&self) -> Option<(u64, MultiplexedConnection)> {
        let current = self.current();
        Some((current.number, current.connection.clone()?))
    }

    async fn connection(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        if let Some(ready) = self.ready() {
            return Ok(ready);
        }
        let tried = self.0.attempts.load(Ordering::Acquire);
        let mut failed = self.0.connecting.lock().await;
        if let Some(ready) = self.ready() {
            return Ok(ready);
        }
        // A try that began after this call is as good as one of its own.
        if let Some(attempt) = failed.as_ref().filter(|attempt| attempt.number > tried) {
            return Err(attempt.error.clone());
        }
        let number = self.0.attempts.fetch_add(1, Ordering::AcqRel) + 1;
        match self.connect().await {
            Ok(ready) => {
                *failed = None;
                Ok(ready)
            }
            Err(error) => {
                *failed = Some(Attempt { number, error: error.clone() });
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        let number = {
            let mut current = self.current();
            current.number += 1;
            current.number
        };
        let connecting = async {
            let client = self.0.target.client().await?;
            let config = self.config(&client, number);
            let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            if let Some((_, prefix)) = &self.0.listens {
                tracking(prefix).exec_async(&mut connection.clone()).await?;
            }
            Ok::<_, RedisError>(connection)
        };
        // Around all of it: to ask a Sentinel has no limit of its own.
        let connection = timeout(self.0.timeouts.connect, connecting).await;
        let connection = connection.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let mut current = self.current();
        if current.number == number {
            current.connection = Some(connection.clone());
        }
        Ok((number, connection))
    }

    fn config(&self, client: &Client, number: u64) -> AsyncConnectionConfig {
        let timeouts = self.0.timeouts;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeouts.connect))
            .set_response_timeout(Some(timeouts.response));
        if !speaks_resp3(client) {
            return config;
        }
        // RESP3 tells at once when the connection ends, so that no write is sent into one that was closed while idle.
        let link = Arc::downgrade(&self.0);
        config.set_push_sender(move |push: PushInfo| {
            if let Some(link) = link.upgrade() {
                link.pushed(number, &push);
            }
            Ok::<_, SendError>(())
        })
    }
}

impl Inner {
    fn new(target: Target, timeouts: Timeouts) -> Self {
        Self {
            target,
            timeouts,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            attempts: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            listens: None,
        }
    }

    fn pushed(&self, number: u64, push: &PushInfo) {
        if push.kind == PushKind::Disconnection {
            self.lost(number);
        }
        if let Some((listener, _)) = &self.listens {
            tell(&**listener, push);
        }
    }

    fn lost(&self, number: u64) {
        {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            if current.number != number {
                return;
            }
            current.connection = None;
        }
        // Before the next connection is made, or what is read by that would be forgotten, too; which does no harm.
        if let Some((listener, _)) = &self.listens {
            listener.lost();
        }
    }
}

fn speaks_resp3(client: &Client) -> bool {
    client.get_connection_info().redis_settings().protocol() == ProtocolVersion::RESP3
}
