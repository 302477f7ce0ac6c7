//! REC: what `get` gives of what was stored.

use session_core::{Bytes, Owner, Put, PutOutcome, Reclaim, Record, SessionKey, Timestamp, Version};

use crate::check::{Check, ensure, not_applicable};
use crate::tools::case::Case;
use crate::tools::draw::{DAY, HOUR, MILLI, MINUTE, SECOND, mix};

/// Checks REC-1: `get` of a key never put is `None`.
pub(crate) async fn rec_1_a_key_never_put_is_none(case: &Case) -> Check {
    for key in [case.draw.key(), SessionKey::from_bytes([0; 32]), SessionKey::from_bytes([0xff; 32])] {
        case.store.absent(&key).await?;
    }
    // A neighbour does not change that.
    case.store.create(&case.draw.key(), &case.draw.record()).await?;
    case.store.absent(&case.draw.key()).await
}

/// Checks REC-2: what `Create` stored, `get` returns: version, payload, owner, all three timestamps to
/// the millisecond.
pub(crate) async fn rec_2_get_returns_what_create_stored(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    // A version uses all 64 bits, also where the backend's integers have a sign, and 0 is one like any other.
    let versions = [0, 1, u64::from(u32::MAX) + 1, i64::MAX as u64, 1 << 63, u64::MAX].map(Version::from_u64);
    let mut stored = vec![(draw.key(), draw.record()), (draw.key(), Record { owner: None, ..draw.record() })];
    stored.extend(versions.map(|version| (draw.key(), Record { version, ..draw.record() })));
    // Milliseconds that a unit of seconds, or of tenths, would lose.
    stored.extend([1, 123, 499, 500, 999].map(|millis| {
        let odd = MILLI * millis;
        let base = Timestamp::from_millis(case.base.as_millis() / 1_000 * 1_000);
        let times = (base - DAY + odd, base + odd, base + HOUR + odd);
        (draw.key(), Record { created_at: times.0, last_seen_at: times.1, expires_at: times.2, ..draw.record() })
    }));
    for (key, record) in &stored {
        store.create(key, record).await?;
        store.holds(key, record).await?;
    }
    for (key, record) in &stored {
        store.holds(key, record).await?;
    }
    Ok(())
}

/// Checks REC-3: payloads are opaque: empty, every byte value, not UTF-8, the smaller of 1 MiB and the
/// store's limit.
pub(crate) async fn rec_3_payloads_are_opaque(case: &Case) -> Check {
    const LARGE: usize = 1 << 20;
    let largest = case.store.limits().max_payload.min(LARGE);
    let noise = |len: usize| (0..len).map(|at| mix(at as u64) as u8).collect::<Vec<_>>();
    let payloads = [
        Vec::new(),
        vec![0],
        (0..=u8::MAX).collect(),
        (0..=u8::MAX).rev().collect(),
        vec![0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80],
        b"\r\n$5\r\n' \" \\ ; -- %s {} \0 trailing blanks  ".to_vec(),
        noise(65_535),
        noise(65_536),
        noise(largest),
    ];
    for payload in payloads.into_iter().filter(|it| it.len() <= largest).map(Bytes::from) {
        let (key, first) = (case.draw.key(), Record { payload: payload.clone(), ..case.draw.record() });
        case.store.create(&key, &first).await?;
        case.store.holds(&key, &first).await?;
        let second = Record { payload, ..case.draw.record() };
        case.store.replace(&key, first.version, &second).await?;
        case.store.holds(&key, &second).await?;
    }
    Ok(())
}

/// Checks REC-4: owners are compared byte for byte: case, accents, trailing blanks, backslashes, a byte order mark,
/// emoji, 255 bytes.
pub(crate) async fn rec_4_owners_are_compared_byte_for_byte(case: &Case) -> Check {
    let mut stored = Vec::new();
    for owner in strange_owners() {
        let (key, record) = (case.draw.key(), case.draw.record_of(&owner));
        case.store.create(&key, &record).await?;
        stored.push((key, record, owner));
    }
    for (key, record, owner) in &stored {
        case.store.holds(key, record).await?;
        case.store.lists_if_indexed(owner, &[*key]).await?;
    }
    Ok(())
}

/// Gives owners that differ in what backends take for the same, or that mean something to one.
pub(super) fn strange_owners() -> impl Iterator<Item = Owner> {
    let long = |last: &str| format!("{}{last}", "x".repeat(Owner::MAX_LEN - last.len()));
    let mut names: Vec<String> = ["ann", "Ann", "ANN", "ann ", "ann  ", " ann", "ann\t", "ann\n", "ann\0", "\0", " "]
        .into_iter()
        // One letter and its accent in one character or two, none, and the letters that collations fold.
        .chain(["\u{e4}nn", "a\u{308}nn", "\u{c4}nn", "stra\u{df}e", "strasse", "\u{131}", "i", "I", "\u{130}"])
        .chain(["😀", "😁", "👩\u{200d}👧", "👩", "a😀", "a"])
        // What means something to a query, a pattern or a key.
        .chain(["%", "_", "*", "?", "'", "\"", "\\", "a:b", "a:b:c", "{a}", "a/b", "1", "01", "1.0", "null"])
        // What escapes, what is escaped, and what a decoder of texts takes for its own.
        .chain(["a\\", "a\\\\", "a\\nb", "a\nb", "\\u0061", "%61", "\u{feff}ann", "ann\u{feff}", "\u{feff}"])
        .map(str::to_owned)
        .collect();
    names.extend([long("a"), long("b"), long("A"), long("é"), "x".repeat(254), "x".repeat(255)]);
    names.into_iter().map(|name| Owner::new(name).expect("1 to 255 bytes"))
}

/// Checks REC-5: keys that differ in one bit are different sessions, also where a version is the same.
pub(crate) async fn rec_5_keys_one_bit_apart_are_two_sessions(case: &Case) -> Check {
    let first = *case.draw.key().as_bytes();
    // In a failure they all look the same, so each has a name.
    let mut keys = vec![(first, "the first key".to_owned())];
    for bit in 0..256 {
        let mut bytes = first;
        bytes[bit / 8] ^= 1 << (bit % 8);
        keys.push((bytes, format!("the first key with another bit {} of byte {}", bit % 8, bit / 8)));
    }
    // Texts that differ in the case of one letter: base64's `A` and `a`, first of three bytes.
    for at in (0..30).step_by(3) {
        keys.extend([(0, 'A'), (0x68, 'a')].map(|(byte, letter)| {
            let mut bytes = first;
            bytes[at..at + 3].copy_from_slice(&[byte, 0, 0]);
            (bytes, format!("the first key with {letter} in base64 from byte {at} on"))
        }));
    }
    // Bytes that end a text, or that a comparison of texts pads with or cuts off.
    for end in [[0; 4], [0, 0, 0, b' '], [b' '; 4], [b'\n'; 4], [0xff; 4]] {
        let mut bytes = first;
        bytes[28..].copy_from_slice(&end);
        keys.push((bytes, format!("the first key with {} at its end", end.escape_ascii())));
    }
    keys.sort_unstable();
    keys.dedup_by_key(|(bytes, _)| *bytes);
    let mut stored = Vec::new();
    for (bytes, name) in keys {
        let (key, record, name) = (SessionKey::from_bytes(bytes), case.draw.record(), format!("the key is {name}"));
        case.store.create(&key, &record).await.map_err(|stop| stop.with(&name))?;
        stored.push((key, record, name));
    }
    for (key, record, name) in &stored {
        case.store.holds(key, record).await.map_err(|stop| stop.with(name))?;
    }
    versions_are_a_keys_own(case).await
}

/// Writes one version under two keys: a version says which write of its key it is, and nothing of another's.
async fn versions_are_a_keys_own(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let (one, other, first) = (draw.key(), draw.key(), draw.record());
    let same = Record { version: first.version, ..draw.record() };
    store.create(&one, &first).await?;
    store.create(&other, &same).await?;
    store.holds(&one, &first).await?;
    store.holds(&other, &same).await?;
    let next = draw.record();
    store.replace(&one, first.version, &next).await?;
    store.holds(&other, &same).await?;
    // What one key has had, another may get.
    store.replace(&other, same.version, &Record { version: next.version, ..same.clone() }).await?;
    store.expect_delete(&one, true).await?;
    store.holds(&other, &Record { version: next.version, ..same }).await
}

/// Checks REC-6: `created_at` and `last_seen_at` keep their value in 1970, at year 9999, at odd
/// milliseconds, in any server time zone; `expires_at` at odd milliseconds and, without native expiry,
/// likewise.
pub(crate) async fn rec_6_timestamps_keep_their_value(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let near = [case.base + MILLI, case.base + HOUR + 999 * MILLI];
    let far = [Timestamp::MIN, Timestamp::MIN + MILLI, Timestamp::MAX - MILLI, Timestamp::MAX];
    // The hour that a summer time leaves out, and a second past what 32 bits count.
    let edges = [1_743_297_000_001, 2_147_483_648_001, 4_294_967_296_001].map(Timestamp::from_millis);
    let mut records = Vec::new();
    for time in near.into_iter().chain(far).chain(edges) {
        records.push(Record { created_at: time, ..draw.record() });
        records.push(Record { last_seen_at: time, ..draw.record() });
        // A backend that expires by itself may drop what it takes for past, and cap what is far ahead.
        if store.limits().reclaim == Reclaim::BySweep || near.contains(&time) {
            records.push(Record { expires_at: time, ..draw.record() });
        }
    }
    for record in &records {
        let key = draw.key();
        store.create(&key, record).await?;
        store.holds(&key, record).await?;
    }
    Ok(())
}

/// Checks REC-7: `get` changes neither version nor deadline.
pub(crate) async fn rec_7_get_changes_nothing(case: &Case) -> Check {
    let (key, record) = (case.draw.key(), case.draw.record());
    case.store.create(&key, &record).await?;
    for _ in 0..5 {
        case.store.holds(&key, &record).await?;
    }
    // Nor is there a deadline beside the record that reads have moved.
    let at_deadline = Record { last_seen_at: record.expires_at, ..case.draw.record() };
    case.store.expect_put(&key, &at_deadline, Put::Replace(record.version), PutOutcome::Gone).await?;
    case.store.whole_or_absent(&key, &record).await?;
    if case.store.raw().sweep().is_some() {
        case.store.sweep(record.expires_at, 10).await?;
        case.store.absent(&key).await?;
    }
    Ok(())
}

/// Checks REC-8: a record is never dropped before its deadline; past it, it is whole or absent.
pub(crate) async fn rec_8_no_record_is_dropped_before_its_deadline(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    // Near and far: Memcached takes more than 30 days for a date, 32 bits end in 2038.
    let ahead = [MILLI, SECOND, MINUTE, 29 * DAY, 31 * DAY, 400 * DAY, 20 * 365 * DAY];
    let mut live = Vec::new();
    for offset in ahead {
        let created = Record { last_seen_at: case.base, ..draw.record_until(case.base + offset) };
        let (key, other) = (draw.key(), draw.key());
        store.create(&key, &created).await?;
        store.holds(&key, &created).await?;
        live.push((key, created));
        // The same deadline, set by a replace and by a touch.
        let first = Record { last_seen_at: case.base, ..draw.record_until(case.base + MILLI) };
        store.create(&other, &first).await?;
        let second = Record { last_seen_at: case.base, ..draw.record_until(case.base + offset) };
        store.replace(&other, first.version, &second).await?;
        store.expect_touch(&other, second.version, case.base, case.base + offset + MILLI, true).await?;
        live.push((other, Record { expires_at: case.base + offset + MILLI, ..second }));
    }
    let mut past = Vec::new();
    for offset in [2 * HOUR, DAY, 400 * DAY] {
        let (key, record) = (draw.key(), draw.record_until(case.base - offset));
        let outcome = store.put(&key, &record, Put::Create).await?;
        ensure(outcome == PutOutcome::Stored, "Stored", || format!("{outcome:?}"))?;
        past.push((key, record));
    }
    // Work that gives a store the occasion to make room.
    for _ in 0..200 {
        store.create(&draw.key(), &draw.record()).await?;
    }
    if store.raw().sweep().is_some() {
        store.sweep(case.base, 1_000).await?;
    }
    for (key, record) in &live {
        store.holds(key, record).await?;
    }
    for (key, record) in &past {
        store.whole_or_absent(key, record).await?;
    }
    Ok(())
}

/// Checks REC-9: two handles on one backend see each other's writes.
pub(crate) async fn rec_9_two_handles_see_each_others_writes(case: &Case) -> Check {
    let (one, two) = (&case.store, &case.another_handle().await?);
    let (draw, key) = (&case.draw, case.draw.key());
    let (first, second, third) = (draw.record(), draw.record(), draw.record());
    // Absence must not be remembered, either.
    two.absent(&key).await?;
    one.create(&key, &first).await?;
    two.holds(&key, &first).await?;
    two.expect_put(&key, &second, Put::Create, PutOutcome::Exists).await?;
    two.replace(&key, first.version, &second).await?;
    one.holds(&key, &second).await?;
    let conflict = PutOutcome::Conflict(second.clone().into());
    one.expect_put(&key, &third, Put::Replace(first.version), conflict).await?;
    let (seen, until) = (second.last_seen_at + SECOND, second.expires_at + SECOND);
    one.expect_touch(&key, second.version, seen, until, true).await?;
    two.holds(&key, &Record { last_seen_at: seen, expires_at: until, ..second.clone() }).await?;
    if let Some(owner) = &second.owner {
        one.lists_if_indexed(owner, &[key]).await?;
        two.lists_if_indexed(owner, &[key]).await?;
    }
    two.expect_delete(&key, true).await?;
    one.absent(&key).await?;
    one.expect_put(&key, &third, Put::Replace(second.version), PutOutcome::Gone).await?;
    one.absent(&key).await
}

/// Checks REC-10: where records go by sweep, no verb judges by a clock of the store's own: what is past its deadline is
/// there until a sweep takes it.
pub(crate) async fn rec_10_no_record_goes_by_the_stores_own_clock(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    if store.limits().reclaim != Reclaim::BySweep {
        return not_applicable("the backend reclaims by itself");
    }
    // By every clock: the base time is an hour ahead of the real one.
    for over in [case.base - 3 * HOUR, case.base - 400 * DAY, Timestamp::MIN + HOUR] {
        let (key, owner) = (draw.key(), draw.owner());
        let record = Record { last_seen_at: over - MINUTE, ..draw.record_until(over) };
        let mut stands = Record { owner: Some(owner.clone()), ..record };
        store.create(&key, &stands).await?;
        for _ in 0..2 {
            store.holds(&key, &stands).await?;
        }
        store.lists_if_indexed(&owner, &[key]).await?;
        if store.raw().scan().is_some() {
            let found = store.scan(10).await?;
            ensure(found.iter().any(|(it, _)| *it == key), "it is among all records", || "it is not".to_owned())?;
        }
        // It is live at the time that these calls bring along.
        let (seen, until) = (over - SECOND, over + SECOND);
        store.expect_touch(&key, stands.version, seen, until, true).await?;
        stands = Record { last_seen_at: seen, expires_at: until, ..stands };
        store.holds(&key, &stands).await?;
        let next = Record { last_seen_at: over, owner: Some(owner.clone()), ..draw.record_until(over + MINUTE) };
        let conflict = PutOutcome::Conflict(stands.clone().into());
        store.expect_put(&key, &next, Put::Replace(draw.record().version), conflict).await?;
        store.replace(&key, stands.version, &next).await?;
        store.holds(&key, &next).await?;
        if store.raw().sweep().is_some() {
            store.expect_sweep(over, 10, 0).await?;
            store.holds(&key, &next).await?;
            store.expect_sweep(over + MINUTE, 10, 1).await?;
            store.absent(&key).await?;
        } else {
            store.expect_delete(&key, true).await?;
        }
    }
    Ok(())
}
