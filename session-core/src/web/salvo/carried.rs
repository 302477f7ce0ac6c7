//! The sessions that were opened for a request, in its depot.

use salvo_core::Depot;

use crate::request::LazySession;
use crate::web::Carrier;
use crate::web::opened::sealed::Search;

/// The sessions of a request, that of the outermost hoop first.
struct Carried(Vec<LazySession>);

/// Adds the session of a hoop further in.
pub(super) fn put(session: LazySession, depot: &mut Depot) {
    match depot.get_typed_mut::<Carried>() {
        Ok(carried) => carried.0.push(session),
        Err(_) => drop(depot.insert_typed(Carried(vec![session]))),
    }
}

impl Search for Depot {
    fn search(&self, wanted: &dyn Fn(&LazySession) -> bool) -> Option<LazySession> {
        let carried = self.get_typed::<Carried>().ok()?;
        carried.0.iter().rev().find(|session| wanted(session)).cloned()
    }
}

impl Carrier for Depot {}
