//! SCN: the enumeration of all records.

use std::collections::BTreeMap;

use session_core::Record;

use crate::check::{Check, ensure};
use crate::clauses::churn::{Churn, each_once};
use crate::tools::case::Case;

/// Checks SCN-1: the pages of `scan` together give every record that was there throughout, each once.
pub(crate) async fn scn_1_pages_give_every_record_once(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let none = store.scan(10).await?;
    ensure(none.is_empty(), "no record in a new place: is the harness apart from others?", || {
        format!("{} records", none.len())
    })?;
    let mut records = BTreeMap::new();
    for at in 0..60 {
        let record = if at % 2 == 0 { draw.record() } else { Record { owner: None, ..draw.record() } };
        let key = draw.key();
        store.create(&key, &record).await?;
        records.insert(key, record);
    }
    for limit in [1, 7, 60, 100] {
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
