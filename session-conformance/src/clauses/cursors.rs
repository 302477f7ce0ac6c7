//! OWN and SCN: cursors that are none.

use std::collections::HashSet;

use session_core::store::Page;
use session_core::{Cursor, StoreError};

use crate::check::{Check, broken, ensure, with_causes, works};
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::handle::{at_least_one, missing};

/// Checks OWN-7: a cursor that `list` did not give is `InvalidCursor`, and one of another owner leads to no record of
/// theirs.
pub(crate) async fn own_7_a_strange_cursor_is_refused(case: &Case) -> Check {
    let (draw, store) = (&case.draw, &case.store);
    let (owner, other) = (draw.owner(), draw.owner());
    for at in 0..9 {
        store.create(&draw.key(), &draw.record_of(if at % 3 == 0 { &other } else { &owner })).await?;
    }
    let Some(owners) = store.raw().owners() else { return missing("owners", "OWN") };
    let one = at_least_one(1);
    let own = case.first_cursor("list", owners.list(&owner, None, one)).await?;
    let of_a_scan = match store.raw().scan() {
        Some(scan) => works("scan", scan.page(None, one).await)?.next,
        None => None,
    };
    for cursor in strange(&own).into_iter().chain(of_a_scan) {
        refused(case, "list", &cursor, owners.list(&owner, Some(&cursor), one)).await?;
    }
    // Whether it can be told whose it is, the contract leaves open; but not what comes of it.
    let (mut after, mut seen) = (Some(own), HashSet::new());
    while let Some(cursor) = after.take() {
        let step = || format!("list {} after {}'s {cursor:?}", show::owner(&other), show::owner(&owner));
        let call = owners.list(&other, Some(&cursor), one);
        let page = match store.attempt(step, call, shown).await {
            Err(StoreError::InvalidCursor { .. }) => break,
            page => works("list", page)?,
        };
        for (key, record) in &page.records {
            ensure(record.owner.as_ref() == Some(&other), "records of the owner that was asked for", || {
                show::record(case.base, record)
            })?;
            ensure(seen.insert(*key), format!("{} once", show::key(key)), || "it came again".to_owned())?;
        }
        after = page.next;
    }
    Ok(())
}

/// Checks SCN-2: a cursor that `scan` did not give is `InvalidCursor`.
pub(crate) async fn scn_2_a_strange_cursor_is_refused(case: &Case) -> Check {
    let (draw, store, owner) = (&case.draw, &case.store, case.draw.owner());
    // More than any step of a walk takes in.
    for _ in 0..100 {
        store.create(&draw.key(), &draw.record_of(&owner)).await?;
    }
    let Some(scan) = store.raw().scan() else { return missing("scan", "SCN") };
    let one = at_least_one(1);
    let own = case.first_cursor("scan", scan.page(None, one)).await?;
    let of_a_list = match store.raw().owners() {
        Some(owners) => works("list", owners.list(&owner, None, one).await)?.next,
        None => None,
    };
    for cursor in strange(&own).into_iter().chain(of_a_list) {
        refused(case, "scan", &cursor, scan.page(Some(&cursor), one)).await?;
    }
    Ok(())
}

/// Makes cursors that no store gives, some of them of one that it gave.
fn strange(own: &Cursor) -> Vec<Cursor> {
    let own = own.as_bytes();
    let mut all = vec![vec![0xff], b"garbage".to_vec(), vec![0x80; 33], vec![0; 1_000], [own, &[0]].concat()];
    all.extend((0..own.len()).map(|length| own[..length].to_vec()));
    all.into_iter().map(Cursor::new).collect()
}

async fn refused(
    case: &Case,
    verb: &str,
    cursor: &Cursor,
    call: impl Future<Output = Result<Page, StoreError>>,
) -> Check {
    match case.store.attempt(|| format!("{verb} after {cursor:?}"), call, shown).await {
        Err(StoreError::InvalidCursor { .. }) => Ok(()),
        Err(error) => broken("InvalidCursor", with_causes(&error)),
        Ok(page) => broken(
            "InvalidCursor: a cursor has a mark of its kind, and a length of its own",
            format!("a page of {} records", page.records.len()),
        ),
    }
}

fn shown(page: &Page) -> String {
    format!("{} records, next {:?}", page.records.len(), page.next)
}

impl Case {
    /// Reads a page of many, and gives the cursor.
    async fn first_cursor(&self, verb: &str, call: impl Future<Output = Result<Page, StoreError>>) -> Check<Cursor> {
        let page = works(verb, self.store.attempt(|| format!("{verb}, limit 1"), call, shown).await)?;
        match page.next {
            Some(cursor) => Ok(cursor),
            None => broken("a page of one, and a next one", shown(&page)),
        }
    }
}
