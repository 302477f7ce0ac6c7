//! Times the store beside tower-sessions-sqlx-store, by turns: each on a table of its own, and set up as its pages say,
//! this store by a URL and the peer on a pool (which asks no connection before it gives it out: that can be turned off).
//!
//! ```text
//! cargo run --release --manifest-path session-sql/benches/peer/Cargo.toml -- [--quick] [sqlite] [postgres] [mariadb]
//! ```
//!
//! Ends with lines `ratio peer_DATABASE_VERB VALUE`, this store's time over the peer's; below 1 it is faster. A line is
//! *shared* if both do the same for the caller: sessions without an owner, since the peer knows none; a write of a
//! session that nobody else writes; a save, which is all that the peer has, where this store has a touch. Each of them is
//! called by eight tasks at once, and then, as `ratio alone_DATABASE_VERB VALUE`, by one after the other. What the peer
//! does not do at all is printed beside it, with the reason, as `ratio unshared_DATABASE_VERB VALUE`; and what this store
//! takes on a pool like the peer's, as `ratio pooled_DATABASE_VERB VALUE`.

use std::sync::Arc;

use session_sql::session_core::{BoxError, SessionStore as _};
use session_sql::sqlx::{self as ours_sqlx, AssertSqlSafe};
use session_sql::{Dialect, Durability, SqlConfig, SqlStore};
use tower_sessions_core::{ExpiredDeletion, SessionStore as PeerStore};
use tower_sessions_sqlx_store as peer;
use tower_sessions_sqlx_store::sqlx as peer_sqlx;

#[path = "../../sql/slices.rs"]
mod slices;
#[path = "../../sql/store.rs"]
mod store;

mod crowd;
mod fill;
mod theirs;

use crowd::Crowd;
use fill::{Rows, Spelling};
use slices::{Line, Size, Sweeper, Verb};
use store::{Store, TASKS};
use theirs::Theirs;

/// Why a line is not shared.
const LOSES: &str = "not shared: the peer's writes overwrite each other, these all count";
const OWNED: &str = "not shared: with an owner, whom the peer cannot keep, and an index by owner";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let size = Size::of_arguments(&arguments);
    let mut ratios = Vec::new();
    if slices::wanted(&arguments, "sqlite") {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("ours.db");
        // As the peer's file below.
        let config = SqlConfig::default().with_durability(Durability::Process);
        let ours = SqlStore::from_url_with(&format!("sqlite://{}", file.display()), config)?;
        ours.init().await?;
        let pooled = ours_sqlx::sqlite::SqlitePoolOptions::new().test_before_acquire(false).connect_with(
            ours_sqlx::sqlite::SqliteConnectOptions::new()
                .filename(file)
                .journal_mode(ours_sqlx::sqlite::SqliteJournalMode::Wal)
                .synchronous(ours_sqlx::sqlite::SqliteSynchronous::Normal),
        );
        let theirs = peer_sqlx::sqlite::SqlitePoolOptions::new().test_before_acquire(false).connect_with(
            peer_sqlx::sqlite::SqliteConnectOptions::new()
                .filename(folder.path().join("theirs.db"))
                .create_if_missing(true)
                .journal_mode(peer_sqlx::sqlite::SqliteJournalMode::Wal)
                .synchronous(peer_sqlx::sqlite::SqliteSynchronous::Normal),
        );
        let (ours, pool) = ((ours, SqlStore::new(pooled.await?)), theirs.await?);
        let theirs = peer::SqliteStore::new(pool.clone());
        theirs.migrate().await?;
        let run_ours =
            async |sql: String| Ok(drop(ours_sqlx::raw_sql(AssertSqlSafe(sql)).execute(ours.0.pool()).await?));
        let run_theirs = async |sql: String| Ok(drop(peer_sqlx::raw_sql(&sql).execute(&pool).await?));
        ratios.extend(measure(&fill::SQLITE, ours.clone(), theirs, size, run_ours, run_theirs).await?);
    }
    if slices::wanted(&arguments, "postgres") {
        let server = session_conformance::servers::Postgres::start().await?;
        let pool = peer_sqlx::postgres::PgPoolOptions::new().test_before_acquire(false).connect(server.url()).await?;
        let pooled = ours_sqlx::postgres::PgPoolOptions::new().test_before_acquire(false).connect(server.url()).await?;
        peer_sqlx::raw_sql("DROP TABLE IF EXISTS sessions; DROP SCHEMA IF EXISTS tower_sessions CASCADE")
            .execute(&pool)
            .await?;
        let ours = (SqlStore::from_url(server.url())?, SqlStore::new(pooled));
        let theirs = peer::PostgresStore::new(pool.clone());
        theirs.migrate().await?;
        let run_ours =
            async |sql: String| Ok(drop(ours_sqlx::raw_sql(AssertSqlSafe(sql)).execute(ours.0.pool()).await?));
        let run_theirs = async |sql: String| Ok(drop(peer_sqlx::raw_sql(&sql).execute(&pool).await?));
        ratios.extend(measure(&fill::POSTGRES, ours.clone(), theirs, size, run_ours, run_theirs).await?);
    }
    if slices::wanted(&arguments, "mariadb") {
        let server = session_conformance::servers::MariaDb::start().await?;
        let pool = peer_sqlx::mysql::MySqlPoolOptions::new().test_before_acquire(false).connect(server.url()).await?;
        let pooled = ours_sqlx::mysql::MySqlPoolOptions::new().test_before_acquire(false).connect(server.url()).await?;
        for drop in ["DROP TABLE IF EXISTS sessions", "DROP DATABASE IF EXISTS tower_sessions"] {
            peer_sqlx::raw_sql(drop).execute(&pool).await?;
        }
        let ours = (SqlStore::from_url(server.url())?, SqlStore::new(pooled));
        let theirs = peer::MySqlStore::new(pool.clone());
        theirs.migrate().await?;
        let run_ours =
            async |sql: String| Ok(drop(ours_sqlx::raw_sql(AssertSqlSafe(sql)).execute(ours.0.pool()).await?));
        let run_theirs = async |sql: String| Ok(drop(peer_sqlx::raw_sql(&sql).execute(&pool).await?));
        ratios.extend(measure(&fill::MARIADB, ours.clone(), theirs, size, run_ours, run_theirs).await?);
    }
    ratios.iter().for_each(|ratio| println!("{ratio}"));
    Ok(())
}

/// Measures the store by a URL, and on a pool, beside the peer.
async fn measure<Db: Dialect, P: PeerStore + ExpiredDeletion + Clone>(
    spelling: &Spelling,
    (store, pooled): (SqlStore<Db>, SqlStore<Db>),
    theirs: P,
    size: Size,
    run_ours: impl AsyncFn(String) -> Result<(), BoxError>,
    run_theirs: impl AsyncFn(String) -> Result<(), BoxError>,
) -> Result<Vec<String>, BoxError> {
    store.init().await?;
    run_ours(spelling.ours(size.rows, Rows::Live)).await?;
    run_theirs(spelling.theirs(size.rows, Rows::Live)).await?;
    for (ours, theirs) in spelling.settle {
        run_ours((*ours).to_owned()).await?;
        run_theirs((*theirs).to_owned()).await?;
    }
    let ours = |store: &SqlStore<Db>, owner| Arc::new(Store { store: store.clone(), owner });
    let (lone, theirs) = (ours(&store, None), Arc::new(Theirs::new(theirs)));
    let (crowd, their_crowd) = (Crowd::new(&lone), Crowd::new(&theirs));
    let crowded = Size { sessions: size.sessions * TASKS, ..size };
    let verbs = [Verb::Create, Verb::Read, Verb::Touch, Verb::Write, Verb::Delete];
    let mut shared = slices::compare(&verbs, crowded, &crowd, &their_crowd).await?;
    for (verb, rows) in [(Verb::Sweep, Rows::Due), (Verb::Refile, Rows::Touched)] {
        let sweep = slices::compare_sweeps(verb, size, &*lone, &*theirs, async |who| match who {
            Sweeper::Ours => run_ours(spelling.ours(size.rows - 2, rows)).await,
            Sweeper::Theirs => run_theirs(spelling.theirs(size.rows - 2, rows)).await,
        });
        shared.push(sweep.await?);
    }
    let alone = slices::compare(&verbs, size, &*lone, &*theirs).await?;
    let pooled = slices::compare(&verbs, crowded, &Crowd::new(&ours(&pooled, None)), &their_crowd).await?;
    let verbs = [Verb::Create, Verb::Touch, Verb::Write, Verb::Contention, Verb::Delete];
    let unshared = slices::compare(&verbs, size, &*ours(&store, Some("user-17")), &*theirs).await?;

    let mut ratios = Vec::new();
    let mut print = |kind: &str, line: &Line, remark: &str| {
        line.print(spelling.database, "the peer", remark);
        ratios.push(format!("ratio {kind}_{}_{} {:.2}", spelling.database, line.name, line.ratio()));
    };
    shared.iter().for_each(|line| print("peer", line, "shared"));
    alone.iter().for_each(|line| print("alone", line, "shared, one call after the other"));
    pooled.iter().for_each(|line| print("pooled", line, "shared, on a pool like the peer's"));
    for line in &unshared {
        print("unshared", line, if line.name == Verb::Contention.name() { LOSES } else { OWNED });
    }
    Ok(ratios)
}
