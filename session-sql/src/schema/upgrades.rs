//! Older tables are upgraded. There has been none yet, so these make one up: schema 0, without `last_seen_at`.

use session_core::{BoxError, Bytes, Record, SessionKey, SessionStore, StoreError, Timestamp, Version};
use tokio::task::JoinSet;

use super::init::init_by;
use super::table::{CURRENT, Upgrade, mark};
use crate::config::SqlConfig;
use crate::dialect::{Backend, Dialect};
use crate::error::SchemaError;
use crate::store::SqlStore;

/// A schema before the first, and what leads to the first.
struct MadeUp {
    create: String,
    insert: String,
    upgrade: Upgrade,
}

fn key() -> SessionKey {
    SessionKey::from_bytes([7; 32])
}

/// The row that stands in the older table, as it is read later.
fn record() -> Record {
    Record {
        version: Version::from_u64(5),
        payload: Bytes::from_static(b"payload"),
        owner: None,
        created_at: Timestamp::from_millis(10),
        last_seen_at: Timestamp::from_millis(10),
        expires_at: Timestamp::from_millis(1_000),
    }
}

/// Lets many find the older table at once, from pools of their own, and looks at what became of it.
async fn goes_through<Db: Dialect>(url: &str, config: &SqlConfig, made_up: &MadeUp) -> Result<(), BoxError> {
    let store = SqlStore::<Db>::from_url_with(url, config.clone())?;
    let pools = store.pools();
    Db::prepare(pools, config).await.expect("it can be set up").expect("it is set up");
    let older = [made_up.create.clone(), made_up.insert.clone()];
    Db::run(pools, config, None, &older).await.expect("it can be created");

    // Without a way from there, it is refused and left alone.
    let refused = init_by::<Db>(pools, config, &[]).await.expect_err("there is no way");
    let StoreError::Misconfigured { source, .. } = refused else { panic!("{refused:?}") };
    let refused = source.downcast::<SchemaError>()?;
    assert!(matches!(*refused, SchemaError::Older { found: 0, known: CURRENT, .. }), "{refused:?}");

    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (store, upgrade) = (SqlStore::<Db>::from_url_with(url, config.clone())?, made_up.upgrade.clone());
        let config = config.clone();
        tasks.spawn(async move {
            let done = init_by::<Db>(store.pools(), &config, &[upgrade]).await;
            store.close().await;
            done
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    // It is what `init` knows, and has what stood in it.
    store.init().await?;
    assert_eq!(*store.get(&key()).await?.expect("it was there before"), record());
    let seen = Timestamp::from_millis(20);
    assert!(store.touch(&key(), record().version, seen, record().expires_at).await?);
    store.close().await;
    Ok(())
}

/// Waits longer than usual: a busy machine is no fault of the store.
pub(super) fn patient() -> SqlConfig {
    SqlConfig::default().with_acquire_timeout(std::time::Duration::from_secs(30))
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn table_of_its_own() -> Result<SqlConfig, BoxError> {
    Ok(patient().with_table(&format!("upgraded_{:016x}", Version::random()?.as_u64()))?)
}

/// The SQL of the current schema as that of the one before.
fn before<Db: Dialect>(config: &SqlConfig) -> Vec<String> {
    let older = |sql: String| {
        let columns = sql.lines().filter(|line| !line.trim_start().starts_with("last_seen_at"));
        columns.collect::<Vec<_>>().join("\n").replace(&mark(), "session-sql schema 0")
    };
    Db::ddl(config).into_iter().map(older).collect()
}

const INSERT: &str = "INSERT INTO {t} (session_key, version, payload, owner, created_at, expires_at, sweep_at) \
                      VALUES ({key}, {version}, 'payload', NULL, 10, 1000, 1000)";

/// Whose version is one less counts how often it was upgraded.
fn insert<Db: Dialect>(config: &SqlConfig, key: &str, version: u64) -> String {
    INSERT.replace("{t}", &Db::SPELLING.table(config)).replace("{key}", key).replace("{version}", &version.to_string())
}

/// SQLite keeps the mark within the text of the table, so an upgrade is a new table.
#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_upgrades_an_older_table_once() -> Result<(), BoxError> {
    let (folder, config) = (tempfile::tempdir()?, patient());
    let copy = "INSERT INTO sessions (session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at) \
                SELECT session_key, version + 1, payload, owner, created_at, created_at, expires_at, sweep_at FROM older \
                ORDER BY arrival";
    let mut statements: Vec<_> =
        ["ALTER TABLE sessions RENAME TO older", "DROP INDEX sessions_sweep_at", "DROP INDEX sessions_owner"]
            .map(str::to_owned)
            .into();
    statements.extend(sqlx::Sqlite::ddl(&config));
    statements.extend([copy.to_owned(), "DROP TABLE older".to_owned()]);
    let made_up = MadeUp {
        create: before::<sqlx::Sqlite>(&config).join("; "),
        insert: insert::<sqlx::Sqlite>(&config, &format!("X'{}'", "07".repeat(32)), 4)
            .replace("'payload'", "CAST('payload' AS BLOB)"),
        upgrade: Upgrade { from: 0, statements },
    };
    let url = format!("sqlite://{}", folder.path().join("sessions.db").display());
    goes_through::<sqlx::Sqlite>(&url, &config, &made_up).await
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_upgrades_an_older_table_once() -> Result<(), BoxError> {
    let (server, config) = (session_conformance::servers::Postgres::start().await?, table_of_its_own()?);
    let table = sqlx::Postgres::SPELLING.table(&config);
    let made_up = MadeUp {
        create: before::<sqlx::Postgres>(&config).join("; "),
        insert: insert::<sqlx::Postgres>(&config, &format!("'\\x{}'", "07".repeat(32)), 4),
        upgrade: Upgrade {
            from: 0,
            statements: vec![
                format!("ALTER TABLE {table} ADD COLUMN last_seen_at BIGINT"),
                format!("UPDATE {table} SET version = version + 1, last_seen_at = created_at"),
                format!("ALTER TABLE {table} ALTER COLUMN last_seen_at SET NOT NULL"),
                format!("COMMENT ON TABLE {table} IS '{}'", mark()),
            ],
        },
    };
    goes_through::<sqlx::Postgres>(server.url(), &config, &made_up).await?;
    drop_table::<sqlx::Postgres>(server.url(), &config).await
}

/// Each statement commits by itself, so an upgrade is one.
#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_upgrades_an_older_table_once() -> Result<(), BoxError> {
    let (server, config) = (session_conformance::servers::MariaDb::start().await?, table_of_its_own()?);
    let table = sqlx::MySql::SPELLING.table(&config);
    let alter =
        format!("ALTER TABLE {table} ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 10, COMMENT = '{}'", mark());
    let made_up = MadeUp {
        create: before::<sqlx::MySql>(&config).join("; "),
        insert: insert::<sqlx::MySql>(&config, &format!("X'{}'", "07".repeat(32)), 5),
        upgrade: Upgrade { from: 0, statements: vec![alter] },
    };
    goes_through::<sqlx::MySql>(server.url(), &config, &made_up).await?;
    drop_table::<sqlx::MySql>(server.url(), &config).await
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) async fn drop_table<Db: Dialect>(url: &str, config: &SqlConfig) -> Result<(), BoxError> {
    let store = SqlStore::<Db>::from_url_with(url, config.clone())?;
    let drop = [format!("DROP TABLE {}", Db::SPELLING.table(config))];
    Db::run(store.pools(), config, Some(CURRENT), &drop).await.expect("it can be dropped");
    store.close().await;
    Ok(())
}
