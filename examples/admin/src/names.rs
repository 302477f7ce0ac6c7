//! From a session to the name that logs have for it, and back.

use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::{Value, json};
use session_core::{Clock, Fingerprint, Owner, Record, SessionKey, SystemClock};

use crate::app::{AppCodec, Names};
use crate::backend::{Backend, patiently};
use crate::failure::Failure;
use crate::one::state;
use crate::owned::{owner, parse};
use crate::report::{Report, time};

const PAGE: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");

/// Gives the name by which logs know a session.
pub(crate) fn fingerprint(names: Names, key: &str) -> Result<Report, Failure> {
    let key = parse(key)?;
    let name = names.needed()?.name(&key).map(|name| name.to_string()).unwrap_or_default();
    Ok(Report::text(name, "fingerprint"))
}

/// Finds the session that logs know by a name.
pub(crate) async fn find(
    backend: &Backend,
    names: Names,
    codec: &AppCodec,
    wanted: &str,
    of: Option<&str>,
) -> Result<Report, Failure> {
    let said = "a fingerprint has 12 hexadecimal digits, as a log shows it in the field `session`";
    let wanted = Fingerprint::parse(wanted).ok_or_else(|| Failure::usage(said))?;
    let (names, of) = (names.needed()?, of.map(owner).transpose()?);
    let mut found = Vec::new();
    let looked = match &of {
        Some(owner) => of_owner(backend, owner, &names, wanted, &mut found).await?,
        None => {
            let mut walk = backend.walk();
            while let Some(page) = walk.next().await? {
                for key in page.unreadable.into_iter().filter(|key| names.is(key, wanted)) {
                    found.push((key, None));
                }
                found.extend(
                    page.records.into_iter().filter(|(key, _)| names.is(key, wanted)).map(|(key, it)| (key, Some(it))),
                );
            }
            walk.seen()
        }
    };
    if looked == 0 {
        backend.refuse_if_empty().await?;
    }
    let now = SystemClock.now();
    let described: Vec<Value> = found
        .iter()
        .map(|(key, record)| {
            let of = record.as_deref();
            json!({
                "key": key.encode(),
                "owner": of.and_then(|record| record.owner.as_ref()).map(Owner::as_str),
                "created_at": of.map(|record| record.created_at),
                "last_seen_at": of.map(|record| record.last_seen_at),
                "expires_at": of.map(|record| record.expires_at),
                "state": of.map_or("unreadable", |record| state(codec, key, record, now)),
            })
        })
        .collect();
    let rows = found.iter().zip(&described).map(|((key, record), described)| {
        let at = |of: fn(&Record) -> _| record.as_deref().map_or_else(|| "?".to_owned(), |record| time(of(record)));
        let text = |name: &str| described[name].as_str().unwrap_or("nobody").to_owned();
        let times = [at(|it| it.created_at), at(|it| it.last_seen_at), at(|it| it.expires_at)];
        [vec![key.encode(), text("owner"), text("state")], times.to_vec()].concat()
    });
    let rows: Vec<_> = rows.collect();
    let header = ["key", "owner", "state", "created", "last seen", "expires"];
    Ok(match found.is_empty() {
        true => Report::none(
            &format!("none of {looked} records has that name: it has gone, or is another secret's"),
            json!({ "looked_at": looked, "found": [] }),
        ),
        false => Report::table(&header, rows, json!({ "looked_at": looked, "found": described })),
    })
}

type Found = Vec<(SessionKey, Option<Arc<Record>>)>;

/// Looks through one owner's, and tells how many those are.
async fn of_owner(
    backend: &Backend,
    owner: &Owner,
    names: &Names,
    wanted: Fingerprint,
    found: &mut Found,
) -> Result<u64, Failure> {
    let owners = backend.owners()?;
    let (mut looked, mut after) = (0, None);
    loop {
        let page = patiently(|| owners.list(owner, after.as_ref(), PAGE)).await?;
        looked += page.records.len() as u64;
        found
            .extend(page.records.into_iter().filter(|(key, _)| names.is(key, wanted)).map(|(key, it)| (key, Some(it))));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(looked),
        }
    }
}
