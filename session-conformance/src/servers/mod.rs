//! Servers for tests, shared by all tests and processes that want one at the same time.
//!
//! ```no_run
//! # async fn example() -> Result<(), session_conformance::servers::ServerError> {
//! use session_conformance::servers::Redis;
//!
//! let server = Redis::start().await?;
//! let url = server.url(); // redis://:3f9c…@127.0.0.1:40123
//! # Ok(())
//! # }
//! ```
//!
//! Keep the value for as long as you use the server: dropping it lets go of it.
//!
//! # Three ways to get one
//!
//! In this order; the first that works is taken.
//!
//! 1. **Yours**, by its URL in the environment. It is taken at its word, and left alone.
//! 2. **Docker**, by the official image. It needs an engine on this machine, and the `docker` command, by which the
//!    container is removed.
//! 3. **The server's own program**, from `PATH` or where packages put it, on a free port of the loopback interface,
//!    with a temporary folder. Started by root it runs as the user that its package made, or as `nobody`, by `setpriv`.
//!
//! The last two need the command `flock` (in util-linux; on macOS by `brew install flock`).
//!
//! | server | variable | image | program |
//! |---|---|---|---|
//! | [`Redis`] | `SESSION_TEST_REDIS_URL` | `redis:7` | `redis-server` or `valkey-server` |
//! | [`RedisCluster`] | `SESSION_TEST_REDIS_CLUSTER_URL` | `redis:7` | the same, and `redis-cli` or `valkey-cli` |
//! | [`RedisSentinel`] | `SESSION_TEST_REDIS_SENTINEL_URL` | `redis:7` | `redis-server` or `valkey-server` |
//! | [`Postgres`] | `SESSION_TEST_POSTGRES_URL` | `postgres:17` | `postgres`, `initdb` |
//! | [`MariaDb`] | `SESSION_TEST_MARIADB_URL` | `mariadb:11` | `mariadbd`, `mariadb-install-db` |
//! | [`MySql`] | `SESSION_TEST_MYSQL_URL` | `mysql:8.4` | `mysqld` |
//! | [`Memcached`] | `SESSION_TEST_MEMCACHED_URL` | `memcached:1.6` | `memcached` |
//!
//! `SESSION_TEST_SERVERS=docker` and `SESSION_TEST_SERVERS=program` allow that way alone, next to a URL of yours.
//!
//! # Another version's programs
//!
//! `SESSION_TEST_ROOT=FOLDER` takes the programs from that folder instead of from this machine, and asks no Docker. It is
//! a root folder, as `debootstrap` and `mmdebstrap` make them, so that the servers of a newer distribution run beside
//! this machine's own: with its libraries and, by `chroot`, nothing of this machine's but `/dev`, `/proc`, the temporary
//! folder and who is called what. It needs a shell and the usual commands of its own; what this machine needs is
//! `unshare`, `mount` and `chroot`, on Linux. Whoever is not root needs a system that has user namespaces for all, and
//! a folder of their own. The repository's `.ci/engines` makes such folders and runs the suites in them.
//!
//! # What a server is shared by, and when it ends
//!
//! By every test of every process of this user, so that a suite of fifty tests pays for one start, under
//! `cargo nextest`, too, where each test is a process. Each user holds a lock on a file, which the system lets go of
//! when the user drops the value, ends or is killed. A small shell process waits until there has been no user for five
//! seconds (or as many as `SESSION_TEST_LINGER` says), and then ends the server and removes its folder. So use names
//! of your own in a shared server (a key prefix, a schema, a database), and never flush it.
//!
//! # One for yourself
//!
//! A test that kills or pauses a server takes one that nobody else uses, by `alone`. It comes from the installed
//! program in any case, since a test has to get at its processes.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use session_conformance::servers::Redis;
//!
//! let server = Redis::alone(&["--appendonly", "yes"]).await?;
//! let node = &server.nodes()[0];
//! node.kill().await?; // SIGKILL
//! node.restart().await?; // on the same port, with what it left on disk
//! # Ok(())
//! # }
//! ```
//!
//! [`PgBouncer`] is always one for yourself, from the program `pgbouncer`, in front of a PostgreSQL that you name. So is
//! [`PostgresStandby`], which follows one of yours, by `pg_basebackup`.
//!
//! # Without a registry
//!
//! Where no image can be pulled, an image made of the distribution's packages and tagged as the official one does:
//! that is what the repository's `.ci/images` makes, by `debootstrap` and `docker import`, for Debian. It is how the
//! second way is tried where these crates are developed.
//!
//! # Limits
//!
//! - Unix only, and within a Tokio runtime.
//! - A container's ports are looked for on this machine's loopback interface. With an engine on another machine, or
//!   from within a container, give a URL. The `docker` command has to speak to the engine that testcontainers finds.
//! - Redis's password stands in its command line, where other users of this machine can read it, and so does that of the
//!   PostgreSQL behind a PgBouncer or before a standby; memcached has none.
//! - Where root runs the tests, other users must be able to pass through the temporary folder.
//! - When the shell process that keeps a server is itself killed with `SIGKILL`, its server and its folder stay.

mod alone; // one whose nodes can be killed
mod blocking; // waiting outside of the runtime
mod docker; // the second way
mod error; // why there is no server
mod home; // the folders by which processes share one
mod kind; // what there is to know of each
mod launch; // starts a command under the keeper
mod pgbouncer; // one before a PostgreSQL
mod probe; // how to tell that one is ready
mod program; // the third way
mod root; // another folder to take programs from
mod server; // the servers that a test asks for, and which way they come
mod standby; // one that follows a PostgreSQL

pub use alone::{Alone, Node};
pub use error::ServerError;
pub use pgbouncer::PgBouncer;
pub use server::{MariaDb, Memcached, MySql, Postgres, Redis, RedisCluster, RedisSentinel};
pub use standby::PostgresStandby;
