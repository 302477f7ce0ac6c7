//! The servers that a test asks for.

use std::env;
use std::fmt;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::alone::Alone;
use super::blocking::blocking;
use super::docker;
use super::error::ServerError;
use super::home::{Folder, Lock};
use super::kind::{self, Kind, Place};
use super::launch::Launch;
use super::program;
use super::root::Root;

/// What the variable allows, next to a URL of the user's own.
const ALLOWED: &str = "SESSION_TEST_SERVERS";

/// How long a running server may be too busy to answer, before another one is started in its place.
const PATIENCE: Duration = Duration::from_secs(10);

const NOT_SET: &str = "it is not set";

struct Server {
    url: String,
    /// None for a server of the user's own.
    _user: Option<Lock>,
}

impl Server {
    async fn start(kind: &'static Kind) -> Result<Self, ServerError> {
        blocking(move || Self::find(kind)).await
    }

    fn find(kind: &'static Kind) -> Result<Self, ServerError> {
        if let Some(url) = env::var(kind.variable).ok().filter(|url| !url.trim().is_empty()) {
            return Ok(Self { url, _user: None });
        }
        let refused = |reason: String| ServerError::new(kind, NOT_SET, &reason, &reason);
        let (allowed, root) = (Allowed::read().map_err(refused)?, Root::read().map_err(refused)?);
        Self::join_or_start(kind, &allowed, &root)
            .map_err(|Refusal { docker, program }| ServerError::new(kind, NOT_SET, &docker, &program))
    }

    fn join_or_start(kind: &'static Kind, allowed: &Allowed, root: &Root) -> Result<Self, Refusal> {
        let folder = Folder::open(&format!("{}{}{}", kind.slug, allowed.suffix(), root.suffix()?))?;
        // A user first: from here on nobody ends the server.
        let user = folder.join()?;
        if let Some(place) = folder.current().filter(|place| (kind.ready)(place).is_ok()) {
            return Ok(Self { url: (kind.url)(&place), _user: Some(user) });
        }
        let _starting = folder.starting()?;
        let place = match answering(kind, &folder) {
            Some(place) => place,
            None => {
                let (launch, place) = start(kind, allowed, root, &folder)?;
                folder.set_current(&launch.home, &place)?;
                place
            }
        };
        Ok(Self { url: (kind.url)(&place), _user: Some(user) })
    }
}

/// Gives the current server once it answers; `None` if there is none, or it does not answer in time.
fn answering(kind: &Kind, folder: &Folder) -> Option<Place> {
    let end = Instant::now() + PATIENCE;
    loop {
        let place = folder.current()?;
        if (kind.ready)(&place).is_ok() {
            return Some(place);
        }
        if Instant::now() > end {
            return None;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn start(kind: &Kind, allowed: &Allowed, root: &Root, folder: &Folder) -> Result<(Launch, Place), Refusal> {
    let docker = match allowed.refuses("docker").or_else(|| root.refuses_docker()) {
        Some(refusal) => refusal,
        None => match docker::start(kind, &folder.shared_site()?) {
            Ok(started) => return Ok(started),
            Err(reason) => reason,
        },
    };
    match allowed.refuses("program") {
        Some(program) => Err(Refusal { docker, program }),
        None => program::start(kind, || folder.shared_site(), &[]).map_err(|program| Refusal { docker, program }),
    }
}

/// Why two of the ways do not work.
struct Refusal {
    docker: String,
    program: String,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self { docker: error.to_string(), program: error.to_string() }
    }
}

/// Which of the two ways may be tried.
enum Allowed {
    Both,
    Only(String),
}

impl Allowed {
    fn read() -> Result<Self, String> {
        match env::var(ALLOWED).unwrap_or_default() {
            only if only.is_empty() => Ok(Self::Both),
            only if ["docker", "program"].contains(&&*only) => Ok(Self::Only(only)),
            other => Err(format!("{ALLOWED} is {other:?}, and can be docker or program")),
        }
    }

    /// A server that was started in one way is not for those who ask for the other.
    fn suffix(&self) -> String {
        match self {
            Self::Both => String::new(),
            Self::Only(way) => format!("-{way}"),
        }
    }

    fn refuses(&self, way: &str) -> Option<String> {
        match self {
            Self::Only(only) if only != way => Some(format!("{ALLOWED} is {only}")),
            _ => None,
        }
    }
}

macro_rules! servers {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// See [the module](crate::servers) for where it comes from and when it ends.
        #[must_use = "dropping it lets go of the server"]
        pub struct $name(Server);

        impl $name {
            /// Joins the server that others use, or starts one.
            ///
            /// # Errors
            ///
            /// [`ServerError`] if there is none and none can be started. It says why, and names the ways to get one.
            pub async fn start() -> Result<Self, ServerError> {
                Server::start(&kind::$kind).await.map(Self)
            }

            /// Starts one for this caller alone, from the installed program, to kill, pause and start again.
            ///
            /// `arguments` go to the program of each node that holds data, such as `--appendonly yes`.
            ///
            /// # Errors
            ///
            /// [`ServerError`] if the program is not there or does not start.
            pub async fn alone(arguments: &[&str]) -> Result<Alone, ServerError> {
                Alone::start(&kind::$kind, arguments).await
            }

            /// Returns the URL to connect to, with its password.
            #[must_use]
            pub fn url(&self) -> &str {
                &self.0.url
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

servers! {
    /// A Redis of its own: `redis://:password@host:port`.
    Redis = REDIS;
    /// A Redis Cluster of three masters with a replica each: `redis-cluster://:password@host:port,host:port,…`, with
    /// all six nodes.
    RedisCluster = REDIS_CLUSTER;
    /// A Redis master with two replicas, which three sentinels watch as `mymaster`:
    /// `redis+sentinel://:password@host:port,host:port,host:port/mymaster`, with the sentinels' addresses and the
    /// nodes' password. The sentinels ask for none.
    RedisSentinel = REDIS_SENTINEL;
    /// A PostgreSQL, as its superuser: `postgres://postgres:password@host:port/postgres`.
    Postgres = POSTGRES;
    /// A MariaDB, as `root`: `mysql://root:password@host:port/session`.
    MariaDb = MARIADB;
    /// A MySQL, as `root`: `mysql://root:password@host:port/session`.
    MySql = MYSQL;
    /// A memcached: `memcached://host:port`.
    Memcached = MEMCACHED;
}
