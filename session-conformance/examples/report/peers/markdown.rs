//! The table as Markdown: one page with the grid, and one for each peer with what stands behind its cells.

use std::fmt::Write;

use super::line::{Kind, Outcome};
use super::table::{Column, Table};

/// Writes the page with the grids.
pub(crate) fn page(table: &Table) -> String {
    let mut text = String::from("# The field under the suites\n\n");
    let _ = writeln!(
        text,
        "Made on {} by `report --peers` with {} {}: see [how](../README.md#the-table). Numbers are those of the clauses. \
         Each sign leads to what stands behind it; [table.json](table.json) has all of it for programs, \
         [table.html](table.html) in colours.\n",
        table.date,
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    );
    text.push_str("| sign | the peer |\n|:-:|---|\n");
    for outcome in Outcome::ALL {
        let _ = writeln!(text, "| {} | {} |", outcome.sign(), outcome.meaning());
    }
    for (peer, why) in &table.missing {
        let _ = writeln!(text, "\n{peer} was not to be had: {}", why.replace('\n', " "));
    }
    for kind in Kind::ALL {
        let columns = table.columns(kind);
        if !columns.is_empty() {
            let _ = writeln!(text, "\n## {}\n", title(kind));
            sums(&mut text, &columns);
            grid(&mut text, kind, &columns);
        }
    }
    text
}

pub(crate) fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Http => "What a browser sees",
        Kind::Store => "Stores",
    }
}

fn sums(text: &mut String, columns: &[Column<'_>]) {
    let heads: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.sign()).collect();
    let _ = writeln!(text, "| | peer | language | {} |", heads.join(" | "));
    let _ = writeln!(text, "|--:|---|---|{}", "--:|".repeat(heads.len()));
    for (number, column) in (1..).zip(columns) {
        let counts: Vec<_> = Outcome::ALL.iter().map(|outcome| column.count(*outcome).to_string()).collect();
        let (peer, slug, language) = (column.peer, column.slug(), column.language);
        let _ = writeln!(text, "| {number} | [{peer}]({slug}.md) | {language} | {} |", counts.join(" | "));
    }
    text.push('\n');
}

fn grid(text: &mut String, kind: Kind, columns: &[Column<'_>]) {
    let heads: Vec<_> = (1..=columns.len()).map(|number| number.to_string()).collect();
    let _ = writeln!(text, "| clause | {} | |\n|---|{}---|", heads.join(" | "), ":-:|".repeat(heads.len()));
    for (id, sentence) in kind.clauses() {
        let cells: Vec<_> = columns.iter().map(|column| cell(column, id)).collect();
        let _ = writeln!(text, "| {id} | {} | {} |", cells.join(" | "), sentence.replace('|', "\\|"));
    }
}

fn cell(column: &Column<'_>, clause: &str) -> String {
    match column.line(clause) {
        None => String::new(),
        Some(line) if line.text.is_empty() => line.outcome.sign().to_owned(),
        Some(line) => format!("[{}]({}.md#{})", line.outcome.sign(), column.slug(), clause.to_lowercase()),
    }
}

/// Writes a peer's own page: what stands behind each cell that is not passed.
pub(crate) fn behind(kind: Kind, column: &Column<'_>) -> String {
    let mut text = format!("# {}\n\n{}. [The table](TABLE.md)\n", column.peer, title(kind));
    for (id, sentence) in kind.clauses() {
        let Some(line) = column.line(id).filter(|line| !line.text.is_empty()) else { continue };
        let _ = writeln!(text, "\n## {id}\n\n{sentence}\n\n**{}**", line.outcome.name().replace('_', " "));
        let (note, failure) = match line.outcome {
            Outcome::Failed => ("", &*line.text),
            _ => line.text.split_once("\n\n").unwrap_or((&line.text, "")),
        };
        if !note.is_empty() {
            let _ = writeln!(text, "\n{note}");
        }
        if !failure.is_empty() {
            let _ = writeln!(text, "\n```text\n{}\n```", failure.trim_end());
        }
    }
    text
}
