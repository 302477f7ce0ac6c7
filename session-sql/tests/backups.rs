//! What the page on backups tells an operator to run, run while others write.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use session_sql::session_core::{BoxError, SessionStore};
use session_sql::{Dialect, Found, SqlStore};
use support::bed::{at, create, key, record};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How many sessions there are before anything is copied.
const SESSIONS: u64 = 400;
const LIMIT: Duration = Duration::from_secs(60);

/// Creates one session after the other, and touches it, until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Load {
    fn on<Db: Dialect>(store: &SqlStore<Db>) -> Self {
        let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (until, count, store) = (Arc::clone(&stop), Arc::clone(&made), store.clone());
        let task = tokio::spawn(async move {
            for number in SESSIONS.. {
                if until.load(Ordering::SeqCst) {
                    break;
                }
                let made = record(number, 1_000_000);
                create(&store, key(number), &made).await;
                assert!(store.touch(&key(number), made.version, at(30), at(1_000_001)).await.unwrap());
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { stop, made, task }
    }

    /// Waits until it has made some more.
    async fn goes_on(&self) {
        let before = self.made.load(Ordering::SeqCst);
        let more = async {
            while self.made.load(Ordering::SeqCst) < before + 5 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(LIMIT, more).await.expect("requests pass");
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.expect("nothing failed");
    }
}

async fn fill<S: SessionStore>(store: &S) {
    store.init().await.unwrap();
    for number in 0..SESSIONS {
        create(store, key(number), &record(number, 1_000_000)).await;
    }
}

async fn has_all<Db: Dialect>(store: &SqlStore<Db>) -> Result<(), BoxError> {
    assert_eq!(store.look().await?, Found::Current);
    for number in 0..SESSIONS {
        assert_eq!(store.get(&key(number)).await?.as_deref(), Some(&record(number, 1_000_000)));
    }
    Ok(())
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::fs;
    use std::path::Path;

    use session_sql::SqliteStore;
    use session_sql::sqlx::{self, AssertSqlSafe, Row};

    use super::*;

    fn url(file: &Path) -> String {
        format!("sqlite://{}", file.display())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_copy_is_whole_while_others_write_and_is_nobody_elses_to_read() -> Result<(), BoxError> {
        let folder = tempfile::tempdir()?;
        let (file, copy) = (folder.path().join("sessions.db"), folder.path().join("copy.db"));
        let store = SqliteStore::from_url(&url(&file))?;
        fill(&store).await;
        let load = Load::on(&store);
        load.goes_on().await;
        // As it is after `umask 077`.
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&copy)?;
        let statement = AssertSqlSafe(format!("VACUUM INTO '{}'", copy.display()));
        timeout(LIMIT, sqlx::query(statement).execute(store.pool())).await.expect("it ends under load")?;
        load.goes_on().await;
        load.stop().await;
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&copy)?.permissions()) & 0o777, 0o600);
        store.close().await;

        // Back: in the place of the other, without that one's log.
        fs::rename(&copy, &file)?;
        for beside in ["sessions.db-wal", "sessions.db-shm"] {
            let _ = fs::remove_file(folder.path().join(beside));
        }
        let restored = SqliteStore::from_url(&url(&file))?;
        restored.init().await?;
        has_all(&restored).await?;
        create(&restored, key(1_000_000), &record(1, 1_000_000)).await;
        restored.close().await;
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_vacuum_leaves_a_log_as_large_as_the_table_until_that_is_emptied() -> Result<(), BoxError> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("sessions.db");
        let store = SqliteStore::from_url(&url(&file))?;
        fill(&store).await;
        let length = |name: &str| fs::metadata(folder.path().join(name)).map_or(0, |it| it.len());
        let emptied = async || -> Result<i64, BoxError> {
            let answer = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(store.pool()).await?;
            Ok(answer.try_get(0)?)
        };
        assert_eq!(emptied().await?, 0);
        for number in SESSIONS / 2..SESSIONS {
            assert!(store.delete(&key(number)).await?);
        }
        assert_eq!(emptied().await?, 0);
        let before = length("sessions.db");
        sqlx::query("VACUUM").execute(store.pool()).await?;
        let (log, shrunk) = (length("sessions.db-wal"), before * 3 / 4);
        assert!(log > before / 4, "{log} of {before}");
        assert_eq!(emptied().await?, 0);
        assert_eq!(length("sessions.db-wal"), 0);
        assert!(length("sessions.db") < shrunk, "{} of {before}", length("sessions.db"));
        assert_eq!(store.get(&key(0)).await?.as_deref(), Some(&record(0, 1_000_000)));
        store.close().await;
        Ok(())
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use session_conformance::servers::Postgres;
    use session_sql::sqlx;
    use session_sql::{PostgresStore, SqlConfig};
    use tokio::process::Command;

    use super::*;

    /// Runs a line of the page, with the programs of the server's package at hand.
    async fn run(folder: &std::path::Path, urls: [&str; 2], line: &str) {
        let line = format!("PATH=\"$PATH:$(printf '%s:' /usr/lib/postgresql/*/bin)\"; {line}");
        let mut shell = Command::new("bash");
        shell.args(["-c", &line]).current_dir(folder).env("DATABASE_URL", urls[0]).env("OTHER_URL", urls[1]);
        let done = shell.output().await.expect("there is a shell");
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_dump_of_the_table_is_whole_while_others_write_and_is_known_again() -> Result<(), BoxError> {
        let (server, folder) = (Postgres::alone(&[]).await?, tempfile::tempdir()?);
        let config = SqlConfig::default().with_schema("shop")?.with_table("web_sessions")?;
        let store = PostgresStore::from_url_with(server.url(), config.clone())?;
        sqlx::query("CREATE SCHEMA shop").execute(store.pool()).await?;
        sqlx::query("CREATE DATABASE other").execute(store.pool()).await?;
        let (before, _) = server.url().rsplit_once('/').expect("a URL names a database");
        let elsewhere = format!("{before}/other");
        let other = PostgresStore::from_url_with(&elsewhere, config)?;
        sqlx::query("CREATE SCHEMA shop").execute(other.pool()).await?;
        fill(&store).await;
        let (urls, load) = ([server.url(), &*elsewhere], Load::on(&store));
        load.goes_on().await;
        let dump = "pg_dump --format=custom --table=shop.web_sessions --file=sessions.dump \"$DATABASE_URL\"";
        run(folder.path(), urls, dump).await;
        sqlx::query("VACUUM (ANALYZE) shop.web_sessions").execute(store.pool()).await?;
        load.goes_on().await;
        let empty =
            "pg_dump --format=custom --exclude-table-data=shop.web_sessions --file=empty.dump \"$DATABASE_URL\"";
        run(folder.path(), urls, empty).await;
        load.stop().await;
        run(folder.path(), urls, "pg_restore --dbname=\"$OTHER_URL\" sessions.dump").await;
        has_all(&other).await?;
        create(&other, key(1_000_000), &record(1, 1_000_000)).await;

        sqlx::query("DROP TABLE shop.web_sessions").execute(other.pool()).await?;
        run(folder.path(), urls, "pg_restore --clean --if-exists --dbname=\"$OTHER_URL\" empty.dump").await;
        assert_eq!((other.look().await?, other.get(&key(0)).await?), (Found::Current, None));
        store.close().await;
        other.close().await;
        Ok(())
    }
}
