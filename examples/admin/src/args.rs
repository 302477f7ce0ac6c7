//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use example_demo::StoreUrl;

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
    /// Lists an owner's live sessions.
    List {
        /// As the app names them.
        #[arg(allow_hyphen_values = true)]
        owner: String,
    },
    /// Ends one session, or all of an owner.
    Revoke {
        /// The key, as `list` prints it.
        // One key in 64 begins with a hyphen.
        #[arg(required_unless_present = "owner", conflicts_with = "owner", allow_hyphen_values = true)]
        key: Option<String>,
        /// Ends all of this owner's sessions.
        #[arg(long, allow_hyphen_values = true)]
        owner: Option<String>,
        /// All but this one.
        #[arg(long, requires = "owner", value_name = "KEY", allow_hyphen_values = true)]
        except: Option<String>,
        /// The name of the app's cookie, without its prefix, `__Host-Http-` as a rule: which app the excepted session is of.
        #[arg(long, env = "SESSION_COOKIE_NAME", default_value = "session", value_name = "NAME")]
        cookie: String,
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
            assert!(matches!(command(&["list", given]), Command::List { owner } if owner == given));
            assert!(matches!(command(&["revoke", given]), Command::Revoke { key: Some(key), .. } if key == given));
            let all_but = command(&["--json", "revoke", "--owner", given, "--except", given]);
            assert!(matches!(
                all_but,
                Command::Revoke { key: None, owner: Some(owner), except: Some(key), .. } if (&*owner, &*key) == (given, given)
            ));
        }
    }
}
