//! Draws a badge that a subject's README can show: what it was held against, and what came of it.

use crate::column::{Cell, Column, Kind, Row};

const GOOD: &str = "#2c7a3f";
const BAD: &str = "#b3261e";
const GREY: &str = "#5f6368";

/// Draws it as SVG; `None` for what could not be had.
pub(crate) fn svg(kind: Kind, column: &Column) -> Option<String> {
    if column.not_there().is_some() {
        return None;
    }
    let rows = kind.rows();
    let name = format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let (passed, failed) = (count(column, |it| matches!(it, Cell::Passed)), named(&rows, column, is_failed));
    let (left_out, unchecked) = (named(&rows, column, is_left_out), named(&rows, column, is_not_applicable));
    let verdict = match (failed.len(), left_out.len() + unchecked.len()) {
        (0, 0) => format!("{passed} clauses"),
        (0, less) => format!("{passed} clauses, less {less}"),
        (failed, _) => format!("{failed} of {} broken", rows.len()),
    };
    let mut title = format!("{name}: {passed} of {} clauses kept by {}", rows.len(), column.subject);
    for (what, clauses) in [("broken", failed), ("left out", left_out), ("not applicable", unchecked)] {
        if !clauses.is_empty() {
            title.push_str(&format!("; {what}: {}", clauses.join(", ")));
        }
    }
    Some(drawn(&name, &verdict, if verdict.ends_with("broken") { BAD } else { GOOD }, &title))
}

/// Gives the name of the file.
pub(crate) fn file(column: &Column) -> String {
    format!("{}.svg", column.subject.replace(' ', "-"))
}

fn is_failed(cell: &Cell) -> bool {
    matches!(cell, Cell::Failed(_))
}

fn is_left_out(cell: &Cell) -> bool {
    matches!(cell, Cell::LeftOut(_))
}

fn is_not_applicable(cell: &Cell) -> bool {
    matches!(cell, Cell::NotApplicable(_))
}

fn count(column: &Column, what: impl Fn(&Cell) -> bool) -> usize {
    column.count(what)
}

fn named(rows: &[Row], column: &Column, what: impl Fn(&Cell) -> bool) -> Vec<&'static str> {
    rows.iter().zip(&column.cells).filter(|(_, cell)| what(cell)).map(|(row, _)| row.id).collect()
}

fn drawn(left: &str, right: &str, colour: &str, title: &str) -> String {
    // As wide as the text is said to be, whatever font there is.
    const LETTER: usize = 7;
    const MARGIN: usize = 8;
    let widths = [left, right].map(|text| text.len() * LETTER);
    let [first, second] = widths.map(|width| width + 2 * MARGIN);
    let (all, from) = (first + second, first + MARGIN);
    let [left, right, title] = [left, right, title].map(escaped);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" aria-label=\"{title}\">\n\
         <title>{title}</title>\n\
         <rect width=\"{first}\" height=\"20\" fill=\"{GREY}\"/>\n\
         <rect x=\"{first}\" width=\"{second}\" height=\"20\" fill=\"{colour}\"/>\n\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\n\
         <text x=\"{MARGIN}\" y=\"14\" textLength=\"{}\">{left}</text>\n\
         <text x=\"{from}\" y=\"14\" textLength=\"{}\">{right}</text>\n\
         </g>\n</svg>\n",
        widths[0], widths[1]
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
