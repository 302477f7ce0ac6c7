//! Times the store's verbs against the same statements by hand: prepared, on the same pool, by turns.
//!
//! ```text
//! cargo bench -p session-sql -- [--quick] [sqlite] [postgres] [mariadb]
//! ```
//!
//! Ends with lines `ratio hand_DATABASE_VERB VALUE`: the store's time over the statement's. The table has a million
//! rows, with `--quick` a hundred thousand. The servers are those of the tests: yours by `SESSION_TEST_POSTGRES_URL`
//! and `SESSION_TEST_MARIADB_URL`, or the installed programs.

use session_sql::session_core::{BoxError, SessionStore};
use session_sql::sqlx::{mysql, postgres, sqlite};
use session_sql::{Dialect, SqlConfig, SqlStore};

mod by_hand;
mod slices;
mod store;

use by_hand::{ByHand, Hand};
use slices::{Size, Verb};
use store::{LIVE, Store};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (size, config) = (Size::of_arguments(&arguments), SqlConfig::default().with_table("session_bench")?);
    let mut ratios = Vec::new();
    if slices::wanted(&arguments, "sqlite") {
        let folder = tempfile::tempdir()?;
        let options = sqlite::SqliteConnectOptions::new()
            .filename(folder.path().join("sessions.db"))
            .create_if_missing(true)
            .journal_mode(sqlite::SqliteJournalMode::Wal)
            // What the disk does is nobody's merit.
            .synchronous(sqlite::SqliteSynchronous::Normal);
        let pool = sqlite::SqlitePoolOptions::new().max_connections(10).test_before_acquire(false);
        let store = SqlStore::with_config(pool.connect_with(options).await?, config.clone())?;
        ratios.extend(measure("sqlite", store, size).await?);
    }
    if slices::wanted(&arguments, "postgres") {
        let server = session_conformance::servers::Postgres::start().await?;
        let pool = postgres::PgPoolOptions::new().max_connections(10).test_before_acquire(false);
        let store = SqlStore::with_config(pool.connect(server.url()).await?, config.clone())?;
        ratios.extend(measure("postgres", store, size).await?);
    }
    if slices::wanted(&arguments, "mariadb") {
        let server = session_conformance::servers::MariaDb::start().await?;
        let pool = mysql::MySqlPoolOptions::new().max_connections(10).test_before_acquire(false);
        let store = SqlStore::with_config(pool.connect(server.url()).await?, config)?;
        ratios.extend(measure("mariadb", store, size).await?);
    }
    ratios.iter().for_each(|ratio| println!("{ratio}"));
    Ok(())
}

async fn measure<Db: Dialect + ByHand>(
    database: &str,
    store: SqlStore<Db>,
    size: Size,
) -> Result<Vec<String>, BoxError> {
    let hand = Hand::new(&store);
    hand.run(&hand.drop_table()).await?;
    store.init().await?;
    hand.run(&hand.fill(size.rows, LIVE)).await?;
    for statement in hand.settle() {
        hand.run(&statement).await?;
    }
    let ours = Store { store: store.clone(), owner: Some("user-17") };
    let verbs = [Verb::Create, Verb::Read, Verb::Touch, Verb::Write, Verb::Contention, Verb::List, Verb::Delete];
    let mut lines = slices::compare(&verbs, size, &ours, &hand).await?;
    let expired = hand.fill(size.rows - 2, by_hand::EXPIRED);
    lines.push(slices::compare_sweeps(Verb::Sweep, size, &ours, &hand, async |_| hand.run(&expired).await).await?);
    for line in &lines {
        line.print(database, "by hand", "");
    }
    hand.run(&hand.drop_table()).await?;
    store.close().await;
    Ok(lines.iter().map(|line| format!("ratio hand_{database}_{} {:.2}", line.name, line.ratio())).collect())
}
