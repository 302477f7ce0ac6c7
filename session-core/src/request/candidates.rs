//! Which session a request means that presents several ids, or one under a former name.
//!
//! Browsers keep a cookie for each path, domain and partition, and send them all: after the cookie's attributes were
//! changed, or where a sibling domain set one, perhaps to plant it. So each id is looked up, four at most, and
//!
//! | live among them | |
//! |---|---|
//! | one | is the session; old and new id of a renewal are one |
//! | several, nobody's | the newest is the session, and the others are kept in mind |
//! | several, one of them somebody's | none is: to prefer that one would put a visitor's form into a planted session. A login ends them, and begins its own |
//! | none | as for one id: one that died a moment ago counts before an unknown one |
//! | none, and there are more than were looked up | none is, and a login does not work either: its cookie might be one of those that nobody looks at |
//!
//! What this server cannot read may be live, and somebody's. So it is left alone whatever is beside it, and nothing is
//! written, ended or removed.

use std::cmp::Reverse;
use std::sync::Arc;

use super::load::{Picked, Read, read, session};
use super::near::read_near;
use crate::cookie::{By, Candidate, Presented};
use crate::engine::{Backend, Engine, EventKind, SessionError};
use crate::session::{Origin, Session};
use crate::store::{Owner, SessionKey, Timestamp};

/// Says for whom a session is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) opened_at: Timestamp,
    /// The request only looks, by its method.
    pub(super) is_safe: bool,
    /// The response has left.
    pub(super) is_closed: bool,
}

/// Reads the session that a request means.
pub(super) async fn load(engine: &Arc<Engine>, presented: Presented, asking: Asking) -> Result<Session, SessionError> {
    if let Some(session) = load_near(engine, &presented, asking) {
        return Ok(session);
    }
    let picked = match presented.candidates() {
        [] if !presented.has_more() => {
            if !presented.is_nothing() {
                engine.tell(EventKind::MalformedCookie, None, None);
            }
            Picked::alone(Origin::New.into(), None)
        }
        // In a box, or the future of every handler that asks for its session would have room for it.
        _ => Box::pin(pick(engine, &presented, asking.opened_at)).await?,
    };
    Ok(session(engine, &presented, picked, asking.is_closed))
}

/// Gives the session that is kept near, for a request that only looks.
fn load_near(engine: &Arc<Engine>, presented: &Presented, asking: Asking) -> Option<Session> {
    match presented.candidates() {
        [candidate] if asking.is_safe && !presented.has_more() => {
            let picked = Picked::alone(read_near(engine, candidate)?, Some(candidate));
            Some(session(engine, presented, picked, asking.is_closed))
        }
        _ => None,
    }
}

impl<'a> Picked<'a> {
    fn nobody(origin: Origin, others: Vec<SessionKey>) -> Self {
        Self { read: origin.into(), candidate: None, others }
    }

    fn alone(read: Read, candidate: Option<&'a Candidate>) -> Self {
        Self { read, candidate, others: Vec::new() }
    }
}

/// Picks the session of a request by the ids that it presents.
async fn pick<'a>(
    engine: &Arc<Engine>,
    presented: &'a Presented,
    opened_at: Timestamp,
) -> Result<Picked<'a>, SessionError> {
    match presented.candidates() {
        [candidate] if !presented.has_more() => {
            let deadline = engine.deadline();
            let read = read_as_presented(Backend::new(engine, &deadline), candidate, opened_at).await?;
            Ok(Picked::alone(read, Some(candidate)))
        }
        _ => Box::pin(pick_one(engine, presented, opened_at)).await,
    }
}

async fn pick_one<'a>(
    engine: &Arc<Engine>,
    presented: &'a Presented,
    opened_at: Timestamp,
) -> Result<Picked<'a>, SessionError> {
    engine.tell(EventKind::SeveralCookies, None, None);
    let deadline = engine.deadline();
    let backend = Backend::new(engine, &deadline);
    let mut live: Vec<Live<'_>> = Vec::new();
    let (mut over, mut stragglers) = (Vec::new(), Vec::new());
    let (mut left_alone, mut straggler, mut dead) = (None, None, None);
    for candidate in presented.candidates() {
        let read = read_as_presented(backend, candidate, opened_at).await?;
        match &read.origin {
            Origin::Stored { key, .. } => {
                let key = *key;
                let this = Live { key, read, candidate };
                match live.iter_mut().find(|it| it.key == key) {
                    // The id of now, whose cookie is this session's.
                    Some(same) if same.was_followed() => *same = this,
                    Some(_) => {}
                    None => live.push(this),
                }
            }
            // The others would fail as well, or take as long again.
            Origin::StoreFailed { key } => {
                let keys = presented.candidates().iter().map(|candidate| candidate.id.key());
                let others = keys.filter(|other| other != key).collect();
                return Ok(Picked { read, candidate: None, others });
            }
            Origin::LeftAlone { .. } => left_alone = left_alone.or(Some(read)),
            Origin::Straggler { key } => {
                over.push(*key);
                stragglers.push(*key);
                straggler = straggler.or(Some(read));
            }
            Origin::Dead { key, .. } => {
                over.push(*key);
                dead = dead.or(Some(read));
            }
            _ => {}
        }
    }
    // Also what is over: a login that is under way may have given it a new id, and a logout ends that.
    let keys = |live: &[Live<'_>]| live.iter().map(|it| it.key).chain(over.iter().copied()).collect();
    if let Some(read) = left_alone {
        return Ok(Picked { read, candidate: None, others: keys(&live) });
    }
    if live.is_empty() {
        return Ok(match straggler.or(dead) {
            _ if presented.has_more() => Picked::nobody(Origin::SeveralCookies { all_seen: false }, Vec::new()),
            Some(read) => {
                let own = read.origin.key().unwrap_or_default();
                let others = over.into_iter().filter(|key| own != Some(*key)).collect();
                Picked { read, candidate: None, others }
            }
            None => Picked::alone(Origin::New.into(), None),
        });
    }
    if live.len() > 1 && live.iter().any(|it| it.owner().is_some()) {
        return Ok(Picked::nobody(Origin::SeveralCookies { all_seen: true }, keys(&live)));
    }
    // By when it began, which no request changes, so that all requests of a page pick the same. A renewal keeps it.
    live.sort_by_key(|it| Reverse(it.age()));
    let others = keys(&live[1..]);
    let newest = live.swap_remove(0);
    // The browser of a straggler may have the cookie of a login by now, and is given none; unless that login made this.
    let came_from = newest.read.contents.as_ref().and_then(|contents| contents.reserved.renewed_from);
    let is_up_to_date = stragglers.iter().all(|key| Some(*key) == came_from);
    Ok(Picked { read: newest.read, candidate: is_up_to_date.then_some(newest.candidate), others })
}

/// A session that lives, and the id by which it was found.
struct Live<'a> {
    key: SessionKey,
    read: Read,
    candidate: &'a Candidate,
}

impl Live<'_> {
    /// Tells whether it was found behind a renewed id.
    fn was_followed(&self) -> bool {
        self.read.followed
    }

    fn owner(&self) -> Option<&Owner> {
        self.read.origin.record().and_then(|record| record.owner.as_ref())
    }

    /// Orders sessions by their age; of two that began at one time the key decides.
    fn age(&self) -> impl Ord + use<> {
        (self.read.origin.record().map(|record| record.created_at), *self.key.as_bytes())
    }
}

/// Reads what stands under an id; nothing, if it came under a former name that does not count for it.
async fn read_as_presented(
    backend: Backend<'_>,
    candidate: &Candidate,
    opened_at: Timestamp,
) -> Result<Read, SessionError> {
    let read = read(backend, &candidate.id, opened_at).await?;
    let By::FormerName { changed_at } = candidate.by else { return Ok(read) };
    let Read { origin: Origin::Stored { key, record }, contents: Some(contents), followed } = &read else {
        return Ok(read);
    };
    let reserved = &contents.reserved;
    // One that was followed has its new id since a moment ago, and it is the old one that was presented. That it is no
    // login's is as much as can be told of it.
    let given_id_at = if *followed { None } else { reserved.renewed_at };
    let since = [Some(record.created_at), reserved.authenticated_at, given_id_at];
    if since.into_iter().flatten().all(|since| since < changed_at) {
        return Ok(read);
    }
    backend.engine.tell(EventKind::UnknownId, Some(*key), None);
    Ok(Origin::New.into())
}
