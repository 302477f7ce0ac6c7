//! A server of the present version, for the rolling upgrade of `.ci/upgrade`; that of the older one is `before.rs`. What
//! the two versions call by different names stands in these two files, and all else in `server.rs`.

mod server;

use std::error::Error;

use server::Words;
use session_core::{LazySession, Owner, RequestHead, Session, SessionError, Sessions};

fn main() -> Result<(), Box<dyn Error>> {
    server::serve(Words { open, log_in })
}

fn log_in(session: &Session, owner: Owner) -> Result<(), SessionError> {
    session.log_in(owner)
}

fn open(sessions: &Sessions, cookie: Option<&[u8]>) -> LazySession {
    sessions.open(RequestHead::new("POST").with_cookies(cookie))
}
