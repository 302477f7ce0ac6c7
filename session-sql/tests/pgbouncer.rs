//! Behind PgBouncer: nothing is lost in each mode that is not refused, and what is refused says what to set.
#![cfg(all(unix, feature = "postgres"))]

mod support;

use std::time::{Duration, Instant};

use session_conformance::servers::{Alone, PgBouncer, Postgres};
use session_sql::session_core::{BoxError, Put, PutOutcome, SessionStore, StoreError, Version};
use session_sql::sqlx::postgres::PgConnectOptions;
use session_sql::sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, Row, raw_sql};
use session_sql::{PostgresStore, Preparing, SqlConfig};
use support::bed::{at, key, patient, record, with_causes};
use support::servers::{Server, fresh_name};
use tokio::task::JoinSet;

/// A PostgreSQL with a schema for one test, and a PgBouncer in front of it.
struct Behind {
    server: Server,
    bouncer: Alone,
    schema: String,
    preparing: Preparing,
}

impl Behind {
    async fn start(settings: &[&str]) -> Result<Self, BoxError> {
        let server = Server::Postgres(Postgres::start().await?);
        let (options, schema): (PgConnectOptions, _) = (server.url().parse()?, fresh_name()?);
        let mut connection = PgConnection::connect_with(&options).await?;
        connection.execute(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await?;
        connection.close().await?;
        let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
        let password = server.password().map(|it| format!(" password={it}")).unwrap_or_default();
        let settings = [settings, &["admin_users = postgres"]].concat();
        let bouncer = PgBouncer::before(&format!("host={host} port={port} user={user}{password}"), &settings).await?;
        Ok(Self { server, bouncer, schema, preparing: Preparing::Once })
    }

    fn config(&self) -> Result<SqlConfig, BoxError> {
        Ok(patient().with_schema(&self.schema)?.with_max_connections(3))
    }

    /// A store that goes through PgBouncer.
    fn store(&self) -> Result<PostgresStore, BoxError> {
        Ok(PostgresStore::from_url_with(self.bouncer.url(), self.config()?.with_preparing(self.preparing))?)
    }

    /// One that does not.
    fn direct(&self) -> Result<PostgresStore, BoxError> {
        Ok(PostgresStore::from_url_with(self.server.url(), self.config()?)?)
    }

    /// What PgBouncer has under this name; `None` if it is too old to know it.
    async fn setting(&self, name: &str) -> Result<Option<String>, BoxError> {
        let options: PgConnectOptions = self.bouncer.url().parse()?;
        let mut console = options.database("pgbouncer").extra_float_digits(None).connect().await?;
        let found = raw_sql("SHOW CONFIG").fetch_all(&mut console).await?;
        let named = found.iter().find(|row| row.get::<&str, _>("key") == name);
        Ok(named.map(|row| row.get("value")))
    }
}

/// A while for the tasks.
const WHILE: Duration = Duration::from_secs(3);

const STATEMENTS: &str = "max_prepared_statements";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_it_comes_it_loses_nothing() -> Result<(), BoxError> {
    let behind = Behind::start(&[]).await?;
    assert_eq!(behind.setting("pool_mode").await?.as_deref(), Some("session"));
    loses_nothing(&behind).await
}

/// `init` would have two beside it, and does without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_is_enough() -> Result<(), BoxError> {
    let behind = Behind::start(&["default_pool_size = 1"]).await?;
    let config = SqlConfig::default().with_schema(&behind.schema)?.with_max_connections(1);
    let store =
        PostgresStore::from_url_with(behind.bouncer.url(), config.with_acquire_timeout(Duration::from_secs(8)))?;
    store.init().await?;
    assert_eq!(store.put(&key(1), &record(1, 1_000), Put::Create).await?, PutOutcome::Stored);
    assert!(store.delete(&key(1)).await?);
    store.close().await;
    Ok(())
}

/// By PgBouncer's own word on whether it keeps prepared statements apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_transaction_mode_it_loses_nothing_or_is_refused() -> Result<(), BoxError> {
    let behind = Behind::start(&["pool_mode = transaction"]).await?;
    let by_default = behind.setting(STATEMENTS).await?;
    match by_default.as_deref() {
        None | Some("0") => is_refused(&behind).await?,
        Some(_) => loses_nothing(&behind).await?,
    }
    // Where all share one connection of the server, nobody waits for what another holds.
    let crowded = Behind::start(&["pool_mode = transaction", "default_pool_size = 1"]).await?;
    match by_default.as_deref() {
        None | Some("0") => is_refused(&crowded).await?,
        Some(_) => loses_nothing(&crowded).await?,
    }
    if by_default.is_none() {
        println!("this PgBouncer is older than 1.21, and cannot keep prepared statements apart: it was refused");
        return Ok(());
    }
    is_refused(&Behind::start(&["pool_mode = transaction", "max_prepared_statements = 0"]).await?).await?;
    for kept in ["max_prepared_statements = 1", "max_prepared_statements = 200"] {
        loses_nothing(&Behind::start(&["pool_mode = transaction", kept]).await?).await?;
    }
    Ok(())
}

/// Where PgBouncer knows nothing of prepared statements, and several clients share a connection of the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_transaction_mode_a_store_that_prepares_nothing_loses_nothing() -> Result<(), BoxError> {
    let mut settings = vec!["pool_mode = transaction", "default_pool_size = 2"];
    let mut behind = Behind::start(&settings).await?;
    if behind.setting(STATEMENTS).await?.is_some() {
        settings.push("max_prepared_statements = 0");
        behind = Behind::start(&settings).await?;
    }
    let refused = behind.store()?.init().await.expect_err("it mixes up statements");
    assert!(with_causes(&refused).contains("`Preparing::Never`"), "{}", with_causes(&refused));
    behind.preparing = Preparing::Never;
    loses_nothing(&behind).await
}

async fn loses_nothing(behind: &Behind) -> Result<(), BoxError> {
    behind.store()?.init().await?;
    let (seen, inits) = load(behind).await?;
    println!("{seen:?}, and {inits:?}");
    assert!(inits.right > 0 && inits.refused + inits.failed == 0, "{inits:?}");
    assert!(seen.right > 100, "{seen:?}");
    assert_eq!((seen.wrong, seen.refused, seen.failed, seen.gone), (0, 0, 0, 0), "{seen:?}");
    Ok(())
}

/// `init` refuses it, at rest and under load. Whoever goes on without it is told, and loses nothing either.
async fn is_refused(behind: &Behind) -> Result<(), BoxError> {
    let store = behind.store()?;
    let refused = store.init().await.expect_err("it mixes up statements");
    assert!(matches!(refused, StoreError::Misconfigured { .. }), "{refused:?}");
    let said = with_causes(&refused);
    assert!(said.contains("max_prepared_statements to 1 or more") && said.contains("pool_mode = session"), "{said}");
    behind.direct()?.init().await?;
    let (seen, inits) = load(behind).await?;
    println!("{seen:?}, and {inits:?}");
    assert!(seen.refused > 0, "nothing was mixed up: {seen:?}");
    assert_eq!((seen.wrong, seen.failed, seen.gone), (0, 0, 0), "{seen:?}");
    assert!(inits.refused > 0, "{inits:?}");
    assert_eq!((inits.right, inits.failed), (0, 0), "{inits:?}");
    Ok(())
}

/// Counts what was seen in a while.
#[derive(Debug, Default)]
struct Seen {
    right: u64,
    /// Another answer than the right one, as if it were right.
    wrong: u64,
    /// Errors that say how PgBouncer has to be set up.
    refused: u64,
    /// Other errors.
    failed: u64,
    /// Sessions that nobody deleted and that are not there in the end.
    gone: u64,
}

const KEPT: u64 = 300;

/// Sixteen tasks on two stores: sessions that nobody deletes are read and touched, others come and go, while `init` is
/// called again and again. Gives what the tasks saw, and what `init` said.
async fn load(behind: &Behind) -> Result<(Seen, Seen), BoxError> {
    let direct = behind.direct()?;
    for number in 0..KEPT {
        assert_eq!(direct.put(&key(number), &record(number, 1_000), Put::Create).await?, PutOutcome::Stored);
    }
    let stores = [behind.store()?, behind.store()?];
    let (mut tasks, end) = (JoinSet::new(), Instant::now() + WHILE);
    for task in 0..16_u64 {
        tasks.spawn(works(stores[usize::try_from(task % 2)?].clone(), task, end));
    }
    let (mut sum, mut inits) = (Seen::default(), Seen::default());
    while Instant::now() < end {
        // A new store each time, for one that has seen that all is right does not look again.
        let store = behind.store()?;
        inits.note(store.init().await.map(|()| true));
        store.close().await;
    }
    while let Some(seen) = tasks.join_next().await {
        let seen = seen?;
        sum.right += seen.right;
        sum.wrong += seen.wrong;
        sum.refused += seen.refused;
        sum.failed += seen.failed;
    }
    for number in 0..KEPT {
        let stands = direct.get(&key(number)).await?;
        sum.gone += u64::from(stands.is_none_or(|it| it.version.as_u64() != number));
    }
    for store in stores.into_iter().chain([direct]) {
        store.close().await;
    }
    Ok((sum, inits))
}

async fn works(store: PostgresStore, task: u64, end: Instant) -> Seen {
    let (mut seen, mut turn) = (Seen::default(), task);
    while Instant::now() < end {
        let (kept, own) = (turn % KEPT, key((task + 1) << 32 | turn));
        turn += 1;
        let got = store.get(&key(kept)).await;
        seen.note(got.map(|found| found.is_some_and(|it| it.version.as_u64() == kept)));
        let touched = store.touch(&key(kept), Version::from_u64(kept), at(30), at(2_000)).await;
        seen.note(touched);
        let created = store.put(&own, &record(turn, 1_000), Put::Create).await;
        let created = seen.note(created.map(|put| put == PutOutcome::Stored));
        let deleted = store.delete(&own).await;
        seen.note(deleted.map(|deleted| deleted || !created));
    }
    seen
}

impl Seen {
    /// Counts an answer, and tells whether it is the right one.
    fn note(&mut self, right: Result<bool, StoreError>) -> bool {
        match right {
            Ok(true) => self.right += 1,
            Ok(false) => self.wrong += 1,
            Err(ref error) if with_causes(error).contains(STATEMENTS) => self.refused += 1,
            Err(ref error) => {
                println!("{}", with_causes(error));
                self.failed += 1;
            }
        }
        matches!(right, Ok(true))
    }
}
