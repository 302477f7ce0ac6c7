//! The SQL of the verbs, put together once per store.
//!
//! One text serves all databases wherever they agree: a `?` stands for a value, `{t}` for the table, in quotes, and
//! `{greatest}` for the function that gives the larger of two numbers.

use std::sync::Arc;

use crate::config::SqlConfig;

/// Says how a database writes what all of them have.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    /// The mark around names.
    pub(crate) quote: char,
    pub(crate) placeholders: Placeholders,
    /// The larger of two numbers.
    pub(crate) greatest: &'static str,
    /// What an `INSERT` ends with so that a taken key is no error.
    pub(crate) on_taken: &'static str,
}

/// Says how a database writes the place of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Placeholders {
    /// `?`, `?`
    #[cfg(any(feature = "sqlite", feature = "mysql"))]
    Marks,
    /// `$1`, `$2`
    #[cfg(feature = "postgres")]
    Numbers,
}

impl Spelling {
    /// Gives the table's name for a statement.
    pub(crate) fn table(&self, config: &SqlConfig) -> String {
        let quote = self.quote;
        let table = format!("{quote}{}{quote}", config.table);
        config.schema.as_ref().map_or(table.clone(), |schema| format!("{quote}{schema}{quote}.{table}"))
    }

    /// Gives the text as the database writes it.
    pub(crate) fn spell(&self, config: &SqlConfig, text: &str) -> Arc<str> {
        let text = text
            .replace("{t}", &self.table(config))
            .replace("{greatest}", self.greatest)
            .replace("{on_taken}", self.on_taken)
            .replace("{record}", RECORD);
        match self.placeholders {
            #[cfg(any(feature = "sqlite", feature = "mysql"))]
            Placeholders::Marks => text.trim_end().into(),
            #[cfg(feature = "postgres")]
            Placeholders::Numbers => numbered(text.trim_end()).into(),
        }
    }
}

/// Writes `$1`, `$2`, … for each `?`. No name and no text of ours has one.
#[cfg(feature = "postgres")]
fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.zip(1..).fold(first, |text, (part, number): (&str, usize)| format!("{text}${number}{part}"))
}

/// The columns of a record, in the order in which they are read.
const RECORD: &str = "version, payload, owner, created_at, last_seen_at, expires_at";

/// Holds the statement of each verb.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) get: Arc<str>,
    pub(crate) create: Arc<str>,
    pub(crate) replace: Arc<str>,
    pub(crate) touch: Arc<str>,
    pub(crate) delete: Arc<str>,
    pub(crate) list: Arc<str>,
    pub(crate) scan: Arc<str>,
    pub(crate) sweep: Arc<str>,
}

impl Statements {
    pub(crate) fn new(spelling: &Spelling, sweep: &str, config: &SqlConfig) -> Self {
        let spell = |text| spelling.spell(config, text);
        Self {
            get: spell("SELECT {record} FROM {t} WHERE session_key = ?"),
            create: spell("INSERT INTO {t} (session_key, {record}) VALUES (?, ?, ?, ?, ?, ?, ?) {on_taken}"),
            // The three conditions of the contract in one step: it is there, it is the version, it is live.
            replace: spell(
                "UPDATE {t} SET version = ?, payload = ?, owner = ?, created_at = ?, last_seen_at = ?, expires_at = ? \
                 WHERE session_key = ? AND version = ? AND expires_at > ?",
            ),
            touch: spell(
                "UPDATE {t} SET last_seen_at = {greatest}(last_seen_at, ?), expires_at = {greatest}(expires_at, ?) \
                 WHERE session_key = ? AND version = ? AND expires_at > ?",
            ),
            delete: spell("DELETE FROM {t} WHERE session_key = ?"),
            list: spell(
                "SELECT {record}, session_key, arrival FROM {t} WHERE owner = ? AND arrival > ? \
                 ORDER BY arrival LIMIT ?",
            ),
            scan: spell(
                "SELECT {record}, session_key, arrival FROM {t} WHERE session_key > ? ORDER BY session_key LIMIT ?",
            ),
            sweep: spell(sweep),
        }
    }
}

impl Statements {
    pub(crate) fn named(&self) -> Vec<(&'static str, &str)> {
        let verbs = [
            ("get", &self.get),
            ("create", &self.create),
            ("replace", &self.replace),
            ("touch", &self.touch),
            ("delete", &self.delete),
            ("list", &self.list),
            ("scan", &self.scan),
            ("delete_expired", &self.sweep),
        ];
        verbs.into_iter().map(|(name, sql)| (name, &**sql)).collect()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "postgres")]
    #[test]
    fn values_are_numbered_in_order() {
        assert_eq!(super::numbered("a = ? AND b > ?"), "a = $1 AND b > $2");
        assert_eq!(super::numbered("nothing"), "nothing");
    }
}
