//! The SQL of the verbs, put together once per store.
//!
//! One text serves all databases wherever they agree: a `?` stands for a value, `{t}` for the table, in quotes, and
//! `{greatest}` and `{least}` for the functions that give the larger and the smaller of two numbers; `{and_guard}` and
//! `{guarded}` for what keeps a statement from being taken for another one.
//!
//! # Where the sweep looks
//!
//! A deadline moves with nearly every request. If the index that the sweep goes by followed it, each move would cost an
//! entry of the index, and on PostgreSQL an entry of every index. So the index is on another column, `sweep_at`, which
//! follows lazily:
//!
//! > `sweep_at` is never after `expires_at`.
//!
//! - `create` sets both to the deadline.
//! - `touch` moves no deadline back, so it leaves `sweep_at` alone.
//! - `replace` may move it back, and then `sweep_at` goes with it: to the smaller of the two.
//! - The sweep takes the rows whose `sweep_at` is due. Where it is the deadline, the row is removed; where the deadline has
//!   moved on, the row is filed anew, under its deadline. So a session that lives on moves an entry once in the time that
//!   it was given last, not with every touch.
//!
//! Each of these is one statement, which reads both columns of the row as it writes it, under the row's lock. So the rule
//! holds whichever comes first: a deadline that moves on meanwhile leaves `sweep_at` before it, and one that moves back
//! takes along whatever stands there.

use crate::config::{Ends, SqlConfig};
use crate::guard::{self, Statement};

/// How a database writes what all of them have.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    /// The mark around names.
    pub(crate) quote: char,
    pub(crate) placeholders: Placeholders,
    /// The larger of two numbers.
    pub(crate) greatest: &'static str,
    /// The smaller of two numbers.
    pub(crate) least: &'static str,
    /// Whether statements have a guard: see `guard.rs`.
    pub(crate) guarded: bool,
    /// Whether an `UPDATE` that names a column of an index moves the entry, even if the value stays.
    pub(crate) names_are_moves: bool,
    /// What an `INSERT` ends with so that a taken key is no error.
    pub(crate) on_taken: &'static str,
    /// How many bytes the payload has.
    pub(crate) length: &'static str,
    /// What tells all who listen to `{channel}` of the row's key; `None` if nothing does.
    pub(crate) notify: Option<&'static str>,
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

    /// Gives what tells of an end; `None` if nothing is to.
    fn tells(&self, config: &SqlConfig) -> Option<String> {
        let notify = self.notify.filter(|_| config.ends == Ends::Told)?;
        Some(notify.replace("{channel}", &channel(config)))
    }

    /// Gives the text as the database writes it.
    pub(crate) fn spell(&self, config: &SqlConfig, text: &str) -> Statement {
        let (and_guard, guarded) = if self.guarded { (guard::CONDITION, guard::AROUND_NUMBER) } else { ("", "?") };
        let text = text
            .replace("{t}", &self.table(config))
            .replace("{and_guard}", and_guard)
            .replace("{guarded}", guarded)
            .replace("{greatest}", self.greatest)
            .replace("{least}", self.least)
            .replace("{on_taken}", self.on_taken)
            .replace("{record}", RECORD)
            .replace("{listed}", LISTED)
            .replace("{length}", self.length);
        match self.placeholders {
            #[cfg(any(feature = "sqlite", feature = "mysql"))]
            Placeholders::Marks => Statement::plain(text.trim_end()),
            #[cfg(feature = "postgres")]
            Placeholders::Numbers => {
                let (text, values) = numbered(text.trim_end());
                let inline = config.preparing == crate::config::Preparing::Never;
                if self.guarded { Statement::guarded(&text, values, inline) } else { Statement::plain(&text) }
            }
        }
    }
}

/// Names what ends are told by. It goes by the table's name alone: who leaves the schema to the server's `search_path` knows
/// no other, and who hears of keys of another schema's table knows none of them.
pub(crate) fn channel(config: &SqlConfig) -> String {
    format!("{}_ends", config.table)
}

/// Writes `$1`, `$2`, … for each `?`, and gives how many there are. No name and no text of ours has one.
#[cfg(feature = "postgres")]
fn numbered(text: &str) -> (String, usize) {
    let mut parts = text.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold((first, 0), |(text, before), part| (format!("{text}${}{part}", before + 1), before + 1))
}

/// The columns of a record, in the order in which they are read.
const RECORD: &str = "version, payload, owner, created_at, last_seen_at, expires_at";

/// The same for a page, without what is too long to be among many.
const LISTED: &str = "version, CASE WHEN {length} <= ? THEN payload END, owner, created_at, last_seen_at, expires_at, session_key, arrival";

/// The two statements of a sweep. Each takes a time and how many of the rows that are due at it are looked at.
#[derive(Clone, Copy, Debug)]
pub struct SweepSql<T = Statement> {
    /// Removes those whose deadline that is.
    pub(crate) delete: T,
    /// Files the others anew.
    pub(crate) refile: T,
}

/// Holds the statement of each verb.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) get: Statement,
    pub(crate) create: Statement,
    pub(crate) replace: Statement,
    /// Replaces, and tells all who listen that the key opens nothing any more; `None` where `replace` does, for nobody is told.
    pub(crate) end: Option<Statement>,
    /// Replaces where the deadline moves back past `sweep_at`, if `replace` does not.
    pub(crate) shorten: Option<Statement>,
    pub(crate) touch: Statement,
    pub(crate) delete: Statement,
    pub(crate) list: Statement,
    pub(crate) scan: Statement,
    pub(crate) sweep: SweepSql,
}

impl Statements {
    pub(crate) fn new(spelling: &Spelling, sweep: SweepSql<&str>, config: &SqlConfig) -> Self {
        let spell = |text: &str| spelling.spell(config, text);
        // The three conditions of the contract in one step: it is there, it is the version, it is live.
        let replace = |sweep_at: &str, then: &str| {
            spell(&format!(
                "UPDATE {{t}} SET version = ?, payload = ?, owner = ?, created_at = ?, last_seen_at = ?, \
                 expires_at = ?{sweep_at} session_key = ? AND version = ? AND expires_at > ?{{and_guard}}{then}"
            ))
        };
        const WITH_SWEEP_AT: &str = ", sweep_at = {least}(sweep_at, ?) WHERE";
        let shorten = || replace(WITH_SWEEP_AT, "");
        Self {
            get: spell("SELECT {record} FROM {t} WHERE session_key = ?{and_guard}"),
            create: spell(
                "INSERT INTO {t} (session_key, {record}, sweep_at) VALUES (?, ?, ?, ?, ?, ?, ?, {guarded}) {on_taken}",
            ),
            // Where the name alone would move the entry, the common case comes without. The values stay in their order.
            replace: if spelling.names_are_moves { replace(" WHERE sweep_at <= ? AND", "") } else { shorten() },
            end: spelling.tells(config).map(|tells| replace(WITH_SWEEP_AT, &format!(" RETURNING {tells}"))),
            shorten: spelling.names_are_moves.then(shorten),
            touch: spell(
                "UPDATE {t} SET last_seen_at = {greatest}(last_seen_at, ?), expires_at = {greatest}(expires_at, ?) \
                 WHERE session_key = ? AND version = ? AND expires_at > ?{and_guard}",
            ),
            delete: spell("DELETE FROM {t} WHERE session_key = ?{and_guard}"),
            list: spell("SELECT {listed} FROM {t} WHERE owner = ? AND arrival > ?{and_guard} ORDER BY arrival LIMIT ?"),
            scan: spell("SELECT {listed} FROM {t} WHERE session_key > ?{and_guard} ORDER BY session_key LIMIT ?"),
            sweep: SweepSql { delete: spell(sweep.delete), refile: spell(sweep.refile) },
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
            ("delete_expired", &self.sweep.delete),
            ("refile", &self.sweep.refile),
        ];
        let shorten = self.shorten.iter().map(|sql| ("shorten", sql));
        let end = self.end.iter().map(|sql| ("end", sql));
        verbs.into_iter().chain(shorten).chain(end).map(|(name, sql)| (name, &*sql.text)).collect()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "postgres")]
    #[test]
    fn values_are_numbered_in_order() {
        assert_eq!(super::numbered("a = ? AND b > ?"), ("a = $1 AND b > $2".to_owned(), 2));
        assert_eq!(super::numbered("nothing"), ("nothing".to_owned(), 0));
    }
}
