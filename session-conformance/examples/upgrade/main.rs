//! A rolling upgrade under load: browsers, each with its own session, whose requests go to servers of two versions on one
//! backend. `.ci/upgrade` builds the two and runs it.
//!
//! ```text
//! upgrade OLD NEW URL [REQUESTS] [SEED]
//! ```
//!
//! It goes through an upgrade and a rollback: the old version alone, both, the new one alone, both, the old one alone,
//! and both once more. Each browser knows what it did, and so what every page must show. A page that shows anything
//! else ends the program.

mod browser;
mod server;

use std::error::Error;
use std::process::ExitCode;
use std::thread;

use browser::{Browser, Tally};
use server::Server;

const BROWSERS: u64 = 16;

/// Which servers answer, one phase after the other.
const PHASES: [(&str, &[usize]); 6] = [
    ("old alone", &[0]),
    ("rolling upgrade", &[0, 1]),
    ("new alone", &[1]),
    ("rolling back", &[0, 1]),
    ("rolled back, old alone", &[0]),
    ("rolling upgrade again", &[0, 1]),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("upgrade: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [old, new, url, rest @ ..] = &arguments[..] else { return Err("OLD NEW URL [REQUESTS] [SEED]".into()) };
    let requests = rest.first().map_or(Ok(12_000), |text| text.parse::<u64>())?;
    let seed = rest.get(1).map_or(Ok(1), |text| text.parse::<u64>())?;
    let steps = requests / BROWSERS / PHASES.len() as u64;

    let servers = [Server::start("old", old, url)?, Server::start("new", new, url)?];
    let mut browsers: Vec<Browser> = (0..BROWSERS).map(|number| Browser::new(number, seed)).collect();
    for (phase, answering) in PHASES {
        let answering: Vec<&Server> = answering.iter().map(|&at| &servers[at]).collect();
        thread::scope(|scope| {
            let running: Vec<_> = browsers
                .iter_mut()
                .map(|browser| {
                    let answering = &answering;
                    scope.spawn(move || (0..steps).try_for_each(|_| browser.step(answering)))
                })
                .collect();
            running.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err("a browser panicked".into())))
        })
        .map_err(|what| format!("{phase}: {what} (seed {seed})"))?;
        let Tally { requests, logins, logouts, dead } = browsers.iter().map(|browser| browser.tally).sum();
        println!("{phase}: so far {requests} requests, {logins} logins, {logouts} logouts, {dead} ended ids tried");
    }
    let Tally { requests, logouts, .. } = browsers.iter().map(|browser| browser.tally).sum();
    println!("{requests} requests, {logouts} logouts, lost: 0, logged out: 0, brought back: 0");
    Ok(())
}
