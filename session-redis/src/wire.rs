//! The way to the server: one command at a time, over whatever the topology asks for.

use std::fmt;

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, ServerErrorKind, Value};
use session_core::StoreError;

#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::error::{Failed, Intent, Sent, strange};
use crate::link::Link;
use crate::links::Links;
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
    /// Connections of this crate's, made anew when they are lost.
    Links(Links),
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
            Route::Links(_) | Route::Own(_) => true,
            #[cfg(feature = "cluster")]
            Route::Cluster(_) => false,
        }
    }

    /// Reads; again, if the connection was lost meanwhile.
    pub(crate) async fn read(&self, command: &Cmd) -> Result<Value, StoreError> {
        let (way, mut left) = (self.way(), self.read_retries);
        loop {
            match way.send(command).await {
                Err(failed) if left > 0 && is_lost(&failed) => left -= 1,
                answer => return answer.map_err(|failed| failed.into_store_error(Intent::Read)),
            }
        }
    }

    /// Reads in one go, in order; only where scripts reach all keys. The answers are as many as the commands, and may
    /// be errors of the server's.
    pub(crate) async fn read_all<const N: usize>(&self, commands: &Pipeline) -> Result<[Value; N], StoreError> {
        self.read_many(commands).await?.try_into().map_err(|_| strange("a pipeline"))
    }

    /// Reads in one go, in order, as [`read_all`](Self::read_all) does.
    pub(crate) async fn read_many(&self, commands: &Pipeline) -> Result<Vec<Value>, StoreError> {
        let (way, mut left) = (self.way(), self.read_retries);
        loop {
            match way.send_all(commands).await {
                Err(failed) if left > 0 && is_lost(&failed) => left -= 1,
                Err(failed) => return Err(failed.into_store_error(Intent::Read)),
                Ok(answers) => return Ok(answers),
            }
        }
    }

    /// Writes. It is sent again only if surely nothing was done.
    pub(crate) async fn write(&self, command: &Cmd) -> Result<Value, StoreError> {
        let way = self.way();
        let mut answer = way.send(command).await;
        if answer.as_ref().is_err_and(|failed| failed.is(ServerErrorKind::ReadOnly)) {
            self.leave_replica();
            answer = way.send(command).await;
        }
        answer.map_err(|failed| failed.into_store_error(Intent::Write))
    }

    /// Calls a script. It is sent again only if surely nothing was done.
    pub(crate) async fn call(&self, call: Call<'_>, intent: Intent) -> Result<Value, StoreError> {
        let way = self.way();
        let mut command = call.by_hash();
        let mut left = match intent {
            Intent::Read => self.read_retries,
            Intent::Write => 0,
        };
        let (mut may_renew, mut is_whole) = (true, false);
        loop {
            let failed = match way.call(&call, &command).await {
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

    /// Gives up connections to what was the master and has become a replica: the next lead to the new master.
    fn leave_replica(&self) {
        if let Route::Links(links) = &self.route {
            links.give_up();
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

    fn way(&self) -> Way<'_> {
        match &self.route {
            Route::Links(links) => Way::Link(links.next()),
            Route::Own(connection) => Way::Own(&**connection),
            #[cfg(feature = "cluster")]
            Route::Cluster(cluster) => Way::Cluster(cluster),
        }
    }
}

/// The way that one call takes, also when it sends again: a connection that was lost is made anew then.
#[derive(Clone, Copy)]
enum Way<'a> {
    Link(&'a Link),
    Own(&'a dyn Connection),
    #[cfg(feature = "cluster")]
    Cluster(&'a Cluster),
}

impl Way<'_> {
    async fn send(self, command: &Cmd) -> Result<Value, Failed> {
        match self {
            Self::Link(link) => link.send(command).await,
            Self::Own(connection) => {
                let answer = connection.another().req_packed_command(command).await;
                answer.and_then(Value::extract_error).map_err(Failed::of)
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.send(command).await,
        }
    }

    async fn call(self, call: &Call<'_>, command: &Cmd) -> Result<Value, Failed> {
        let Some(staged) = &call.staged else { return self.send(command).await };
        let answers = self.send_all(&staged.around(command.clone())).await?;
        let mut answers = answers.into_iter().map(Value::extract_error);
        match (answers.next(), answers.next()) {
            // It could not be brought: that is what is the matter, whatever the script says.
            (Some(Err(error)), _) => Err(Failed::of(error)),
            (_, answer) => answer.unwrap_or(Ok(Value::Nil)).map_err(Failed::of),
        }
    }

    async fn send_all(self, commands: &Pipeline) -> Result<Vec<Value>, Failed> {
        match self {
            Self::Link(link) => link.send_all(commands).await,
            Self::Own(connection) => {
                let answers = connection.another().req_packed_commands(commands, 0, commands.len()).await;
                answers.map_err(Failed::of)
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => unreachable!("no pipeline goes to a cluster, where each key has a node of its own"),
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
            Self::Links(links) => links.topology(),
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
