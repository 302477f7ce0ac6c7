//! What a URL says: where the servers are, and who one is to them.

use redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::error::BuildError;

/// Gives the URL of one server for each that is listed, with what stands before and after the list.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
pub(crate) struct Several {
    pub(crate) servers: Vec<ConnectionInfo>,
    /// What follows the list: `/`, a name, `/`, a database, without parameters.
    pub(crate) path: String,
}

/// Says what the URL's scheme asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topology {
    Single,
    Cluster,
    Sentinel,
}

/// Reads the scheme.
pub(crate) fn topology(url: &str) -> Result<Topology, BuildError> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    let (base, kind) = scheme.split_at(scheme.find(['+', '-']).unwrap_or(scheme.len()));
    let topology = match (base, kind) {
        ("redis" | "rediss" | "valkey" | "valkeys" | "unix", "") | ("redis" | "valkey", "+unix") => Topology::Single,
        ("redis" | "rediss" | "valkey" | "valkeys", "-cluster") => Topology::Cluster,
        ("redis" | "rediss" | "valkey" | "valkeys", "+sentinel") => Topology::Sentinel,
        // What some clients call theirs. One thing has one name here.
        (_, "+cluster") => return Err(BuildError::Url { reason: NOT_PLUS }),
        (_, "-sentinel") => return Err(BuildError::Url { reason: NOT_MINUS }),
        _ => return Err(UNKNOWN),
    };
    let needed = match topology {
        Topology::Cluster if !cfg!(feature = "cluster") => Some("cluster"),
        Topology::Sentinel if !cfg!(feature = "sentinel") => Some("sentinel"),
        _ if is_tls(base) && !cfg!(feature = "tls") => Some("tls"),
        _ => None,
    };
    match needed {
        Some(feature) => Err(BuildError::Feature { feature }),
        None => Ok(topology),
    }
}

fn is_tls(scheme: &str) -> bool {
    matches!(scheme, "rediss" | "valkeys")
}

const UNKNOWN: BuildError = BuildError::Url {
    reason: "it has to begin with redis://, rediss://, unix://, redis-cluster:// or redis+sentinel://",
};
const NOT_PLUS: &str = "for a cluster it has to begin with redis-cluster://, or rediss-cluster:// over TLS";
const NOT_MINUS: &str = "for Sentinels it has to begin with redis+sentinel://, or rediss+sentinel:// over TLS";
// The library's own words may quote a part of the URL.
const MALFORMED: BuildError = BuildError::Url { reason: "its host, port, database or parameters are none" };

/// Reads the URL of a single server. RESP3 is asked for unless the URL says which protocol to speak.
pub(crate) fn single(url: &str) -> Result<ConnectionInfo, BuildError> {
    let parsed = redis::parse_redis_url(url).ok_or(MALFORMED)?;
    if is_tls(parsed.scheme()) {
        install_crypto();
    }
    let says_protocol = parsed.query_pairs().any(|(name, _)| name == "protocol");
    let info = parsed.into_connection_info().map_err(|_| MALFORMED)?;
    // The library's name is sent at each connection by `CLIENT SETINFO`. A user who may do no more than is needed may not
    // do that, and each try would stand in the server's log of what was denied.
    let mut settings = info.redis_settings().clone().set_skip_set_lib_name();
    if !says_protocol {
        settings = settings.set_protocol(ProtocolVersion::RESP3);
    }
    Ok(info.set_redis_settings(settings))
}

pub(crate) fn client(url: &str) -> Result<Client, BuildError> {
    Client::open(single(url)?).map_err(|_| MALFORMED)
}

/// Reads a URL of several servers: `scheme://user:password@host:port,host:port/path?parameters`.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
pub(crate) fn several(url: &str) -> Result<Several, BuildError> {
    let (scheme, rest) = url.split_once("://").ok_or(UNKNOWN)?;
    let scheme = scheme.split(['+', '-']).next().unwrap_or_default();
    let (rest, parameters) = rest.split_once('?').map_or((rest, ""), |(rest, it)| (rest, it));
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
    let at = if user.is_empty() { "" } else { "@" };
    let one = |host: &str| single(&format!("{scheme}://{user}{at}{host}/?{parameters}"));
    let servers = hosts.split(',').map(one).collect::<Result<_, _>>()?;
    Ok(Several { servers, path: path.to_owned() })
}

/// Chooses who does the cryptography, unless the app has: else the library under `redis` panics where it finds several
/// that could.
fn install_crypto() {
    #[cfg(feature = "tls")]
    {
        // An error says that the app has chosen.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// Reads the URL of a cluster.
#[cfg(feature = "cluster")]
pub(crate) fn cluster(url: &str, timeouts: crate::link::Timeouts) -> Result<redis::cluster::ClusterClient, BuildError> {
    use redis::cluster::ClusterClient;

    const DATABASE: BuildError = BuildError::Url { reason: "nothing but a database follows a cluster's nodes" };
    let several = several(url)?;
    let database = if several.path.is_empty() { 0 } else { several.path.parse::<u32>().map_err(|_| DATABASE)? };
    ClusterClient::builder(several.servers)
        .database_id(database.into())
        .connection_timeout(timeouts.connect)
        .response_timeout(timeouts.response)
        .overall_response_timeout(Some(timeouts.connect + timeouts.response))
        // Waits while a failover is under way; the defaults begin with more than a second.
        .min_retry_wait(20)
        .max_retry_wait(500)
        .build()
        .map_err(|_| MALFORMED)
}

/// Reads the URL of a master that Sentinels watch.
#[cfg(feature = "sentinel")]
pub(crate) fn sentinel(url: &str) -> Result<redis::sentinel::SentinelClient, BuildError> {
    use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
    use redis::{ConnectionAddr, RedisConnectionInfo, TlsMode};

    const NAME: BuildError =
        BuildError::Url { reason: "the master's name, and perhaps a database, follow the Sentinels" };
    let several = several(url)?;
    let (name, database) = several.path.split_once('/').unwrap_or((&several.path, "0"));
    // Owned: with TLS the library takes anything, without it a `String`.
    let master = String::from(name);
    let database = database.parse().map_err(|_| NAME)?;
    let first = several.servers.first().filter(|_| !name.is_empty()).ok_or(NAME)?;
    let mut node = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(first.redis_settings().clone().set_db(database));
    if matches!(first.addr(), ConnectionAddr::TcpTls { .. }) {
        node = node.set_tls_mode(TlsMode::Secure);
    }
    // User and password are for the master: Sentinels have their own, if any.
    let sentinels = several
        .servers
        .iter()
        .map(|it| it.clone().set_redis_settings(RedisConnectionInfo::default().set_skip_set_lib_name()));
    SentinelClient::build(sentinels.collect(), master, Some(node), SentinelServerType::Master).map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_asks_for_resp3_unless_it_says_otherwise() {
        let protocol = |url| single(url).unwrap().redis_settings().protocol();
        assert_eq!(protocol("redis://localhost"), ProtocolVersion::RESP3);
        assert_eq!(protocol("redis://localhost/?protocol=resp2"), ProtocolVersion::RESP2);
    }

    #[test]
    fn a_scheme_says_the_topology() {
        for url in ["redis://h", "valkey://h", "unix:///s", "redis+unix:///s"] {
            assert_eq!(topology(url).unwrap(), Topology::Single, "{url}");
        }
        #[cfg(all(feature = "cluster", feature = "sentinel"))]
        for scheme in ["redis", "valkey"] {
            assert_eq!(topology(&format!("{scheme}-cluster://h")).unwrap(), Topology::Cluster);
            assert_eq!(topology(&format!("{scheme}+sentinel://h/name")).unwrap(), Topology::Sentinel);
        }
        #[cfg(all(feature = "cluster", feature = "sentinel", feature = "tls"))]
        for (url, expected) in [
            ("rediss://h", Topology::Single),
            ("rediss-cluster://h", Topology::Cluster),
            ("rediss+sentinel://h/name", Topology::Sentinel),
        ] {
            assert_eq!(topology(url).unwrap(), expected, "{url}");
        }
        for url in ["", "http://h", "localhost:6379", "redis+tls://h", "unix-cluster://h", "-cluster://h", "redis-"] {
            assert!(matches!(topology(url), Err(BuildError::Url { .. })), "{url}");
        }
    }

    #[test]
    fn another_clients_scheme_is_told_the_right_one() {
        for (url, right) in [
            ("redis+cluster://ann:secret@h", "redis-cluster://"),
            ("rediss+cluster://ann:secret@h", "rediss-cluster://"),
            ("redis-sentinel://ann:secret@h/name", "redis+sentinel://"),
            ("rediss-sentinel://ann:secret@h/name", "rediss+sentinel://"),
        ] {
            let error = topology(url).unwrap_err().to_string();
            assert!(error.contains(right) && !error.contains("secret"), "{error}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn a_feature_that_is_off_is_named() {
        assert!(matches!(topology("rediss://h"), Err(BuildError::Feature { feature: "tls" })));
    }

    #[cfg(any(feature = "cluster", feature = "sentinel"))]
    #[test]
    fn each_of_several_servers_gets_user_and_password() {
        let several = several("redis-cluster://ann:p%40ss@a:1,[::1]:2/name/3?protocol=resp2").unwrap();
        assert_eq!(several.path, "name/3");
        let shown: Vec<_> = several.servers.iter().map(|it| it.addr().to_string()).collect();
        assert_eq!(shown, ["a:1", "::1:2"]);
        for server in &several.servers {
            assert_eq!(server.redis_settings().password(), Some("p@ss"));
            assert_eq!(server.redis_settings().protocol(), ProtocolVersion::RESP2);
        }
    }

    #[test]
    fn no_error_quotes_the_url() {
        for url in ["redis://u:secret@h:notaport", "redis://u:secret@h/notadb", "redis://u:secret@h/?protocol=secret"] {
            let error = single(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }
}
