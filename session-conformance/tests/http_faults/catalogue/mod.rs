//! The catalogue of faults: what the author of an adapter, or of an app, gets wrong, the adapter that does it, and the
//! clauses that are meant to catch it, with words that their failure has to say.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

mod answered;
mod bound;
mod change;
mod saved;
mod users;
mod visitor;

use std::env::current_exe;
use std::process::Command;

use axum::http::StatusCode;
use session_conformance::Outcome;
use session_conformance::http::{Clause, run};

use crate::adapter::{Adapter, FAULT, RIGHT};

/// One fault, as the catalogue has it.
pub struct Fault {
    pub name: &'static str,
    /// What the author got wrong.
    pub wrong: &'static str,
    pub meant_for: &'static [(Clause, &'static str)],
    pub adapter: Adapter,
}

impl Fault {
    /// Runs a clause, once, against a server with this fault.
    pub fn run(&self, clause: Clause) -> Outcome<Clause> {
        let name = self.name;
        let command = move || {
            let mut command = Command::new(current_exe().expect("this program is there"));
            command.env(FAULT, name);
            command
        };
        run(command, clause, &[])
    }
}

/// No fault.
pub static NONE: Fault = fault("None", "gets nothing wrong", &[], RIGHT);

const fn fault(
    name: &'static str,
    wrong: &'static str,
    meant_for: &'static [(Clause, &'static str)],
    adapter: Adapter,
) -> Fault {
    Fault { name, wrong, meant_for, adapter }
}

type After = fn(&crate::adapter::Seen, &mut axum::response::Response);

const fn after(after: After) -> Adapter {
    Adapter { after, ..RIGHT }
}

type Before = fn(&mut crate::adapter::Incoming) -> Option<StatusCode>;

const fn before(before: Before) -> Adapter {
    Adapter { before, ..RIGHT }
}

type Device = fn(&crate::adapter::Seen, &mut axum::http::Response<axum::body::Bytes>);

const fn device(device: Device) -> Adapter {
    Adapter { device, ..RIGHT }
}

type Handle = fn(
    example_demo::Demo,
    session_conformance::session_core::LazySession,
    crate::adapter::Incoming,
) -> crate::adapter::Handling;

const fn handle(handle: Handle) -> Adapter {
    Adapter { handle, ..RIGHT }
}

const fn closed(closed: fn(&mut session_conformance::session_core::Closed)) -> Adapter {
    Adapter { closed, ..RIGHT }
}

const fn settings(settings: fn(&mut Command)) -> Adapter {
    Adapter { settings: Some(settings), ..RIGHT }
}

/// Gives all faults, by the groups of the clauses that are meant to catch them.
pub fn faults() -> impl Iterator<Item = &'static Fault> + Clone {
    [visitor::FAULTS, saved::FAULTS, answered::FAULTS, users::FAULTS, change::FAULTS, bound::FAULTS]
        .into_iter()
        .flatten()
}
