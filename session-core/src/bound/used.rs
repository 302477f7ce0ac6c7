//! Challenges that were answered, so that none is taken twice.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use smol_str::SmolStr;

use super::ProofError;
use super::tags::GOOD_FOR;
use crate::store::Timestamp;

/// Remembers which challenges were answered, for as long as they would be good.
///
/// Only who has the device's key gets a challenge remembered, so strangers cannot fill it. It is this process's own: to
/// keep it in the store would have every refresh write. What another process takes once more is a proof that somebody
/// read on its way within the time that it is good for, and who can do that can read the cookie that answered it.
#[derive(Debug)]
pub(super) struct Used(Mutex<Generations>);

#[derive(Debug)]
struct Generations {
    since: Timestamp,
    now: HashSet<SmolStr>,
    before: HashSet<SmolStr>,
}

impl Default for Used {
    fn default() -> Self {
        Self(Mutex::new(Generations { since: Timestamp::MIN, now: HashSet::new(), before: HashSet::new() }))
    }
}

impl Used {
    /// Takes note that the challenge with this nonce was answered.
    ///
    /// # Errors
    /// `Used` if it was before.
    pub(super) fn take(&self, nonce: &str, now: Timestamp) -> Result<(), ProofError> {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.since(used.since);
        if age >= GOOD_FOR {
            used.before = if age >= 2 * GOOD_FOR { HashSet::new() } else { std::mem::take(&mut used.now) };
            used.now.clear();
            used.since = now;
        }
        if used.before.contains(nonce) || !used.now.insert(nonce.into()) {
            return Err(ProofError::Used);
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let used = self.0.lock().unwrap();
        used.now.len() + used.before.len()
    }
}
