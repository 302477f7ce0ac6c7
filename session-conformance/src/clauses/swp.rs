//! SWP: what a sweep removes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_core::{Put, Record};
use tokio::task::yield_now;

use crate::case::Case;
use crate::check::{Check, broken, ensure};
use crate::draw::{HOUR, MILLI, MINUTE, SECOND};
use crate::handle::Handle;
use crate::harness::Harness;
use crate::race::{race, runner};
use crate::show;

/// Checks SWP-1: at rest, `delete_expired` removes what expired at or before `before`, and nothing else.
pub(crate) async fn swp_1_a_sweep_removes_what_expired_and_nothing_else<H: Harness>(case: &Case<H>) -> Check {
    let (draw, store, before) = (&case.draw, &case.store, case.base + 30 * MINUTE);
    let (mut over, mut live) = (Vec::new(), Vec::new());
    for at in [before - 20 * MINUTE, before - SECOND, before - MILLI, before, before] {
        over.push((draw.key(), draw.record_until(at)));
    }
    for at in [before + MILLI, before + 999 * MILLI, before + SECOND, before + HOUR] {
        live.push((draw.key(), draw.record_until(at)));
    }
    for (key, record) in over.iter().chain(&live) {
        store.create(key, record).await?;
    }
    // A deadline that a replace has moved earlier counts; the one it had does not.
    let (key, first, shorter) = (draw.key(), draw.record_until(before + HOUR), draw.record_until(before - MINUTE));
    store.create(&key, &first).await?;
    store.replace(&key, first.version, &shorter).await?;
    over.push((key, shorter));
    store.expect_sweep(before, 100, over.len() as u64).await?;
    for (key, _) in &over {
        store.absent(key).await?;
    }
    store.expect_sweep(before, 100, 0).await?;
    for (key, record) in &live {
        store.holds(key, record).await?;
    }
    // A key that was swept is free.
    store.create(&over[0].0, &draw.record()).await
}

/// Checks SWP-2: at rest, it removes at most `limit`, oldest deadline first, and says how many.
pub(crate) async fn swp_2_a_sweep_takes_the_oldest_first_up_to_its_limit<H: Harness>(case: &Case<H>) -> Check {
    let (draw, store, before) = (&case.draw, &case.store, case.base + 30 * MINUTE);
    // Not in the order of their deadlines, nor the reverse.
    let ages = [4, 9, 1, 7, 3, 10, 6, 2, 8, 5];
    let records = ages.map(|age| (draw.key(), draw.record_until(before - MINUTE - age * SECOND)));
    for (key, record) in &records {
        store.create(key, record).await?;
    }
    let mut oldest_first = records.to_vec();
    oldest_first.sort_by_key(|(_, record)| record.expires_at);
    let mut removed = 0;
    for (limit, expected) in [(1, 1), (3, 3), (4, 4), (4, 2), (4, 0)] {
        store.expect_sweep(before, limit, expected).await?;
        removed += expected as usize;
        for (key, _) in &oldest_first[..removed] {
            store.absent(key).await?;
        }
        for (key, record) in &oldest_first[removed..] {
            store.holds(key, record).await?;
        }
    }
    Ok(())
}

/// Checks SWP-3: repeated until 0, it drains what had expired, also while others write.
pub(crate) async fn swp_3_sweeps_drain_while_others_write<H: Harness>(case: &Case<H>) -> Check {
    const OVER: usize = 500;
    const LIVE: usize = 40;
    let (draw, before, handles) = (&case.draw, case.base + 30 * MINUTE, case.handles().await?);
    case.note(format!(
        "{OVER} records over, {LIVE} live; two tasks sweep until 0, four replace, touch, create, delete"
    ));
    let mut over = Vec::new();
    for at in 0..OVER as u32 {
        let (key, record) = (draw.key(), draw.record_until(before - (at % 50) * SECOND));
        handles[0].create(&key, &record).await?;
        over.push(key);
    }
    let draining = Arc::new(AtomicBool::new(true));
    let mut tasks = Vec::new();
    for number in 0..4 {
        let (handle, draw, draining) = (handles[number % 2].clone(), draw.clone(), Arc::clone(&draining));
        tasks.push(runner(async move {
            let mut live = Vec::new();
            for at in 0..LIVE / 4 {
                let (key, record) = (draw.key(), draw.record_until(before + MILLI + at as u32 * SECOND));
                handle.create(&key, &record).await?;
                live.push((key, record));
            }
            // Bounded, so that a store which never drains is reported by the sweepers.
            for turn in 0..50 * LIVE {
                if !draining.load(Ordering::Acquire) {
                    break;
                }
                let (key, record) = &mut live[turn % (LIVE / 4)];
                write(&handle, turn, key, record, draw.record_until(before + HOUR)).await?;
                yield_now().await;
            }
            for (key, record) in &live {
                handle.holds(key, record).await?;
            }
            Ok(0)
        }));
    }
    let sweeping = Arc::new(AtomicBool::new(true));
    for handle in handles.clone() {
        let (sweeping, draining) = (Arc::clone(&sweeping), Arc::clone(&draining));
        tasks.push(runner(async move {
            let removed = drain(&handle, before, OVER).await;
            // The last of the two lets the writers go.
            if removed.is_err() || !sweeping.swap(false, Ordering::AcqRel) {
                draining.store(false, Ordering::Release);
            }
            removed
        }));
    }
    let removed: u64 = race(tasks).await?.into_iter().sum();
    for key in &over {
        handles[0].absent(key).await?;
    }
    ensure(removed == OVER as u64, format!("the two sweepers count {OVER} in all"), || removed.to_string())
}

/// Sweeps until nothing is left.
async fn drain(handle: &Handle, before: session_core::Timestamp, most: usize) -> Check<u64> {
    // Little at a time, so that two sweepers meet often.
    const LIMIT: u64 = 5;
    let mut removed = 0;
    // Each sweep but the last removes at least one.
    for _ in 0..=most {
        match handle.sweep(before, LIMIT as usize).await? {
            0 => return Ok(removed),
            some if some > LIMIT => return broken(format!("at most {LIMIT}"), some.to_string()),
            some => removed += some,
        }
    }
    broken(format!("0 after at most {most} sweeps"), format!("{removed} said to be removed so far"))
}

/// Writes a live record in one of four ways.
async fn write(
    handle: &Handle,
    turn: usize,
    key: &mut session_core::SessionKey,
    record: &mut Record,
    next: Record,
) -> Check {
    match turn % 4 {
        0 => {
            handle.replace(key, record.version, &next).await?;
            *record = next;
        }
        1 => {
            let until = record.expires_at + MILLI;
            handle.expect_touch(key, record.version, record.last_seen_at, until, true).await?;
            record.expires_at = until;
        }
        2 => handle.holds(key, record).await?,
        _ => {
            handle.expect_delete(key, true).await?;
            handle.create(key, &next).await?;
            *record = next;
        }
    }
    Ok(())
}

/// Checks SWP-4: a record whose deadline was extended before the sweep reached it stays.
pub(crate) async fn swp_4_an_extended_record_stays<H: Harness>(case: &Case<H>) -> Check {
    let (draw, store, before) = (&case.draw, &case.store, case.base + 30 * MINUTE);
    let (touched, replaced) = (draw.key(), draw.key());
    let (first, second, longer) =
        (draw.record_until(before), draw.record_until(before), draw.record_until(before + HOUR));
    store.create(&touched, &first).await?;
    store.create(&replaced, &second).await?;
    let until = before + MILLI;
    store.expect_touch(&touched, first.version, first.last_seen_at, until, true).await?;
    store.replace(&replaced, second.version, &longer).await?;
    store.expect_sweep(before, 100, 0).await?;
    store.holds(&touched, &Record { expires_at: until, ..first }).await?;
    store.holds(&replaced, &longer).await?;
    store.expect_delete(&touched, true).await?;
    store.expect_delete(&replaced, true).await?;
    extended_while_swept(case).await
}

/// Races extensions with sweeps: an extension that was answered with yes is never swept.
async fn extended_while_swept<H: Harness>(case: &Case<H>) -> Check {
    const KEYS: usize = 8;
    let (before, handles) = (case.base + 30 * MINUTE, case.handles().await?);
    case.note(format!("{} times: {KEYS} records over are touched or replaced, and swept, at once", H::ROUNDS));
    for round in 0..H::ROUNDS {
        let mut records = Vec::new();
        for _ in 0..KEYS {
            let (key, record) = (case.draw.key(), case.draw.record_until(before));
            handles[0].create(&key, &record).await?;
            records.push((key, record));
        }
        let (handle, draw, extended) = (handles[round % 2].clone(), case.draw.clone(), records.clone());
        let extend = runner(async move {
            let mut stays = Vec::new();
            for (at, (key, record)) in extended.into_iter().enumerate() {
                let touch = (at + round) % 2 == 0;
                let next = if touch {
                    Record { expires_at: before + HOUR, ..record.clone() }
                } else {
                    draw.record_until(before + HOUR)
                };
                let done = if touch {
                    handle.touch(&key, record.version, record.last_seen_at, next.expires_at).await?
                } else {
                    handle.put(&key, &next, Put::Replace(record.version)).await? == session_core::PutOutcome::Stored
                };
                stays.push((key, done.then_some(next)));
            }
            Ok(stays)
        });
        let handle = handles[(round + 1) % 2].clone();
        let sweep = runner(async move {
            for _ in 0..3 {
                handle.sweep(before, KEYS / 2).await?;
            }
            Ok(Vec::new())
        });
        let stays = race(vec![extend, sweep]).await?.remove(0);
        for (key, expected) in stays {
            let came = handles[0].get(&key).await?;
            if came.as_deref() != expected.as_ref() {
                let why = if expected.is_some() { "extended: " } else { "refused, since it was swept: " };
                return broken(
                    format!("{why}{}", show::found(case.base, expected.as_ref())),
                    show::found(case.base, came.as_deref()),
                );
            }
            handles[0].delete(&key).await?;
        }
    }
    Ok(())
}
