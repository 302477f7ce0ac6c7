//! How records look in a failure. Their payloads are the suite's own, so they are no secrets here.

use std::fmt::Write;

use session_core::{PutOutcome, Record, Timestamp};

/// Writes a record on one line, with times told from `base`.
pub(crate) fn record(base: Timestamp, record: &Record) -> String {
    format!(
        "{{ {:?}, payload {}, {}, created {}, seen {}, expires {} }}",
        record.version,
        bytes(&record.payload),
        record.owner.as_ref().map_or("no owner".to_owned(), |owner| format!("{owner:?}")),
        time(base, record.created_at),
        time(base, record.last_seen_at),
        time(base, record.expires_at),
    )
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

/// Writes in which fields a record differs from the one expected.
pub(crate) fn differences(base: Timestamp, expected: &Record, came: &Record) -> String {
    let mut text = record(base, came);
    let mut differs = |field: &str, differs: bool| {
        if differs {
            let _ = write!(text, "\nwhich differs in {field}");
        }
    };
    differs("version", expected.version != came.version);
    differs("payload", expected.payload != came.payload);
    differs("owner", expected.owner != came.owner);
    differs("created_at", expected.created_at != came.created_at);
    differs("last_seen_at", expected.last_seen_at != came.last_seen_at);
    differs("expires_at", expected.expires_at != came.expires_at);
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
    const SHOWN: usize = 12;
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
