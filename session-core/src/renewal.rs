//! Renewal every so often: a new id although nothing has changed, and the overlap in which the old one still serves.
//!
//! It is the renewal of a change of privilege, see `write.rs`, but for two things. The record that is left in the old
//! one's place says until when it *serves*: whoever meets it before that goes on with the successor. And who is
//! second, since another request with the old id was faster, writes to what that one made instead of giving up.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::Deadline;
use crate::codec::Kind;
use crate::contents::Contents;
use crate::error::{SessionError, StoreError};
use crate::events::Verb;
use crate::id::SessionKey;
use crate::record::Record;
use crate::retire::LONGEST_CHAIN;
use crate::session::Session;
use crate::sessions::Sessions;
use crate::state::{Origin, State};

/// Says how often ids are renewed, and how long the old ones serve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renewal {
    pub(crate) every: Duration,
    pub(crate) overlap: Duration,
}

/// What is stored, decoded, for a change to be made on.
pub(crate) type Found = (SessionKey, Arc<Record>, Contents);

impl Sessions {
    /// Gives the session that what stands under a retired id still opens; `None` if it opens none.
    ///
    /// # Errors
    /// As the store fails.
    pub(crate) async fn follow(
        &self,
        mut retired: Kind<'static>,
        deadline: &Deadline,
    ) -> Result<Option<Found>, SessionError> {
        for _ in 0..LONGEST_CHAIN {
            let Kind::Retired { successor: Some(key), serves_until: Some(until), .. } = retired else { break };
            let now = self.now();
            if until <= now {
                break;
            }
            let record = match self.call(Verb::Get, Some(&key), deadline, self.store().get(&key)).await {
                Ok(Some(record)) if record.is_live_at(now) => record,
                Ok(_) | Err(SessionError::Store(StoreError::Corrupt { .. })) => break,
                Err(error) => return Err(error),
            };
            match self.decode(&key, &record) {
                Ok(Kind::Live(contents)) if contents.reserved.scope == self.scope() => {
                    return Ok(Some((key, record, contents.into_owned())));
                }
                Ok(next @ Kind::Retired { .. }) => retired = next,
                Ok(Kind::Live(_)) | Err(_) => break,
            }
        }
        Ok(None)
    }
}

impl Session {
    /// Tells whether it is time for a new id, and this request has the old one to say so for.
    pub(crate) fn renewal_due(&self, state: &State) -> bool {
        let Some(renewal) = self.sessions().renewal() else { return false };
        let (Origin::Stored { record, .. }, Some(_)) = (&state.origin, &state.id) else { return false };
        let renewed_at = state.draft.contents().reserved.renewed_at.unwrap_or(record.created_at);
        self.sessions().now().since(renewed_at) >= renewal.every
    }
}
