//! What `init` creates, and what it refuses.

mod support;

use session_sql::session_core::{BoxError, SessionStore, StoreError};
use session_sql::{ConfigError, Found, SqlConfig, SqlStore};
use support::bed::{Bed, at, create, key, on_each, patient, record, with_causes};
use tokio::task::JoinSet;

on_each!(
    sixteen_at_once_create_one_table,
    a_table_of_somebody_else_is_refused_and_described,
    a_later_schema_is_refused,
    a_table_made_by_the_sql_given_out_is_taken,
    a_table_that_lost_its_mark_is_told_how_to_get_it_back,
    reserved_words_are_names_and_two_tables_do_not_mix,
    a_look_tells_what_stands_there_and_creates_nothing,
);

async fn sixteen_at_once_create_one_table<B: Bed>(bed: &B) -> Result<(), BoxError> {
    for round in 0..5 {
        let config = bed.config().with_table(&format!("sessions_{round}"))?;
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let store = bed.with(config.clone()).await?;
            tasks.spawn(async move {
                let done = store.init().await;
                store.close().await;
                done
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        let store = bed.with(config).await?;
        create(&store, key(1), &record(1, 1_000)).await;
        store.close().await;
    }
    Ok(())
}

async fn refused<B: Bed>(bed: &B, config: SqlConfig) -> Result<String, BoxError> {
    let store = bed.with(config).await?;
    let error = store.init().await.expect_err("it is refused");
    store.close().await;
    assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
    Ok(with_causes(&error))
}

async fn a_table_of_somebody_else_is_refused_and_described<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.run(format!("CREATE TABLE {} (id CHAR(20) NOT NULL, amount INTEGER)", bed.table("sessions"))).await?;
    bed.run(format!("INSERT INTO {} VALUES ('a', 1)", bed.table("sessions"))).await?;
    let told = refused(bed, bed.config()).await?;
    for found in ["sessions", "id ", "amount ", "session_key", "with_table"] {
        assert!(told.contains(found), "{found} is not told: {told}");
    }
    // Not touched.
    assert_eq!(bed.number(format!("SELECT count(*) FROM {}", bed.table("sessions"))).await?, 1);
    Ok(())
}

/// The SQL that creates the table, with another comment in it.
fn marked<B: Bed>(bed: &B, mark: &str) -> Result<String, BoxError> {
    let sql = SqlStore::<B::Db>::schema(&bed.config())?;
    assert!(sql.contains("session-sql schema 1"), "{sql}");
    Ok(sql.replace("session-sql schema 1", mark))
}

async fn a_later_schema_is_refused<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.run(marked(bed, "session-sql schema 2")?).await?;
    let told = refused(bed, bed.config()).await?;
    assert!(told.contains("schema 2") && told.contains("schema 1"), "{told}");
    Ok(())
}

async fn a_table_made_by_the_sql_given_out_is_taken<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.run(SqlStore::<B::Db>::schema(&bed.config())?).await?;
    bed.sql().init().await?;
    create(bed.sql(), key(1), &record(1, 1_000)).await;
    assert_eq!(*bed.sql().get(&key(1)).await?.unwrap(), record(1, 1_000));
    Ok(())
}

async fn a_table_that_lost_its_mark_is_told_how_to_get_it_back<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.run(marked(bed, "what somebody else wrote")?).await?;
    let told = refused(bed, bed.config()).await?;
    match told.split_once("say so: ") {
        Some((_, remedy)) => {
            bed.run(remedy.to_owned()).await?;
            bed.sql().init().await?;
        }
        None => assert!(told.contains("SqlStore::schema"), "{told}"),
    }
    Ok(())
}

async fn reserved_words_are_names_and_two_tables_do_not_mix<B: Bed>(bed: &B) -> Result<(), BoxError> {
    let mut stores = Vec::new();
    for name in ["order", "select", "key"] {
        let store = bed.with(bed.config().with_table(name)?).await?;
        store.init().await?;
        stores.push(store);
    }
    let limit = std::num::NonZeroUsize::MAX;
    create(&stores[0], key(1), &record(1, 1_000)).await;
    create(&stores[1], key(1), &record(2, 2_000)).await;
    assert!(stores[2].get(&key(1)).await?.is_none());
    assert!(stores[1].touch(&key(1), record(2, 0).version, at(30), at(3_000)).await?);
    assert_eq!(stores[1].sweep().unwrap().delete_expired(at(2_500), limit).await?, 0);
    assert_eq!(stores[0].sweep().unwrap().delete_expired(at(2_500), limit).await?, 1);
    assert_eq!(stores[1].scan().unwrap().page(None, limit).await?.records.len(), 1);
    assert!(stores[1].delete(&key(1)).await?);
    for store in stores {
        store.close().await;
    }
    Ok(())
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn what_a_database_does_not_have_is_refused_before_it_connects() -> Result<(), BoxError> {
    use session_sql::{Logging, SqliteStore};

    for config in [SqlConfig::default().with_schema("app")?, SqlConfig::default().with_logging(Logging::Unlogged)] {
        let refused = SqliteStore::from_url_with("sqlite::memory:", config).unwrap_err();
        assert!(matches!(refused, ConfigError::Unsupported { .. }), "{refused}");
    }
    let none = SqliteStore::from_url_with("sqlite::memory:", SqlConfig::default().with_max_connections(0));
    assert!(matches!(none, Err(ConfigError::Zero { .. })));
    assert!(matches!(SqliteStore::from_url("sqlite://x?mode=nothing"), Err(ConfigError::Url(_))));
    Ok(())
}

#[cfg(all(feature = "postgres", feature = "mysql"))]
#[tokio::test]
async fn a_url_that_is_wrong_is_refused_without_its_password() -> Result<(), BoxError> {
    use session_sql::{MySqlStore, PostgresStore};

    let mut refused = 0;
    for rest in ["host:port/db", "host:99999/db", "ho st/db", "host/db?sslmode=never&ssl-mode=never", "[::1/db"] {
        for error in [
            PostgresStore::from_url(&format!("postgres://visitor:hunter2@{rest}")).err(),
            MySqlStore::from_url(&format!("mysql://visitor:hunter2@{rest}")).err(),
        ]
        .into_iter()
        .flatten()
        {
            refused += 1;
            assert!(!format!("{error:?} {}", with_causes(&error)).contains("hunter2"), "{rest}");
        }
    }
    assert!(refused >= 8, "{refused}");
    Ok(())
}

#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
#[tokio::test]
async fn a_url_of_another_database_is_refused_at_once() {
    use session_sql::{MySqlStore, PostgresStore, SqliteStore};

    let of = |rest: &str| format!("{rest}://visitor:hunter2@host/shop");
    for (refused, begins) in [
        (SqliteStore::from_url(&of("postgres")).err(), "`sqlite://`"),
        (PostgresStore::from_url(&of("mysql")).err(), "`postgres://` or `postgresql://`"),
        (MySqlStore::from_url(&of("sqlite")).err(), "`mysql://` or `mariadb://`"),
    ] {
        let refused = refused.expect("it is another database's");
        assert!(matches!(refused, ConfigError::Scheme { .. }), "{refused:?}");
        assert!(refused.to_string().contains(begins) && !format!("{refused:?}").contains("hunter2"), "{refused}");
    }
    for (right, accepted) in [
        ("postgresql", PostgresStore::from_url(&of("postgresql")).is_ok()),
        ("mariadb", MySqlStore::from_url(&of("mariadb")).is_ok()),
        ("a file alone", SqliteStore::from_url("sessions.db").is_ok()),
    ] {
        assert!(accepted, "{right}");
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_parameter_that_would_be_passed_over_is_refused() {
    use session_sql::PostgresStore;

    for (parameters, says) in [
        ("schema=app", "with_schema"),
        ("sslmode=prefer&currentSchema=app", "with_schema"),
        ("search_path=app#x", "with_schema"),
        ("statement-cache-capacity=0", "leave it out"),
    ] {
        let refused = PostgresStore::from_url(&format!("postgres://visitor@host/shop?{parameters}")).unwrap_err();
        assert!(matches!(refused, ConfigError::Parameter { .. }), "{refused:?}");
        assert!(refused.to_string().contains(says), "{refused}");
    }
    for parameters in ["statement-cache-capacity=50", "application_name=schema", "options[search_path]=app"] {
        assert!(PostgresStore::from_url(&format!("postgres://visitor@host/shop?{parameters}")).is_ok(), "{parameters}");
    }
}

/// With the feature it is tried instead.
#[cfg(all(feature = "postgres", not(feature = "tls")))]
#[tokio::test]
async fn tls_without_the_feature_names_the_feature() -> Result<(), BoxError> {
    use session_sql::PostgresStore;

    let server = session_conformance::servers::Postgres::start().await?;
    let mark = if server.url().contains('?') { '&' } else { '?' };
    let refused = PostgresStore::from_url(&format!("{}{mark}sslmode=require", server.url()))?.init().await.unwrap_err();
    assert!(matches!(refused, StoreError::Misconfigured { .. }), "{refused:?}");
    assert!(with_causes(&refused).contains("the feature `tls` of session-sql"), "{}", with_causes(&refused));
    Ok(())
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use super::*;
    use session_sql::{Logging, PostgresStore};
    use support::bed::on;
    use support::postgres::PostgresHarness;

    #[tokio::test]
    async fn an_unlogged_table_is_one() -> Result<(), BoxError> {
        on::<PostgresHarness, _>(async |bed| {
            let store = bed.with(bed.config().with_logging(Logging::Unlogged)).await?;
            store.init().await?;
            let unlogged = format!(
                "SELECT count(*) FROM pg_class WHERE oid = '{}'::regclass AND relpersistence = 'u'",
                bed.table("sessions")
            );
            assert_eq!(bed.number(unlogged).await?, 1);
            store.close().await;
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn who_may_not_create_tables_can_use_one_but_not_make_it() -> Result<(), BoxError> {
        on::<PostgresHarness, _>(async |bed| {
            let (role, table, schema) = (format!("role_{}", bed.schema), bed.table("sessions"), &bed.schema);
            bed.run(format!("CREATE ROLE {role} LOGIN PASSWORD 'visitor'; GRANT USAGE ON SCHEMA {schema} TO {role}"))
                .await?;
            let url = bed.server().url().rsplit_once('@').map(|(_, rest)| format!("postgres://{role}:visitor@{rest}"));
            let store = PostgresStore::from_url_with(&url.unwrap(), bed.config())?;
            let error = store.init().await.expect_err("it may not");
            assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
            assert!(with_causes(&error).contains("permission denied"), "{}", with_causes(&error));

            bed.sql().init().await?;
            bed.run(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")).await?;
            store.init().await?;
            create(&store, key(1), &record(1, 1_000)).await;
            assert!(store.delete(&key(1)).await?);
            store.close().await;
            bed.run(format!("DROP OWNED BY {role}; DROP ROLE {role}")).await
        })
        .await
    }
}

#[cfg(feature = "mysql")]
mod on_mariadb {
    use super::*;
    use session_sql::MySqlStore;
    use support::bed::on;
    use support::mysql::MySqlHarness;

    #[tokio::test]
    async fn who_may_not_create_tables_can_use_one_but_not_make_it() -> Result<(), BoxError> {
        on::<MySqlHarness, _>(async |bed| {
            // Shorter than a user's name may be.
            let user = bed.database.replace("conformance", "u");
            // The second is for servers that have a nameless user on their own host, who would come first.
            for user in [format!("{user}@'%'"), format!("{user}@'localhost'")] {
                bed.run(format!("CREATE USER {user} IDENTIFIED BY 'visitor'")).await?;
                bed.run(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {}.* TO {user}", bed.database)).await?;
            }
            let url = bed.url().rsplit_once('@').map(|(_, rest)| format!("mysql://{user}:visitor@{rest}"));
            let store = MySqlStore::from_url_with(&url.unwrap(), patient())?;
            let error = store.init().await.expect_err("it may not");
            assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
            assert!(with_causes(&error).contains("CREATE command denied"), "{}", with_causes(&error));

            bed.sql().init().await?;
            store.init().await?;
            create(&store, key(1), &record(1, 1_000)).await;
            assert!(store.delete(&key(1)).await?);
            store.close().await;
            bed.run(format!("DROP USER {user}@'%', {user}@'localhost'")).await
        })
        .await
    }
}

async fn a_look_tells_what_stands_there_and_creates_nothing<B: Bed>(bed: &B) -> Result<(), BoxError> {
    let store = bed.with(bed.config().with_table("looked_at")?).await?;
    for _ in 0..2 {
        assert_eq!(store.look().await?, Found::Nothing);
    }
    store.init().await?;
    assert_eq!(store.look().await?, Found::Current);
    bed.run(format!("CREATE TABLE {} (id CHAR(20) NOT NULL)", bed.table("not_ours"))).await?;
    let other = bed.with(bed.config().with_table("not_ours")?).await?;
    let refused = other.look().await.expect_err("it is no table of ours");
    assert!(matches!(refused, StoreError::Misconfigured { .. }), "{refused:?}");
    store.close().await;
    other.close().await;
    Ok(())
}
