//! TCH: what `touch` moves.

use session_core::{Put, PutOutcome, Reclaim, Record, Timestamp, Version};

use crate::check::{Check, broken, ensure};
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::{HOUR, MILLI, MINUTE, SECOND, ZERO};
use crate::tools::race::runner;

/// Checks TCH-1: `touch` moves `last_seen_at` and `expires_at`, without native expiry up to the year 9999, and leaves
/// payload, owner and version alone.
pub(crate) async fn tch_1_touch_moves_two_timestamps_alone(case: &Case) -> Check {
    let (store, key) = (&case.store, case.draw.key());
    let mut stands = case.draw.record();
    store.create(&key, &stands).await?;
    // By much, by a millisecond, and each alone.
    for (seen_by, until_by) in [(MINUTE, HOUR), (MILLI, MILLI), (SECOND, ZERO), (ZERO, SECOND)] {
        let (seen, until) = (stands.last_seen_at + seen_by, stands.expires_at + until_by);
        store.expect_touch(&key, stands.version, seen, until, true).await?;
        stands = Record { last_seen_at: seen, expires_at: until, ..stands };
        store.holds(&key, &stands).await?;
    }
    if let Some(owner) = &stands.owner {
        store.lists_if_indexed(owner, &[key]).await?;
    }
    // The version still names the record, and the deadline that counts is the new one.
    let next = Record { last_seen_at: stands.expires_at - MILLI, ..case.draw.record_until(stands.expires_at + HOUR) };
    store.replace(&key, stands.version, &next).await?;
    store.holds(&key, &next).await?;
    if store.limits().reclaim == Reclaim::BySweep { touched_far_ahead(case).await } else { Ok(()) }
}

/// Moves both times to the end of all time. In nanoseconds 64 bits end in 2262.
async fn touched_far_ahead(case: &Case) -> Check {
    let (store, key) = (&case.store, case.draw.key());
    // 0 is a version like any other.
    let mut stands = Record { version: Version::from_u64(0), ..case.draw.record() };
    store.create(&key, &stands).await?;
    for (seen, until) in [
        (case.base + MINUTE, Timestamp::MAX - SECOND),
        (Timestamp::MAX - MINUTE, Timestamp::MAX - MILLI),
        (Timestamp::MAX - 2 * MILLI, Timestamp::MAX),
    ] {
        store.expect_touch(&key, stands.version, seen, until, true).await?;
        stands = Record { last_seen_at: seen, expires_at: until, ..stands };
        store.holds(&key, &stands).await?;
    }
    Ok(())
}

/// Checks TCH-2: `touch` never moves either timestamp back.
pub(crate) async fn tch_2_touch_moves_nothing_back(case: &Case) -> Check {
    let (store, key) = (&case.store, case.draw.key());
    let mut stands = case.draw.record();
    store.create(&key, &stands).await?;
    let (back, on) = (|time| time - SECOND, |time| time + SECOND);
    // Also where nothing moves it is the live record of that version, so the answer is true.
    for _ in 0..2 {
        store.expect_touch(&key, stands.version, back(stands.last_seen_at), back(stands.expires_at), true).await?;
        store.holds(&key, &stands).await?;
        store.expect_touch(&key, stands.version, stands.last_seen_at, stands.expires_at, true).await?;
        store.holds(&key, &stands).await?;
        store.expect_touch(&key, stands.version, back(stands.last_seen_at), on(stands.expires_at), true).await?;
        stands.expires_at = on(stands.expires_at);
        store.holds(&key, &stands).await?;
        store.expect_touch(&key, stands.version, on(stands.last_seen_at), back(stands.expires_at), true).await?;
        stands.last_seen_at = on(stands.last_seen_at);
        store.holds(&key, &stands).await?;
    }
    Ok(())
}

/// Checks TCH-3: `touch` of an absent key, of another version, or later than the stored deadline is
/// `false` and changes nothing.
pub(crate) async fn tch_3_touch_of_what_is_not_live_is_false(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let (key, absent, deleted) = (draw.key(), draw.key(), draw.key());
    let (first, second) = (draw.record(), draw.record());
    let (seen, until) = (case.base + MINUTE, case.base + 3 * HOUR);
    store.expect_touch(&absent, first.version, seen, until, false).await?;
    store.absent(&absent).await?;
    store.create(&deleted, &first).await?;
    store.expect_delete(&deleted, true).await?;
    store.expect_touch(&deleted, first.version, seen, until, false).await?;
    store.absent(&deleted).await?;
    store.create(&key, &first).await?;
    store.replace(&key, first.version, &second).await?;
    for version in [first.version, draw.record().version] {
        store.expect_touch(&key, version, seen, until, false).await?;
        store.holds(&key, &second).await?;
    }
    for late_by in [ZERO, MILLI, HOUR] {
        let (key, record) = (draw.key(), draw.record());
        store.create(&key, &record).await?;
        let (seen, until) = (record.expires_at + late_by, record.expires_at + 2 * HOUR);
        store.expect_touch(&key, record.version, seen, until, false).await?;
        store.whole_or_absent(&key, &record).await?;
    }
    // The last moment is still in time.
    let seen = second.expires_at - MILLI;
    store.expect_touch(&key, second.version, seen, until, true).await?;
    store.holds(&key, &Record { last_seen_at: seen, expires_at: until, ..second }).await
}

/// Checks TCH-4: after a `touch` concurrent with a `Replace`, payload, version and deadline are the
/// `Replace`'s.
pub(crate) async fn tch_4_a_replace_beats_a_concurrent_touch(case: &Case) -> Check {
    let crowd = case.crowd().await?;
    case.note("over and over: a replace that moves the deadline back, and three tasks that touch it on, at once");
    for round in case.rounds() {
        let (key, old) = (case.draw.key(), case.draw.record());
        let new = case.draw.record_until(case.base + 30 * MINUTE);
        crowd.each()[0].create(&key, &old).await?;
        let mut tasks = Vec::new();
        for number in 0..3 {
            let (handle, version) = (crowd.task(round.number / 2 + number), old.version);
            let (seen, until) = (case.base + MINUTE, case.base + (2 + number as u32) * HOUR);
            tasks.push(runner(async move {
                for _ in 0..3 {
                    handle.touch(&key, version, seen, until).await?;
                }
                Ok(None)
            }));
        }
        let (handle, version, record) = (crowd.task(round.number / 2 + 3), old.version, new.clone());
        let replace = runner(async move { handle.put(&key, &record, Put::Replace(version)).await.map(Some) });
        tasks.insert(round.number % 4, replace);
        let outcome = round.race(tasks).await?.into_iter().flatten().next();
        ensure(outcome == Some(PutOutcome::Stored), "Stored: a touch takes no version", || format!("{outcome:?}"))?;
        for handle in crowd.each() {
            let came = handle.get(&key).await?;
            if came.as_deref() != Some(&new) {
                return broken(
                    format!("the replace's {}", show::record(case.base, &new)),
                    format!(
                        "{}, where {} was before",
                        show::found(case.base, came.as_deref()),
                        show::record(case.base, &old)
                    ),
                );
            }
        }
    }
    Ok(())
}

/// Checks TCH-6: a `touch` that was answered with `true` stands, also where the record was over by the store's own clock
/// and others read it meanwhile.
///
/// A store whose backend reclaims by itself may drop what is over as it comes upon it; but not what a touch has made
/// live again in between.
pub(crate) async fn tch_6_no_reader_undoes_a_touch(case: &Case) -> Check {
    const KEYS: usize = 4;
    let crowd = case.crowd().await?;
    case.note(format!("over and over: one task touches {KEYS} records that are over by now, and two read them"));
    for round in case.rounds_of(case.least_rounds.div_ceil(2)) {
        // The base time is an hour ahead, so this is half an hour ago.
        let (over, until, owner) = (case.base - 90 * MINUTE, case.base + HOUR, case.draw.owner());
        let record = |_| {
            let record = Record { last_seen_at: over - MINUTE, expires_at: over, ..case.draw.record_of(&owner) };
            (case.draw.key(), record)
        };
        let records: Vec<_> = (0..KEYS).map(record).collect();
        let (alone, turn) = (&crowd.each()[0], round.number / 2);
        for (key, record) in &records {
            alone.create(key, record).await?;
        }
        let (handle, touched) = (crowd.task(turn), records.clone());
        let mut tasks = vec![runner(async move {
            let mut answers = Vec::new();
            for (key, record) in &touched {
                answers.push(handle.touch(key, record.version, over - SECOND, until).await?);
            }
            Ok(answers)
        })];
        for reader in 1..3 {
            let (handle, owner) = (crowd.task(turn + reader), owner.clone());
            let keys: Vec<_> = records.iter().map(|(key, _)| *key).collect();
            tasks.push(runner(async move {
                if reader == 2 && handle.raw().owners().is_some() {
                    handle.list(&owner, KEYS).await?;
                }
                for key in &keys {
                    handle.get(key).await?;
                }
                Ok(Vec::new())
            }));
        }
        let answers = round.race(tasks).await?.swap_remove(0);
        for ((key, record), touched) in records.iter().zip(answers) {
            let moved = Record { last_seen_at: over - SECOND, expires_at: until, ..record.clone() };
            if touched {
                alone.holds(key, &moved).await?;
            } else {
                alone.whole_or_absent(key, record).await?;
            }
        }
        for (key, _) in &records {
            alone.delete(key).await?;
        }
    }
    Ok(())
}
