//! Statements that go to PostgreSQL as texts, with their values in them: they do what prepared ones do, and show nothing.
#![cfg(all(feature = "postgres", feature = "mysql", feature = "sqlite"))]

mod support;

use session_conformance::{Clause, Outcome};
use session_sql::session_core::{BoxError, SessionStore, StoreError};
use session_sql::{ConfigError, MySqlStore, PostgresStore, Preparing, SqlConfig, SqliteStore};
use support::bed::{Bed, on, with_causes};
use support::postgres::{NotPrepared, PostgresHarness};

/// What depends on how values go there and come back, on what a statement finds, and on what is logged; the rest of the suite
/// is about what the statements say, which is the same.
const CLAUSES: [Clause; 15] = [
    Clause::REC_2,
    Clause::REC_3,
    Clause::REC_4,
    Clause::REC_5,
    Clause::REC_6,
    Clause::PUT_7,
    Clause::PUT_9,
    Clause::TCH_1,
    Clause::DEL_4,
    Clause::SWP_2,
    Clause::OWN_1,
    Clause::SCN_2,
    Clause::FLT_1,
    Clause::FLT_2,
    Clause::FLT_7,
];

#[test]
fn they_keep_the_clauses() {
    for clause in CLAUSES {
        match session_conformance::run::<PostgresHarness<NotPrepared>>(clause, &[]) {
            Outcome::Passed => {}
            other => panic!("{}", other.failure().map_or("nothing was checked".to_owned(), |it| it.to_string())),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_writes_bytes_in_another_way_is_refused_with_what_to_set() -> Result<(), BoxError> {
    on::<PostgresHarness<NotPrepared>, _>(async |bed| {
        // For a role of the test's own, for others use this server as well.
        let role = format!("{}_role", bed.schema);
        for statement in [
            format!("CREATE ROLE {role} LOGIN PASSWORD 'visitor'"),
            format!("ALTER ROLE {role} SET bytea_output = 'escape'"),
            format!("GRANT ALL ON SCHEMA {} TO {role}", bed.schema),
        ] {
            bed.run(statement).await?;
        }
        let (_, rest) = bed.server().url().split_once('@').expect("a URL with a user");
        let config = bed.config().with_preparing(Preparing::Never);
        let store = PostgresStore::from_url_with(&format!("postgres://{role}:visitor@{rest}"), config)?;
        let refused = store.init().await.expect_err("it could not be read");
        assert!(matches!(refused, StoreError::Misconfigured { .. }), "{refused:?}");
        assert!(with_causes(&refused).contains("set bytea_output = hex"), "{}", with_causes(&refused));
        store.close().await;
        bed.run(format!("DROP OWNED BY {role}; DROP ROLE {role}")).await
    })
    .await
}

#[tokio::test]
async fn they_are_for_a_store_of_postgres_that_is_made_of_a_url() {
    let config = || SqlConfig::default().with_preparing(Preparing::Never);
    let pool = session_sql::sqlx::PgPool::connect_lazy("postgres://127.0.0.1:1/nothing").expect("a pool");
    let refused = PostgresStore::with_config(pool, config());
    assert!(matches!(refused, Err(ConfigError::OfUrl { .. })), "{refused:?}");
    let refused = SqliteStore::from_url_with("sqlite::memory:", config());
    assert!(matches!(refused, Err(ConfigError::Unsupported { .. })), "{refused:?}");
    let refused = MySqlStore::from_url_with("mysql://127.0.0.1:1/nothing", config());
    assert!(matches!(refused, Err(ConfigError::Unsupported { .. })), "{refused:?}");
}
