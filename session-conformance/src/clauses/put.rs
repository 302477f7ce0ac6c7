//! PUT, one task at a time.

use session_core::{Bytes, Owner, Put, PutOutcome, Reclaim, Record, StoreError, Timestamp, Version};

use crate::check::{Check, broken, ensure, with_causes};
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::{DAY, HOUR, MILLI, MINUTE, SECOND, ZERO};

/// Checks PUT-1: `Create` on a free key stores.
pub(crate) async fn put_1_create_stores_on_a_free_key(case: &Case) -> Check {
    let (key, first, second) = (case.draw.key(), case.draw.record(), case.draw.record());
    case.store.create(&key, &first).await?;
    case.store.holds(&key, &first).await?;
    // A key is free again after a delete.
    case.store.expect_delete(&key, true).await?;
    case.store.create(&key, &second).await?;
    case.store.holds(&key, &second).await
}

/// Checks PUT-2: `Create` on a taken key is `Exists` and leaves the record as it was.
pub(crate) async fn put_2_create_on_a_taken_key_is_exists(case: &Case) -> Check {
    let (key, first, second) = (case.draw.key(), case.draw.record(), case.draw.record());
    case.store.create(&key, &first).await?;
    // All alike but the version is still another write.
    let twin = Record { version: case.draw.record().version, ..first.clone() };
    for refused in [&twin, &second] {
        case.store.expect_put(&key, refused, Put::Create, PutOutcome::Exists).await?;
        case.store.holds(&key, &first).await?;
    }
    if let (Some(owner), Some(other)) = (&first.owner, &second.owner) {
        case.store.lists_if_indexed(owner, &[key]).await?;
        case.store.lists_if_indexed(other, &[]).await?;
    }
    Ok(())
}

/// Checks PUT-3: a `put` sent again with the version that is stored is `Stored` and changes nothing.
pub(crate) async fn put_3_a_put_sent_again_changes_nothing(case: &Case) -> Check {
    let (store, key) = (&case.store, case.draw.key());
    let (first, second, third) = (case.draw.record(), case.draw.record(), case.draw.record());
    store.create(&key, &first).await?;
    store.create(&key, &first).await?;
    store.holds(&key, &first).await?;
    // What a touch has moved meanwhile stays moved.
    let (seen, until) = (first.last_seen_at + SECOND, first.expires_at + SECOND);
    store.expect_touch(&key, first.version, seen, until, true).await?;
    store.create(&key, &first).await?;
    store.holds(&key, &Record { last_seen_at: seen, expires_at: until, ..first.clone() }).await?;
    store.replace(&key, first.version, &second).await?;
    store.replace(&key, first.version, &second).await?;
    store.holds(&key, &second).await?;
    // The version alone says which write it is.
    let altered = Record { version: second.version, ..case.draw.record() };
    store.replace(&key, first.version, &altered).await?;
    store.create(&key, &altered).await?;
    store.holds(&key, &second).await?;
    // A write that has been replaced is no longer the one that is stored.
    store.replace(&key, second.version, &third).await?;
    let conflict = PutOutcome::Conflict(third.clone().into());
    store.expect_put(&key, &second, Put::Replace(first.version), conflict).await?;
    store.expect_put(&key, &first, Put::Create, PutOutcome::Exists).await?;
    store.holds(&key, &third).await
}

/// Checks PUT-4: `Replace` of a stale version is `Conflict` with the record that stands (never the
/// version given), which stays as it was.
pub(crate) async fn put_4_replacing_a_stale_version_is_a_conflict(case: &Case) -> Check {
    let (store, key) = (&case.store, case.draw.key());
    let (first, second) = (case.draw.record(), case.draw.record());
    store.create(&key, &first).await?;
    store.replace(&key, first.version, &second).await?;
    let number = second.version.as_u64();
    // Stale, never seen, near to the one that stands, and 0, which means nothing else.
    let wrong = [first.version, case.draw.record().version]
        .into_iter()
        .chain([number ^ 1, number ^ (1 << 63), number ^ (1 << 32), 0].map(Version::from_u64));
    for version in wrong {
        let late = case.draw.record();
        let conflict = PutOutcome::Conflict(second.clone().into());
        store.expect_put(&key, &late, Put::Replace(version), conflict).await?;
        store.holds(&key, &second).await?;
        if let (Some(owner), Some(other)) = (&second.owner, &late.owner) {
            store.lists_if_indexed(owner, &[key]).await?;
            store.lists_if_indexed(other, &[]).await?;
        }
    }
    Ok(())
}

/// Checks PUT-5: `Replace` after `delete` is `Gone`, and the key stays absent: no resurrection.
pub(crate) async fn put_5_replace_after_delete_is_gone(case: &Case) -> Check {
    let (store, key) = (&case.store, case.draw.key());
    let (first, second, third) = (case.draw.record(), case.draw.record(), case.draw.record());
    store.create(&key, &first).await?;
    store.replace(&key, first.version, &second).await?;
    store.expect_delete(&key, true).await?;
    // Of the version deleted, of an older one, and the very write that was deleted sent again.
    for (version, record) in [(second.version, &third), (first.version, &third), (first.version, &second)] {
        store.expect_put(&key, record, Put::Replace(version), PutOutcome::Gone).await?;
        store.absent(&key).await?;
    }
    for owner in [&first, &second, &third].into_iter().filter_map(|record| record.owner.as_ref()) {
        store.lists_if_indexed(owner, &[]).await?;
    }
    Ok(())
}

/// Checks PUT-6: `Replace` of a key that never was is `Gone`.
pub(crate) async fn put_6_replace_of_a_key_that_never_was_is_gone(case: &Case) -> Check {
    let (key, record) = (case.draw.key(), case.draw.record());
    for version in [case.draw.record().version, record.version, Version::from_u64(0)] {
        case.store.expect_put(&key, &record, Put::Replace(version), PutOutcome::Gone).await?;
        case.store.absent(&key).await?;
    }
    Ok(())
}

/// Checks PUT-7: `Replace` may change payload, owner and deadline (earlier, too), and the owner index
/// follows.
pub(crate) async fn put_7_replace_changes_every_field(case: &Case) -> Check {
    let (draw, store, key) = (&case.draw, &case.store, case.draw.key());
    let (a, b) = (draw.owner(), draw.owner());
    let mut stands = draw.record_of(&a);
    store.create(&key, &stands).await?;
    let earlier = case.base + MINUTE;
    let steps = [
        Record { payload: Bytes::from(vec![7; 5_000]), ..draw.record_of(&a) },
        Record { payload: Bytes::new(), ..draw.record_of(&b) },
        Record { owner: None, ..draw.record_until(case.base + 2 * HOUR) },
        Record { created_at: case.base - MINUTE, owner: Some(b.clone()), ..draw.record_until(earlier) },
        // Unlike a touch it may move both back.
        Record { last_seen_at: case.base - HOUR, owner: Some(a.clone()), ..draw.record_until(earlier - MILLI) },
    ];
    for next in steps {
        store.replace(&key, stands.version, &next).await?;
        store.holds(&key, &next).await?;
        for owner in [&a, &b] {
            let expected: &[_] = if next.owner.as_ref() == Some(owner) { &[key] } else { &[] };
            store.lists_if_indexed(owner, expected).await?;
        }
        stands = next;
    }
    // The deadline that counts is the one moved earlier.
    let late = Record { last_seen_at: stands.expires_at, ..draw.record() };
    store.expect_put(&key, &late, Put::Replace(stands.version), PutOutcome::Gone).await
}

/// Checks PUT-11: a payload over the store's limit is `TooLarge { limit }`; nothing is truncated, also where no limit is
/// declared, and nothing changes.
pub(crate) async fn put_11_a_payload_over_the_limit_is_refused(case: &Case) -> Check {
    const MOST: usize = 1 << 30;
    let (store, max) = (&case.store, case.store.limits().max_payload);
    if max >= MOST {
        return what_has_no_limit_is_kept(case).await;
    }
    // Zeros, which the operating system hands out without filling memory with them.
    let too_large = Record { payload: vec![0; max + 1].into(), ..case.draw.record() };
    let (key, taken, stands) = (case.draw.key(), case.draw.key(), case.draw.record());
    let stands = Record { payload: stands.payload.slice(..stands.payload.len().min(max)), ..stands };
    store.create(&taken, &stands).await?;
    for (key, put) in [(key, Put::Create), (taken, Put::Replace(stands.version))] {
        match store.try_put(&key, &too_large, put).await {
            Err(StoreError::TooLarge { limit, .. }) if limit == max => {}
            Err(error) => return broken(format!("TooLarge {{ limit: {max} }}"), with_causes(&error)),
            Ok(outcome) => return broken(format!("TooLarge {{ limit: {max} }}"), show::outcome(case.base, &outcome)),
        }
    }
    store.absent(&key).await?;
    store.holds(&taken, &stands).await?;
    if let Some(owner) = &too_large.owner {
        store.lists_if_indexed(owner, &[]).await?;
    }
    // The limit itself is no byte too many.
    let just_fits = Record { payload: too_large.payload.slice(1..), ..case.draw.record() };
    store.create(&key, &just_fits).await?;
    let came = store.get(&key).await?;
    ensure(came.as_deref() == Some(&just_fits), format!("all {max} bytes"), || show::found(case.base, came.as_deref()))
}

/// Stores more than columns, packets and chunks are often made for: the limit that is not declared.
async fn what_has_no_limit_is_kept(case: &Case) -> Check {
    // More than 16 MiB, where MySQL's medium blobs end.
    const LARGE: usize = 17 << 20;
    let (key, first, store) = (case.draw.key(), case.draw.record(), &case.store);
    let payload: Bytes = first.payload.iter().copied().cycle().take(LARGE).collect::<Vec<_>>().into();
    let large = |record: Record| Record { payload: payload.clone(), ..record };
    let first = large(first);
    store.create(&key, &first).await?;
    store.holds(&key, &first).await?;
    let next = large(case.draw.record());
    store.replace(&key, first.version, &next).await?;
    store.holds(&key, &next).await
}

/// Checks PUT-12: a `Replace` later than the stored deadline is `Gone`.
pub(crate) async fn put_12_replace_past_the_deadline_is_gone(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    for late_by in [ZERO, MILLI, HOUR] {
        let (key, stands) = (draw.key(), draw.record());
        store.create(&key, &stands).await?;
        let last_moment = Record { last_seen_at: stands.expires_at - MILLI, ..draw.record_until(stands.expires_at) };
        store.replace(&key, stands.version, &last_moment).await?;
        store.holds(&key, &last_moment).await?;
        let late = Record {
            last_seen_at: last_moment.expires_at + late_by,
            ..draw.record_until(last_moment.expires_at + 2 * HOUR)
        };
        // Over is over, whatever version it asks for.
        for version in [last_moment.version, stands.version] {
            store.expect_put(&key, &late, Put::Replace(version), PutOutcome::Gone).await?;
            store.whole_or_absent(&key, &last_moment).await?;
        }
    }
    Ok(())
}

/// Checks PUT-13: after `delete` and a new `Create`, a `Replace` of a version from before the `delete`
/// does not store.
pub(crate) async fn put_13_a_version_from_before_a_delete_is_dead(case: &Case) -> Check {
    let (draw, store, key) = (&case.draw, &case.store, case.draw.key());
    let (first, second, reborn, late) = (draw.record(), draw.record(), draw.record(), draw.record());
    store.create(&key, &first).await?;
    store.replace(&key, first.version, &second).await?;
    store.expect_delete(&key, true).await?;
    store.create(&key, &reborn).await?;
    for (version, record) in [(first.version, &late), (second.version, &late), (first.version, &second)] {
        let conflict = PutOutcome::Conflict(reborn.clone().into());
        store.expect_put(&key, record, Put::Replace(version), conflict).await?;
        store.holds(&key, &reborn).await?;
    }
    let index: [(&Option<Owner>, &[_]); 2] = [(&reborn.owner, &[key]), (&late.owner, &[])];
    for (owner, expected) in index {
        if let Some(owner) = owner {
            store.lists_if_indexed(owner, expected).await?;
        }
    }
    Ok(())
}

/// Checks PUT-15: `Create` on a key whose record is past its deadline, and still there, is `Exists`.
pub(crate) async fn put_15_what_is_over_still_takes_its_key(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    // Past by the time that the write brings along; and, where only a sweep removes it, by every clock.
    let mut deadlines = vec![case.base + MILLI, case.base + MINUTE];
    if store.limits().reclaim == Reclaim::BySweep {
        deadlines.extend([case.base - DAY, Timestamp::MIN + MILLI]);
    }
    for over in deadlines {
        let key = draw.key();
        let stands = Record { last_seen_at: over - MILLI, ..draw.record_until(over) };
        store.create(&key, &stands).await?;
        let late = Record { last_seen_at: case.base + HOUR, ..draw.record_until(case.base + 2 * HOUR) };
        store.expect_put(&key, &late, Put::Create, PutOutcome::Exists).await?;
        store.holds(&key, &stands).await?;
        store.create(&key, &stands).await?;
        for (owner, expected) in [(&stands.owner, &[key] as &[_]), (&late.owner, &[])] {
            if let Some(owner) = owner {
                store.lists_if_indexed(owner, expected).await?;
            }
        }
    }
    Ok(())
}
