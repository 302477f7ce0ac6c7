//! SCN: the enumeration of all records.

use std::collections::BTreeMap;

use session_core::{Cursor, Record, StoreError};

use crate::check::{Check, broken, ensure, with_causes};
use crate::clauses::churn::{Churn, each_once};
use crate::tools::case::Case;
use crate::tools::handle::at_least_one;

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
    strange_cursors_are_refused(case).await?;
    Churn::run(case, false).await
}

/// A cursor that is none is an error of that name, or is ignored; it is no panic and no failed backend.
async fn strange_cursors_are_refused(case: &Case) -> Check {
    let Some(scan) = case.store.raw().scan() else { return Ok(()) };
    for bytes in [vec![], vec![0xff], b"garbage".to_vec(), vec![0x80; 33], vec![0; 1_000]] {
        let cursor = Cursor::new(bytes);
        let step = || format!("scan after {cursor:?}");
        let call = scan.page(Some(&cursor), at_least_one(10));
        match case.store.attempt(step, call, |page| format!("{} records", page.records.len())).await {
            Ok(_) | Err(StoreError::InvalidCursor { .. }) => {}
            Err(error) => return broken("InvalidCursor", with_causes(&error)),
        }
    }
    Ok(())
}
