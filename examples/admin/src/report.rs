//! What a command found: a table for people, an object for programs.

use std::process::ExitCode;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use serde_json::{Map, Value, json};
use session_core::{Owner, SessionInfo, Timestamp};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::failure::Failure;
use crate::out;

/// Holds what a command found.
#[derive(Debug)]
pub(crate) struct Report {
    text: String,
    result: Value,
    /// The answer is no: the exit code is 1.
    no: bool,
}

impl Report {
    /// Makes one of a table. Where one of sessions is wider than the terminal, each session has its own rows.
    pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, result: Value) -> Self {
        // What apps store, such as an owner, must not steer a terminal.
        let rows = rows.into_iter().map(|row| row.iter().map(|cell| printable(cell)).collect());
        let rows: Vec<Vec<String>> = rows.collect();
        let mut table = drawn(header, &rows);
        if let Some(width) = out::width() {
            let needs = table.to_string().lines().next().map_or(0, |line| line.chars().count());
            if header[0] == "key" && needs > usize::from(width) {
                table = upright(header, &rows);
            }
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        Self { text: table.to_string(), result, no: false }
    }

    /// Makes one of figures, whose names are also those in JSON.
    pub(crate) fn figures(figures: Value) -> Self {
        let rows = figures.as_object().into_iter().flatten().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            vec![name.replace('_', " "), value]
        });
        let rows = rows.collect::<Vec<_>>();
        Self::table(&["figure", "value"], rows, figures)
    }

    /// Makes one of a line, which is `name` in JSON.
    pub(crate) fn text(text: String, name: &str) -> Self {
        Self { result: json!({ name: text }), text, no: false }
    }

    /// Makes one of nothing that was found: the answer is no.
    pub(crate) fn none(said: &str, result: Value) -> Self {
        Self { text: said.to_owned(), result, no: true }
    }

    /// Says whether the answer is no.
    pub(crate) fn no_if(mut self, no: bool) -> Self {
        self.no = no;
        self
    }

    /// Prints it, and gives the exit code.
    ///
    /// # Errors
    /// If it cannot be printed; then the error says what was done.
    pub(crate) fn print(&self, command: &str, json: bool) -> Result<ExitCode, Failure> {
        let exit = u8::from(self.no);
        let printed = match json {
            true => {
                let (ok, result) = (!self.no, &self.result);
                out::line(&json!({ "command": command, "ok": ok, "exit": exit, "result": result }).to_string())
            }
            false => out::line(&self.text),
        };
        match printed {
            Err(failure) if !failure.is_unread() => Err(failure.although_done(&self.result)),
            _ => Ok(ExitCode::from(exit)),
        }
    }
}

fn drawn(header: &[&str], rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(header.to_vec()).add_rows(rows);
    table
}

/// Draws what stands in a column of each row in a row of its own.
fn upright(header: &[&str], rows: &[Vec<String>]) -> Table {
    let each = rows.iter().enumerate().flat_map(|(number, row)| {
        let between = (number > 0).then(|| vec![String::new(); 2]);
        between.into_iter().chain(header.iter().zip(row).map(|(name, cell)| vec![(*name).to_owned(), cell.clone()]))
    });
    let mut table = drawn(&["session", ""], &each.collect::<Vec<_>>());
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
}

/// Describes a session for programs.
pub(crate) fn described(info: &SessionInfo) -> Map<String, Value> {
    let fields = [
        ("key", json!(info.session_key().encode())),
        ("owner", json!(info.owner().map(Owner::as_str))),
        ("created_at", json!(info.created_at())),
        ("authenticated_at", json!(info.authenticated_at())),
        ("last_seen_at", json!(info.last_seen_at())),
        ("expires_at", json!(info.expires_at())),
        ("labels", info.labels().map(|(name, text)| (name.to_owned(), json!(text))).collect::<Map<_, _>>().into()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Describes a session for people, on rows of a table.
pub(crate) fn rows(info: &SessionInfo) -> Vec<Vec<String>> {
    let never = || "never".to_owned();
    let fields = [
        ("key", info.session_key().encode()),
        ("owner", info.owner().map_or_else(|| "nobody".to_owned(), |owner| owner.as_str().to_owned())),
        ("created", time(info.created_at())),
        ("proved who they are", info.authenticated_at().map_or_else(never, time)),
        ("last seen", time(info.last_seen_at())),
        ("expires", time(info.expires_at())),
    ];
    let labels = info.labels().map(|(name, text)| vec![format!("label {name}"), text.to_owned()]);
    fields.into_iter().map(|(name, value)| vec![name.to_owned(), value]).chain(labels).collect()
}

/// Describes a session for people, on a line: key, times, and the owner if there is one.
pub(crate) fn line(info: &SessionInfo) -> String {
    let [created, seen, expires] = [info.created_at(), info.last_seen_at(), info.expires_at()].map(time);
    let owner = info.owner().map_or_else(String::new, |owner| printable(owner.as_str()));
    format!("{} {created} {seen} {expires} {owner}", info.session_key().encode())
}

/// Writes a time for people, in UTC.
pub(crate) fn time(at: Timestamp) -> String {
    let seconds = i64::try_from(at.as_millis() / 1_000).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|at| at.format(&Rfc3339).ok());
    at.unwrap_or_else(|| "?".to_owned())
}

fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}
