//! Where the servers are.

use session_sql::session_core::BoxError;

/// A server whose URL stands in the environment.
#[derive(Debug)]
pub(crate) struct Server(String);

impl Server {
    pub(crate) fn in_environment(variable: &str) -> Result<Self, BoxError> {
        match std::env::var(variable) {
            Ok(url) => Ok(Self(url)),
            Err(_) => Err(format!("there is no server to test with: set {variable} to the URL of one").into()),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.0
    }

    /// Gives the URL with another database.
    pub(crate) fn url_of(&self, database: &str) -> String {
        let (url, parameters) = self.0.split_once('?').map_or((&*self.0, None), |(url, rest)| (url, Some(rest)));
        let server = url.rsplit_once('/').map_or(url, |(server, _)| server);
        let parameters = parameters.map(|it| format!("?{it}")).unwrap_or_default();
        format!("{server}/{database}{parameters}")
    }

    /// Gives the password, which no error may show.
    pub(crate) fn password(&self) -> Option<&str> {
        let (user, _) = self.0.split_once("//")?.1.split_once('@')?;
        Some(user.split_once(':')?.1)
    }
}

/// A name that no other test has.
pub(crate) fn fresh_name() -> Result<String, BoxError> {
    let number = session_sql::session_core::Version::random()?.as_u64();
    Ok(format!("conformance_{number:016x}"))
}
