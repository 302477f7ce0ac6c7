//! The store keeps every clause of the contract, on every database.

mod support;

#[cfg(feature = "sqlite")]
mod sqlite_on_a_file {
    session_conformance::suite!(crate::support::sqlite::SqliteFile, without { WAT: "SQLite tells nobody" });
}

#[cfg(feature = "sqlite")]
mod sqlite_in_memory {
    session_conformance::suite!(crate::support::sqlite::SqliteMemory, without { WAT: "SQLite tells nobody" });
}

#[cfg(feature = "postgres")]
mod postgres {
    session_conformance::suite!(crate::support::postgres::PostgresHarness);
}

#[cfg(feature = "postgres")]
mod postgres_elsewhere {
    use crate::support::postgres::{Elsewhere, PostgresHarness};

    session_conformance::suite!(PostgresHarness<Elsewhere>);
}

#[cfg(feature = "mysql")]
mod mariadb {
    session_conformance::suite!(crate::support::mysql::MySqlHarness, without { WAT: "MariaDB tells nobody" });
}

#[cfg(feature = "mysql")]
mod mariadb_elsewhere {
    use crate::support::mysql::{Elsewhere, MariaDb, MySqlHarness};

    session_conformance::suite!(MySqlHarness<MariaDb, Elsewhere>, without { WAT: "MariaDB tells nobody" });
}
