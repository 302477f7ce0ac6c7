//! How a session is read: which record belongs to what the browser presents, if any.

use crate::backend::Deadline;
use crate::codec::Kind;
use crate::contents::Contents;
use crate::cookie::Presented;
use crate::draft::Draft;
use crate::error::{SessionError, StoreError};
use crate::id::{SessionId, SessionKey};
use crate::record::Record;
use crate::session::Session;
use crate::sessions::{FailurePolicy, Sessions};
use crate::state::{Destroy, Origin, Privilege, State, Told};

impl Sessions {
    /// Reads the session that the cookie names; `closed` if the response has left.
    pub(crate) async fn load(&self, presented: &Presented, closed: bool) -> Result<Session, SessionError> {
        let (origin, contents) = match presented {
            Presented::Nothing => (Origin::New, None),
            Presented::Malformed => {
                tracing::debug!("a request came with a malformed session cookie");
                (Origin::New, None)
            }
            Presented::Several => {
                tracing::warn!("a request came with several different session cookies");
                (Origin::SeveralCookies, None)
            }
            Presented::One(id) => self.read(id, self.deadline()).await?,
        };
        let contents = contents.unwrap_or_else(|| self.new_contents());
        let lifetime = self.lifetime_of(&contents);
        let (id, told, owner) = match (&origin, presented) {
            (Origin::Stored { record, .. }, Presented::One(id)) => {
                let told = Told::Cookie { lifetime, expires_at: record.expires_at };
                (Some(id.clone()), told, record.owner.clone())
            }
            _ => (None, Told::Nothing, None),
        };
        let state = State {
            removable: !matches!((presented, &origin), (Presented::Nothing, _) | (_, Origin::Retired { .. })),
            origin,
            draft: Draft::new(contents, self.random_arc()),
            owner,
            privilege: Privilege::default(),
            destroy: Destroy::No,
            ignored: false,
            discarded: false,
            uncertain: false,
            id,
            lifetime,
            told,
            closed,
        };
        Ok(Session::new(self.clone(), state))
    }

    /// Reads what stands under an id. What cannot be used is as good as nothing.
    async fn read(&self, id: &SessionId, deadline: Deadline) -> Result<(Origin, Option<Contents>), SessionError> {
        let key = id.key();
        let read = deadline.limit(self.store().get(&key)).await.and_then(|read| read.map_err(Into::into));
        let record = match read {
            Ok(Some(record)) => record,
            Ok(None) => {
                tracing::debug!(?key, "unknown session id");
                return Ok((Origin::New, None));
            }
            Err(SessionError::Store(StoreError::Corrupt { .. })) => return self.start_over(&key, deadline).await,
            Err(error) if self.failure_policy() == FailurePolicy::Anonymous => {
                tracing::error!(?key, error = error.as_dyn(), "session not loaded; the request goes on without");
                return Ok((Origin::StoreFailed { key }, None));
            }
            Err(error) => return Err(error),
        };
        if !record.is_live_at(self.now()) {
            tracing::debug!(?key, "session expired");
            return Ok((Origin::New, None));
        }
        match self.decode(&key, &record) {
            Ok(Kind::Live(contents)) if contents.reserved.scope != self.scope() => {
                tracing::warn!(?key, "a session was presented in the cookie of another");
                Ok((Origin::New, None))
            }
            Ok(Kind::Live(contents)) => Ok((Origin::Stored { key, record }, Some(contents.into_owned()))),
            Ok(Kind::Retired { successor }) => {
                tracing::debug!(?key, "retired session id");
                Ok((Origin::Retired { successor }, None))
            }
            // Its key may be on another server, or come back to this one: it is not this server's to remove.
            Err(SessionError::Codec(error)) if error.lacks_key() => {
                tracing::error!(?key, %error, "a session that cannot be opened is left alone");
                Ok((Origin::New, None))
            }
            Err(_) => self.start_over(&key, deadline).await,
        }
    }

    /// Removes what cannot be read, so that its browser is not locked out for good.
    async fn start_over(
        &self,
        key: &SessionKey,
        deadline: Deadline,
    ) -> Result<(Origin, Option<Contents>), SessionError> {
        // If it cannot be removed now, the next request tries again.
        if let Err(error) = self.remove_unreadable(key, deadline).await {
            tracing::warn!(?key, error = error.as_dyn(), "a session that cannot be read was not removed");
        }
        Ok((Origin::New, None))
    }

    /// Decodes what stands in `record`.
    pub(crate) fn decode(&self, key: &SessionKey, record: &Record) -> Result<Kind<'static>, SessionError> {
        Ok(self.codec().decode(key, &record.payload)?.0)
    }
}
