//! PostgreSQL for the suite: a schema per clause.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use session_conformance::{Corruption, Harness, Interruption, servers};
use session_sql::session_core::{BoxError, Limits, SessionKey, SessionStore};
use session_sql::sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use session_sql::sqlx::{self, AssertSqlSafe, Connection, Executor, Postgres};
use session_sql::{PostgresStore, Preparing, SqlConfig};

use super::bed::{Bed, hex, patient};
use super::servers::{Server, fresh_name};

/// Says how the server is set up.
pub(crate) trait Setting: Debug + Send + Sync + 'static {
    /// The server.
    fn server() -> impl Future<Output = Result<Server, BoxError>> + Send {
        async { Ok(Server::Postgres(servers::Postgres::start().await?)) }
    }

    /// Makes what the clause needs, and gives the store.
    fn store(server: &Server, config: SqlConfig) -> impl Future<Output = Result<PostgresStore, BoxError>>;

    /// The database that the schema is in.
    fn database(server: &Server) -> impl Future<Output = Result<String, BoxError>>;
}

/// How connections of this store name themselves to the server.
fn name_of(config: &SqlConfig) -> &str {
    config.schema.as_ref().map_or("the suite", |schema| schema.as_str())
}

/// As it comes, and by URL.
#[derive(Debug)]
pub(crate) struct Plain;

impl Setting for Plain {
    async fn store(server: &Server, config: SqlConfig) -> Result<PostgresStore, BoxError> {
        let mark = if server.url().contains('?') { '&' } else { '?' };
        let url = format!("{}{mark}application_name={}", server.url(), name_of(&config));
        Ok(PostgresStore::from_url_with(&url, config)?)
    }

    async fn database(server: &Server) -> Result<String, BoxError> {
        Ok(server.url().to_owned())
    }
}

/// With clocks at +09:00, a collation that holds `a` and `A` for one wherever PostgreSQL allows it, and serializable
/// transactions; on a pool of the caller's.
#[derive(Debug)]
pub(crate) struct Elsewhere;

impl Setting for Elsewhere {
    async fn store(server: &Server, config: SqlConfig) -> Result<PostgresStore, BoxError> {
        let options = PgConnectOptions::from_str(&Self::database(server).await?)?.application_name(name_of(&config));
        let pool = PgPoolOptions::new().max_connections(10).after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute("SET TIME ZONE 'Asia/Tokyo'").await?;
                connection.execute("SET default_transaction_isolation = 'serializable'").await?;
                Ok(())
            })
        });
        Ok(PostgresStore::with_config(pool.connect_with(options).await?, config)?)
    }

    async fn database(server: &Server) -> Result<String, BoxError> {
        let mut connection = sqlx::PgConnection::connect(server.url()).await?;
        let create = "CREATE DATABASE session_elsewhere TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu \
                      ICU_LOCALE 'und-u-ks-level2' LC_COLLATE 'C' LC_CTYPE 'C'";
        // Another test may have made it, or be making it.
        while let Err(error) = connection.execute(create).await {
            match error.as_database_error().and_then(|error| error.code()).as_deref() {
                Some("42P04" | "23505") => break,
                // template0 is in use by whoever else creates it.
                Some("55006") => tokio::task::yield_now().await,
                _ => return Err(error.into()),
            }
        }
        connection.close().await?;
        Ok(server.url_of("session_elsewhere"))
    }
}

/// As it comes, with statements that are not prepared.
#[derive(Debug)]
pub(crate) struct NotPrepared;

impl Setting for NotPrepared {
    async fn store(server: &Server, config: SqlConfig) -> Result<PostgresStore, BoxError> {
        Plain::store(server, config.with_preparing(Preparing::Never)).await
    }

    async fn database(server: &Server) -> Result<String, BoxError> {
        Plain::database(server).await
    }
}

/// Over TLS, on a server of the caller's own, by a certificate that nobody has signed. It is for `localhost`, and the URL has
/// the address.
#[derive(Debug)]
pub(crate) struct OverTls;

impl Setting for OverTls {
    async fn server() -> Result<Server, BoxError> {
        let server = servers::Postgres::alone(&[]).await?;
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let mut connection = sqlx::PgConnection::connect(server.url()).await?;
        let files = [
            // The names that it looks for, in its own folder. It refuses a key that others can read.
            ("server.crt", certified.cert.pem()),
            ("server.key", certified.signing_key.serialize_pem()),
        ];
        for (name, lines) in files {
            let lines: Vec<_> = lines.lines().map(|line| format!("'{line}'")).collect();
            let copy = format!("COPY (SELECT unnest(ARRAY[{}])) TO PROGRAM 'umask 077; cat >{name}'", lines.join(", "));
            connection.execute(AssertSqlSafe(copy)).await?;
        }
        for statement in ["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"] {
            connection.execute(statement).await?;
        }
        connection.close().await?;
        let url = format!("{}?sslmode=require", server.url());
        // It reads its settings again by and by.
        let begun = std::time::Instant::now();
        while let Err(error) = sqlx::PgConnection::connect(&url).await {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(error.into());
            }
        }
        Ok(Server::Own { url, server })
    }

    async fn store(server: &Server, config: SqlConfig) -> Result<PostgresStore, BoxError> {
        Plain::store(server, config).await
    }

    async fn database(server: &Server) -> Result<String, BoxError> {
        Plain::database(server).await
    }
}

/// A schema per clause.
#[derive(Debug)]
pub(crate) struct PostgresHarness<S = Plain> {
    pub(crate) store: PostgresStore,
    server: Server,
    pub(crate) schema: String,
    setting: PhantomData<S>,
}

impl<S: Setting> PostgresHarness<S> {
    pub(crate) fn pool(&self) -> &PgPool {
        self.store.pool()
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }
}

impl<S: Setting> Harness for PostgresHarness<S> {
    async fn start() -> Result<Self, BoxError> {
        let server = S::server().await?;
        let schema = fresh_name()?;
        let mut connection = sqlx::PgConnection::connect(&S::database(&server).await?).await?;
        connection.execute(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await?;
        connection.close().await?;
        let store = S::store(&server, patient().with_schema(&schema)?).await?;
        Ok(Self { store, server, schema, setting: PhantomData })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(S::store(&self.server, patient().with_schema(&self.schema)?).await?))
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(SqlConfig::default().max_payload)
    }

    // A deadline that is no time. The owner stays, so that the row is among those of its owner.
    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let damage = format!("UPDATE {}.sessions SET expires_at = -1 WHERE session_key = $1", self.schema);
        sqlx::query(AssertSqlSafe(damage)).bind(key.as_bytes().as_slice()).execute(self.pool()).await?;
        Ok(Corruption::Planted)
    }

    async fn unreachable(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        let config = SqlConfig::default().with_acquire_timeout(Duration::from_millis(100));
        let nobody = "postgres://visitor:of-the-unreachable@127.0.0.1:1/nothing";
        Ok(Some(Arc::new(PostgresStore::from_url_with(nobody, config)?)))
    }

    fn secrets(&self) -> Vec<String> {
        let password = self.server.password().map(str::to_owned);
        password.into_iter().chain(["of-the-unreachable".to_owned()]).collect()
    }

    async fn interrupt(&self) -> Result<Interruption, BoxError> {
        let listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE application_name = $1 AND query LIKE 'LISTEN%'";
        sqlx::query(listening).bind(&self.schema).execute(self.pool()).await?;
        Ok(Interruption::Broken)
    }

    async fn stop(self) {
        let drop = format!("DROP SCHEMA {} CASCADE", self.schema);
        // What is left behind harms nobody.
        let _ = self.pool().execute(AssertSqlSafe(drop)).await;
        self.store.close().await;
    }
}

impl<S: Setting> Bed for PostgresHarness<S> {
    type Db = Postgres;

    fn sql(&self) -> &PostgresStore {
        &self.store
    }

    async fn with(&self, config: SqlConfig) -> Result<PostgresStore, BoxError> {
        S::store(&self.server, config).await
    }

    fn config(&self) -> SqlConfig {
        patient().with_schema(&self.schema).expect("the name is one")
    }

    fn table(&self, name: &str) -> String {
        format!("{}.\"{name}\"", self.schema)
    }

    fn literal(bytes: &[u8]) -> String {
        format!("'\\x{}'", hex(bytes))
    }

    async fn run(&self, sql: String) -> Result<(), BoxError> {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(self.pool()).await?;
        Ok(())
    }

    async fn number(&self, sql: String) -> Result<i64, BoxError> {
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(self.pool()).await?)
    }
}
