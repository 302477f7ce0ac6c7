//! The databases find rows by the indexes: each says so of each statement, on a table of 20,000 rows.

mod support;

use session_sql::session_core::{BoxError, SessionStore};
use session_sql::sqlx::{self, AssertSqlSafe, Row};
use support::bed::{Bed, guard_of, on};
use support::given::bound;

const ROWS: u64 = 20_000;

/// Asks for the plan of a statement.
macro_rules! plan {
    ($bed:expr, $explain:literal, $verb:expr, $sql:expr) => {{
        let query = sqlx::query(AssertSqlSafe(format!("{} {}", $explain, $sql)));
        let query = bound!(query, $verb, guard_of($sql));
        query.fetch_all($bed.sql().pool()).await?
    }};
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_goes_by_index() -> Result<(), BoxError> {
    on::<support::sqlite::SqliteFile, _>(async |bed| {
        bed.sql().init().await?;
        bed.fill(ROWS).await?;
        // As it comes, and once it has counted.
        for _ in 0..2 {
            for (verb, sql) in bed.sql().statements() {
                let rows = plan!(bed, "EXPLAIN QUERY PLAN", verb, sql);
                let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
                let plan = plan.join("; ");
                let expected = match verb {
                    "create" => continue,
                    "list" => "SEARCH sessions USING INDEX sessions_owner (owner=? AND arrival>?)",
                    "scan" => "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (session_key>?)",
                    "delete_expired" | "refile" => {
                        "SEARCH sessions USING COVERING INDEX sessions_sweep_at (sweep_at<?)"
                    }
                    _ => "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (session_key=?)",
                };
                assert!(plan.contains(expected), "{verb}: {plan}");
                assert!(!plan.contains("SCAN sessions") && !plan.contains("TEMP B-TREE"), "{verb}: {plan}");
            }
            bed.run("ANALYZE".to_owned()).await?;
        }
        Ok(())
    })
    .await
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres_goes_by_index() -> Result<(), BoxError> {
    on::<support::postgres::PostgresHarness, _>(async |bed| {
        bed.sql().init().await?;
        bed.fill(ROWS).await?;
        bed.run(format!("ANALYZE {}", bed.table("sessions"))).await?;
        for (verb, sql) in bed.sql().statements() {
            let plan: Vec<String> = plan!(bed, "EXPLAIN", verb, sql).iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            let expected = match verb {
                "create" => continue,
                "list" => "sessions_owner",
                "delete_expired" | "refile" => "Index Scan using sessions_sweep_at",
                _ => "sessions_pkey",
            };
            assert!(plan.contains(expected), "{verb}: {plan}");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{verb}: {plan}");
        }
        Ok(())
    })
    .await
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn mariadb_goes_by_index() -> Result<(), BoxError> {
    support::mysql_plans::go_by_index::<support::mysql::MariaDb>().await
}
