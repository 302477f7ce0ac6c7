//! What is printed, and what becomes of it where nobody reads it, or it does not fit.

use std::env;
use std::io::{self, Write};

use terminal_size::{Width, terminal_size_of};

use crate::failure::Failure;

/// Prints a line to stdout, at once.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    write(&format!("{text}\n"))
}

/// Prints to stdout, at once.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::output)
}

/// Tells something beside what was asked for. Where stderr is closed, nobody wants to know.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Gives how many columns what is printed may have; `None` if it is not for people, or nobody says.
pub(crate) fn width() -> Option<u16> {
    // A shell that exports it means it, also for a pipe.
    let told = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    told.or_else(|| terminal_size_of(io::stdout()).map(|(Width(columns), _)| columns))
}
