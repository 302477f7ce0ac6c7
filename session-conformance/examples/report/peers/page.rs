//! The table as a page with colours.

use std::fmt::Write;

use super::line::{Kind, Outcome};
use super::markdown::title;
use super::table::{Column, Table};

const STYLE: &str = "\
body{font:15px/1.4 system-ui,sans-serif;margin:2em;color:#1c1c1c;background:#fff}\
table{border-collapse:collapse;margin:1em 0}th{text-align:left;font-weight:600}\
th,td{padding:.15em .5em;border:1px solid #d8d8d8;vertical-align:top}\
thead th{position:sticky;top:0;background:#fff}td.cell{text-align:center;padding:0}\
td:last-child{min-width:22em}\
td.cell a,td.cell span{display:block;padding:.15em .5em;color:inherit;text-decoration:none}\
.passed{background:#cfe8d2}.failed{background:#f3c1bb}.choice{background:#fbe7b2}\
.left_out{background:#e6e6e6}.ours_only{background:#d5dcf3}\
details{margin:.3em 0}pre{background:#f5f5f5;padding:.6em;overflow-x:auto}";

fn colour(outcome: Outcome) -> &'static str {
    outcome.name()
}

/// Writes the page.
pub(crate) fn page(table: &Table) -> String {
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>The field under the suites</title>\n\
         <style>{STYLE}</style>\n<h1>The field under the suites</h1>\n<p>Made on {} with {} {}. A cell leads to what \
         stands behind it.</p>\n<table>\n",
        table.date,
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    );
    for outcome in Outcome::ALL {
        let (colour, sign, meaning) = (colour(outcome), outcome.sign(), outcome.meaning());
        let _ = writeln!(text, "<tr><td class=\"cell {colour}\"><span>{sign}</span></td><td>{meaning}</td></tr>");
    }
    text.push_str("</table>\n");
    for (peer, why) in &table.missing {
        let _ = writeln!(text, "<p>{} was not to be had: {}</p>", escaped(peer), escaped(why));
    }
    for kind in Kind::ALL {
        let columns = table.columns(kind);
        if !columns.is_empty() {
            grid(&mut text, kind, &columns);
            columns.iter().for_each(|column| behind(&mut text, kind, column));
        }
    }
    text.push_str("<script>addEventListener('hashchange',open_it);function open_it(){const it=document.getElementById(location.hash.slice(1));if(it&&it.tagName==='DETAILS')it.open=true}open_it()</script>\n</html>\n");
    text
}

fn grid(text: &mut String, kind: Kind, columns: &[Column<'_>]) {
    let _ = write!(text, "<h2>{}</h2>\n<table>\n<thead><tr><th>clause</th>", title(kind));
    for column in columns {
        let _ = write!(text, "<th>{}<br><small>{}</small></th>", escaped(column.peer), escaped(column.language));
    }
    text.push_str("<th></th></tr></thead>\n");
    for (id, sentence) in kind.clauses() {
        let _ = write!(text, "<tr><th>{id}</th>");
        for column in columns {
            match column.line(id) {
                None => text.push_str("<td></td>"),
                Some(line) => {
                    let (colour, sign) = (colour(line.outcome), line.outcome.sign());
                    let shown = if line.text.is_empty() {
                        format!("<span>{sign}</span>")
                    } else {
                        format!("<a href=\"#{}\">{sign}</a>", anchor(kind, column, id))
                    };
                    let _ = write!(text, "<td class=\"cell {colour}\">{shown}</td>");
                }
            }
        }
        let _ = writeln!(text, "<td>{}</td></tr>", escaped(sentence));
    }
    text.push_str("<tr><th>kept</th>");
    for column in columns {
        let _ = write!(text, "<td class=\"cell\">{}</td>", column.count(Outcome::Passed));
    }
    text.push_str("<td></td></tr>\n</table>\n");
}

fn behind(text: &mut String, kind: Kind, column: &Column<'_>) {
    let _ = writeln!(text, "<h3>{}</h3>", escaped(column.peer));
    for (id, _) in kind.clauses() {
        let Some(line) = column.line(id).filter(|line| !line.text.is_empty()) else { continue };
        let (anchor, outcome) = (anchor(kind, column, id), line.outcome.name().replace('_', " "));
        let _ = writeln!(
            text,
            "<details id=\"{anchor}\"><summary>{id}: {outcome}</summary><pre>{}</pre></details>",
            escaped(&line.text)
        );
    }
}

fn anchor(kind: Kind, column: &Column<'_>, clause: &str) -> String {
    format!("{}-{}-{}", kind.name(), column.slug(), clause.to_lowercase())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
