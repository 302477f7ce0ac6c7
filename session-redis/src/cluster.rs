//! The way to a cluster.
//!
//! The client library follows the slots, and sends again by itself what failed, also what may have been carried out. A
//! write that was stored, whose answer was lost and that somebody's next write then replaced, would be answered with a
//! conflict when it is sent again; the core, which knows of no second time, would make the changes once more on top of
//! themselves. So [`Node`] tells the library which writes not to send again. It also keeps `ASKING` and what follows it
//! together.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::{ClusterConnection, Connect};
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{
    Arg, AsyncConnectionConfig, Cmd, ErrorKind, IntoConnectionInfo, Pipeline, RedisError, RedisFuture, RedisResult,
    ServerErrorKind, Value, cmd, make_extension_error,
};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::cursor::fingerprint;
use crate::error::{Failed, NO_DATABASE, REPLY_LOST};

/// A handle; clones share the connections.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Inner>);

struct Inner {
    client: ClusterClient,
    /// How long it may take to find the cluster: the library sets a limit to each node alone.
    limit: Duration,
    connection: OnceCell<ClusterConnection<Node>>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cluster")
    }
}

/// The masters of a cluster, in an order that stays the same for as long as they and their slots do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Masters {
    pub(crate) addresses: Vec<(String, u16)>,
    /// Tells one distribution of the slots from another.
    pub(crate) fingerprint: u64,
}

impl Cluster {
    pub(crate) fn new(client: ClusterClient, limit: Duration) -> Self {
        Self(Arc::new(Inner { client, limit, connection: OnceCell::new() }))
    }

    /// Sends a command to wherever its key is, or to any node if it has none.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Failed> {
        // INFO would be asked of every node.
        let anywhere = is_one_of(command, &[b"INFO", b"CLUSTER"]);
        let mut connection = self.connection().await.map_err(Failed::unsent)?;
        let answer = if anywhere {
            connection.route_command(command.clone(), RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random)).await
        } else {
            connection.req_packed_command(command).await
        };
        answer.and_then(Value::extract_error).map_err(unsettled).map_err(Failed::of)
    }

    /// Sends commands to one node in one go and gives the answers, among which may be errors of the server's.
    pub(crate) async fn send_all_to(
        &self,
        (host, port): &(String, u16),
        commands: Pipeline,
    ) -> Result<Vec<Value>, Failed> {
        let mut connection = self.connection().await.map_err(Failed::unsent)?;
        let to = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port };
        let count = commands.len();
        connection.route_pipeline(commands, 0, count, to).await.map_err(Failed::of)
    }

    /// Asks who has which slots.
    pub(crate) async fn masters(&self) -> Result<Option<Masters>, Failed> {
        let mut command = cmd("CLUSTER");
        command.arg("SLOTS");
        Ok(masters(self.send(&command).await?))
    }

    /// Connects once; from then on the library sees to the connections.
    async fn connection(&self) -> Result<ClusterConnection<Node>, RedisError> {
        let connect = || self.0.client.get_async_generic_connection::<Node>();
        // Around all of it, for whoever waits makes the next try, one after the other.
        let connected = timeout(self.0.limit, self.0.connection.get_or_try_init(connect)).await;
        connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.cloned().map_err(of_node)
    }
}

fn is_one_of(command: &Cmd, names: &[&[u8]]) -> bool {
    matches!(command.args_iter().next(), Some(Arg::Simple(name)) if names.contains(&name))
}

/// Reads what `CLUSTER SLOTS` gives; `None` if it is something else.
fn masters(slots: Value) -> Option<Masters> {
    let Value::Array(ranges) = slots else { return None };
    let mut owned = Vec::with_capacity(ranges.len());
    for range in ranges {
        let Value::Array(parts) = range else { return None };
        let [Value::Int(from), Value::Int(to), Value::Array(master), ..] = &parts[..] else { return None };
        let [host, Value::Int(port), ..] = &master[..] else { return None };
        let host: String = redis::from_redis_value_ref(host).ok()?;
        owned.push((host, u16::try_from(*port).ok()?, *from, *to));
    }
    owned.sort();
    let fingerprint = fingerprint(&format!("{owned:?}"));
    let mut addresses: Vec<_> = owned.into_iter().map(|(host, port, ..)| (host, port)).collect();
    addresses.dedup();
    Some(Masters { addresses, fingerprint })
}

/// Says of an answer that names another node, which is here only where following it led nowhere, that the nodes do not
/// agree yet.
fn unsettled(error: RedisError) -> RedisError {
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::Ask | ServerErrorKind::Moved) => {
            make_extension_error("TRYAGAIN".to_owned(), Some("its nodes send from one to the other".to_owned()))
        }
        _ => error,
    }
}

/// Gives what a node said that kept the cluster from being found, of which the library passes on the words alone, as if it
/// were a failure of the network.
fn of_node(error: RedisError) -> RedisError {
    let Some((code, said)) =
        error.detail().filter(|_| error.kind() == ErrorKind::Io).and_then(|it| it.split_once(": "))
    else {
        return error;
    };
    let said = said.to_owned();
    match code {
        "Redis server refused to switch database - Server(ResponseError)" => {
            (ErrorKind::Server(ServerErrorKind::ResponseError), NO_DATABASE, said).into()
        }
        "NoPerm" => make_extension_error("NOPERM".to_owned(), Some(said)),
        "BusyLoading" => make_extension_error("LOADING".to_owned(), Some(said)),
        // What the library knows no kind of stands in quotes.
        _ => match code.strip_prefix('"').and_then(|code| code.strip_suffix('"')) {
            Some(code) => make_extension_error(code.to_owned(), Some(said)),
            None => error,
        },
    }
}

/// A connection to one node, which knows what may be sent again.
pub(crate) struct Node {
    connection: MultiplexedConnection,
    lost: Arc<AtomicBool>,
    /// Whether what is sent next goes behind `ASKING`, without which a node refuses what is of a slot that is on its way
    /// to it. The library sends that by itself, and ahead; but others share the connection, and what one of them sends
    /// meanwhile would have it.
    asking: bool,
}

/// Another handle on the connection, which asks for nothing yet.
impl Clone for Node {
    fn clone(&self) -> Self {
        Self { connection: self.connection.clone(), lost: self.lost.clone(), asking: false }
    }
}

impl Node {
    /// What is given to a connection that is lost surely never leaves, so the library may send it over another one.
    fn is_open(&self) -> RedisResult<()> {
        if self.lost.load(Ordering::Acquire) { Err(io::Error::from(io::ErrorKind::BrokenPipe).into()) } else { Ok(()) }
    }

    /// Keeps a write whose answer was lost from being sent again. All writes are scripts, or create by `SET`.
    fn judge(&self, command: &Cmd, error: RedisError) -> RedisError {
        if error.is_unrecoverable_error() {
            self.lost.store(true, Ordering::Release);
        }
        let is_write = is_one_of(command, &[b"EVALSHA", b"EVAL", b"SET"]);
        if is_write && (error.is_unrecoverable_error() || error.is_io_error()) {
            make_extension_error(REPLY_LOST.to_owned(), None)
        } else {
            error
        }
    }
}

impl Connect for Node {
    fn connect_with_config<'a, T>(info: T, config: AsyncConnectionConfig) -> RedisFuture<'a, Self>
    where
        T: IntoConnectionInfo + Send + 'a,
    {
        Box::pin(async move {
            let connection = MultiplexedConnection::connect_with_config(info, config).await?;
            Ok(Self { connection, lost: Arc::default(), asking: false })
        })
    }
}

impl ConnectionLike for Node {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            self.is_open()?;
            if is_one_of(command, &[b"ASKING"]) {
                self.asking = true;
                return Ok(Value::Okay);
            }
            let answer = match std::mem::take(&mut self.asking) {
                false => self.connection.send_packed_command(command).await,
                true => {
                    let mut both = Pipeline::with_capacity(2);
                    both.cmd("ASKING").add_command(command.clone());
                    let answers = self.connection.send_packed_commands(&both, 0, 2).await;
                    answers.map(|mut answers| answers.pop().unwrap_or(Value::Nil))
                }
            };
            answer.map_err(|error| self.judge(command, error))
        })
    }

    /// A page of a walk, which is asked of one node and of no slot.
    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            self.is_open()?;
            let answers = self.connection.send_packed_commands(commands, offset, count).await;
            answers.map_err(|error| commands.cmd_iter().fold(error, |error, command| self.judge(command, error)))
        })
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: i64, to: i64, host: &str, port: i64) -> Value {
        let node = Value::Array(vec![Value::BulkString(host.into()), Value::Int(port)]);
        Value::Array(vec![Value::Int(from), Value::Int(to), node])
    }

    #[test]
    fn masters_are_in_one_order_whoever_is_asked() {
        let (a, b, c) = (range(0, 5, "b", 1), range(6, 9, "a", 2), range(10, 11, "b", 1));
        let one = masters(Value::Array(vec![a.clone(), b.clone(), c.clone()])).unwrap();
        let two = masters(Value::Array(vec![c, a.clone(), b.clone()])).unwrap();
        assert_eq!(one, two);
        assert_eq!(one.addresses, [("a".to_owned(), 2), ("b".to_owned(), 1)]);
        let moved = masters(Value::Array(vec![a, b, range(10, 11, "a", 2)])).unwrap();
        assert_eq!(one.addresses, moved.addresses);
        assert_ne!(one.fingerprint, moved.fingerprint);
    }
}
