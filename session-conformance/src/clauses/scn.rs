//! SCN: the enumeration of all records.

use std::collections::BTreeMap;

use session_core::{Record, SessionKey};

use crate::check::{Check, ensure};
use crate::clauses::churn::{Churn, each_once};
use crate::tools::case::Case;
use crate::tools::draw::Draw;

/// Checks SCN-1: the pages of `scan` together give every record that was there throughout, each once.
pub(crate) async fn scn_1_pages_give_every_record_once(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let none = store.scan(10).await?;
    ensure(none.is_empty(), "no record in a new place: is the harness apart from others?", || {
        format!("{} records", none.len())
    })?;
    let mut records = BTreeMap::new();
    for at in 0..50 {
        let record = if at % 2 == 0 { draw.record() } else { Record { owner: None, ..draw.record() } };
        let key = if at < 40 { draw.key() } else { at_an_edge(draw, at) };
        store.create(&key, &record).await?;
        records.insert(key, record);
    }
    for limit in [1, 7, 50, 100] {
        let found = store.scan(limit).await?;
        each_once(case.base, &found, &records)?;
        ensure(found.len() == records.len(), format!("{} records", records.len()), || found.len().to_string())?;
    }
    // What was deleted is not given, and hides nothing.
    let deleted: Vec<_> = records.keys().step_by(5).copied().collect();
    for key in &deleted {
        store.expect_delete(key, true).await?;
        records.remove(key);
    }
    let found = store.scan(7).await?;
    each_once(case.base, &found, &records)?;
    ensure(found.len() == records.len(), format!("{} records", records.len()), || found.len().to_string())?;
    Churn::run(case, false).await
}

/// Draws a key that is at an edge: what comes after it, or before, has another first byte, or none at all.
fn at_an_edge(draw: &Draw, number: usize) -> SessionKey {
    let mut bytes = *draw.key().as_bytes();
    let edge = [0xff, 0][number % 2];
    match number / 2 % 5 {
        0 => bytes[31] = edge,
        1 => bytes[30..].fill(edge),
        2 => {
            bytes[1..].fill(edge);
            bytes[0] = 0x5a; // a drawn one may be the edge, too, and the whole key then the last of these
        }
        3 => bytes[16..].fill(edge),
        _ => bytes = [edge; 32],
    }
    SessionKey::from_bytes(bytes)
}
