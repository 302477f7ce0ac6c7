//! What a command found: a table for people, an object for programs.

use std::process::ExitCode;

use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use serde_json::{Value, json};
use session_core::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Holds what a command found.
#[derive(Debug)]
pub(crate) struct Report {
    text: String,
    result: Value,
    /// The answer is no: the exit code is 1.
    no: bool,
}

impl Report {
    /// Makes one of a table.
    pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, result: Value) -> Self {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY).set_header(header.to_vec());
        for row in rows {
            // What apps store, such as an owner, must not steer a terminal.
            table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
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

    /// Says whether the answer is no.
    pub(crate) fn no_if(mut self, no: bool) -> Self {
        self.no = no;
        self
    }

    /// Prints it, and gives the exit code.
    pub(crate) fn print(&self, command: &str, json: bool) -> ExitCode {
        let exit = u8::from(self.no);
        if json {
            println!("{}", json!({ "command": command, "ok": !self.no, "exit": exit, "result": self.result }));
        } else {
            println!("{}", self.text);
        }
        ExitCode::from(exit)
    }
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
