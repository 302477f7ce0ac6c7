//! Rows that stand in the tables besides what is timed: the same number, payloads of about the same size, and keys that
//! are spread alike.

use crate::store::{LIVE, numbers};

/// How a database writes what is filled in.
pub(crate) struct Spelling {
    pub(crate) database: &'static str,
    /// The peer's table.
    table: &'static str,
    /// A key of 32 bytes, an id of 22 characters, and 200 bytes.
    key: &'static str,
    id: &'static str,
    payload: &'static str,
    /// What the peer writes for a time of this year.
    year: fn(u32) -> String,
    /// What is done to each table once it is filled.
    pub(crate) settle: &'static [(&'static str, &'static str)],
}

pub(crate) const SQLITE: Spelling = Spelling {
    database: "sqlite",
    table: "tower_sessions",
    key: "randomblob(32)",
    id: "hex(randomblob(11))",
    payload: "CAST('{x}' AS BLOB)",
    year: |year| format!("'{year}-01-01T00:00:00Z'"),
    settle: &[("ANALYZE", "ANALYZE")],
};

pub(crate) const POSTGRES: Spelling = Spelling {
    database: "postgres",
    table: "tower_sessions.session",
    key: "sha256(CAST(CAST(n + random() AS text) AS bytea))",
    id: "left(md5(CAST(n + random() AS text)), 22)",
    payload: "CAST('{x}' AS bytea)",
    year: |year| format!("TIMESTAMPTZ '{year}-01-01 00:00:00Z'"),
    settle: &[("VACUUM ANALYZE sessions", "VACUUM ANALYZE tower_sessions.session"), ("CHECKPOINT", "CHECKPOINT")],
};

pub(crate) const MARIADB: Spelling = Spelling {
    database: "mariadb",
    table: "tower_sessions.session",
    key: "UNHEX(SHA2(CONCAT(n, RAND()), 256))",
    id: "LEFT(SHA2(CONCAT(n, RAND()), 256), 22)",
    payload: "'{x}'",
    year: |year| format!("TIMESTAMP '{year}-01-01 00:00:00'"),
    settle: &[("ANALYZE TABLE sessions", "ANALYZE TABLE tower_sessions.session")],
};

/// Says what the rows are that are filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    Live,
    Due,
    /// A tenth is due; the others were, and were touched.
    Touched,
}

impl Spelling {
    /// Adds ten to the power of `digits` rows to this store's table.
    pub(crate) fn ours(&self, digits: u32, rows: Rows) -> String {
        let (live, due) = (LIVE.as_millis().to_string(), "1000".to_owned());
        let (expires_at, sweep_at) = match rows {
            Rows::Live => (live.clone(), live),
            Rows::Due => (due.clone(), due),
            Rows::Touched => (format!("CASE WHEN n % 10 = 0 THEN {due} ELSE {live} END"), due),
        };
        format!(
            "INSERT INTO sessions (session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at) \
             SELECT {}, n, {}, NULL, 0, 0, {expires_at} + n, {sweep_at} + n FROM {}",
            self.key,
            self.bytes(),
            numbers(digits)
        )
    }

    /// Adds as many to the peer's.
    pub(crate) fn theirs(&self, digits: u32, rows: Rows) -> String {
        let (live, due) = ((self.year)(2037), (self.year)(2001));
        let expires_at = match rows {
            Rows::Live => live,
            Rows::Due => due,
            Rows::Touched => format!("CASE WHEN n % 10 = 0 THEN {due} ELSE {live} END"),
        };
        format!(
            "INSERT INTO {} (id, data, expiry_date) SELECT {}, {}, {expires_at} FROM {}",
            self.table,
            self.id,
            self.bytes(),
            numbers(digits)
        )
    }

    fn bytes(&self) -> String {
        self.payload.replace("{x}", &"x".repeat(200))
    }
}
