//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use example_demo::StoreUrl;
use session_core::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::App;

/// Looks after sessions: lists, ends, counts, sweeps, and moves them to another store.
#[derive(Debug, Parser)]
#[command(name = "example-admin", version)]
pub(crate) struct Args {
    /// The store, as the app's SESSION_STORE; better given there, since others may see a command line.
    // A text, not a URL: what cannot be parsed would be quoted, with its password.
    #[arg(long, global = true, env = "SESSION_STORE", hide_env_values = true, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Prints one JSON object instead of a table.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connects, creates or upgrades what the store needs, and tells what it can do.
    Check,
    /// Counts all sessions.
    Count,
    /// Removes what has expired, in batches, until nothing is left.
    Sweep {
        /// How many seconds after its deadline a record is removed.
        #[arg(long, default_value_t = 300, value_name = "SECONDS")]
        grace: u64,
        /// How many records are removed at once.
        #[arg(long, default_value = "1000")]
        batch: NonZeroUsize,
    },
    /// Lists an owner's live sessions, or everybody's.
    List {
        /// As the app names them; their sessions in all apps on the store.
        #[arg(required_unless_present = "all", conflicts_with = "all", allow_hyphen_values = true)]
        owner: Option<String>,
        #[command(flatten)]
        all: ListAll,
        #[command(flatten)]
        app: App,
    },
    /// Tells what one session contains: whose it is, its times, and the names of its values.
    Get {
        /// The key, as `list` prints it.
        #[arg(allow_hyphen_values = true)]
        key: String,
        /// Shows the values, too; they may be private.
        #[arg(long)]
        values: bool,
        #[command(flatten)]
        app: App,
    },
    /// Sets a value in one session, or in all of an owner's.
    Set {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        app: App,
        /// The name of the value.
        #[arg(allow_hyphen_values = true)]
        name: String,
        /// The value, in JSON; `null` removes it.
        #[arg(allow_hyphen_values = true, value_name = "JSON")]
        value: String,
    },
    /// Removes a value from one session, or from all of an owner's.
    Unset {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        app: App,
        /// The name of the value.
        #[arg(allow_hyphen_values = true)]
        name: String,
    },
    /// Ends one session, all of an owner's, or everybody's.
    Revoke {
        /// The key, as `list` prints it.
        // One key in 64 begins with a hyphen.
        #[arg(required_unless_present_any = ["owner", "all"], conflicts_with_all = ["owner", "all"])]
        #[arg(allow_hyphen_values = true)]
        key: Option<String>,
        /// Ends all of this owner's sessions.
        #[arg(long, allow_hyphen_values = true, conflicts_with = "all")]
        owner: Option<String>,
        /// All but this one.
        #[arg(long, requires = "owner", conflicts_with_all = ["key", "all"], value_name = "KEY")]
        #[arg(allow_hyphen_values = true)]
        except: Option<String>,
        #[command(flatten)]
        all: RevokeAll,
        #[command(flatten)]
        app: App,
    },
    /// Copies all sessions to another store, while the app runs.
    Copy(CopyOptions),
    /// Compares two stores.
    Verify {
        #[command(flatten)]
        stores: Stores,
    },
    /// Makes keys.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
}

impl Command {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Count => "count",
            Self::Sweep { .. } => "sweep",
            Self::List { .. } => "list",
            Self::Get { .. } => "get",
            Self::Set { .. } => "set",
            Self::Unset { .. } => "unset",
            Self::Revoke { .. } => "revoke",
            Self::Copy(_) => "copy",
            Self::Verify { .. } => "verify",
            Self::Key { .. } => "key",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Draws a key that signs cookies or seals payloads; both are written alike.
    Generate,
}

/// Says which sessions are changed.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Target {
    /// The key of the one session, as `list` prints it.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) key: Option<String>,
    /// Whose sessions, all of the app's, are changed.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) owner: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct ListAll {
    /// Lists everybody's, in the store's order.
    #[arg(long)]
    all: bool,
    /// How many are listed at most; all unless said.
    #[arg(long, requires = "all", conflicts_with = "owner", value_name = "N")]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Goes on where another list ended, by the `next` that it printed.
    #[arg(long, requires = "all", conflicts_with = "owner", value_name = "NEXT", allow_hyphen_values = true)]
    pub(crate) after: Option<String>,
}

/// What goes with none of `--all`'s options. That those require it does not say so: clap asks for nothing that cannot be.
const ONE_OR_OWN: [&str; 2] = ["key", "owner"];

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct RevokeAll {
    /// Ends everybody's.
    #[arg(long)]
    all: bool,
    /// Ends those alone that began before, and whose owner last proved who they are before: milliseconds since 1970, or as in
    /// 2026-11-30T12:00:00Z.
    #[arg(long, requires = "all", conflicts_with_all = ONE_OR_OWN, value_name = "TIME", value_parser = parse_time)]
    pub(crate) before: Option<Timestamp>,
    /// Counts them, and ends none.
    #[arg(long, requires = "all", conflicts_with_all = ONE_OR_OWN)]
    pub(crate) dry_run: bool,
    /// Begins where another walk was, by what it told.
    #[arg(long, requires = "all", conflicts_with_all = ONE_OR_OWN, value_name = "NEXT", allow_hyphen_values = true)]
    pub(crate) after: Option<String>,
}

fn parse_time(given: &str) -> Result<Timestamp, String> {
    let said = || "give milliseconds since 1970, or a time as in 2026-11-30T12:00:00Z".to_owned();
    if let Ok(millis) = given.parse() {
        return Ok(Timestamp::from_millis(millis));
    }
    let at = OffsetDateTime::parse(given, &Rfc3339).map_err(|_| said())?;
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).map(Timestamp::from_millis).map_err(|_| said())
}

#[derive(Debug, clap::Args)]
pub(crate) struct Stores {
    /// The store to copy from.
    #[arg(env = "SESSION_COPY_FROM", hide_env_values = true)]
    pub(crate) from: Option<String>,
    /// The store to copy to.
    #[arg(env = "SESSION_COPY_TO", hide_env_values = true)]
    pub(crate) to: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CopyOptions {
    #[command(flatten)]
    pub(crate) stores: Stores,
    /// Where it is noted what was copied, so that the copy can go on after it was interrupted.
    #[arg(long, default_value = "session-copy.state", value_name = "FILE")]
    pub(crate) state: PathBuf,
    /// Makes one pass after the other until it is stopped, with so many seconds in between.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5", conflicts_with = "until_settled")]
    pub(crate) follow: Option<u64>,
    /// Makes passes until one changes nothing. Stop whoever writes to the source before.
    #[arg(long)]
    pub(crate) until_settled: bool,
    /// The most passes that `--until-settled` makes.
    #[arg(long, default_value_t = 10, value_name = "PASSES")]
    pub(crate) max_passes: u32,
    /// Copies into a store that others have written to. What they wrote is left alone.
    #[arg(long)]
    pub(crate) into_used: bool,
    /// Ends all that was copied if the source has no session any more; without it that is taken for a mistake.
    #[arg(long)]
    pub(crate) empty_source: bool,
    /// How many records are read at once.
    #[arg(long, default_value = "200")]
    pub(crate) batch: NonZeroUsize,
}

/// Prints what is wrong with the command line, or the help, and gives the exit code.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    let mut shown = error.render().to_string();
    // An argument too many is quoted, and may be a URL.
    for argument in std::env::args().filter(|argument| argument.contains("://")) {
        let safe = StoreUrl::parse("", &argument).map_or_else(|_| "…".to_owned(), |url| url.to_string());
        shown = shown.replace(&argument, &safe);
    }
    if error.use_stderr() {
        eprint!("{shown}");
        ExitCode::from(2)
    } else {
        print!("{shown}");
        ExitCode::SUCCESS
    }
}

#[cfg(test)]
mod tests {
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
    fn a_time_is_given_in_milliseconds_or_for_people() {
        for (given, read) in [
            ("1763834400123", Some(1_763_834_400_123)),
            ("2025-11-22T18:00:00.123Z", Some(1_763_834_400_123)),
            ("2025-11-22T19:00:00+01:00", Some(1_763_834_400_000)),
            ("1969-12-31T23:59:59Z", None),
            ("2025-11-22", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_time(given).ok().map(Timestamp::as_millis), read, "{given}");
        }
    }

    #[test]
    fn all_is_asked_for_alone_and_in_so_many_words() {
        for wrong in [
            &["revoke"][..],
            &["revoke", "--all", "--owner", "ann"],
            &["revoke", "--all", "A"],
            &["revoke", "--before", "0"],
            &["revoke", "--owner", "ann", "--dry-run"],
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
}
