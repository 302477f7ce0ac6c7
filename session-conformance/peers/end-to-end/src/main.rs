//! Measures apps with sessions from end to end: an app in a process of its own on loopback, a real backend, and a load of
//! browsers. This project's apps take turns with its peers'.
//!
//! ```text
//! cargo run --release --manifest-path session-conformance/peers/Cargo.toml -p end-to-end -- [--quick] [memory] [sqlite] [postgres] [redis]
//! ```
//!
//! Of a hundred requests 90 read a session, 9 write it, and 1 logs in or out. Whose it is, is drawn by Zipf's law over
//! all sessions, 100,000 of them, each of about 200 bytes. There are 1, 8 and 64 connections, which are kept.
//!
//! Prints a table for each backend, and at the end lines of `ratio NAME VALUE`, ours over theirs: `…_requests` a second
//! (above 1 ours are more), `…_p99` of latency, and `…_processors`, the time of app and server for each request (below 1
//! ours is less). Who is compared with whom, so that both do the same, is in `app/who.rs`.
//!
//! Writes that were acknowledged are counted by the browsers, and compared with what they find at their logout and in the
//! end: what is missing is lost.

mod app;
mod backend;
mod bench;
mod load;
mod picture;
mod report;
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use app::Who;
use backend::Backend;
use clap::{Parser, Subcommand, ValueEnum as _};
use tokio::task::LocalSet;

#[derive(Debug, Parser)]
#[command(about, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    /// The backends, else all.
    #[arg(value_enum)]
    backends: Vec<Backend>,
    /// Measures less, within five minutes.
    #[arg(long)]
    quick: bool,
    /// Measures these alone.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Who>,
    /// How many sessions there are.
    #[arg(long)]
    sessions: Option<usize>,
    /// How many turns everybody has.
    #[arg(long)]
    rounds: Option<usize>,
    /// How long each is.
    #[arg(long)]
    turn_millis: Option<u64>,
    #[arg(long, value_delimiter = ',')]
    connections: Vec<usize>,
    /// Writes the figures to this file, from which `draw` makes a picture.
    #[arg(long)]
    save: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Serves one app, for as long as its input is open.
    #[command(hide = true)]
    App { who: Who, backend: Backend },
    /// Draws figures that were saved.
    Draw { figures: PathBuf, picture: PathBuf },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.other {
        Some(Other::Draw { figures, picture }) => picture::draw(&figures, &picture),
        Some(Other::App { who, backend }) => {
            let at = std::env::var("END_TO_END_AT").context("it is told where")?;
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(app::THREADS).enable_all().build()?;
            runtime.block_on(LocalSet::new().run_until(app::serve(who, backend, &at)))
        }
        None => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(LocalSet::new().run_until(measure(&arguments)))
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<()> {
    let quick = |quick, full| if arguments.quick { quick } else { full };
    let size = bench::Size {
        sessions: arguments.sessions.unwrap_or(quick(10_000, 100_000)),
        rounds: arguments.rounds.unwrap_or(quick(3, 7)),
        lead: Duration::from_millis(if arguments.quick { 300 } else { 1_000 }),
        turn: Duration::from_millis(arguments.turn_millis.unwrap_or(if arguments.quick { 400 } else { 1_500 })),
        connections: match &*arguments.connections {
            [] => vec![1, 8, 64],
            some => some.to_vec(),
        },
    };
    let backends = match &*arguments.backends {
        [] => Backend::value_variants(),
        some => some,
    };
    let mut reports = Vec::new();
    for backend in backends {
        reports.push(bench::run(*backend, &arguments.only, &size).await?);
    }
    if let Some(path) = &arguments.save {
        let lines: Vec<_> = reports.iter().flat_map(report::Report::lines).collect();
        picture::save(&lines, path)?;
    }
    reports.iter().for_each(report::Report::print_ratios);
    Ok(())
}
