//! CAP: what the store says of itself.

use session_core::Reclaim;

use crate::check::{Check, ensure, equal};
use crate::clause::Capability;
use crate::tools::case::Case;
use crate::tools::handle::Handle;

/// Checks CAP-1: the capabilities and limits declared to the suite are those the store reports.
pub(crate) async fn cap_1_the_store_is_what_it_declares(case: &Case) -> Check {
    let other = case.another_handle().await?;
    for handle in [&case.store, &other] {
        declared(case, handle)?;
    }
    Ok(())
}

fn declared(case: &Case, handle: &Handle) -> Check {
    let store = handle.raw();
    let reported = [
        (Capability::SWP, store.sweep().is_some()),
        (Capability::OWN, store.owners().is_some()),
        (Capability::SCN, store.scan().is_some()),
        (Capability::WAT, store.watch().is_some()),
    ];
    for (capability, there) in reported {
        let left_out = case.without.contains(&capability);
        let expected = if left_out { "left out, so not there" } else { "not left out, so there" };
        ensure(there != left_out, format!("{capability:?} is {expected}"), || {
            if there {
                format!("the store reports that it is there: take {capability:?} out of `without`, and its clauses run")
            } else {
                format!("the store reports that it is not; if that is meant: without {{ {capability:?}: \"reason\" }}")
            }
        })?;
    }
    // Else nobody removes what has expired.
    let limits = handle.limits();
    ensure(
        store.sweep().is_some() || limits.reclaim == Reclaim::ByItself,
        "a sweep, or Reclaim::ByItself in the limits",
        || "no sweep, and limits that leave what has expired to one".to_owned(),
    )?;
    // The default of a harness that declares none is that of a store that has a sweep and never evicts.
    equal("the limits that Harness::limits declares, and the store reports", &case.harness.limits(), &limits)
}
