//! A table is upgraded under load, while servers of the older version still work. There has been no other schema, so
//! today's store is the older version, and a schema is made up that comes after it: with a column more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_core::{
    BoxError, Bytes, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, Timestamp, Version,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::table::{CURRENT, mark};
use super::upgrades::patient;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use super::upgrades::{drop_table, table_of_its_own};
use crate::SqlConfig;
use crate::dialect::{Backend, Dialect};
use crate::store::SqlStore;

/// How many servers of the older version there are, each with sessions of its own.
const SERVERS: u8 = 6;
/// How many rounds each does before the upgrade begins, and after it is over.
const ROUNDS: u64 = 20;

/// What leads from the current schema to the made-up one, and back.
struct Steps {
    there: Vec<String>,
    back: Vec<String>,
}

fn newer(sql: &str) -> String {
    sql.replace(&mark(), "session-sql schema 2")
}

fn record(round: u64) -> Record {
    Record {
        version: Version::from_u64(round),
        payload: Bytes::from(format!("round {round}").repeat(20)),
        owner: Some(Owner::new("ann").expect("it is one")),
        created_at: Timestamp::from_millis(10),
        last_seen_at: Timestamp::from_millis(20 + round),
        expires_at: Timestamp::from_millis(1_000_000 + round),
    }
}

/// Writes, touches and reads until the upgrade is over, and a while longer; nothing is ever lost.
async fn works<Db: Dialect>(
    store: SqlStore<Db>,
    number: u8,
    begins: Arc<Barrier>,
    over: Arc<AtomicBool>,
) -> Result<(), BoxError> {
    let key = SessionKey::from_bytes([number; 32]);
    let mut left = ROUNDS;
    assert_eq!(store.put(&key, &record(0), Put::Create).await?, PutOutcome::Stored);
    for round in 1.. {
        let next = record(round);
        assert_eq!(store.put(&key, &next, Put::Replace(record(round - 1).version)).await?, PutOutcome::Stored);
        assert!(store.touch(&key, next.version, next.last_seen_at, next.expires_at).await?);
        assert_eq!(*store.get(&key).await?.expect("it is there"), next);
        let limit = std::num::NonZeroUsize::new(100).expect("not zero");
        let owner = next.owner.as_ref().expect("it has one");
        let page = store.owners().expect("it has them").list(owner, None, limit).await?;
        assert!(page.records.iter().any(|(listed, _)| *listed == key));
        if round == ROUNDS {
            begins.wait().await;
        }
        if over.load(Ordering::Relaxed) {
            left -= 1;
        }
        if left == 0 {
            break;
        }
    }
    assert!(store.delete(&key).await?);
    store.close().await;
    Ok(())
}

async fn goes_on<Db: Dialect>(url: &str, config: &SqlConfig, steps: &Steps) -> Result<(), BoxError> {
    let open = || SqlStore::<Db>::from_url_with(url, config.clone());
    let (running, newer) = (open()?, open()?);
    running.init().await?;
    let (begins, over) = (Arc::new(Barrier::new(usize::from(SERVERS) + 1)), Arc::new(AtomicBool::new(false)));
    let mut servers = JoinSet::new();
    for number in 0..SERVERS {
        servers.spawn(works(open()?, number, Arc::clone(&begins), Arc::clone(&over)));
    }
    begins.wait().await;
    Db::run(newer.pools(), config, Some(CURRENT), &steps.there).await.expect("it is upgraded under load");
    over.store(true, Ordering::Relaxed);
    while let Some(done) = servers.join_next().await {
        done??;
    }

    // One that starts now is told why not, and changes nothing.
    let key = SessionKey::from_bytes([99; 32]);
    assert_eq!(running.put(&key, &record(1), Put::Create).await?, PutOutcome::Stored);
    let refused = open()?.init().await.expect_err("it is too old");
    let StoreError::Misconfigured { source, .. } = refused else { panic!("{refused:?}") };
    let said = source.to_string();
    assert!(
        said.contains("schema 2") && said.contains("knows schema 1 at most; use the version that made it"),
        "{said}"
    );
    assert_eq!(*running.get(&key).await?.expect("it stays"), record(1));

    // A rollback takes the schema back first, and then they start again.
    Db::run(newer.pools(), config, Some(2), &steps.back).await.expect("it is taken back");
    let restarted = open()?;
    restarted.init().await?;
    assert_eq!(*restarted.get(&key).await?.expect("it stays"), record(1));
    for store in [running, newer, restarted] {
        store.close().await;
    }
    Ok(())
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_upgraded_while_older_servers_work() -> Result<(), BoxError> {
    let (folder, config) = (tempfile::tempdir()?, patient());
    let [table, indexes @ ..] = &sqlx::Sqlite::ddl(&config)[..] else { panic!("a table and its indexes") };
    let longer = newer(table).replace("sweep_at INTEGER NOT NULL", "sweep_at INTEGER NOT NULL,\n    note TEXT");
    let columns = "arrival, session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at";
    // SQLite keeps the mark within the text of the table, so an upgrade is a new table.
    let anew = |table: String| {
        let mut statements: Vec<String> =
            ["ALTER TABLE sessions RENAME TO other", "DROP INDEX sessions_sweep_at", "DROP INDEX sessions_owner"]
                .map(str::to_owned)
                .into();
        statements.push(table);
        statements.extend(indexes.iter().cloned());
        statements.push(format!("INSERT INTO sessions ({columns}) SELECT {columns} FROM other"));
        statements.push("DROP TABLE other".to_owned());
        statements
    };
    let steps = Steps { there: anew(longer), back: anew(table.clone()) };
    let url = format!("sqlite://{}", folder.path().join("sessions.db").display());
    goes_on::<sqlx::Sqlite>(&url, &config, &steps).await
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_upgraded_while_older_servers_work() -> Result<(), BoxError> {
    let (server, config) = (session_conformance::servers::Postgres::start().await?, table_of_its_own()?);
    let table = sqlx::Postgres::SPELLING.table(&config);
    let marked = |mark: &str| format!("COMMENT ON TABLE {table} IS '{mark}'");
    let steps = Steps {
        there: vec![format!("ALTER TABLE {table} ADD COLUMN note TEXT"), marked(&newer(&mark()))],
        back: vec![format!("ALTER TABLE {table} DROP COLUMN note"), marked(&mark())],
    };
    goes_on::<sqlx::Postgres>(server.url(), &config, &steps).await?;
    drop_table::<sqlx::Postgres>(server.url(), &config).await
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_is_upgraded_while_older_servers_work() -> Result<(), BoxError> {
    let (server, config) = (session_conformance::servers::MariaDb::start().await?, table_of_its_own()?);
    let table = sqlx::MySql::SPELLING.table(&config);
    let steps = Steps {
        there: vec![format!("ALTER TABLE {table} ADD COLUMN note TEXT NULL, COMMENT = '{}'", newer(&mark()))],
        back: vec![format!("ALTER TABLE {table} DROP COLUMN note, COMMENT = '{}'", mark())],
    };
    goes_on::<sqlx::MySql>(server.url(), &config, &steps).await?;
    drop_table::<sqlx::MySql>(server.url(), &config).await
}
