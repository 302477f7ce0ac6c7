//! Whether what stands between the store and PostgreSQL keeps the prepared statements of two connections apart.
//!
//! PgBouncer in transaction mode does if `max_prepared_statements` is more than zero, and any pooler does that gives each
//! client a connection of the server for itself. Where it does not, statements get lost, meet others of the same name, or
//! are taken for them; `guard.rs` sees to it that this does no harm, and this that it is told at the start.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::backend::Backend;
use crate::error::{KEPT_APART, SchemaError};
use crate::fault::Fault;
use crate::pools::Pools;

/// How many statements each of the two connections prepares. One tells where nobody else uses the pooler, which lends the
/// connection that was used last; each is another chance where others do.
const ROUNDS: u32 = 4;

/// Lets two connections prepare statements under the same names, and looks whether each runs its own.
///
/// They are connections apart from the pool, since sqlx begins to count with each. Where they cannot be had, in half the time
/// that one waits for a connection, or end, nothing is known: then the store's own connections tell why, or there is but one
/// to be had, and that is enough.
pub(super) async fn keeps_statements_apart(pools: &Pools<Postgres>) -> Result<(), SchemaError> {
    if pools.kept_apart.load(Ordering::Relaxed) {
        return Ok(());
    }
    let pool = &pools.pool;
    let (limit, options) = (pool.options().get_acquire_timeout() / 2, pool.connect_options());
    // A task, for an `init` that is polled seldom should not take its time for that; it ends when this is dropped.
    let mut proof = JoinSet::new();
    proof.spawn(async move { timeout(limit, each_runs_its_own(&options)).await });
    match proof.join_next().await {
        Some(Ok(Ok(Ok(ControlFlow::Break(()))))) => Err(mixed()),
        Some(Ok(Ok(Err(sqlx::Error::Database(error))))) if Postgres::fault(&*error) == Fault::Mixed => Err(mixed()),
        Some(Ok(Ok(Ok(ControlFlow::Continue(()))))) => {
            pools.kept_apart.store(true, Ordering::Relaxed);
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn each_runs_its_own(options: &PgConnectOptions) -> Result<ControlFlow<()>, sqlx::Error> {
    let mut connections = [options.connect().await?, options.connect().await?];
    for round in 0..ROUNDS {
        // Once to prepare and run it, once to run it when the other has prepared its own.
        for _ in 0..2 {
            for (number, connection) in (2 * round..).zip(&mut connections) {
                if !runs(connection, number).await? {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
    }
    for connection in connections {
        connection.close().await?;
    }
    Ok(ControlFlow::Continue(()))
}

/// Runs the statement of that number, and tells whether it was that one.
async fn runs(connection: &mut PgConnection, number: u32) -> Result<bool, sqlx::Error> {
    let answer: String =
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT 'statement {number}'"))).fetch_one(connection).await?;
    Ok(answer == format!("statement {number}"))
}

fn mixed() -> SchemaError {
    SchemaError::Setting {
        what: "what stands between here and PostgreSQL mixes up the prepared statements of its clients".to_owned(),
        remedy: KEPT_APART.to_owned(),
    }
}
