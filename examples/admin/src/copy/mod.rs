//! Copies sessions from one store to another, while the app runs.

mod ledger; // what this copy has put into the target
mod pass; // once through the source
mod step; // one record

use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::json;

use crate::args::CopyOptions;
use crate::backend::Backend;
use crate::failure::Failure;
use crate::out;
use crate::report::Report;
use ledger::Ledger;
use pass::Tally;

struct Copy<'a> {
    from: &'a Backend,
    to: &'a Backend,
    ledger: Ledger,
    batch: NonZeroUsize,
    /// How many times as long as a batch took is paused after it.
    pauses: u32,
    /// Whether the source may show no session at all.
    empty_source: bool,
    /// Whether nothing is changed, and it is told what would be.
    dry: bool,
    /// Of the pass, from 1; the ledger knows 0 as long ago.
    number: u32,
}

/// Makes as many passes as were asked for.
pub(crate) async fn copy(from: &Backend, to: &Backend, options: &CopyOptions, json: bool) -> Result<Report, Failure> {
    if from.url == to.url && from.location() == to.location() {
        return Err(Failure::usage("FROM and TO are the same store"));
    }
    from.scan()?;
    if !options.state.exists() && !options.empty_source {
        from.refuse_if_empty().await?;
    }
    // Before there is a state file, which would let the next try pass.
    if !options.state.exists() && !options.into_used && !is_empty(to).await? {
        let said = "the target is not empty, and there is no state file of a copy into it: --into-used copies \
                    nevertheless, and leaves alone what others have written";
        return Err(Failure::usage(said));
    }
    let open = if options.dry_run { Ledger::look } else { Ledger::open };
    let ledger = open(&options.state, &from.location(), &to.location())?;
    let CopyOptions { batch, pauses, empty_source, dry_run: dry, .. } = *options;
    let mut copy = Copy { from, to, ledger, batch, pauses, empty_source, dry, number: 0 };
    if dry {
        // All of it, and not what an interrupted run has left.
        copy.ledger.resume = None;
        let tally = copy.pass().await?;
        return Ok(Report::figures(tally.would()).no_if(!tally.is_whole()));
    }
    loop {
        let tally = copy.pass().await?;
        let figures = tally.json(copy.number);
        match options.follow {
            Some(seconds) => {
                tell(&tally, copy.number, json)?;
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            None if !options.until_settled => return Ok(Report::figures(figures).no_if(!tally.is_whole())),
            None if tally.is_quiet() => return Ok(Report::figures(figures).no_if(!tally.is_whole())),
            None if copy.number >= options.max_passes => {
                out::note("the last pass still found something to change: somebody writes to one of the stores");
                return Ok(Report::figures(figures).no_if(true));
            }
            None => tell(&tally, copy.number, false)?,
        }
    }
}

/// Tells what a pass did that is not the last.
fn tell(tally: &Tally, number: u32, json: bool) -> Result<(), Failure> {
    if json {
        let (ok, result) = (tally.is_whole(), tally.json(number));
        out::line(&json!({ "command": "copy", "ok": ok, "exit": null, "result": result }).to_string())?;
    } else {
        let Tally { seen, written, touched, ended, foreign, unreadable, refused, .. } = tally;
        out::note(&format!(
            "pass {number}: {seen} seen, {written} written, {touched} touched, {ended} ended; left out: {foreign} foreign, \
             {unreadable} unreadable, {refused} refused"
        ));
    }
    Ok(())
}

async fn is_empty(backend: &Backend) -> Result<bool, Failure> {
    if backend.store.scan().is_none() {
        out::note("the target cannot enumerate its sessions, so it is not known whether it is empty");
        return Ok(true);
    }
    let mut pages = backend.walk_by(NonZeroUsize::MIN);
    while let Some(page) = pages.next().await? {
        if !page.records.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
