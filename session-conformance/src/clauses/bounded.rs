//! OWN and SCN: pages that are bounded in bytes, whatever their limit.

use std::collections::BTreeMap;

use session_core::store::Page;
use session_core::{Owner, Record, SessionKey};

use crate::check::{Check, ensure, not_applicable};
use crate::clauses::churn::each_once;
use crate::tools::case::Case;
use crate::tools::handle::Pages;

/// "About 1 MiB" is less than this.
const TOO_MANY: usize = 2 * Page::BYTES;

/// Checks OWN-9: a page of `list` ends when its payloads come to about 1 MiB, whatever its limit, which may be
/// `usize::MAX`.
pub(crate) async fn own_9_pages_of_a_list_are_bounded(case: &Case) -> Check {
    let owner = case.draw.owner();
    let records = large_records(case, &owner).await?;
    for limit in [100, usize::MAX] {
        bounded(case, &case.store.list_pages(&owner, limit).await?, &records)?;
    }
    Ok(())
}

/// Checks SCN-4: a page of `scan` ends when its payloads come to about 1 MiB, whatever its limit, which may be
/// `usize::MAX`.
pub(crate) async fn scn_4_pages_of_a_scan_are_bounded(case: &Case) -> Check {
    let records = large_records(case, &case.draw.owner()).await?;
    for limit in [100, usize::MAX] {
        bounded(case, &case.store.scan_pages(limit).await?, &records)?;
    }
    Ok(())
}

/// Creates records of which a dozen is too much for a page, and one that is as large as a page, or as the store takes.
async fn large_records(case: &Case, owner: &Owner) -> Check<BTreeMap<SessionKey, Record>> {
    const LARGE: usize = 256 << 10;
    const RECORDS: usize = 12;
    let max = case.store.limits().max_payload;
    if RECORDS * LARGE.min(max) <= TOO_MANY {
        return not_applicable(format!("{RECORDS} of the largest payloads, {max} bytes each, go on a page"));
    }
    let mut records = BTreeMap::new();
    for at in 0..=RECORDS {
        let length = if at == RECORDS / 2 { Page::BYTES + 1 } else { LARGE };
        let record = Record { payload: vec![at as u8; length.min(max)].into(), ..case.draw.record_of(owner) };
        let key = case.draw.key();
        case.store.create(&key, &record).await?;
        records.insert(key, record);
    }
    Ok(records)
}

fn bounded(case: &Case, pages: &Pages, records: &BTreeMap<SessionKey, Record>) -> Check {
    each_once(case.base, &pages.found, records)?;
    ensure(pages.found.len() == records.len(), format!("{} records", records.len()), || pages.found.len().to_string())?;
    ensure(pages.heaviest <= TOO_MANY, format!("pages of about {} bytes of payloads", Page::BYTES), || {
        format!("one of several records that have {}", pages.heaviest)
    })
}
