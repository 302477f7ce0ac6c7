//! Sessions from outside: ended.

use std::collections::HashSet;

use crate::engine::{Backend, EventKind, SessionError, Sessions};
use crate::payload::Kind;
use crate::request::{End, OwnedPages, retire, successors};
use crate::store::{Owner, Record, SessionKey, Timestamp};

/// How often what is done with all of an owner's sessions looks again. Each time it did something, or somebody else did.
pub(super) const MOST_PASSES: u32 = 100;

/// To end sessions from outside of their requests.
impl Sessions {
    /// Ends the session under `key`, wherever it is used, or the one it was renewed to; `false` if there is
    /// none. Requests of that session that are under way can no longer write.
    ///
    /// For a key that a visitor sent, use [`revoke_owned`](Self::revoke_owned).
    ///
    /// # Errors
    /// `Store` or `Timeout` as the store fails; `Codec` if what stands there is for another server to read, and is left
    /// alone.
    pub async fn revoke(&self, key: &SessionKey) -> Result<bool, SessionError> {
        self.revoke_if(key, None).await
    }

    /// Ends the session under `key` if it is the owner's; `false` if there is none, or it is another's.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub async fn revoke_owned(&self, owner: &Owner, key: &SessionKey) -> Result<bool, SessionError> {
        self.revoke_if(key, Some(owner)).await
    }

    async fn revoke_if(&self, key: &SessionKey, owner: Option<&Owner>) -> Result<bool, SessionError> {
        let engine = self.engine();
        let revoked =
            retire(Backend::new(engine, &engine.deadline()), key, None, &End::from_elsewhere(owner)).await?.is_some();
        if revoked {
            engine.tell(EventKind::Revoked, Some(*key), owner);
        }
        Ok(revoked)
    }

    /// Ends all sessions of the owner but `except`, and tells how many; `None` excepts none.
    ///
    /// It lists and ends until it finds none that began before it did, so a session that is being renewed
    /// meanwhile does not slip through. One that the owner starts after it began may live or not.
    ///
    /// ```
    /// # use session_core::{Session, SessionError, Sessions};
    /// /// "Log out everywhere else", as after a change of password.
    /// async fn end_others(sessions: &Sessions, session: &Session) -> Result<u64, SessionError> {
    ///     let Some(owner) = session.owner() else { return Ok(0) };
    ///     sessions.revoke_all(&owner, session.session_key().as_ref()).await
    /// }
    /// ```
    ///
    /// Each page of sessions, and each session, has the operation's deadline.
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; `Store` or `Timeout` as it fails: some sessions may
    /// have been ended, and calling it again ends the rest. `Conflict` if new ones came without end. `Codec` if one of them
    /// is for another server to read: all others have been ended, and that one has not.
    pub async fn revoke_all(&self, owner: &Owner, except: Option<&SessionKey>) -> Result<u64, SessionError> {
        let began = self.engine().now();
        let mut revoked = 0;
        for pass in 0..MOST_PASSES {
            // The clock of the server that made a session may be ahead, so what the first pass lists
            // began before, whatever it says.
            let latest = if pass == 0 { Timestamp::MAX } else { began };
            match self.revoke_begun_by(latest, owner, except).await? {
                Pass { ended: Some(ended), .. } => revoked += ended,
                Pass { ended: None, left_alone } => return left_alone.map_or(Ok(revoked), Err),
            }
        }
        Err(SessionError::Conflict)
    }

    /// Ends the owner's sessions but `except` that began at `latest` or before.
    async fn revoke_begun_by(
        &self,
        latest: Timestamp,
        owner: &Owner,
        except: Option<&SessionKey>,
    ) -> Result<Pass, SessionError> {
        let engine = self.engine();
        let mut pass = Pass::default();
        let mut pages = OwnedPages::of(owner);
        while let Some(records) = pages.next(Backend::new(engine, &engine.deadline())).await? {
            let kept = successors(engine, except).await?;
            for (key, record) in records {
                if record.created_at > latest || !self.is_to_end(&key, &record, &kept) {
                    continue;
                }
                match self.revoke_if(&key, Some(owner)).await {
                    Err(error) if error.leaves_alone().is_some() => pass.left_alone = Some(error),
                    ended => *pass.ended.get_or_insert(0) += u64::from(ended?),
                }
            }
        }
        Ok(pass)
    }

    /// Tells whether what the index lists is a live session of this one's, and none of those that are kept.
    fn is_to_end(&self, key: &SessionKey, record: &Record, kept: &HashSet<SessionKey>) -> bool {
        let engine = self.engine();
        if kept.contains(key) || !record.is_live_at(engine.now()) {
            return false;
        }
        match engine.decode(key, record) {
            // One that is being renewed to what is not retired yet is kept with what it was.
            Ok(Kind::Live(contents)) => {
                let from = contents.reserved.renewed_from;
                contents.reserved.scope == engine.scope && !from.is_some_and(|from| kept.contains(&from))
            }
            Ok(Kind::Retired(_)) => false,
            // What this server cannot decode, another may, and would serve.
            Err(_) => true,
        }
    }
}

/// What came of a pass over the owner's sessions.
#[derive(Default)]
struct Pass {
    /// How many it ended; `None` if there was none to end.
    ended: Option<u64>,
    /// Why one was left to another server.
    left_alone: Option<SessionError>,
}
