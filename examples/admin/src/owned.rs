//! The sessions of one owner, and their end.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use serde_json::json;
use session_core::{Clock, Owner, Record, SessionInfo, SessionKey, Sessions, SystemClock, Timestamp};

use crate::app::Names;
use crate::backend::{Backend, patiently};
use crate::failure::Failure;
use crate::report::{Report, time};

const PAGE: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");
/// How often it looks again for sessions that came while others were ended.
const MOST_PASSES: u32 = 100;

/// Lists the owner's live sessions, of all apps on the store.
pub(crate) async fn list(backend: &Backend, names: &Names, name: &str) -> Result<Report, Failure> {
    let mut found = live(backend, &owner(name)?).await?;
    if found.is_empty() {
        backend.refuse_if_empty().await?;
        let none = json!({ "owner": name, "sessions": [] });
        return Ok(Report::none("that owner has no live session, and others have some", none));
    }
    found.sort_by_key(|listed| (std::cmp::Reverse(listed.last_seen_at), listed.key));
    let result = found.iter().map(|listed| {
        json!({
            "key": listed.key.encode(), "created_at": listed.created_at, "last_seen_at": listed.last_seen_at,
            "expires_at": listed.expires_at, "payload_bytes": listed.bytes,
            "fingerprint": names.name(&listed.key).map(|name| name.to_string()),
        })
    });
    let result = json!({ "owner": name, "sessions": result.collect::<Vec<_>>() });
    let rows = found.iter().map(|listed| {
        let times = [listed.created_at, listed.last_seen_at, listed.expires_at].map(time);
        let name = names.name(&listed.key).map(|name| name.to_string());
        let key = listed.key.encode();
        [vec![key], times.to_vec(), vec![listed.bytes.to_string()], name.into_iter().collect()].concat()
    });
    let header = ["key", "created", "last seen", "expires", "bytes", "in logs"];
    let shown = if names.is_empty() { &header[..5] } else { &header };
    Ok(Report::table(shown, rows, result))
}

/// Ends one session.
pub(crate) async fn revoke(
    backend: &Backend,
    sessions: &Sessions,
    names: &Names,
    key: &str,
    dry: bool,
) -> Result<Report, Failure> {
    let key = parse(key)?;
    let (found, revoked) = match dry {
        true => (patiently(|| sessions.get(&key)).await?.is_some(), false),
        false => {
            let revoked = patiently(|| sessions.revoke(&key)).await?;
            (revoked, revoked)
        }
    };
    if !found {
        backend.refuse_if_empty().await?;
    }
    let mut figures = json!({ "found": u64::from(found), "revoked": u64::from(revoked) });
    if let Some(name) = names.name(&key).filter(|_| found) {
        figures["fingerprint"] = json!(name.to_string());
    }
    Ok(Report::figures(figures).no_if(!found))
}

/// Ends all sessions of an owner, whichever app they are of, but the excepted one.
pub(crate) async fn revoke_all(
    backend: &Backend,
    sessions: &Sessions,
    name: &str,
    except: Option<&str>,
    dry: bool,
) -> Result<Report, Failure> {
    let (owner, except, began) = (owner(name)?, except.map(parse).transpose()?, SystemClock.now());
    if let Some(except) = except
        && !of_the_app(sessions, &owner).await?.contains(&except)
    {
        // Else it would be taken for one of another app's, and ended.
        let said = "the session to except is none of the owner's live ones under this cookie's name: see --cookie";
        return Err(Failure::usage(said));
    }
    if dry {
        let found = live(backend, &owner).await?.len() - usize::from(except.is_some());
        return told(backend, found as u64, 0).await;
    }
    // Follows the excepted one through renewals.
    let mut revoked = patiently(|| sessions.revoke_all(&owner, except.as_ref())).await?;
    for pass in 0..MOST_PASSES {
        let kept = match except {
            Some(_) => of_the_app(sessions, &owner).await?,
            None => HashSet::new(),
        };
        let mut found = live(backend, &owner).await?;
        found.retain(|listed| !kept.contains(&listed.key) && (pass == 0 || listed.created_at <= began));
        if found.is_empty() {
            return told(backend, revoked, revoked).await;
        }
        for listed in found {
            revoked += u64::from(patiently(|| sessions.revoke_owned(&owner, &listed.key)).await?);
        }
    }
    Err(Failure::passing("new sessions of the owner came without end"))
}

/// Tells how many were found, and how many of them were ended.
async fn told(backend: &Backend, found: u64, revoked: u64) -> Result<Report, Failure> {
    if found == 0 {
        backend.refuse_if_empty().await?;
    }
    Ok(Report::figures(json!({ "found": found, "revoked": revoked })).no_if(found == 0))
}

/// Gives the keys of the owner's live sessions of one app.
pub(crate) async fn of_the_app(sessions: &Sessions, owner: &Owner) -> Result<HashSet<SessionKey>, Failure> {
    let (mut keys, mut after) = (HashSet::new(), None);
    loop {
        let page = patiently(|| sessions.page_owned(owner, after.as_ref(), PAGE)).await?;
        keys.extend(page.sessions.iter().map(SessionInfo::session_key));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(keys),
        }
    }
}

/// What a list tells of a session, whichever app it is of.
struct Listed {
    key: SessionKey,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    bytes: usize,
}

/// Gives the owner's live sessions, of all apps.
async fn live(backend: &Backend, owner: &Owner) -> Result<Vec<Listed>, Failure> {
    let owners = backend.owners()?;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = patiently(|| owners.list(owner, after.as_ref(), PAGE)).await?;
        let now = SystemClock.now();
        let live = page.records.into_iter().filter(|(_, record)| record.is_live_at(now));
        found.extend(live.map(|(key, record)| {
            let Record { created_at, last_seen_at, expires_at, .. } = *record;
            Listed { key, created_at, last_seen_at, expires_at, bytes: record.payload.len() }
        }));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

pub(crate) fn owner(name: &str) -> Result<Owner, Failure> {
    Owner::new(name).map_err(|error| Failure::given(&error))
}

pub(crate) fn parse(key: &str) -> Result<SessionKey, Failure> {
    let said = "a key has 43 characters, as `list` prints it";
    SessionKey::parse(key.as_bytes()).ok_or_else(|| Failure::usage(said))
}
