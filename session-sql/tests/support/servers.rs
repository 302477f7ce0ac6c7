//! Where the servers come from.

use session_conformance::servers;
use session_sql::session_core::BoxError;

/// A server that tests share, let go of when it is dropped.
#[derive(Debug)]
pub(crate) enum Server {
    #[cfg(feature = "postgres")]
    Postgres(servers::Postgres),
    #[cfg(feature = "mysql")]
    MariaDb(servers::MariaDb),
    #[cfg(feature = "mysql")]
    MySql(servers::MySql),
    /// One that nobody else uses.
    Own { url: String, server: servers::Alone },
}

impl Server {
    pub(crate) fn url(&self) -> &str {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.url(),
            #[cfg(feature = "mysql")]
            Self::MariaDb(server) => server.url(),
            #[cfg(feature = "mysql")]
            Self::MySql(server) => server.url(),
            Self::Own { url, .. } => url,
        }
    }

    /// Gives the one process of a server that nobody else uses.
    pub(crate) fn node(&self) -> &servers::Node {
        match self {
            Self::Own { server, .. } => &server.nodes()[0],
            shared => panic!("others use {shared:?} as well"),
        }
    }

    /// Gives the URL with another database.
    pub(crate) fn url_of(&self, database: &str) -> String {
        let (url, parameters) = self.url().split_once('?').map_or((self.url(), None), |(url, rest)| (url, Some(rest)));
        let server = url.rsplit_once('/').map_or(url, |(server, _)| server);
        let parameters = parameters.map(|it| format!("?{it}")).unwrap_or_default();
        format!("{server}/{database}{parameters}")
    }

    /// Gives the password, which no error may show.
    pub(crate) fn password(&self) -> Option<&str> {
        let (user, _) = self.url().split_once("//")?.1.split_once('@')?;
        Some(user.split_once(':')?.1)
    }
}

/// A name that no other test has.
pub(crate) fn fresh_name() -> Result<String, BoxError> {
    let number = session_sql::session_core::Version::random()?.as_u64();
    Ok(format!("conformance_{number:016x}"))
}
