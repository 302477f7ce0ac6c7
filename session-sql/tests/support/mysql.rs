//! MySQL and MariaDB for the suite: a database per clause.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::os::unix::fs::PermissionsExt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use session_conformance::{Corruption, Harness, servers};
use session_sql::session_core::{BoxError, Limits, SessionKey, SessionStore};
use session_sql::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use session_sql::sqlx::{self, AssertSqlSafe, Connection, Executor, MySql};
use session_sql::{MySqlStore, SqlConfig};

use super::bed::{Bed, patient};
use super::servers::{Server, fresh_name};

/// Says which server it is.
pub(crate) trait Kind: Debug + Send + Sync + 'static {
    fn start() -> impl Future<Output = Result<Server, BoxError>>;
}

#[derive(Debug)]
pub(crate) struct MariaDb;

impl Kind for MariaDb {
    async fn start() -> Result<Server, BoxError> {
        Ok(Server::MariaDb(servers::MariaDb::start().await?))
    }
}

#[derive(Debug)]
pub(crate) struct OracleMySql;

impl Kind for OracleMySql {
    async fn start() -> Result<Server, BoxError> {
        Ok(Server::MySql(servers::MySql::start().await?))
    }
}

/// A MariaDB of the caller's own that speaks TLS, by a certificate that nobody has signed, to whoever asks for it.
#[derive(Debug)]
pub(crate) struct MariaDbOverTls;

impl Kind for MariaDbOverTls {
    async fn start() -> Result<Server, BoxError> {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        // It is read at the start. The server may run as another user.
        let folder = tempfile::tempdir()?;
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        let file = |name: &str, content: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).map(|()| path.display().to_string())
        };
        let certificate = file("certificate", certified.cert.pem())?;
        let key = file("key", certified.signing_key.serialize_pem())?;
        let server = servers::MariaDb::alone(&["--ssl-cert", &certificate, "--ssl-key", &key]).await?;
        let url = format!("{}?ssl-mode=REQUIRED", server.url());
        Ok(Server::Own { url, server })
    }
}

/// Says how the server is set up.
pub(crate) trait Setting: Debug + Send + Sync + 'static {
    /// How a clause's database is created.
    const DATABASE: &'static str;

    fn store(url: &str, config: SqlConfig) -> impl Future<Output = Result<MySqlStore, BoxError>>;
}

/// As it comes, and by URL.
#[derive(Debug)]
pub(crate) struct Plain;

impl Setting for Plain {
    const DATABASE: &'static str = "";

    async fn store(url: &str, config: SqlConfig) -> Result<MySqlStore, BoxError> {
        Ok(MySqlStore::from_url_with(url, config)?)
    }
}

/// With clocks at +09:00, a collation that holds `a` and `A` for one, a `sql_mode` that changes quotes, escapes and
/// padding, and serializable transactions; on a pool of the caller's.
#[derive(Debug)]
pub(crate) struct Elsewhere;

impl Setting for Elsewhere {
    const DATABASE: &'static str = "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci";

    async fn store(url: &str, config: SqlConfig) -> Result<MySqlStore, BoxError> {
        let options = MySqlConnectOptions::from_str(url)?
            .timezone(Some("+09:00".to_owned()))
            .collation("utf8mb4_general_ci")
            .pipes_as_concat(false);
        let pool = MySqlPoolOptions::new().max_connections(10).after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("SET sql_mode = 'ANSI,TRADITIONAL,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH'")
                    .await?;
                connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE").await?;
                Ok(())
            })
        });
        Ok(MySqlStore::with_config(pool.connect_with(options).await?, config)?)
    }
}

/// A database per clause.
#[derive(Debug)]
pub(crate) struct MySqlHarness<K = MariaDb, S = Plain> {
    pub(crate) store: MySqlStore,
    server: Server,
    pub(crate) database: String,
    setting: PhantomData<(K, S)>,
}

impl<K: Kind, S: Setting> MySqlHarness<K, S> {
    pub(crate) fn url(&self) -> String {
        self.server.url_of(&self.database)
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }
}

impl<K: Kind, S: Setting> Harness for MySqlHarness<K, S> {
    async fn start() -> Result<Self, BoxError> {
        let server = K::start().await?;
        let database = fresh_name()?;
        let mut connection = sqlx::MySqlConnection::connect(server.url()).await?;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {database} {}", S::DATABASE))).await?;
        connection.close().await?;
        let store = S::store(&server.url_of(&database), patient()).await?;
        Ok(Self { store, server, database, setting: PhantomData })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(S::store(&self.url(), patient()).await?))
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(SqlConfig::default().max_payload)
    }

    // A deadline that is no time. The owner stays, so that the row is among those of its owner.
    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let damage = sqlx::query("UPDATE sessions SET expires_at = -1 WHERE session_key = ?");
        damage.bind(key.as_bytes().as_slice()).execute(self.store.pool()).await?;
        Ok(Corruption::Planted)
    }

    async fn unreachable(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        let config = SqlConfig::default().with_acquire_timeout(Duration::from_millis(100));
        let nobody = "mysql://visitor:of-the-unreachable@127.0.0.1:1/nothing";
        Ok(Some(Arc::new(MySqlStore::from_url_with(nobody, config)?)))
    }

    fn secrets(&self) -> Vec<String> {
        let password = self.server.password().map(str::to_owned);
        password.into_iter().chain(["of-the-unreachable".to_owned()]).collect()
    }

    async fn stop(self) {
        let drop = format!("DROP DATABASE {}", self.database);
        // What is left behind harms nobody.
        let _ = self.store.pool().execute(AssertSqlSafe(drop)).await;
        self.store.close().await;
    }
}

impl<K: Kind, S: Setting> Bed for MySqlHarness<K, S> {
    type Db = MySql;

    fn sql(&self) -> &MySqlStore {
        &self.store
    }

    async fn with(&self, config: SqlConfig) -> Result<MySqlStore, BoxError> {
        S::store(&self.url(), config).await
    }

    fn table(&self, name: &str) -> String {
        format!("`{name}`")
    }

    async fn run(&self, sql: String) -> Result<(), BoxError> {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(self.store.pool()).await?;
        Ok(())
    }

    async fn number(&self, sql: String) -> Result<i64, BoxError> {
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(self.store.pool()).await?)
    }
}
