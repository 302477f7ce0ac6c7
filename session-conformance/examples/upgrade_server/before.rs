//! A server of the older version, which `.ci/upgrade` compiles this file against: what it says in other words than the
//! present one.

mod server;

use std::error::Error;

use server::Words;
use session_core::{LazySession, Owner, Session, SessionError, Sessions};

fn main() -> Result<(), Box<dyn Error>> {
    server::serve(Words { open, log_in })
}

fn log_in(session: &Session, owner: Owner) -> Result<(), SessionError> {
    session.set_owner(owner)
}

fn open(sessions: &Sessions, cookie: Option<&[u8]>) -> LazySession {
    sessions.open(cookie)
}
