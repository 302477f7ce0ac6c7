//! A PostgreSQL that follows another one.

use super::alone::Alone;
use super::error::ServerError;
use super::kind::POSTGRES_STANDBY;

/// A hot standby of a PostgreSQL that was started by [`Postgres::alone`](super::Postgres::alone): it takes part in nothing but
/// reads until it is promoted, by `SELECT pg_promote()`.
///
/// It comes from the installed programs alone, and is nobody else's.
#[derive(Clone, Copy, Debug)]
pub struct PostgresStandby;

impl PostgresStandby {
    /// Copies `primary` and starts what follows it. Dropping what this gives ends it.
    ///
    /// Its URL has the user and the password of the primary, whose copy it is. `arguments` go to the program, such as
    /// `-c hot_standby_feedback=on`.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if a program is not there or does not start.
    pub async fn of(primary: &Alone, arguments: &[&str]) -> Result<Alone, ServerError> {
        let port = primary.nodes()[0].port();
        let conninfo = format!("host=127.0.0.1 port={port} user=postgres password={}", primary.password());
        let arguments: Vec<_> = std::iter::once(&*conninfo).chain(arguments.iter().copied()).collect();
        Ok(Alone::start(&POSTGRES_STANDBY, &arguments).await?.with_password(primary.password()))
    }
}
