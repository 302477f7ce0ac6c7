//! OWN: the index by owner while owners and keys change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use session_core::{Owner, Put, PutOutcome, Record, SessionKey};
use tokio::task::yield_now;

use crate::check::{Check, broken, ensure};
use crate::tools::case::Case;
use crate::tools::draw::{Draw, MINUTE};
use crate::tools::handle::Handle;
use crate::tools::race::{others_have_turn, runner};

/// Checks OWN-2: changing or clearing the owner moves the record, also when A→B and B→A run at once.
pub(crate) async fn own_2_a_change_of_owner_moves_the_record(case: &Case) -> Check {
    let (draw, store, key) = (&case.draw, &case.store, case.draw.key());
    let (a, b) = (draw.owner(), draw.owner());
    let mut stands = draw.record_of(&a);
    store.create(&key, &stands).await?;
    for owner in [Some(&b), None, Some(&a), Some(&a), Some(&b), None] {
        let next = Record { owner: owner.cloned(), ..draw.record() };
        store.replace(&key, stands.version, &next).await?;
        for listed in [&a, &b] {
            let expected: &[_] = if owner == Some(listed) { &[key] } else { &[] };
            store.lists(listed, expected).await?;
        }
        stands = next;
    }
    swapped_at_once(case).await
}

/// Two tasks give one record to A and to B in turn; at rest, record and lists agree.
async fn swapped_at_once(case: &Case) -> Check {
    // Few, since an entry that is lost shows only if nobody writes it again.
    const CHANGES: usize = 3;
    let crowd = case.crowd().await?;
    case.note(format!("over and over: four tasks change the owner of one record at once, {CHANGES} times each"));
    for round in case.rounds_of(2 * case.least_rounds) {
        let (key, owners) = (case.draw.key(), [case.draw.owner(), case.draw.owner()]);
        let first = case.draw.record_of(&owners[0]);
        let each = crowd.each();
        each[0].create(&key, &first).await?;
        let change = |number: usize| {
            let (handle, draw, owners) = (crowd.task(number), case.draw.clone(), owners.clone());
            let mut version = first.version;
            runner(async move {
                for turn in 0..CHANGES {
                    let owner = match number {
                        3 => None,
                        number => Some(owners[(number + turn) % 2].clone()),
                    };
                    version = write(&handle, &draw, &key, version, owner).await?;
                }
                Ok(())
            })
        };
        round.race((0..4).map(change).collect()).await?;
        let found = each[0].get(&key).await?;
        let Some(found) = found else { return broken("the record", "None") };
        for owner in &owners {
            let expected: &[_] = if found.owner.as_ref() == Some(owner) { &[key] } else { &[] };
            each[0].lists(owner, expected).await?;
            each[1].lists(owner, expected).await?;
        }
    }
    Ok(())
}

/// Removes a record, by delete or by sweep, while two tasks change its owner: gone, it is in nobody's list.
///
/// Whoever removes the entry of the owner that was read before leaves the entry of the one that came meanwhile.
pub(super) async fn removed_while_it_moves(case: &Case) -> Check {
    let (crowd, before) = (case.crowd().await?, case.base + 30 * MINUTE);
    let sweeps = case.store.raw().sweep().is_some();
    case.note("over and over: two tasks change the owner of a record, while one deletes or sweeps it");
    for round in case.rounds() {
        let (key, owners) = (case.draw.key(), [case.draw.owner(), case.draw.owner(), case.draw.owner()]);
        let due = |owner: &Owner| Record { expires_at: before, ..case.draw.record_of(owner) };
        let (first, each, turn) = (due(&owners[0]), crowd.each(), round.number / 2);
        each[0].create(&key, &first).await?;
        let mut tasks = Vec::new();
        for number in 0..2 {
            let (handle, next) = (crowd.task(turn + number), [due(&owners[1 + number]), due(&owners[2 - number])]);
            let mut version = first.version;
            tasks.push(runner(async move {
                for record in next {
                    match handle.put(&key, &record, Put::Replace(version)).await? {
                        PutOutcome::Stored => version = record.version,
                        PutOutcome::Conflict(winner) => version = winner.version,
                        PutOutcome::Gone => break,
                        other => return broken("Stored, Conflict or Gone", format!("{other:?}")),
                    }
                }
                Ok(())
            }));
        }
        let (handle, sweeping) = (crowd.task(turn + 1), sweeps && turn % 2 == 1);
        tasks.push(runner(async move {
            // At another moment each time.
            yield_times(turn % 3).await;
            if sweeping { handle.sweep(before, 10).await.map(drop) } else { handle.delete(&key).await.map(drop) }
        }));
        round.race(tasks).await?;
        if sweeping {
            // It may have passed over a record that was just being written.
            each[0].drain(before).await?;
        }
        for owner in &owners {
            each[turn % 2].lists(owner, &[]).await?;
        }
    }
    Ok(())
}

/// Writes until it stores, and gives the version stored.
async fn write(
    handle: &Handle,
    draw: &Draw,
    key: &SessionKey,
    mut version: session_core::Version,
    owner: Option<Owner>,
) -> Check<session_core::Version> {
    let next = Record { owner, ..draw.record() };
    loop {
        match handle.put(key, &next, Put::Replace(version)).await? {
            PutOutcome::Stored => return Ok(next.version),
            PutOutcome::Conflict(winner) => version = winner.version,
            other => return broken("Stored or Conflict", format!("{other:?}")),
        }
    }
}

/// Checks OWN-4: at every moment between the first and the last write of a change of key (`Create` new,
/// `Replace` old without owner) a `list` shows at least one of the two.
pub(crate) async fn own_4_a_change_of_key_is_never_out_of_sight(case: &Case) -> Check {
    const OTHERS: usize = 10;
    let crowd = case.crowd().await?;
    let changes = case.least_rounds.div_ceil(2);
    case.note(format!("over and over: one record changes its key {changes} times, while two tasks list its owner"));
    for round in case.rounds_of(12) {
        let (owner, alone) = (case.draw.owner(), &crowd.each()[0]);
        // Others before and after it, so that it is not found by being alone.
        for _ in 0..OTHERS {
            alone.create(&case.draw.key(), &case.draw.record_of(&owner)).await?;
        }
        // The one record with this payload is the one that changes its key.
        let (first, marked) = (case.draw.key(), case.draw.record_of(&owner));
        alone.create(&first, &marked).await?;
        let shared = Arc::new(Shared { changing: AtomicBool::new(true), lists: AtomicUsize::new(0) });
        let (handle, draw, record, writing) = (crowd.task(0), case.draw.clone(), marked.clone(), Arc::clone(&shared));
        let mut tasks = vec![runner(async move {
            let check = change_keys(&handle, &draw, first, record, changes, &writing).await;
            writing.changing.store(false, Ordering::Release);
            check
        })];
        for number in 1..=2 {
            let (handle, shared) = (crowd.task(number), Arc::clone(&shared));
            let (owner, payload) = (owner.clone(), marked.payload.clone());
            tasks.push(runner(async move {
                let check = never_out_of_sight(&handle, &owner, &payload, &shared).await;
                shared.changing.store(false, Ordering::Release);
                check
            }));
        }
        round.race(tasks).await?;
    }
    Ok(())
}

struct Shared {
    /// Until the changes are made, or something has failed.
    changing: AtomicBool,
    lists: AtomicUsize,
}

/// Lists over and over, and expects to see the record each time.
async fn never_out_of_sight(handle: &Handle, owner: &Owner, payload: &[u8], shared: &Shared) -> Check {
    // In one page, and in several: then what comes to the owner has to come behind the cursor, or the new key
    // is missed on the page that was read, and the old one on the page that is read next.
    for limit in [100, 1, 4, 100, 2].into_iter().cycle() {
        if !shared.changing.load(Ordering::Acquire) {
            break;
        }
        shared.lists.fetch_add(1, Ordering::Relaxed);
        let found = handle.list(owner, limit).await?;
        let seen = found.iter().filter(|(_, record)| record.payload == payload).count();
        ensure(seen > 0, "the old key or the new, or both", || {
            let why = if found.len() < limit {
                "all of them on one page, which is not of one moment: it looked for the new key before it came, and for \
                 the old one after it had gone"
            } else {
                "it may have passed between two pages, as it can in an index that is ordered by key and not by arrival"
            };
            format!("neither among {}, in pages of {limit}: {why}", found.len())
        })?;
        // A store that never waits would keep the writer from its turn.
        yield_now().await;
    }
    Ok(())
}

/// Changes the key as a renewal does: create the new, then take the owner from the old.
async fn change_keys(
    handle: &Handle,
    draw: &Draw,
    mut key: SessionKey,
    mut record: Record,
    times: usize,
    shared: &Shared,
) -> Check {
    for turn in 0..times {
        if !shared.changing.load(Ordering::Acquire) {
            break;
        }
        let new_key = draw.key();
        let renewed = Record { version: draw.record().version, ..record.clone() };
        let retired = Record { owner: None, ..draw.record() };
        let before = shared.lists.load(Ordering::Relaxed);
        others_have_turn(|| shared.lists.load(Ordering::Relaxed) > before).await;
        yield_times(turn % 3).await;
        handle.create(&new_key, &renewed).await?;
        // Where the store waits, the listers find their moment; where it does not, it is made for them, each
        // time another: within the change or, as often, none, so that all of it happens within a list.
        yield_times(if turn % 2 == 0 { turn / 2 % 4 } else { 0 }).await;
        handle.replace(&key, record.version, &retired).await?;
        (key, record) = (new_key, renewed);
    }
    Ok(())
}

async fn yield_times(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}
