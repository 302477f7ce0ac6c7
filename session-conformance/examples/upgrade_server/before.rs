//! A server of the older version, which `.ci/upgrade` compiles this file against: what it says in other words than the
//! present one.

mod server;

use std::error::Error;

use session_core::{Owner, Session, SessionError};

fn main() -> Result<(), Box<dyn Error>> {
    server::serve(log_in)
}

fn log_in(session: &Session, owner: Owner) -> Result<(), SessionError> {
    session.set_owner(owner)
}
