//! The command line.

mod parts; // what several commands take
mod refused; // what is wrong with it, and the help
mod stores; // which store, and how it is set up
mod values; // times

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use parts::{CopyOptions, ListAll, RevokeAll, Target};
pub(crate) use refused::{parse, refuse};
pub(crate) use stores::{StoreFlags, Stores};

use crate::app::App;

/// Looks after sessions: lists, ends, counts, sweeps, and moves them to another store.
#[derive(Debug, Parser)]
#[command(name = "example-admin", version, after_help = EXITS, arg_required_else_help = false)]
pub(crate) struct Args {
    // Before the flags of the store, or it would be under their heading.
    /// Prints one JSON object instead of a table.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str = "\
Exit codes: 0 done; 1 the answer is no; 64 what was given cannot be used; 65 a record cannot be read; 66 nothing is there, \
or no session of anybody; 69 the store cannot do this; 70 the store failed; 71 this machine; 73 full, or a file cannot be \
written; 74 what was found could not be printed; 75 try again; 78 misconfigured";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates or upgrades what the store needs, as the app's start does. Nothing else creates anything.
    Init,
    /// Tells whether the store is there and answers, what it can do, and its limits. It changes nothing.
    Check {
        /// How many seconds it may take.
        #[arg(long, default_value_t = 5, value_name = "SECONDS")]
        timeout: u64,
    },
    /// Counts all sessions.
    Count,
    /// Tells how old sessions are, as a histogram.
    Ages {
        /// By which of a session's times.
        #[arg(long, value_enum, default_value_t = Age::Created)]
        by: Age,
    },
    /// Lists owners with how many live sessions each has, those with the most first.
    Owners {
        /// Those alone whose names begin so.
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        begin: Option<String>,
        /// Those alone who have so many, or more.
        #[arg(long, default_value_t = 1, value_name = "N")]
        at_least: u64,
        /// How many owners are listed at most.
        #[arg(long, default_value = "100", value_name = "N")]
        limit: NonZeroUsize,
    },
    /// Removes what has expired, in batches, until nothing is left.
    Sweep {
        /// How many seconds after its deadline a record is removed.
        #[arg(long, default_value_t = 300, value_name = "SECONDS")]
        grace: u64,
        /// How many records are removed at once.
        #[arg(long, default_value = "250", value_name = "N")]
        batch: NonZeroUsize,
        /// How many times as long as a batch took is paused after it, so that requests pass; 0 pauses never.
        #[arg(long, default_value_t = 4, value_name = "TIMES")]
        pauses: u32,
        /// Counts them, and removes none.
        #[arg(long)]
        dry_run: bool,
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
    /// Tells what one session contains: whose it is, its times, and the names of its values; or what stands there instead.
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
    /// Gives the name by which logs know the session of a key.
    Fingerprint {
        /// The key, as `list` prints it.
        #[arg(allow_hyphen_values = true)]
        key: String,
    },
    /// Finds the session that a line of a log is about, by a walk over an owner's, or all.
    Find {
        /// As the log shows it, in the field `session`.
        fingerprint: String,
        /// Walks over this owner's sessions alone.
        #[arg(long, allow_hyphen_values = true)]
        owner: Option<String>,
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
        /// Counts the sessions that have the value, and changes none.
        #[arg(long)]
        dry_run: bool,
    },
    /// Ends one session, all of an owner's, or everybody's.
    Revoke {
        /// The key, as `list` prints it.
        // One key in 64 begins with a hyphen.
        #[arg(required_unless_present_any = ["owner", "all", "everything"])]
        #[arg(conflicts_with_all = ["owner", "all", "everything"], allow_hyphen_values = true)]
        key: Option<String>,
        /// Ends all of this owner's sessions.
        #[arg(long, allow_hyphen_values = true, conflicts_with_all = ["all", "everything"])]
        owner: Option<String>,
        /// All but this one.
        #[arg(long, requires = "owner", conflicts_with_all = ["key", "all", "everything"], value_name = "KEY")]
        #[arg(allow_hyphen_values = true)]
        except: Option<String>,
        #[command(flatten)]
        all: RevokeAll,
        /// Counts them, and ends none.
        #[arg(long)]
        dry_run: bool,
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
    #[command(arg_required_else_help = false)]
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Prints what completes this command line in a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Prints the manual page, or writes one for each command into a folder.
    Man {
        /// The folder, which has to be there.
        folder: Option<PathBuf>,
    },
}

/// Says by which of a session's times its age is told.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Age {
    /// Since it began.
    Created,
    /// Since it was last used.
    Seen,
    /// How long until it ends.
    Expires,
}

impl Command {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Check { .. } => "check",
            Self::Count => "count",
            Self::Ages { .. } => "ages",
            Self::Owners { .. } => "owners",
            Self::Sweep { .. } => "sweep",
            Self::List { .. } => "list",
            Self::Get { .. } => "get",
            Self::Fingerprint { .. } => "fingerprint",
            Self::Find { .. } => "find",
            Self::Set { .. } => "set",
            Self::Unset { .. } => "unset",
            Self::Revoke { .. } => "revoke",
            Self::Copy(_) => "copy",
            Self::Verify { .. } => "verify",
            Self::Key { .. } => "key",
            Self::Completions { .. } => "completions",
            Self::Man { .. } => "man",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Draws a key that signs cookies, seals payloads or names sessions in logs; all are written alike.
    Generate,
}
