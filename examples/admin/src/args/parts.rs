//! What several commands take, or one takes much of.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use session_core::Timestamp;

use super::stores::Stores;
use super::values::parse_time;

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
    /// Ends everybody's in the app.
    #[arg(long, conflicts_with = "everything")]
    all: bool,
    /// Removes all records of all apps on the store, what cannot be read among them; no key is needed for that.
    #[arg(long)]
    pub(crate) everything: bool,
    /// Ends those alone that began before, and whose owner last proved who they are before: milliseconds since 1970, or as in
    /// 2026-11-30T12:00:00Z or 2026-11-30. With --everything it goes by when they began.
    #[arg(long, conflicts_with_all = ONE_OR_OWN, value_name = "TIME", value_parser = parse_time)]
    pub(crate) before: Option<Timestamp>,
    /// Begins where another walk was, by what it told.
    #[arg(long, conflicts_with_all = ONE_OR_OWN, value_name = "NEXT", allow_hyphen_values = true)]
    pub(crate) after: Option<String>,
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
    /// How many times as long as a batch took is paused after it, so that requests pass; 0 pauses never.
    #[arg(long, default_value_t = 0, value_name = "TIMES")]
    pub(crate) pauses: u32,
    /// Counts what one pass would do, and changes nothing: neither store nor state file.
    #[arg(long, conflicts_with_all = ["follow", "until_settled"])]
    pub(crate) dry_run: bool,
}
