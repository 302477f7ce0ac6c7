//! VER: two versions of the store on one backend, as in a rolling upgrade, and in its rollback.

use session_core::{Owner, Put, PutOutcome, Record, SessionKey};

use crate::check::{Check, ensure};
use crate::clauses::together::histories;
use crate::tools::case::Case;
use crate::tools::draw::{HOUR, MINUTE, SECOND};
use crate::tools::handle::Handle;

/// Checks VER-1: what an earlier version of the store has written this one reads, replaces, touches, lists, sweeps and
/// deletes, and the other way round.
pub(crate) async fn ver_1_two_versions_share_a_backend(case: &Case) -> Check {
    let (earlier, this) = (case.earlier().await?, &case.store);
    earlier.init().await?;
    let kept = written(case, &earlier).await?;
    // Whoever comes first upgrades what the backend has; the other goes on as it was.
    this.init().await?;
    for reader in [this, &earlier] {
        stand(reader, &kept).await?;
    }
    either_way(case, &earlier, this).await?;
    // A process of the earlier version may be started while the others are replaced, and after a rollback there are
    // no others.
    let again = case.earlier().await?;
    again.init().await?;
    either_way(case, &again, this).await?;
    for reader in [this, &earlier, &again] {
        stand(reader, &kept).await?;
    }
    Ok(())
}

/// Checks VER-2: concurrent histories on one key of this version of the store and an earlier one are linearizable.
pub(crate) async fn ver_2_two_versions_are_linearizable_together(case: &Case) -> Check {
    let earlier = case.earlier().await?;
    earlier.init().await?;
    case.store.init().await?;
    let crowd = case.crowd_of_versions(earlier);
    histories(case, &crowd, "those of odd number through the earlier version").await
}

type Kept = Vec<(SessionKey, Record)>;

/// Writes records of all kinds, as they come from each verb that writes.
async fn written(case: &Case, writer: &Handle) -> Check<Kept> {
    const LONG: usize = 70_000;
    let (draw, long) = (&case.draw, LONG.min(writer.limits().max_payload));
    let mut kept = vec![
        (draw.key(), draw.record()),
        (draw.key(), Record { owner: None, ..draw.record() }),
        (draw.key(), Record { payload: Vec::new().into(), ..draw.record() }),
        (draw.key(), Record { payload: (0..=u8::MAX).cycle().take(long).collect(), ..draw.record() }),
        (
            draw.key(),
            draw.record_of(&Owner::new(format!("é{:0>252x}", draw.number())).expect("254 bytes are an owner")),
        ),
    ];
    for (key, record) in &kept {
        writer.create(key, record).await?;
    }
    // What a replace, an end and a touch leave, which may be of another form than what was created.
    for way in [Put::Replace, Put::End] {
        let (key, first, next) = (draw.key(), draw.record(), draw.record());
        writer.create(&key, &first).await?;
        writer.expect_put(&key, &next, way(first.version), PutOutcome::Stored).await?;
        kept.push((key, next));
    }
    let (key, first) = (draw.key(), draw.record());
    writer.create(&key, &first).await?;
    kept.push((key, touched(writer, &key, &first).await?));
    Ok(kept)
}

async fn touched(handle: &Handle, key: &SessionKey, record: &Record) -> Check<Record> {
    let (seen, until) = (record.last_seen_at + SECOND, record.expires_at + HOUR);
    handle.expect_touch(key, record.version, seen, until, true).await?;
    Ok(Record { last_seen_at: seen, expires_at: until, ..record.clone() })
}

/// Expects the records, in lists and among all, too.
async fn stand(reader: &Handle, kept: &[(SessionKey, Record)]) -> Check {
    for (key, record) in kept {
        reader.holds(key, record).await?;
        if let Some(owner) = &record.owner {
            reader.lists_if_indexed(owner, &[*key]).await?;
        }
    }
    if reader.raw().scan().is_none() {
        return Ok(());
    }
    let found = reader.scan(10).await?;
    let all = kept.iter().all(|(key, _)| found.iter().any(|(other, _)| other == key));
    ensure(all, "all records that were kept among those of `scan`", || format!("{} others", found.len()))
}

/// Has each of the two go on with what the other has written.
async fn either_way(case: &Case, earlier: &Handle, this: &Handle) -> Check {
    for (first, then) in [(earlier, this), (this, earlier)] {
        stand(then, &written(case, first).await?).await?;
        compares(case, first, then).await?;
        replaces(case, first, then).await?;
        deletes(case, first, then).await?;
        if let (Some(_), Some(_)) = (first.raw().sweep(), then.raw().sweep()) {
            sweeps(case, first, then).await?;
        }
    }
    Ok(())
}

/// Compares with what the other has written, and knows a write again that came by the other: a request that is tried
/// again may meet another process.
async fn compares(case: &Case, first: &Handle, then: &Handle) -> Check {
    let (key, stands, other) = (case.draw.key(), case.draw.record(), case.draw.record());
    first.create(&key, &stands).await?;
    then.create(&key, &stands).await?;
    then.expect_put(&key, &other, Put::Create, PutOutcome::Exists).await?;
    let conflict = PutOutcome::Conflict(stands.clone().into());
    then.expect_put(&key, &other, Put::Replace(case.draw.record().version), conflict).await?;
    let late = Record { last_seen_at: stands.expires_at, ..other };
    then.expect_put(&key, &late, Put::Replace(stands.version), PutOutcome::Gone).await?;
    then.expect_touch(&key, late.version, stands.last_seen_at + SECOND, stands.expires_at, false).await?;
    first.holds(&key, &stands).await
}

/// Touches and replaces what the other has written, in turns.
async fn replaces(case: &Case, first: &Handle, then: &Handle) -> Check {
    let (draw, key, owners) = (&case.draw, case.draw.key(), [case.draw.owner(), case.draw.owner()]);
    let mut stands = draw.record_of(&owners[0]);
    first.create(&key, &stands).await?;
    for (turn, way) in [Put::Replace, Put::Replace, Put::End].into_iter().enumerate() {
        let (handle, other) = if turn % 2 == 0 { (then, first) } else { (first, then) };
        stands = touched(handle, &key, &stands).await?;
        other.holds(&key, &stands).await?;
        let owner = &owners[(turn + 1) % 2];
        let next = draw.record_of(owner);
        handle.expect_put(&key, &next, way(stands.version), PutOutcome::Stored).await?;
        stands = next;
        for reader in [other, handle] {
            reader.holds(&key, &stands).await?;
            reader.lists_if_indexed(owner, &[key]).await?;
            reader.lists_if_indexed(&owners[turn % 2], &[]).await?;
        }
    }
    Ok(())
}

/// Deletes what the other has written, which leaves nothing that either could meet.
async fn deletes(case: &Case, first: &Handle, then: &Handle) -> Check {
    let (key, owner) = (case.draw.key(), case.draw.owner());
    let (stands, next) = (case.draw.record_of(&owner), case.draw.record());
    first.create(&key, &stands).await?;
    then.expect_delete(&key, true).await?;
    for reader in [first, then] {
        reader.absent(&key).await?;
        reader.lists_if_indexed(&owner, &[]).await?;
        reader.expect_put(&key, &next, Put::Replace(stands.version), PutOutcome::Gone).await?;
        reader.expect_delete(&key, false).await?;
    }
    then.create(&key, &next).await?;
    first.holds(&key, &next).await?;
    first.expect_delete(&key, true).await
}

/// Sweeps what the other has written, at the deadline that the later of the two has set.
async fn sweeps(case: &Case, first: &Handle, then: &Handle) -> Check {
    let (draw, soon) = (&case.draw, case.base + 10 * MINUTE);
    let until = |expires_at| Record { last_seen_at: case.base, ..draw.record_until(expires_at) };
    let (over, moved) = ((draw.key(), until(soon)), (draw.key(), until(soon)));
    for (key, record) in [&over, &moved] {
        first.create(key, record).await?;
    }
    let later = soon + 10 * MINUTE;
    then.expect_touch(&moved.0, moved.1.version, case.base + SECOND, later, true).await?;
    then.expect_sweep(soon, 10, 1).await?;
    first.absent(&over.0).await?;
    // It goes by what the other has set since.
    first.expect_sweep(soon, 10, 0).await?;
    first.holds(&moved.0, &Record { last_seen_at: case.base + SECOND, expires_at: later, ..moved.1 }).await?;
    first.expect_sweep(later, 10, 1).await?;
    then.absent(&moved.0).await
}
