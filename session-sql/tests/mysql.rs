//! The store keeps every clause of the contract on Oracle's MySQL, too, and finds its rows by the indexes. Run by name only:
//! see `Cargo.toml`.

mod support;

mod as_it_comes {
    use crate::support::mysql::{MySqlHarness, OracleMySql};

    session_conformance::suite!(MySqlHarness<OracleMySql>, without { WAT: "MySQL tells nobody" });
}

mod elsewhere {
    use crate::support::mysql::{Elsewhere, MySqlHarness, OracleMySql};

    session_conformance::suite!(MySqlHarness<OracleMySql, Elsewhere>, without { WAT: "MySQL tells nobody" });
}

mod plans {
    use session_sql::session_core::BoxError;

    use crate::support::mysql::OracleMySql;
    use crate::support::mysql_plans::go_by_index;

    #[tokio::test]
    async fn mysql_goes_by_index() -> Result<(), BoxError> {
        go_by_index::<OracleMySql>().await
    }
}
