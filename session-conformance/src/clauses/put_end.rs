//! PUT: the end of a session, which is a `Replace`.

use session_core::{Put, PutOutcome, Record, StoreError};

use crate::check::{Check, broken, with_causes};
use crate::clauses::put_race::one_of_many_replaces;
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::{HOUR, MILLI, MINUTE};

/// Checks PUT-14: `End` is a `Replace` in each outcome.
pub(crate) async fn put_14_end_is_a_replace(case: &Case) -> Check {
    let (draw, store, key) = (&case.draw, &case.store, case.draw.key());
    let (a, b) = (draw.owner(), draw.owner());
    let first = draw.record_of(&a);
    // As the core writes it: nobody's, and soon over.
    let ended = Record { owner: None, ..draw.record_until(case.base + 30 * MINUTE) };
    let stale = draw.record().version;
    for version in [stale, first.version, ended.version] {
        store.expect_put(&key, &ended, Put::End(version), PutOutcome::Gone).await?;
        store.absent(&key).await?;
    }
    store.create(&key, &first).await?;
    let conflict = PutOutcome::Conflict(first.clone().into());
    store.expect_put(&key, &ended, Put::End(stale), conflict).await?;
    store.holds(&key, &first).await?;
    store.lists_if_indexed(&a, &[key]).await?;
    store.expect_put(&key, &ended, Put::End(first.version), PutOutcome::Stored).await?;
    store.holds(&key, &ended).await?;
    store.lists_if_indexed(&a, &[]).await?;
    // Sent again it is the same write, by whichever name.
    for again in [Put::End(first.version), Put::Replace(first.version), Put::Create] {
        store.expect_put(&key, &ended, again, PutOutcome::Stored).await?;
        store.holds(&key, &ended).await?;
    }
    let late = draw.record_of(&a);
    for put in [Put::Replace(first.version), Put::End(first.version)] {
        let conflict = PutOutcome::Conflict(ended.clone().into());
        store.expect_put(&key, &late, put, conflict).await?;
        store.holds(&key, &ended).await?;
    }
    // What was ended stands like any other: it can be touched, and be replaced by what is somebody's.
    let (seen, until) = (ended.last_seen_at + MILLI, ended.expires_at + MILLI);
    store.expect_touch(&key, ended.version, seen, until, true).await?;
    let next = draw.record_of(&b);
    store.expect_put(&key, &next, Put::End(ended.version), PutOutcome::Stored).await?;
    store.holds(&key, &next).await?;
    store.lists_if_indexed(&b, &[key]).await?;
    let late = Record { last_seen_at: next.expires_at, ..draw.record_until(next.expires_at + HOUR) };
    for version in [next.version, stale] {
        store.expect_put(&key, &late, Put::End(version), PutOutcome::Gone).await?;
        store.whole_or_absent(&key, &next).await?;
    }
    too_large_an_end(case).await?;
    store.delete(&key).await?;
    store.expect_put(&key, &ended, Put::End(next.version), PutOutcome::Gone).await?;
    store.absent(&key).await?;
    case.note("over and over: three tasks end one version and three replace it, at once, through two handles");
    one_of_many_replaces(case, |task, version| if task < 3 { Put::End(version) } else { Put::Replace(version) }).await
}

async fn too_large_an_end(case: &Case) -> Check {
    let (draw, store, max) = (&case.draw, &case.store, case.store.limits().max_payload);
    if max >= 1 << 26 {
        return Ok(());
    }
    let (key, stands) = (draw.key(), Record { payload: vec![1; 9.min(max)].into(), ..draw.record() });
    store.create(&key, &stands).await?;
    let too_large = Record { payload: vec![0; max + 1].into(), ..draw.record() };
    match store.try_put(&key, &too_large, Put::End(stands.version)).await {
        Err(StoreError::TooLarge { limit, .. }) if limit == max => store.holds(&key, &stands).await,
        Err(error) => broken(format!("TooLarge {{ limit: {max} }}"), with_causes(&error)),
        Ok(outcome) => broken(format!("TooLarge {{ limit: {max} }}"), show::outcome(case.base, &outcome)),
    }
}
