//! How a statement fails: when, and what the database's own error says.

/// When a statement failed.
#[derive(Debug)]
pub enum Failure {
    /// Before it was sent: nothing was done.
    Unsent(sqlx::Error),
    /// Before it was sent: the server had no connection to give.
    Crowded,
    /// After it was sent.
    Sent(sqlx::Error),
}

/// What the database's own error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The statement lost against another one (a deadlock, a serialization failure, a lock) and was undone.
    Lost,
    /// The database refuses for now; nothing was done.
    Refused,
    /// The server has no connection to give.
    Crowded,
    /// The server takes no writes; nothing was done.
    ReadOnly,
    /// The statement took longer than the database allows, and was undone.
    TooSlow,
    /// The connection ended, or the database cannot tell what became of the statement.
    Unknown,
    /// There is no room.
    Full,
    /// A row of that key is there.
    Duplicate,
    /// The table, or a column of it, is missing.
    NoTable,
    /// TLS is asked for, and sqlx was built without.
    NoTls,
    /// A right or a database is missing.
    Misconfigured,
    /// The statement is not the one that this connection prepared, or was not there; nothing was done.
    Mixed,
    /// Anything else; nothing was done.
    Other,
}
