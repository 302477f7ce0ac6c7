//! DEL: what `delete` removes, for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::{Put, PutOutcome, SessionKey};
use tokio::task::yield_now;

use crate::case::Case;
use crate::check::{Check, ensure};
use crate::draw::{HOUR, MINUTE};
use crate::harness::Harness;
use crate::race::{race, runner};
use crate::show;

/// Checks DEL-1: `delete` is `true` once, then `get` is `None`.
pub(crate) async fn del_1_delete_is_true_once<H: Harness>(case: &Case<H>) -> Check {
    let (key, record) = (case.draw.key(), case.draw.record());
    case.store.create(&key, &record).await?;
    case.store.expect_delete(&key, true).await?;
    case.store.absent(&key).await?;
    case.store.expect_delete(&key, false).await?;
    case.store.absent(&key).await
}

/// Checks DEL-2: `delete` of an absent key is `false`, not an error.
pub(crate) async fn del_2_delete_of_an_absent_key_is_false<H: Harness>(case: &Case<H>) -> Check {
    let key = case.draw.key();
    case.store.expect_delete(&key, false).await?;
    case.store.expect_delete(&key, false).await?;
    // It leaves nothing behind that would take the key.
    case.store.create(&key, &case.draw.record()).await
}

/// Checks DEL-3: once `delete` has returned, no `Replace` or `touch` that started before it brings the
/// key back.
pub(crate) async fn del_3_nothing_undoes_a_delete<H: Harness>(case: &Case<H>) -> Check {
    let handles = case.handles().await?;
    case.note(format!("{} times: a delete, while two tasks replace and two touch what they see", H::ROUNDS));
    for round in 0..H::ROUNDS {
        let (key, first) = (case.draw.key(), case.draw.record());
        handles[0].create(&key, &first).await?;
        let writes = Arc::new(AtomicUsize::new(0));
        let mut tasks = Vec::new();
        for number in 0..4 {
            let (handle, draw, version) = (handles[number % 2].clone(), case.draw.clone(), first.version);
            let writes = Arc::clone(&writes);
            tasks.push(runner(async move {
                let mut version = version;
                // It ends when the delete is seen, or after more than enough.
                for _ in 0..50 {
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
                }
                Ok(())
            }));
        }
        let (handle, base) = (handles[round % 2].clone(), case.base);
        tasks.push(runner(async move {
            // In the midst of the writing, and each time at another moment.
            while writes.load(Ordering::Relaxed) < 4 + round % 16 {
                yield_now().await;
            }
            let deleted = handle.delete(&key).await?;
            ensure(deleted, "delete gives true: there was a record throughout", || "it gave false".to_owned())?;
            let came = handle.get(&key).await?;
            ensure(came.is_none(), "None, right after the delete", || show::found(base, came.as_deref()))
        }));
        race(tasks).await?;
        for handle in &handles {
            let came = handle.get(&key).await?;
            ensure(came.is_none(), "None, once the writers that were under way have ended", || {
                show::found(case.base, came.as_deref())
            })?;
        }
    }
    Ok(())
}

/// Checks DEL-4: `delete` touches no other key.
pub(crate) async fn del_4_delete_touches_no_other_key<H: Harness>(case: &Case<H>) -> Check {
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
        let record = session_core::Record { version: case.draw.record().version, ..twin.clone() };
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
