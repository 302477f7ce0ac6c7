//! What a shell and `man` are told of the command line.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use serde_json::json;

use crate::args::Args;
use crate::failure::Failure;
use crate::report::Report;

/// Gives what completes the command line in a shell.
pub(crate) fn completions(shell: Shell) -> Report {
    let mut command = Args::command();
    let (name, mut text) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, &mut command, name, &mut text);
    Report::text(String::from_utf8_lossy(&text).trim_end().to_owned(), "completions")
}

/// Gives the manual page, or writes one for each command into a folder.
pub(crate) fn man(folder: Option<&Path>) -> Result<Report, Failure> {
    match folder {
        Some(folder) => {
            clap_mangen::generate_to(Args::command(), folder).map_err(|error| Failure::file(folder, &error))?;
            Ok(Report::figures(json!({ "written_to": folder.display().to_string() })))
        }
        None => {
            let mut text = Vec::new();
            Man::new(Args::command()).render(&mut text).map_err(|error| Failure::machine(&error))?;
            Ok(Report::text(String::from_utf8_lossy(&text).trim_end().to_owned(), "man"))
        }
    }
}
