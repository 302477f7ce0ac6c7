//! What keeps two statements from being taken for each other.
//!
//! sqlx names the statements that it prepares by a number of each connection's own: `sqlx_s_1`, `sqlx_s_2`. Behind a pooler
//! that lends one connection of the server to several clients, and knows nothing of prepared statements, the name that one
//! client prepared for its `get` may be what another prepared for its `delete`; and both take a key. So on PostgreSQL, which
//! is where such poolers are, every statement has one value more, the last: a number that is made of the statement's text,
//! and stands in the text.
//!
//! > A statement runs with the values that were meant for it, or it fails and does nothing.
//!
//! PostgreSQL counts the values first. Of two statements with as many, the last value is a number in both, and where it is
//! not the one in the text the guard divides by zero: before any row is looked at, since no column stands in it.
//!
//! It costs the server about a microsecond for each statement (3.3 and 4.4 for a `get` within PL/pgSQL, 2.9 and 3.8 for a
//! `delete`, PostgreSQL 15).
//!
//! That makes it safe. That it works at all, `init` finds out: see `dialect/pooler.rs`.

use std::sync::Arc;

/// The text of a statement, and the value that it ends with.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) text: Arc<str>,
    /// The last value; `None` where the database has no guards.
    pub(crate) guard: Option<i64>,
    /// Whether it is sent as a text, with its values in it.
    pub(crate) inline: bool,
}

/// The guard where there is a condition. `{guard}` stands for it until it is known how many values come before.
pub(crate) const CONDITION: &str = " AND {guard}";

/// The guard where there is none, around a number.
pub(crate) const AROUND_NUMBER: &str = "CASE WHEN {guard} THEN ? ELSE 0 END";

impl Statement {
    pub(crate) fn plain(text: &str) -> Self {
        Self { text: text.into(), guard: None, inline: false }
    }

    /// Puts the guard in, as the value after the first `values`.
    #[cfg(feature = "postgres")]
    pub(crate) fn guarded(text: &str, values: usize, inline: bool) -> Self {
        let (guard, last) = (number_of(text), values + 1);
        // No branch is a constant that fails, or the planner would have it fail whatever the value is.
        let condition = format!("1 / CASE ${last} WHEN {guard} THEN 1 ELSE 0 END = 1");
        Self { text: text.replace("{guard}", &condition).into(), guard: Some(guard), inline }
    }
}

/// Gives a number that no other text has: FNV-1a, without the sign.
#[cfg(feature = "postgres")]
fn number_of(text: &str) -> i64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    (text.bytes().fold(0xcbf2_9ce4_8422_2325, step) >> 1).cast_signed()
}
