//! The table that was found, the number of its schema, and what leads from one schema to another.

/// The schema that this version writes. There has been no other; what comes next adds an [`Upgrade`] per database.
pub(crate) const CURRENT: u32 = 1;

const MARK: &str = "session-sql schema ";

/// Gives the comment of a table of the current schema.
pub(crate) fn mark() -> String {
    format!("{MARK}{CURRENT}")
}

/// Describes a table that was found.
#[derive(Debug)]
pub struct Table {
    /// The comment, or the text that it stands in.
    pub(crate) comment: String,
    /// The columns: name, type, and `not null` where that holds.
    pub(crate) columns: Vec<String>,
}

impl Table {
    /// Gives the number of the schema, by the mark; `None` if there is none.
    pub(crate) fn schema(&self) -> Option<u32> {
        schema_in(&self.comment)
    }
}

/// What stands where the table should be: see [`SqlStore::look`](crate::SqlStore::look).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// There is no table of the name; `init` would create it.
    Nothing,
    /// A table that an earlier version of this crate made; `init` would upgrade it.
    #[non_exhaustive]
    Older {
        /// The table's schema.
        found: u32,
        /// The schema that is needed.
        known: u32,
    },
    /// A table that the verbs can use.
    Current,
}

/// Leads from one schema to another.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The schema that it is for.
    pub(crate) from: u32,
    /// What is run: in one transaction, but on MySQL, where it has to be a single statement. It sets the mark of the
    /// schema that it leads to. On PostgreSQL and MySQL, where another process may do the same at the same moment, it
    /// must fail where that has been done.
    pub(crate) statements: Vec<String>,
}

/// Finds the number of the schema in a comment; `None` if there is none.
fn schema_in(comment: &str) -> Option<u32> {
    let (_, rest) = comment.split_once(MARK)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_found_wherever_it_stands_in_the_comment() {
        assert_eq!(schema_in(&mark()), Some(CURRENT));
        assert_eq!(schema_in("CREATE TABLE x ( /* session-sql schema 12 */ a"), Some(12));
        for none in ["", "session-sql schema", "session-sql schema x", "session-sql schema 99999999999"] {
            assert_eq!(schema_in(none), None, "{none}");
        }
    }
}
