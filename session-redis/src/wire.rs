//! The way to the server: one command at a time, over whatever the topology asks for.

use std::fmt;

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, ServerErrorKind, Value};
use session_core::StoreError;

#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::error::{Failed, Intent, Sent, strange};
use crate::link::Link;
use crate::script::Call;

/// Sends commands, and sends again what surely did nothing.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    route: Route,
    /// How often a read is sent again whose connection was lost.
    read_retries: u32,
}

/// Where commands go.
#[derive(Clone)]
pub(crate) enum Route {
    /// A connection of this crate's, made anew when it is lost.
    Link(Link),
    /// A connection of the caller's, who sees to it.
    Own(Box<dyn Connection>),
    /// The connections of a cluster, which the client library sees to.
    #[cfg(feature = "cluster")]
    Cluster(Cluster),
}

impl Wire {
    pub(crate) fn new(route: Route, read_retries: u32) -> Self {
        Self { route, read_retries }
    }

    /// Tells whether a script reaches keys other than the one that it is sent for: all are on one server.
    pub(crate) fn reaches_all_keys(&self) -> bool {
        match &self.route {
            Route::Link(_) | Route::Own(_) => true,
            #[cfg(feature = "cluster")]
            Route::Cluster(_) => false,
        }
    }

    /// Reads; again, if the connection was lost meanwhile.
    pub(crate) async fn read(&self, command: &Cmd) -> Result<Value, StoreError> {
        let mut left = self.read_retries;
        loop {
            match self.send(command).await {
                Err(failed) if left > 0 && is_lost(&failed) => left -= 1,
                answer => return answer.map_err(|failed| failed.into_store_error(Intent::Read)),
            }
        }
    }

    /// Reads in one go, in order; only where scripts reach all keys. The answers are as many as the commands, and may
    /// be errors of the server's.
    pub(crate) async fn read_all<const N: usize>(&self, commands: &Pipeline) -> Result<[Value; N], StoreError> {
        let mut left = self.read_retries;
        loop {
            match self.send_all(commands).await {
                Err(failed) if left > 0 && is_lost(&failed) => left -= 1,
                Err(failed) => return Err(failed.into_store_error(Intent::Read)),
                Ok(answers) => return answers.try_into().map_err(|_| strange("a pipeline")),
            }
        }
    }

    /// Writes. It is sent again only if surely nothing was done.
    pub(crate) async fn write(&self, command: &Cmd) -> Result<Value, StoreError> {
        let mut answer = self.send(command).await;
        if answer.as_ref().is_err_and(|failed| failed.is(ServerErrorKind::ReadOnly)) {
            self.leave_replica();
            answer = self.send(command).await;
        }
        answer.map_err(|failed| failed.into_store_error(Intent::Write))
    }

    /// Calls a script. It is sent again only if surely nothing was done.
    pub(crate) async fn call(&self, call: Call<'_>, intent: Intent) -> Result<Value, StoreError> {
        let mut command = call.by_hash();
        let mut left = match intent {
            Intent::Read => self.read_retries,
            Intent::Write => 0,
        };
        let (mut may_renew, mut is_whole) = (true, false);
        loop {
            let failed = match self.send(&command).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if failed.is(ServerErrorKind::NoScript) && !is_whole {
                is_whole = true;
                command = call.whole();
            } else if failed.is(ServerErrorKind::ReadOnly) && may_renew {
                may_renew = false;
                self.leave_replica();
            } else if left > 0 && is_lost(&failed) {
                left -= 1;
            } else {
                return Err(failed.into_store_error(intent));
            }
        }
    }

    /// Gives up a connection to what was the master and has become a replica: the next leads to the new master.
    fn leave_replica(&self) {
        if let Route::Link(link) = &self.route {
            link.give_up();
        }
    }

    /// Gives the cluster; `None` if there is none.
    #[cfg(feature = "cluster")]
    pub(crate) fn cluster(&self) -> Option<&Cluster> {
        match &self.route {
            Route::Cluster(cluster) => Some(cluster),
            _ => None,
        }
    }

    async fn send(&self, command: &Cmd) -> Result<Value, Failed> {
        match &self.route {
            Route::Link(link) => link.send(command).await,
            Route::Own(connection) => {
                let answer = connection.another().req_packed_command(command).await;
                answer.and_then(Value::extract_error).map_err(Failed::of)
            }
            #[cfg(feature = "cluster")]
            Route::Cluster(cluster) => cluster.send(command).await,
        }
    }

    async fn send_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Failed> {
        match &self.route {
            Route::Link(link) => link.send_all(commands).await,
            Route::Own(connection) => {
                let answers = connection.another().req_packed_commands(commands, 0, commands.len()).await;
                answers.map_err(Failed::of)
            }
            #[cfg(feature = "cluster")]
            Route::Cluster(_) => unreachable!("no pipeline goes to a cluster, where each key has a node of its own"),
        }
    }
}

/// Tells whether the connection was lost, so that another try goes over another one. What took too long is not tried
/// again: it would take as long once more.
fn is_lost(failed: &Failed) -> bool {
    failed.error.is_unrecoverable_error() && !failed.error.is_timeout() && failed.sent == Sent::Perhaps
}

impl Route {
    /// Names the topology.
    fn name(&self) -> &'static str {
        match self {
            Self::Link(link) => link.topology(),
            Self::Own(_) => "own connection",
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => "cluster",
        }
    }
}

/// Shows no client: it knows the password.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A connection of the caller's, in whatever type.
pub(crate) trait Connection: ConnectionLike + Send + Sync {
    /// Gives another handle on it.
    fn another(&self) -> Box<dyn Connection>;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Connection for C {
    fn another(&self) -> Box<dyn Connection> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Connection> {
    fn clone(&self) -> Self {
        (**self).another()
    }
}
