//! How records look in a failure. Their payloads are the suite's own, so they are no secrets here.

use std::fmt::Write;

use data_encoding::HEXLOWER;
use session_core::{Owner, PutOutcome, Record, SessionKey, Timestamp};

/// Writes a record on one line, with times told from `base`.
pub(crate) fn record(base: Timestamp, record: &Record) -> String {
    format!(
        "{{ {:?}, payload {}, {}, created {}, seen {}, expires {} }}",
        record.version,
        bytes(&record.payload),
        record.owner.as_ref().map_or("no owner".to_owned(), owner),
        time(base, record.created_at),
        time(base, record.last_seen_at),
        time(base, record.expires_at),
    )
}

/// Writes a key whole; a failure [shortens](crate::tools::names) it to what tells it from its others.
pub(crate) fn key(key: &SessionKey) -> String {
    format!("SessionKey({})", HEXLOWER.encode(key.as_bytes()))
}

/// Writes keys as a list.
pub(crate) fn keys<'a>(keys: impl IntoIterator<Item = &'a SessionKey>) -> String {
    let keys: Vec<_> = keys.into_iter().map(key).collect();
    format!("[{}]", keys.join(", "))
}

/// Writes what `get` gave.
pub(crate) fn found(base: Timestamp, found: Option<&Record>) -> String {
    found.map_or("None".to_owned(), |it| record(base, it))
}

/// Writes what a `put` did.
pub(crate) fn outcome(base: Timestamp, outcome: &PutOutcome) -> String {
    match outcome {
        PutOutcome::Conflict(winner) => format!("Conflict({})", record(base, winner)),
        other => format!("{other:?}"),
    }
}

/// Writes an owner, a long one cut in its middle.
pub(crate) fn owner(owner: &Owner) -> String {
    const SHOWN: usize = 48;
    const AT_EACH_END: usize = 12;
    let text = owner.as_str();
    if text.len() <= SHOWN {
        return format!("{owner:?}");
    }
    let start: String = text.chars().take(AT_EACH_END).collect();
    let end: String = text.chars().skip(text.chars().count() - AT_EACH_END).collect();
    format!("Owner({start:?} … {end:?}, {} bytes)", text.len())
}

/// Writes in which fields a record differs from the one expected.
pub(crate) fn differences(base: Timestamp, expected: &Record, came: &Record) -> String {
    let mut text = record(base, came);
    let mut differs = |field: &str, expected: String, came: String| {
        if expected != came {
            let _ = write!(text, "\nwhich differs in {field}: {came}, not {expected}");
        }
    };
    let time = |at| time(base, at);
    let owner = |it: &Record| it.owner.as_ref().map_or("none".to_owned(), |it| format!("{it:?}"));
    differs("version", format!("{:?}", expected.version), format!("{:?}", came.version));
    differs("owner", owner(expected), owner(came));
    differs("created_at", time(expected.created_at), time(came.created_at));
    differs("last_seen_at", time(expected.last_seen_at), time(came.last_seen_at));
    differs("expires_at", time(expected.expires_at), time(came.expires_at));
    if expected.payload != came.payload {
        let same = expected.payload.iter().zip(&came.payload).take_while(|(expected, came)| expected == came).count();
        let _ = write!(
            text,
            "\nwhich differs in payload: {} bytes, not {}, and the same up to byte {same}",
            came.payload.len(),
            expected.payload.len()
        );
    }
    text
}

/// Writes a time by its distance from `base`, if it is near.
pub(crate) fn time(base: Timestamp, time: Timestamp) -> String {
    const FAR: u128 = 100 * 365 * 24 * 3_600_000;
    let (ahead, behind) = (time.since(base).as_millis(), base.since(time).as_millis());
    match (ahead, behind) {
        (0, 0) => "base".to_owned(),
        (ahead, 0) if ahead < FAR => format!("base+{ahead}ms"),
        (0, behind) if behind < FAR && time != Timestamp::MIN => format!("base-{behind}ms"),
        _ => format!("{}ms", time.as_millis()),
    }
}

fn bytes(bytes: &[u8]) -> String {
    const SHOWN: usize = 8;
    let mut text = format!("of {} bytes", bytes.len());
    if !bytes.is_empty() {
        text.push_str(" 0x");
    }
    for byte in bytes.iter().take(SHOWN) {
        let _ = write!(text, "{byte:02x}");
    }
    if bytes.len() > SHOWN {
        text.push('…');
    }
    text
}
