//! Whether the SQL for PostgreSQL stays within what CockroachDB and YugabyteDB take.
//!
//! Neither was run. What their manuals say of PostgreSQL's SQL is written down here, by word, so that a statement which uses
//! another word has somebody look there first.

use sqlx::Postgres;

use super::backend::Backend;
use super::postgres::{COLUMNS_OF, COMMENT_OF};
use crate::config::{Ends, SqlConfig};
use crate::statements::Statements;

/// The words that the newer versions of both take. `fillfactor` does nothing there.
const TAKEN: &[&str] = &[
    // Questions and writes.
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "NOT",
    "ORDER",
    "BY",
    "LIMIT",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "ON",
    "CONFLICT",
    "DO",
    "NOTHING",
    "FOR",
    "SKIP",
    "LOCKED",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "ANY",
    "ARRAY",
    "IS",
    "NULL",
    // Functions and types.
    "GREATEST",
    "LEAST",
    "OCTET_LENGTH",
    "COALESCE",
    "OBJ_DESCRIPTION",
    "TO_REGCLASS",
    "FORMAT_TYPE",
    "BIGINT",
    "BYTEA",
    "TEXT",
    // The table.
    "CREATE",
    "TABLE",
    "INDEX",
    "PRIMARY",
    "KEY",
    "CHECK",
    "GENERATED",
    "ALWAYS",
    "AS",
    "IDENTITY",
    "WITH",
    "FILLFACTOR",
    "ASC",
    "COMMENT",
];

/// What at least one of them refuses, in a version that is still about, or takes and does not do.
const REFUSED: &[&str] = &[
    // No locks of the application's, no events, no locks on tables, no columns of the system's.
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock(1)",
    "LISTEN sessions",
    "SELECT pg_notify('sessions', '')",
    "LOCK TABLE t",
    "SELECT ctid FROM t",
    "SELECT xmin FROM t",
    // Not among other statements, not at all, or as if it were an ordinary one.
    "CREATE INDEX CONCURRENTLY i ON t (owner)",
    "CREATE INDEX i ON t USING BRIN (sweep_at)",
    "CREATE UNLOGGED TABLE t (version BIGINT)",
    "CREATE TABLE t (version BIGINT) INHERITS (u)",
    "CREATE TABLE t (version BIGINT, owner BIGINT GENERATED ALWAYS AS (version) STORED)",
    "ALTER TABLE t ADD EXCLUDE (version WITH =)",
    "ALTER TABLE t ADD UNIQUE (version) DEFERRABLE",
    "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()",
    "SELECT version FROM t TABLESAMPLE SYSTEM (1)",
    "DO $$ BEGIN END $$",
    "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
    "VACUUM t",
    // Not twice the same table in one statement.
    "WITH gone AS (DELETE FROM t) INSERT INTO t VALUES (1)",
];

/// Gives what in a statement is not known to be taken by both; nothing if all is. Names in quotes, texts, values and the columns
/// of the table and of the catalogue, which are PostgreSQL's in both, are left out.
fn unknown(statement: &str) -> Vec<String> {
    let words = words(statement);
    let mut unknown: Vec<_> =
        words.iter().filter(|word| !TAKEN.contains(&&***word) && !is_name(word)).cloned().collect();
    let writes = words.iter().enumerate().filter(|(at, word)| match &***word {
        "INSERT" | "DELETE" => true,
        // A lock is no write.
        "UPDATE" => at.checked_sub(1).is_none_or(|before| words[before] != "FOR"),
        _ => false,
    });
    if writes.count() > 1 {
        unknown.push("two writes".to_owned());
    }
    if words.first().is_some_and(|first| first == "DO") {
        unknown.push("DO".to_owned());
    }
    unknown
}

fn words(statement: &str) -> Vec<String> {
    // What stands between quotes of either kind is every second part.
    let outside = statement.split(['"', '\'']).step_by(2).collect::<Vec<_>>().join(" ");
    let words = outside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$');
    let words = words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    words.map(str::to_ascii_uppercase).collect()
}

/// Tells whether it is a column of the table, or of the catalogue, or stands for a table.
fn is_name(word: &str) -> bool {
    let columns = Postgres::COLUMNS.iter().filter_map(|column| column.split(' ').next());
    let catalogue = ["a", "c", "t", "i", "oid", "pg_catalog", "pg_class", "pg_attribute"];
    let attribute = ["attname", "atttypid", "atttypmod", "attnotnull", "attrelid", "attnum", "attisdropped"];
    columns.chain(catalogue).chain(attribute).any(|name| name.eq_ignore_ascii_case(word))
}

#[test]
fn every_statement_is_made_of_what_both_are_known_to_take() {
    let config = SqlConfig::default().with_schema("app").unwrap().with_ends(Ends::Silent);
    let statements = Statements::new(&Postgres::SPELLING, Postgres::SWEEP, &config);
    let verbs = statements.named().into_iter().map(|(_, sql)| sql.to_owned());
    let asked = [COMMENT_OF, COLUMNS_OF].map(str::to_owned);
    let upgrades = Postgres::upgrades(&config).into_iter().flat_map(|upgrade| upgrade.statements);
    for statement in verbs.chain(asked).chain(Postgres::ddl(&config)).chain(upgrades) {
        assert_eq!(unknown(&statement), Vec::<String>::new(), "look whether both take it: {statement}");
    }
}

#[test]
fn what_either_refuses_is_noticed() {
    for statement in REFUSED {
        assert!(!unknown(statement).is_empty(), "{statement}");
    }
}
