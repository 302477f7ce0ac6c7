//! FLT: what goes wrong.

use session_core::{Put, PutOutcome, Record, StoreError};

use crate::check::{Check, broken, ensure, with_causes};
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::MINUTE;
use crate::tools::race::{race, race_once, runner};

/// Checks FLT-1: corrupt stored data (where it can be planted) is `Corrupt`, never a panic, and can still
/// be deleted.
pub(crate) async fn flt_1_corrupt_data_is_an_error_and_can_be_deleted(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let (key, record, neighbour) = (draw.key(), draw.record(), draw.key());
    let next = draw.record();
    store.create(&neighbour, &next).await?;
    store.create(&key, &record).await?;
    case.damage(&key).await?;
    for _ in 0..2 {
        let shown = |it: &Option<_>| if it.is_some() { "a record".to_owned() } else { "None".to_owned() };
        match store.attempt(|| format!("get {}", show::key(&key)), store.raw().get(&key), shown).await {
            Err(StoreError::Corrupt { .. }) => {}
            Err(error) => return broken("Corrupt", with_causes(&error)),
            Ok(found) => return broken("Corrupt", show::found(case.base, found.as_deref())),
        }
    }
    // Whether a write can be compared with what is there depends on what is damaged: it may say so or
    // answer, but neither stores over it nor panics.
    for (record, put) in [(draw.record(), Put::Replace(draw.record().version)), (draw.record(), Put::Create)] {
        match store.try_put(&key, &record, put).await {
            Err(StoreError::Corrupt { .. }) => {}
            Err(error) => return broken("Corrupt, or an outcome", with_causes(&error)),
            Ok(PutOutcome::Stored) => return broken("Corrupt, or that it was not stored", "Stored"),
            Ok(_) => {}
        }
    }
    let touch = store.raw().touch(&key, record.version, record.last_seen_at + MINUTE, record.expires_at + MINUTE);
    match store.attempt(|| format!("touch {}", show::key(&key)), touch, bool::to_string).await {
        Ok(_) | Err(StoreError::Corrupt { .. }) => {}
        Err(error) => return broken("Corrupt, or an answer", with_causes(&error)),
    }
    store.holds(&neighbour, &next).await?;
    if store.raw().scan().is_some() {
        let found = store.scan(10).await?;
        ensure(found.iter().any(|(it, _)| *it == neighbour), "a scan that gives the others", || {
            format!("{} records without {neighbour:?}", found.len())
        })?;
    }
    store.expect_delete(&key, true).await?;
    store.absent(&key).await?;
    store.create(&key, &record).await?;
    store.holds(&key, &record).await
}

/// Checks FLT-3: `init` twice, and from many tasks at once, is fine.
pub(crate) async fn flt_3_init_can_run_again_and_at_once(case: &Case) -> Check {
    const TASKS: usize = 8;
    let crowd = case.raw_crowd().await?;
    let init = |number: usize| {
        let handle = crowd.task(number);
        runner(async move { handle.init().await })
    };
    case.note(format!("init from {TASKS} tasks at once, through two handles"));
    race_once((0..TASKS).map(init).collect(), case.draw.number()).await?;
    let (key, record) = (case.draw.key(), case.draw.record());
    case.store.create(&key, &record).await?;
    case.store.init().await?;
    case.store.init().await?;
    // What is there stays there.
    case.store.holds(&key, &record).await?;
    case.note(format!("init from {TASKS} tasks at once, through two handles"));
    race((0..TASKS).map(init).collect()).await?;
    case.store.holds(&key, &record).await
}

/// Checks FLT-4: a corrupt record stops no sweep, and deleted it leaves nothing that the next under its key could
/// meet.
///
/// A store that cannot read a record does not know its owner and deadline either, which its indexes go by.
pub(crate) async fn flt_4_corrupt_data_stops_no_sweep_and_leaves_nothing(case: &Case) -> Check {
    let (draw, store, before) = (&case.draw, &case.store, case.base + 30 * MINUTE);
    let (owner, next_owner, key) = (draw.owner(), draw.owner(), draw.key());
    let due = |age: u32| Record { expires_at: before - age * MINUTE, ..draw.record_of(&owner) };
    store.create(&key, &due(1)).await?;
    case.damage(&key).await?;
    store.expect_delete(&key, true).await?;
    let next = draw.record_of(&next_owner);
    store.create(&key, &next).await?;
    store.lists_if_indexed(&owner, &[]).await?;
    store.lists_if_indexed(&next_owner, &[key]).await?;
    if store.raw().sweep().is_none() {
        return store.holds(&key, &next).await;
    }
    store.expect_sweep(before, 10, 0).await?;
    // One at a time, so that what cannot be read stands in the way of what comes after it.
    let (damaged, over) = (draw.key(), [draw.key(), draw.key()]);
    for (key, age) in [(damaged, 3), (over[0], 2), (over[1], 1)] {
        store.create(&key, &due(age)).await?;
    }
    case.damage(&damaged).await?;
    for _ in 0..=over.len() {
        store.sweep(before, 1).await?;
    }
    for key in &over {
        store.absent(key).await?;
    }
    store.holds(&key, &next).await
}

/// Checks FLT-5: `touch`, `Replace` and `End` of corrupt data are `Corrupt`, and change nothing.
pub(crate) async fn flt_5_writes_to_corrupt_data_are_corrupt(case: &Case) -> Check {
    // A harness may damage each key in another way.
    const KEYS: usize = 8;
    let (draw, store) = (&case.draw, &case.store);
    for _ in 0..KEYS {
        let (key, record, next) = (draw.key(), draw.record(), draw.record());
        store.create(&key, &record).await?;
        case.damage(&key).await?;
        for version in [record.version, draw.record().version] {
            for put in [Put::Replace(version), Put::End(version)] {
                let came = store.try_put(&key, &next, put).await.map(|outcome| show::outcome(case.base, &outcome));
                is_corrupt(came)?;
            }
            let (seen, until) = (record.last_seen_at + MINUTE, record.expires_at + MINUTE);
            let touch = store.raw().touch(&key, version, seen, until);
            let came = store.attempt(|| format!("touch {} {version:?}", show::key(&key)), touch, bool::to_string).await;
            is_corrupt(came.map(|done| done.to_string()))?;
        }
        let came =
            store.attempt(|| format!("get {}", show::key(&key)), store.raw().get(&key), |it| format!("{it:?}")).await;
        is_corrupt(came.map(|found| show::found(case.base, found.as_deref())))?;
        if let Some(owner) = &next.owner {
            store.lists_if_indexed(owner, &[]).await?;
        }
        store.expect_delete(&key, true).await?;
        store.absent(&key).await?;
    }
    Ok(())
}

fn is_corrupt(came: Result<String, StoreError>) -> Check {
    match came {
        Err(StoreError::Corrupt { .. }) => Ok(()),
        Err(error) => broken("Corrupt", with_causes(&error)),
        Ok(answer) => broken("Corrupt", answer),
    }
}
