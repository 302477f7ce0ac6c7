//! The store keeps every clause of the contract on Oracle's MySQL, too. Run by name only: see `Cargo.toml`.

mod support;

mod as_it_comes {
    use crate::support::mysql::{MySqlHarness, OracleMySql};

    session_conformance::suite!(MySqlHarness<OracleMySql>);
}

mod elsewhere {
    use crate::support::mysql::{Elsewhere, MySqlHarness, OracleMySql};

    session_conformance::suite!(MySqlHarness<OracleMySql, Elsewhere>);
}
