//! A PgBouncer, which is nothing without a PostgreSQL behind it.

use super::alone::Alone;
use super::error::ServerError;
use super::kind::PGBOUNCER;

/// A PgBouncer in front of a PostgreSQL: `postgres://postgres:password@host:port/postgres`, with a password of its own.
///
/// It comes from the installed program alone, and is nobody else's.
#[derive(Clone, Copy, Debug)]
pub struct PgBouncer;

impl PgBouncer {
    /// Starts one. Dropping what this gives ends it.
    ///
    /// `postgres` is the connection string of the server behind it, such as `host=127.0.0.1 port=5432 user=postgres
    /// password=…`; whatever database a client names is looked for there. `settings` are lines of PgBouncer's own
    /// settings, such as `pool_mode = transaction`; what is not named is at its default.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the program is not there or does not start.
    pub async fn before(postgres: &str, settings: &[&str]) -> Result<Alone, ServerError> {
        let arguments: Vec<_> = std::iter::once(postgres).chain(settings.iter().copied()).collect();
        Alone::start(&PGBOUNCER, &arguments).await
    }
}
