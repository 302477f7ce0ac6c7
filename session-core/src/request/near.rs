//! Reads what this process has read before, for requests that only look.

use super::load::Read;
use crate::cookie::{By, Candidate};
use crate::engine::{Engine, NearCache};
use crate::payload::Kind;
use crate::session::Origin;

/// Gives the session that is kept near, if it is open by all that is known here; else the store is to be asked, which
/// alone says that there is none, or where it goes on.
pub(super) fn read_near(engine: &Engine, candidate: &Candidate) -> Option<Read> {
    let near = engine.watching.near()?;
    // What came under a former name is given a new id at once, and nothing of it is kept.
    if let By::FormerName { .. } = candidate.by {
        return None;
    }
    let read = read_kept(engine, near, candidate);
    near.answered(read.is_some());
    read
}

fn read_kept(engine: &Engine, near: &NearCache, candidate: &Candidate) -> Option<Read> {
    let key = candidate.id.key();
    let record = near.look(&key).filter(|_| !engine.is_settling(&key))?;
    let contents = match engine.decode(&key, &record) {
        Ok(Kind::Live(contents)) if engine.opens(&record, &contents, engine.now()) => contents.into_owned(),
        _ => return None,
    };
    Some(Read { origin: Origin::Stored { key, record }, contents: Some(contents), followed: false })
}
