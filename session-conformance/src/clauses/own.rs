//! OWN: the index by owner, at rest and while others write.

use std::collections::BTreeMap;
use std::time::Instant;

use session_core::{Put, PutOutcome, Record, SessionKey};

use crate::check::{Check, ensure, works};
use crate::clauses::churn::{Churn, each_once};
use crate::clauses::own_race::removed_while_it_moves;
use crate::clauses::rec::strange_owners;
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::MINUTE;
use crate::tools::handle::at_least_one;
use crate::tools::race::{race, runner};

/// Checks OWN-1: the pages of `list` together give every record that was the owner's throughout, each
/// once, and none of another owner.
pub(crate) async fn own_1_pages_give_every_record_of_the_owner_once(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let (a, b) = (draw.owner(), draw.owner());
    store.lists(&a, &[]).await?;
    let mut records = BTreeMap::new();
    for at in 0..60 {
        let record = match at % 4 {
            0 | 1 => draw.record_of(&a),
            2 => draw.record_of(&b),
            _ => Record { owner: None, ..draw.record() },
        };
        let key = draw.key();
        store.create(&key, &record).await?;
        records.insert(key, record);
    }
    for owner in [&a, &b] {
        for limit in [1, 7, 30, 100] {
            let found = store.list(owner, limit).await?;
            let expected = records.iter().filter(|(_, record)| record.owner.as_ref() == Some(owner));
            each_once(case.base, &found, expected)?;
        }
    }
    places_are_kept(case).await?;
    Churn::run(case, true).await
}

/// Writes between two pages what leaves the owner, and so the place: no record is given twice, and none left out.
async fn places_are_kept(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let Some(owners) = store.raw().owners() else { return Ok(()) };
    let (owner, page) = (draw.owner(), at_least_one(2));
    let mut records = Vec::new();
    for _ in 0..6 {
        let (key, record) = (draw.key(), draw.record_of(&owner));
        store.create(&key, &record).await?;
        records.push((key, record));
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let step = || format!("list {} after {after:?}, limit {page}", show::owner(&owner));
        let call = owners.list(&owner, after.as_ref(), page);
        let page = works("list", store.attempt(step, call, |page| format!("{} records", page.records.len())).await)?;
        found.extend(page.records.into_iter().map(|(key, _)| key));
        after = page.next;
        // Where each write moves a record to the end, there is always a next page.
        if after.is_none() || found.len() > 2 * records.len() {
            break;
        }
        // Both those that were seen and those that are to come; by every verb that writes.
        for (at, (key, stands)) in records.iter_mut().enumerate() {
            let next = draw.record_of(&owner);
            match at % 3 {
                0 => store.replace(key, stands.version, &next).await?,
                1 => store.expect_put(key, &next, Put::End(stands.version), PutOutcome::Stored).await?,
                _ => {
                    let until = stands.expires_at + MINUTE;
                    store.expect_touch(key, stands.version, stands.last_seen_at, until, true).await?;
                    continue;
                }
            }
            *stands = next;
        }
    }
    for (key, _) in &records {
        let times = found.iter().filter(|it| *it == key).count();
        ensure(times == 1, format!("{} once: its owner stayed, and so its place", show::key(key)), || {
            format!("{times} times")
        })?;
    }
    Ok(())
}

/// Checks OWN-3: deleted and swept records leave the list, also when their owner changes meanwhile.
pub(crate) async fn own_3_removed_records_leave_the_list(case: &Case) -> Check {
    let (draw, store, owner) = (&case.draw, &case.store, case.draw.owner());
    let keys = [draw.key(), draw.key(), draw.key()];
    let [deleted, short, stays] = keys;
    let over = case.base + MINUTE;
    store.create(&deleted, &draw.record_of(&owner)).await?;
    store.create(&short, &Record { expires_at: over, ..draw.record_of(&owner) }).await?;
    store.create(&stays, &draw.record_of(&owner)).await?;
    store.lists(&owner, &keys).await?;
    store.expect_delete(&deleted, true).await?;
    store.lists(&owner, &[short, stays]).await?;
    let mut left = vec![short, stays];
    if store.raw().sweep().is_some() {
        store.expect_sweep(over, 10, 1).await?;
        left = vec![stays];
        store.lists(&owner, &left).await?;
    }
    // The key comes back as somebody else's.
    let other = draw.owner();
    store.create(&deleted, &draw.record_of(&other)).await?;
    store.lists(&other, &[deleted]).await?;
    store.lists(&owner, &left).await?;
    removed_while_it_moves(case).await
}

/// Checks OWN-5: a corrupt record does not hide the others from `list`.
pub(crate) async fn own_5_a_corrupt_record_hides_no_other(case: &Case) -> Check {
    let (draw, store, owner) = (&case.draw, &case.store, case.draw.owner());
    let mut keys: Vec<_> = (0..5).map(|_| draw.key()).collect();
    for key in &keys {
        store.create(key, &draw.record_of(&owner)).await?;
    }
    store.lists(&owner, &keys).await?;
    // The first, one in the middle and the last, by the order of keys and by that of writing.
    keys.sort();
    for at in [0, 2, 4] {
        case.damage(&keys[at]).await?;
    }
    let readable = [keys[1], keys[3]];
    for limit in [100, 2, 1] {
        let found: Vec<_> = store.list(&owner, limit).await?.into_iter().map(|(key, _)| key).collect();
        for key in &readable {
            let times = found.iter().filter(|it| *it == key).count();
            ensure(times == 1, format!("{} once, in pages of {limit}", show::key(key)), || {
                format!("{times} times in {}", show::keys(&found))
            })?;
        }
    }
    Ok(())
}

/// Checks OWN-6: 10,000 records of one owner are listed in pages of 100.
///
/// Where it takes too long to write so many, they are as many as there is time for.
pub(crate) async fn own_6_ten_thousand_records_are_listed(case: &Case) -> Check {
    const RECORDS: usize = 10_000;
    const FEWEST: usize = 1_600;
    const TASKS: usize = 16;
    let (owner, handle, began, enough) = (case.draw.owner(), case.store.quiet(), Instant::now(), case.time_limit / 4);
    case.note(format!("{RECORDS} records of one owner are created by {TASKS} tasks, or as many as in {enough:?}"));
    let write = |_| {
        let (handle, draw, owner) = (handle.clone(), case.draw.clone(), owner.clone());
        runner(async move {
            let mut written = Vec::with_capacity(RECORDS / TASKS);
            while written.len() < FEWEST / TASKS || written.len() < RECORDS / TASKS && began.elapsed() < enough {
                let (key, record) = (draw.key(), draw.record_of(&owner));
                handle.create(&key, &record).await?;
                written.push((key, record));
            }
            Ok(written)
        })
    };
    let written = race((0..TASKS).map(write).collect()).await?;
    let written: BTreeMap<SessionKey, Record> = written.into_iter().flatten().collect();
    let found = case.store.list(&owner, 100).await?;
    each_once(case.base, &found, &written)?;
    // Not one more than there are.
    ensure(found.len() == written.len(), format!("{} records", written.len()), || found.len().to_string())
}

/// Checks OWN-10: the pages of every owner follow each other, whatever it is called.
pub(crate) async fn own_10_pages_follow_each_other_for_every_owner(case: &Case) -> Check {
    const RECORDS: usize = 3;
    let (draw, store, owners) = (&case.draw, &case.store, strange_owners().collect::<Vec<_>>());
    let mut expected = Vec::new();
    // In turns, so that nobody's records stand side by side by chance.
    for _ in 0..RECORDS {
        for owner in &owners {
            let (key, record) = (draw.key(), draw.record_of(owner));
            store.create(&key, &record).await?;
            expected.push((key, record));
        }
    }
    for (at, owner) in owners.iter().enumerate() {
        let of_owner: Vec<_> =
            expected.iter().skip(at).step_by(owners.len()).map(|(key, record)| (key, record)).collect();
        for limit in [1, 2] {
            let found = store.list(owner, limit).await?;
            each_once(case.base, &found, of_owner.iter().copied())?;
            ensure(found.len() == RECORDS, format!("{RECORDS} records of {}", show::owner(owner)), || {
                format!("{}, in pages of {limit}", found.len())
            })?;
        }
    }
    Ok(())
}
