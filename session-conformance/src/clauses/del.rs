//! DEL: what `delete` removes, for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use session_core::{Put, PutOutcome, Record, SessionKey};
use tokio::task::yield_now;

use crate::check::{Check, ensure};
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::{HOUR, MINUTE};
use crate::tools::race::runner;

/// Checks DEL-1: `delete` is `true` once, then `get` is `None`.
pub(crate) async fn del_1_delete_is_true_once(case: &Case) -> Check {
    let of_nobody = Record { owner: None, ..case.draw.record() };
    for record in [case.draw.record(), of_nobody] {
        let key = case.draw.key();
        case.store.create(&key, &record).await?;
        case.store.expect_delete(&key, true).await?;
        case.store.absent(&key).await?;
        case.store.expect_delete(&key, false).await?;
        case.store.absent(&key).await?;
    }
    Ok(())
}

/// Checks DEL-2: `delete` of an absent key is `false`, not an error.
pub(crate) async fn del_2_delete_of_an_absent_key_is_false(case: &Case) -> Check {
    let key = case.draw.key();
    case.store.expect_delete(&key, false).await?;
    case.store.expect_delete(&key, false).await?;
    // It leaves nothing behind that would take the key.
    case.store.create(&key, &case.draw.record()).await
}

/// Checks DEL-3: once `delete` has returned, no `Replace` or `touch` that started before it brings the
/// key back.
pub(crate) async fn del_3_nothing_undoes_a_delete(case: &Case) -> Check {
    let crowd = case.crowd().await?;
    case.note("over and over: a delete, while two tasks replace and two touch what they see");
    for round in case.rounds() {
        let (key, first) = (case.draw.key(), case.draw.record());
        crowd.each()[0].create(&key, &first).await?;
        let (writes, deleted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let mut tasks = Vec::new();
        for number in 0..4 {
            let (handle, draw, version) = (crowd.task(number), case.draw.clone(), first.version);
            let (writes, deleted) = (Arc::clone(&writes), Arc::clone(&deleted));
            tasks.push(runner(async move {
                let mut version = version;
                // It ends when the delete is seen, or with one more try when it is done, or after more than enough.
                for _ in 0..50 {
                    let last = deleted.load(Ordering::Acquire);
                    writes.fetch_add(1, Ordering::Relaxed);
                    if number < 2 {
                        let next = draw.record();
                        match handle.put(&key, &next, Put::Replace(version)).await? {
                            PutOutcome::Stored => version = next.version,
                            PutOutcome::Conflict(winner) => version = winner.version,
                            _ => return Ok(()),
                        }
                    } else if !handle.touch(&key, version, draw.base + MINUTE, draw.base + 2 * HOUR).await? {
                        match handle.get(&key).await? {
                            Some(found) => version = found.version,
                            None => return Ok(()),
                        }
                    }
                    if last {
                        break;
                    }
                }
                Ok(())
            }));
        }
        let (handle, base, number) = (crowd.task(4 + round.number / 2 % 2), case.base, round.number);
        tasks.push(runner(async move {
            // In the midst of the writing, and each time at another moment.
            while writes.load(Ordering::Relaxed) < 4 + number / 2 % 16 {
                yield_now().await;
            }
            let done = handle.delete(&key).await?;
            deleted.store(true, Ordering::Release);
            ensure(done, "delete gives true: there was a record throughout", || "it gave false".to_owned())?;
            let came = handle.get(&key).await?;
            ensure(came.is_none(), "None, right after the delete", || show::found(base, came.as_deref()))
        }));
        round.race(tasks).await?;
        for handle in crowd.each() {
            let came = handle.get(&key).await?;
            ensure(came.is_none(), "None, once the writers that were under way have ended", || {
                show::found(case.base, came.as_deref())
            })?;
        }
    }
    Ok(())
}

/// Checks DEL-4: `delete` touches no other key.
pub(crate) async fn del_4_delete_touches_no_other_key(case: &Case) -> Check {
    let (owner, first) = (case.draw.owner(), *case.draw.key().as_bytes());
    // Neighbours by key, of one owner and with one deadline: all that a careless delete could go by.
    let mut keys = vec![SessionKey::from_bytes(first)];
    for bit in [0, 7, 31, 63, 128, 200, 255] {
        let mut bytes = first;
        bytes[bit / 8] ^= 1 << (bit % 8);
        keys.push(SessionKey::from_bytes(bytes));
    }
    let twin = case.draw.record_of(&owner);
    let mut stored = Vec::new();
    for key in &keys {
        let record = Record { version: case.draw.record().version, ..twin.clone() };
        case.store.create(key, &record).await?;
        stored.push((*key, record));
    }
    case.store.expect_delete(&keys[0], true).await?;
    case.store.absent(&keys[0]).await?;
    for (key, record) in &stored[1..] {
        case.store.holds(key, record).await?;
    }
    case.store.lists_if_indexed(&owner, &keys[1..]).await
}
