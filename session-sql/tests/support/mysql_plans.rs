//! What MySQL and MariaDB say of each statement, on a table of 20,000 rows: they find rows by the indexes.

use session_sql::session_core::{BoxError, SessionStore};
use session_sql::sqlx::{self, AssertSqlSafe, Row};

use super::bed::{Bed, guard_of, on};
use super::given::bound;
use super::mysql::{Kind, MySqlHarness};

pub(crate) async fn go_by_index<K: Kind>() -> Result<(), BoxError> {
    on::<MySqlHarness<K>, _>(async |bed| {
        bed.sql().init().await?;
        bed.fill(20_000).await?;
        bed.run("ANALYZE TABLE sessions".to_owned()).await?;
        for (verb, sql) in bed.sql().statements() {
            if verb == "create" {
                continue;
            }
            // A table: MySQL would draw a tree from 9.0 on.
            let query = sqlx::query(AssertSqlSafe(format!("EXPLAIN FORMAT=TRADITIONAL {sql}")));
            let rows = bound!(query, verb, guard_of(sql)).fetch_all(bed.sql().pool()).await?;
            let indexes: Vec<Option<String>> = rows.iter().map(|row| row.get("key")).collect();
            let indexes: Vec<_> = indexes.iter().map(Option::as_deref).collect();
            let expected = match verb {
                "list" => vec![Some("sessions_owner")],
                // The keys that are due are read once, found by their deadline, and lead to the rows.
                "delete_expired" | "refile" => vec![None, Some("PRIMARY"), Some("sessions_sweep_at")],
                _ => vec![Some("PRIMARY")],
            };
            assert_eq!(indexes, expected, "{verb}");
            let extra: Vec<Option<String>> = rows.iter().map(|row| row.get("Extra")).collect();
            assert!(!extra.iter().flatten().any(|extra| extra.contains("filesort")), "{verb}: {extra:?}");
        }
        Ok(())
    })
    .await
}
