//! SWP: what a sweep removes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_core::{Put, PutOutcome, Record, SessionKey, Timestamp};
use tokio::task::yield_now;

use crate::check::{Check, broken, ensure};
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::{Draw, HOUR, MILLI, MINUTE, SECOND};
use crate::tools::handle::Handle;
use crate::tools::race::{race, runner};

/// Checks SWP-1: at rest, `delete_expired` removes what expired at or before `before`, and nothing else.
pub(crate) async fn swp_1_a_sweep_removes_what_expired_and_nothing_else(case: &Case) -> Check {
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
    // As much as there is, without room being made for so many.
    store.expect_sweep(before, usize::MAX, over.len() as u64).await?;
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
pub(crate) async fn swp_2_a_sweep_takes_the_oldest_first_up_to_its_limit(case: &Case) -> Check {
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
pub(crate) async fn swp_3_sweeps_drain_while_others_write(case: &Case) -> Check {
    case.note(format!(
        "{OVER} records over, {LIVE} live; tasks 0 and 1 sweep until 0, tasks 2 to 5 replace, touch, create, delete"
    ));
    let (before, crowd) = (case.base + 30 * MINUTE, case.crowd().await?);
    for round in case.rounds_of(2) {
        let handle = case.store.quiet();
        let mut over = Vec::new();
        for at in 0..OVER as u32 {
            let (key, record) = (case.draw.key(), case.draw.record_until(before - (at % 50) * SECOND));
            handle.create(&key, &record).await?;
            over.push(key);
        }
        let draining = Arc::new(AtomicBool::new(true));
        let sweeping = Arc::new(AtomicBool::new(true));
        let mut tasks = Vec::new();
        for number in 0..2 {
            let (handle, sweeping, draining) = (crowd.task(number), Arc::clone(&sweeping), Arc::clone(&draining));
            tasks.push(runner(async move {
                let removed = drain(&handle, before).await;
                // The last of the two lets the writers go.
                if removed.is_err() || !sweeping.swap(false, Ordering::AcqRel) {
                    draining.store(false, Ordering::Release);
                }
                removed
            }));
        }
        for number in 2..6 {
            let (handle, draw, draining) = (crowd.task(number), case.draw.clone(), Arc::clone(&draining));
            tasks.push(runner(async move { write_while(&draining, &handle, &draw, before).await.map(|()| 0) }));
        }
        let removed = round.race(tasks).await?;
        for key in &over {
            handle.absent(key).await?;
        }
        let (one, other) = (removed[0], removed[1]);
        ensure(
            one + other == OVER as u64,
            format!("the delete_expired of two tasks count {OVER} in all, each record once"),
            || format!("{one} and {other}, which is {}", one + other),
        )?;
    }
    Ok(())
}

const OVER: usize = 253;
const LIVE: usize = 40;

/// Writes live records, and expects each as it was written.
async fn write_while(draining: &AtomicBool, handle: &Handle, draw: &Draw, before: Timestamp) -> Check {
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
        write(handle, turn, key, record, draw.record_until(before + HOUR)).await?;
        yield_now().await;
    }
    for (key, record) in &live {
        handle.holds(key, record).await?;
    }
    Ok(())
}

/// Sweeps until nothing is left.
async fn drain(handle: &Handle, before: Timestamp) -> Check<u64> {
    // Little at a time, so that two sweepers meet often.
    const LIMIT: u64 = 5;
    let mut removed = 0;
    // Each sweep but the last removes at least one.
    for _ in 0..=OVER {
        match handle.sweep(before, LIMIT as usize).await? {
            0 => return Ok(removed),
            some if some > LIMIT => return broken(format!("at most {LIMIT}"), some.to_string()),
            some => removed += some,
        }
    }
    broken(format!("0 after at most {OVER} sweeps"), format!("{removed} said to be removed so far"))
}

/// Writes a live record in one of four ways.
async fn write(handle: &Handle, turn: usize, key: &mut SessionKey, record: &mut Record, next: Record) -> Check {
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
pub(crate) async fn swp_4_an_extended_record_stays(case: &Case) -> Check {
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
async fn extended_while_swept(case: &Case) -> Check {
    const KEYS: usize = 8;
    let (before, crowd) = (case.base + 30 * MINUTE, case.crowd().await?);
    case.note(format!("over and over: one task touches or replaces {KEYS} records that are over, another sweeps"));
    for round in case.rounds() {
        let alone = &crowd.each()[0];
        let mut records = Vec::new();
        for _ in 0..KEYS {
            let (key, record) = (case.draw.key(), case.draw.record_until(before));
            alone.create(&key, &record).await?;
            records.push((key, record));
        }
        let turn = round.number / 2;
        let (extending, sweeping) = (crowd.task(turn), crowd.task(turn + 1));
        let extend = extend(extending, case.draw.clone(), before, turn, records);
        let sweep = runner(async move {
            for _ in 0..3 {
                sweeping.sweep(before, KEYS / 2).await?;
            }
            Ok(Vec::new())
        });
        let stays = round.race(vec![runner(extend), sweep]).await?.remove(0);
        for (key, expected) in stays {
            let came = alone.get(&key).await?;
            if came.as_deref() != expected.as_ref() {
                let why = if expected.is_some() { "extended: " } else { "refused, since it was swept: " };
                return broken(
                    format!("{}, {why}{}", show::key(&key), show::found(case.base, expected.as_ref())),
                    show::found(case.base, came.as_deref()),
                );
            }
            alone.delete(&key).await?;
        }
    }
    Ok(())
}

/// Extends one record after the other, and gives what has to stand under each key then.
async fn extend(
    handle: Handle,
    draw: Draw,
    before: Timestamp,
    turn: usize,
    records: Vec<(SessionKey, Record)>,
) -> Check<Vec<(SessionKey, Option<Record>)>> {
    let mut stays = Vec::new();
    for (at, (key, record)) in records.into_iter().enumerate() {
        let (done, next) = if (at + turn).is_multiple_of(2) {
            let next = Record { expires_at: before + HOUR, ..record.clone() };
            (handle.touch(&key, record.version, record.last_seen_at, next.expires_at).await?, next)
        } else {
            let next = draw.record_until(before + HOUR);
            (handle.put(&key, &next, Put::Replace(record.version)).await? == PutOutcome::Stored, next)
        };
        stays.push((key, done.then_some(next)));
    }
    Ok(stays)
}

/// Checks SWP-6: at rest, fewer than `limit` means that none is left, however many there are, and at however few
/// deadlines.
///
/// Whoever sweeps goes to sleep then.
pub(crate) async fn swp_6_fewer_than_the_limit_means_that_none_is_left(case: &Case) -> Check {
    const TASKS: usize = 10;
    const EACH: usize = 111;
    const RECORDS: usize = TASKS * EACH;
    const LEFT: usize = 17;
    let (store, before) = (&case.store, case.base + 30 * MINUTE);
    case.note(format!("{RECORDS} records at {TASKS} deadlines are created by as many tasks"));
    let create = |number: usize| {
        let (handle, draw) = (store.quiet(), case.draw.clone());
        runner(async move {
            for _ in 0..EACH {
                handle.create(&draw.key(), &draw.record_until(before - number as u32 * SECOND)).await?;
            }
            Ok(())
        })
    };
    race((0..TASKS).map(create).collect()).await?;
    let (key, live) = (case.draw.key(), case.draw.record_until(before + MILLI));
    store.create(&key, &live).await?;
    // More than a store may think fit for one statement, or find at one deadline.
    store.expect_sweep(before, RECORDS - LEFT, (RECORDS - LEFT) as u64).await?;
    store.expect_sweep(before, RECORDS, LEFT as u64).await?;
    store.expect_sweep(before, RECORDS, 0).await?;
    store.holds(&key, &live).await
}
