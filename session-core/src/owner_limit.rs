//! How many sessions one owner may have.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;

use crate::admin::SessionInfo;
use crate::backend::Deadline;
use crate::clock::Timestamp;
use crate::error::SessionError;
use crate::events::EventKind;
use crate::id::SessionKey;
use crate::record::Owner;
use crate::sessions::Sessions;

/// Says how many sessions one owner may have, and what happens to one too many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnerLimit {
    pub(crate) max: NonZeroUsize,
    pub(crate) action: OwnerLimitAction,
}

/// Says what happens when an owner gets one session too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnerLimitAction {
    /// The one that logged in longest ago ends. Where many log in at the same moment, that may be a new one,
    /// whose request ends as with `Refuse`.
    EvictOldest,
    /// The new one is not stored, and its request ends with
    /// [`SessionError::TooManySessions`](crate::SessionError::TooManySessions).
    Refuse,
}

impl Sessions {
    /// Brings the owner's sessions down to the limit, the new one under `key` included.
    ///
    /// The new session is stored *before* they are counted, so of two that log in at once at least one sees
    /// both, and the limit holds without a lock. Who evicts goes by the order of logins, on which all agree, so
    /// that two do not evict each other. Who refuses must not: one that came later may be ordered before those
    /// that were let in. So where two log in at once for one place, both may be refused.
    ///
    /// # Errors
    /// `TooManySessions` if the new one must go.
    pub(crate) async fn enforce_owner_limit(
        &self,
        owner: &Owner,
        key: &SessionKey,
        deadline: &Deadline,
    ) -> Result<(), SessionError> {
        let Some(OwnerLimit { max, action }) = self.owner_limit() else { return Ok(()) };
        let max = max.get();
        let mut sessions = by_lineage(self.list_within(owner, deadline).await?);
        if sessions.len() <= max {
            return Ok(());
        }
        sessions.sort_by_key(|records| records.iter().map(login).max());
        let excess = &sessions[..sessions.len() - max];
        if action == OwnerLimitAction::Refuse || excess.iter().flatten().any(|info| info.key() == *key) {
            return Err(SessionError::TooManySessions { max });
        }
        for info in excess.iter().flatten() {
            self.retire(&info.key(), Some(owner), deadline).await?;
            self.tell(EventKind::Evicted, Some(info.key()), Some(owner));
        }
        Ok(())
    }
}

/// Groups the records of each session. One that is being renewed stands twice for a moment, and one whose renewal
/// got no answer from the store may for longer; it is one session all the same.
fn by_lineage(infos: Vec<SessionInfo>) -> Vec<Vec<SessionInfo>> {
    let renewed: HashSet<_> = infos.iter().filter_map(SessionInfo::renewed_from).collect();
    let mut sessions: HashMap<SessionKey, Vec<SessionInfo>> = HashMap::new();
    for info in infos {
        let own = info.key();
        let lineage = if renewed.contains(&own) { own } else { info.renewed_from().unwrap_or(own) };
        sessions.entry(lineage).or_default().push(info);
    }
    sessions.into_values().collect()
}

/// Orders sessions by login, the same on every server.
fn login(info: &SessionInfo) -> (Timestamp, SessionKey) {
    (info.authenticated_at().unwrap_or(info.created_at()), info.key())
}
