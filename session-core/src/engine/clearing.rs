//! Owners whose sessions are brought down to the limit in the background.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::Owner;

/// For how many owners a process does so at once.
const MOST: usize = 100;

/// Knows the owners for whom this is under way, and whether it was asked for again meanwhile.
#[derive(Default)]
pub(crate) struct Clearing(Mutex<HashMap<Owner, bool>>);

impl Clearing {
    /// Begins for an owner; `None` if it is under way, and will look again, or if it is for too many others.
    pub(crate) fn begin(self: Arc<Self>, owner: &Owner) -> Option<Cleared> {
        {
            let mut owners = self.owners();
            if let Some(again) = owners.get_mut(owner) {
                *again = true;
                return None;
            }
            if owners.len() >= MOST {
                return None;
            }
            owners.insert(owner.clone(), false);
        }
        Some(Cleared { all: self, owner: owner.clone(), is_over: false })
    }

    fn owners(&self) -> MutexGuard<'_, HashMap<Owner, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that it is under way for an owner, until it is dropped.
pub(crate) struct Cleared {
    all: Arc<Clearing>,
    owner: Owner,
    /// The place is free, or another's.
    is_over: bool,
}

impl Cleared {
    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Tells whether it was asked for since it began, or since this was last asked. If not, it is over: who asks now begins
    /// anew.
    pub(crate) fn is_asked_again(&mut self) -> bool {
        let mut owners = self.all.owners();
        let again = owners.get_mut(&self.owner).is_some_and(std::mem::take);
        if !again {
            owners.remove(&self.owner);
            self.is_over = true;
        }
        again
    }
}

impl Drop for Cleared {
    fn drop(&mut self) {
        if !self.is_over {
            self.all.owners().remove(&self.owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_clears_for_an_owner_and_looks_again_when_asked() {
        let clearing = Arc::new(Clearing::default());
        let begin = |owner: &str| Arc::clone(&clearing).begin(&Owner::new(owner).unwrap());
        let mut ann = begin("ann").unwrap();
        assert!(begin("bob").is_some());
        assert!(begin("ann").is_none() && begin("ann").is_none());
        assert!(ann.is_asked_again() && !ann.is_asked_again());
        let second = begin("ann").expect("it was over");
        drop(ann);
        assert!(begin("ann").is_none(), "the place is the second's");
        drop(second);
        assert!(begin("ann").is_some());
        let all: Vec<_> = (0..MOST).map(|number| begin(&number.to_string()).unwrap()).collect();
        assert!(begin("ann").is_none());
        drop(all);
        assert!(begin("ann").is_some());
    }
}
