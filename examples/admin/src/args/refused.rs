//! What is wrong with a command line, and the help.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use example_demo::StoreUrl;
use serde_json::json;

use super::Args;
use crate::failure::Failure;
use crate::out;

/// Reads the command line, with a help as wide as the terminal.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Args, clap::Error> {
    let mut command = Args::command();
    if let Some(width) = out::width() {
        command = command.term_width(width.into());
    }
    let matches = command.clone().try_get_matches_from(arguments)?;
    Args::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Prints what is wrong with the command line, or the help, and gives the exit code.
pub(crate) fn refuse(error: &clap::Error, arguments: &[OsString]) -> Result<ExitCode, Failure> {
    // It could not be read whole, but this much can.
    let json = arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json");
    let mut shown = error.render().to_string();
    // An argument too many is quoted, and may be a URL.
    for argument in arguments.iter().map(|argument| argument.to_string_lossy()).filter(|it| it.contains("://")) {
        let safe = StoreUrl::parse("", &argument).map_or_else(|_| "…".to_owned(), |url| url.to_string());
        shown = shown.replace(&*argument, &safe);
    }
    if error.use_stderr() {
        let shown = shown.trim_end();
        return Ok(Failure::usage(shown.strip_prefix("error: ").unwrap_or(shown)).print(None, json));
    }
    let name = if error.kind() == ErrorKind::DisplayVersion { "version" } else { "help" };
    let shown = shown.trim_end();
    out::line(&match json {
        true => json!({ "command": name, "ok": true, "exit": 0, "result": { name: shown } }).to_string(),
        false => shown.to_owned(),
    })?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Command, Target};
    use super::*;

    #[test]
    fn keys_and_owners_may_begin_with_a_hyphen() {
        for given in ["-T", "-h", "-V", "--json", "--"].map(|first| format!("{first:A<43}")) {
            let given = &*given;
            let command = |arguments: &[&str]| {
                let arguments = [&["example-admin"], arguments].concat();
                Args::try_parse_from(arguments).unwrap_or_else(|error| panic!("{given}: {error}")).command
            };
            assert!(matches!(command(&["list", given]), Command::List { owner: Some(owner), .. } if owner == given));
            assert!(matches!(command(&["revoke", given]), Command::Revoke { key: Some(key), .. } if key == given));
            assert!(matches!(command(&["get", given]), Command::Get { key, .. } if key == given));
            assert!(matches!(command(&["fingerprint", given]), Command::Fingerprint { key } if key == given));
            let set = command(&["set", "--key", given, given, "-1"]);
            assert!(matches!(
                set,
                Command::Set { target: Target { key: Some(key), owner: None }, name, value, .. }
                    if (&*key, &*name, &*value) == (given, given, "-1")
            ));
            let all_but = command(&["--json", "revoke", "--owner", given, "--except", given]);
            assert!(matches!(
                all_but,
                Command::Revoke { key: None, owner: Some(owner), except: Some(key), .. } if (&*owner, &*key) == (given, given)
            ));
        }
    }

    #[test]
    fn all_is_asked_for_alone_and_in_so_many_words() {
        for wrong in [
            &["revoke"][..],
            &["revoke", "--all", "--owner", "ann"],
            &["revoke", "--all", "A"],
            &["revoke", "--all", "--everything"],
            &["revoke", "--everything", "A"],
            &["revoke", "--everything", "--owner", "ann"],
            &["revoke", "--before", "0"],
            &["revoke", "A", "--before", "0"],
            &["revoke", "--owner", "ann", "--after", "A"],
            &["revoke", "--all", "--except", "A"],
            &["revoke", "A", "--except", "A"],
            &["list"],
            &["list", "ann", "--all"],
            &["list", "ann", "--limit", "5"],
            &["list", "ann", "--after", "A"],
        ] {
            assert!(Args::try_parse_from([&["example-admin"], wrong].concat()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_command_line_is_one_that_clap_finds_no_fault_with() {
        Args::command().debug_assert();
    }
}
