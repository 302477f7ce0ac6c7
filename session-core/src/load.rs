//! How a session is read: which record belongs to what the browser presents, if any.

use std::sync::Arc;

use crate::backend::Deadline;
use crate::codec::Kind;
use crate::contents::Contents;
use crate::cookie::Presented;
use crate::draft::Draft;
use crate::error::{ReadOnly, SessionError, StoreError};
use crate::events::{EventKind, Verb};
use crate::id::{SessionId, SessionKey};
use crate::record::{Owner, Record};
use crate::session::Session;
use crate::sessions::{FailurePolicy, Sessions};
use crate::state::{Destroy, Origin, Privilege, State, Told};

/// What was found under an id, and whether it was found under the key of a successor.
type Read = (Origin, Option<Contents>, bool);

const NOTHING: Read = (Origin::New, None, false);

impl Sessions {
    /// Reads the session that the cookie names; `closed` if the response has left.
    pub(crate) async fn load(&self, presented: &Presented, closed: bool) -> Result<Session, SessionError> {
        let (origin, contents, followed) = match presented {
            Presented::Nothing => (Origin::New, None, false),
            Presented::Malformed => {
                self.tell(EventKind::MalformedCookie, None, None);
                (Origin::New, None, false)
            }
            Presented::Several => {
                self.tell(EventKind::SeveralCookies, None, None);
                (Origin::SeveralCookies, None, false)
            }
            // In a box, or the future of every handler that asks for its session would have room for it.
            Presented::One(id) => Box::pin(self.read(id, &self.deadline())).await?,
        };
        let contents = contents.unwrap_or_else(|| self.new_contents());
        let lifetime = self.lifetime_of(&contents);
        let (id, told, owner) = match (&origin, presented) {
            // Another request's response carries the new id, which is known to nobody else.
            (Origin::Stored { record, .. }, _) if followed => (None, Told::Nothing, record.owner.clone()),
            (Origin::Stored { record, .. }, Presented::One(id)) => {
                let told = Told::Cookie { lifetime, expires_at: record.expires_at };
                (Some(id.clone()), told, record.owner.clone())
            }
            _ => (None, Told::Nothing, None),
        };
        let state = State {
            removable: !matches!(
                (presented, &origin),
                (Presented::Nothing, _) | (_, Origin::Retired { .. } | Origin::LeftAlone { .. })
            ),
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
    async fn read(&self, id: &SessionId, deadline: &Deadline) -> Result<Read, SessionError> {
        let key = id.key();
        let record = match self.call(Verb::Get, Some(&key), deadline, self.store().get(&key)).await {
            Ok(Some(record)) => record,
            Ok(None) => {
                self.tell(EventKind::UnknownId, Some(key), None);
                return Ok(NOTHING);
            }
            Err(SessionError::Store(StoreError::Corrupt { .. })) => {
                return Box::pin(self.start_over(&key, deadline)).await;
            }
            Err(error) => match error.leaves_alone() {
                Some(why) => return Ok(self.leave_alone(key, why, &error, None)),
                None if self.failure_policy() == FailurePolicy::Anonymous => {
                    return Ok((Origin::StoreFailed { key }, None, false));
                }
                None => return Err(error),
            },
        };
        if !record.is_live_at(self.now()) {
            self.tell(EventKind::Expired, Some(key), record.owner.as_ref());
            return Ok(NOTHING);
        }
        match self.decode(&key, &record) {
            Ok(Kind::Live(contents)) if contents.reserved.scope == self.scope() => {
                Ok((Origin::Stored { key, record }, Some(contents.into_owned()), false))
            }
            decoded => Box::pin(self.read_on(key, record, decoded, deadline)).await,
        }
    }

    /// Goes on where what stands under an id is no session of this one's.
    async fn read_on(
        &self,
        key: SessionKey,
        record: Arc<Record>,
        decoded: Result<Kind<'static>, SessionError>,
        deadline: &Deadline,
    ) -> Result<Read, SessionError> {
        match decoded {
            Ok(Kind::Live(_)) => {
                self.tell(EventKind::OtherScope, Some(key), None);
                Ok(NOTHING)
            }
            Ok(retired @ Kind::Retired { successor, .. }) => match self.follow(retired, deadline).await {
                Ok(Some((key, record, contents))) => Ok((Origin::Stored { key, record }, Some(contents), true)),
                Ok(None) => {
                    self.tell(EventKind::RetiredId, Some(key), None);
                    Ok((Origin::Retired { successor }, None, false))
                }
                Err(_) if self.failure_policy() == FailurePolicy::Anonymous => {
                    Ok((Origin::StoreFailed { key }, None, false))
                }
                Err(error) => Err(error),
            },
            Err(error) => match error.leaves_alone() {
                Some(why) => Ok(self.leave_alone(key, why, &error, record.owner.as_ref())),
                None => self.start_over(&key, deadline).await,
            },
        }
    }

    /// Leaves what another server may read, or this one once it has the key or the version, as it is.
    fn leave_alone(&self, key: SessionKey, why: ReadOnly, error: &SessionError, owner: Option<&Owner>) -> Read {
        let kind = match error {
            SessionError::Codec(error) if error.lacks_key() => EventKind::NoKey { error },
            error => EventKind::UnknownFormat { error },
        };
        self.tell(kind, Some(key), owner);
        (Origin::LeftAlone { key, why }, None, false)
    }

    /// Removes what cannot be read, so that its browser is not locked out for good.
    async fn start_over(&self, key: &SessionKey, deadline: &Deadline) -> Result<Read, SessionError> {
        // If it cannot be removed now, the next request tries again.
        let _ = self.remove_unreadable(key, deadline).await;
        Ok(NOTHING)
    }

    /// Decodes what stands in `record`.
    pub(crate) fn decode(&self, key: &SessionKey, record: &Record) -> Result<Kind<'static>, SessionError> {
        Ok(self.codec().decode(key, &record.payload)?.0)
    }
}
