//! What there is to know of each server: its names, its start, and how to tell that it is ready.

use std::io;

use super::probe;

/// Where a started server listens, and its password.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) ports: Vec<u16>,
    pub(super) password: String,
}

pub(super) struct Kind {
    pub(super) name: &'static str,
    /// The folder's and the container's.
    pub(super) slug: &'static str,
    pub(super) variable: &'static str,
    pub(super) image: &'static str,
    pub(super) in_docker: InDocker,
    /// What has to be there, each by one of its names.
    pub(super) programs: &'static [&'static [&'static str]],
    /// Whom the program runs as when root starts it.
    pub(super) user: &'static str,
    pub(super) script: &'static str,
    pub(super) ports: usize,
    pub(super) url: fn(&Place) -> String,
    pub(super) ready: fn(&Place) -> io::Result<()>,
}

/// How the image is started.
pub(super) enum InDocker {
    /// As its makers meant it, with its own port and environment. `{password}` stands for the password.
    Itself { port: u16, environment: &'static [(&'static str, &'static str)], arguments: &'static [&'static str] },
    /// By the script that starts the program, on ports that have the same number inside and outside.
    Script,
}

/// Valkey's answers to the same settings.
const REDIS_SERVER: &[&str] = &["redis-server", "valkey-server"];

pub(super) static REDIS: Kind = Kind {
    name: "Redis",
    slug: "redis",
    variable: "SESSION_TEST_REDIS_URL",
    image: "redis:7",
    in_docker: InDocker::Itself {
        port: 6379,
        environment: &[],
        arguments: &["redis-server", "--requirepass", "{password}", "--save", ""],
    },
    programs: &[REDIS_SERVER],
    user: "redis",
    script: concat!(
        include_str!("scripts/nodes.sh"),
        include_str!("scripts/redis-names.sh"),
        include_str!("scripts/redis.sh")
    ),
    ports: 1,
    url: |place| format!("redis://:{}@127.0.0.1:{}", place.password, place.ports[0]),
    ready: |place| probe::redis(place.ports[0], &place.password),
};

pub(super) static REDIS_CLUSTER: Kind = Kind {
    name: "Redis Cluster",
    slug: "redis-cluster",
    variable: "SESSION_TEST_REDIS_CLUSTER_URL",
    image: "redis:7",
    in_docker: InDocker::Script,
    programs: &[REDIS_SERVER, &["redis-cli", "valkey-cli"]],
    user: "redis",
    script: concat!(
        include_str!("scripts/nodes.sh"),
        include_str!("scripts/redis-names.sh"),
        include_str!("scripts/redis-cluster.sh")
    ),
    ports: 6,
    url: |place| format!("redis-cluster://:{}@{}", place.password, addresses(&place.ports)),
    ready: |place| place.ports.iter().try_for_each(|port| probe::redis_cluster_node(*port, &place.password)),
};

pub(super) static REDIS_SENTINEL: Kind = Kind {
    name: "Redis Sentinel",
    slug: "redis-sentinel",
    variable: "SESSION_TEST_REDIS_SENTINEL_URL",
    image: "redis:7",
    in_docker: InDocker::Script,
    programs: &[REDIS_SERVER],
    user: "redis",
    script: concat!(
        include_str!("scripts/nodes.sh"),
        include_str!("scripts/redis-names.sh"),
        include_str!("scripts/redis-sentinel.sh")
    ),
    ports: 6,
    url: |place| format!("redis+sentinel://:{}@{}/mymaster", place.password, addresses(&place.ports[3..])),
    ready: |place| {
        let (nodes, sentinels) = place.ports.split_at(3);
        nodes.iter().try_for_each(|port| probe::redis_node(*port, &place.password))?;
        sentinels.iter().try_for_each(|port| probe::redis_sentinel(*port))
    },
};

pub(super) static POSTGRES: Kind = Kind {
    name: "PostgreSQL",
    slug: "postgres",
    variable: "SESSION_TEST_POSTGRES_URL",
    image: "postgres:17",
    in_docker: InDocker::Itself {
        port: 5432,
        environment: &[("POSTGRES_PASSWORD", "{password}")],
        arguments: &["postgres", "-c", "fsync=off", "-c", "max_connections=300"],
    },
    programs: &[&["postgres"], &["initdb"]],
    user: "postgres",
    script: concat!(include_str!("scripts/nodes.sh"), include_str!("scripts/postgres.sh")),
    ports: 1,
    url: postgres_url,
    ready: |place| probe::postgres(place.ports[0]),
};

/// It is never shared, so that what is about sharing is empty.
pub(super) static POSTGRES_STANDBY: Kind = Kind {
    name: "PostgreSQL that follows another",
    slug: "postgres-standby",
    variable: "",
    image: "",
    in_docker: InDocker::Script,
    programs: &[&["postgres"], &["pg_basebackup"]],
    user: "postgres",
    script: concat!(include_str!("scripts/nodes.sh"), include_str!("scripts/postgres-standby.sh")),
    ports: 1,
    url: postgres_url,
    ready: |place| probe::postgres(place.ports[0]),
};

/// It is never shared, so that what is about sharing is empty.
pub(super) static PGBOUNCER: Kind = Kind {
    name: "PgBouncer",
    slug: "pgbouncer",
    variable: "",
    image: "",
    in_docker: InDocker::Script,
    programs: &[&["pgbouncer"]],
    user: "postgres",
    script: concat!(include_str!("scripts/nodes.sh"), include_str!("scripts/pgbouncer.sh")),
    ports: 1,
    url: postgres_url,
    ready: |place| probe::postgres(place.ports[0]),
};

pub(super) static MARIADB: Kind = Kind {
    name: "MariaDB",
    slug: "mariadb",
    variable: "SESSION_TEST_MARIADB_URL",
    image: "mariadb:11",
    in_docker: InDocker::Itself {
        port: 3306,
        environment: &[("MARIADB_ROOT_PASSWORD", "{password}"), ("MARIADB_DATABASE", "session")],
        arguments: &["mariadbd", "--max-connections=300", "--skip-name-resolve"],
    },
    programs: &[&["mariadbd"], &["mariadb-install-db"]],
    user: "mysql",
    script: concat!(include_str!("scripts/nodes.sh"), include_str!("scripts/mariadb.sh")),
    ports: 1,
    url: mysql_url,
    ready: |place| probe::mysql(place.ports[0]),
};

pub(super) static MYSQL: Kind = Kind {
    name: "MySQL",
    slug: "mysql",
    variable: "SESSION_TEST_MYSQL_URL",
    image: "mysql:8.4",
    in_docker: InDocker::Itself {
        port: 3306,
        environment: &[("MYSQL_ROOT_PASSWORD", "{password}"), ("MYSQL_DATABASE", "session")],
        arguments: &["mysqld", "--max-connections=300", "--skip-name-resolve", "--mysqlx=0"],
    },
    programs: &[&["mysqld"]],
    user: "mysql",
    script: concat!(include_str!("scripts/nodes.sh"), include_str!("scripts/mysql.sh")),
    ports: 1,
    url: mysql_url,
    ready: |place| probe::mysql(place.ports[0]),
};

pub(super) static MEMCACHED: Kind = Kind {
    name: "memcached",
    slug: "memcached",
    variable: "SESSION_TEST_MEMCACHED_URL",
    image: "memcached:1.6",
    in_docker: InDocker::Itself { port: 11211, environment: &[], arguments: &["memcached"] },
    programs: &[&["memcached"]],
    user: "memcache",
    script: concat!(include_str!("scripts/nodes.sh"), include_str!("scripts/memcached.sh")),
    ports: 1,
    url: |place| format!("memcached://127.0.0.1:{}", place.ports[0]),
    ready: |place| probe::memcached(place.ports[0]),
};

fn postgres_url(place: &Place) -> String {
    format!("postgres://postgres:{}@127.0.0.1:{}/postgres", place.password, place.ports[0])
}

fn mysql_url(place: &Place) -> String {
    format!("mysql://root:{}@127.0.0.1:{}/session", place.password, place.ports[0])
}

fn addresses(ports: &[u16]) -> String {
    ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
}
