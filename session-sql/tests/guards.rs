//! On PostgreSQL no statement runs with the values of another one.
#![cfg(feature = "postgres")]

mod support;

use std::collections::HashSet;

use session_sql::session_core::{BoxError, SessionStore};
use session_sql::sqlx::{self, AssertSqlSafe, Connection, Executor};
use support::bed::{Bed, guard_of, on};
use support::given::bound;
use support::postgres::PostgresHarness;

#[tokio::test]
async fn a_statement_fails_with_the_guard_of_another_however_it_is_planned() -> Result<(), BoxError> {
    on::<PostgresHarness, _>(async |bed| {
        bed.sql().init().await?;
        bed.fill(10_000).await?;
        let table = bed.table("sessions");
        let mut connection = bed.pool().acquire().await?;
        for plan in ["force_custom_plan", "force_generic_plan"] {
            connection.execute(AssertSqlSafe(format!("SET plan_cache_mode = {plan}"))).await?;
            for (verb, sql) in bed.sql().statements() {
                for (other, guard) in bed.sql().statements() {
                    let mut undone = connection.begin().await?;
                    let query = bound!(sqlx::query(AssertSqlSafe(sql.to_owned())), verb, guard_of(guard));
                    let done = query.execute(&mut *undone).await;
                    if verb == other {
                        done?;
                    } else {
                        let refused = done.expect_err("it was taken for another");
                        let code = refused.as_database_error().and_then(|error| error.code());
                        assert_eq!(code.as_deref(), Some("22012"), "{verb} as {other}: {refused}");
                    }
                    undone.rollback().await?;
                }
            }
        }
        assert_eq!(bed.number(format!("SELECT count(*) FROM {table}")).await?, 10_000);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn no_two_statements_have_the_same_guard_in_any_table() -> Result<(), BoxError> {
    on::<PostgresHarness, _>(async |bed| {
        let elsewhere = bed.with(bed.config().with_table("elsewhere")?).await?;
        let (here, there) = (bed.sql().statements(), elsewhere.statements());
        let guards: HashSet<i64> =
            here.iter().chain(&there).map(|(_, sql)| guard_of(sql).expect("each has one")).collect();
        assert_eq!(guards.len(), here.len() + there.len());
        // And each is what the statement ends with.
        for (verb, sql) in here {
            assert!(sql.contains(&format!("CASE ${} WHEN", support::given::given(verb).len() + 1)), "{verb}: {sql}");
        }
        Ok(())
    })
    .await
}
