//! Sessions from outside: read and changed.

use std::collections::HashSet;

use super::SessionSnapshot;
use super::revoke::MOST_PASSES;
use crate::engine::{Backend, SessionError, Sessions};
use crate::payload::Kind;
use crate::request::{OwnedPages, live_under, modify};
use crate::session::Draft;
use crate::store::{Owner, SessionKey, Timestamp};

/// To read and change sessions from outside of their requests.
impl Sessions {
    /// Returns the session under `key`, or the one it was renewed to; `None` if there is none.
    ///
    /// For a key that a visitor sent, look at whose the session is.
    ///
    /// # Errors
    /// `Store` or `Timeout` as the store fails; `Codec` if what stands there is for another server to read.
    pub async fn get(&self, key: &SessionKey) -> Result<Option<SessionSnapshot>, SessionError> {
        let engine = self.engine();
        let found = live_under(Backend::new(engine, &engine.deadline()), key, None).await?;
        Ok(found.map(SessionSnapshot::from))
    }

    /// Changes the session under `key`, or the one it was renewed to, and returns what `change` returned; `None` if
    /// there is no such session.
    ///
    /// It is written at once, and merged with what requests of that session write: see
    /// [`transaction`](crate::Session::transaction). What `change` refuses with an error is not written; it may run several
    /// times. That is no use of the session, but its deadline moves, as with every write.
    ///
    /// ```
    /// # use session_core::{SessionError, SessionKey, Sessions};
    /// /// Takes the cart away that was left under an offer that is over.
    /// async fn clear_cart(sessions: &Sessions, key: &SessionKey) -> Result<bool, SessionError> {
    ///     Ok(sessions.modify(key, |draft| draft.remove("cart")).await?.is_some())
    /// }
    /// ```
    ///
    /// # Errors
    /// What `change` returns; `Conflict` if the session passed to another owner meanwhile; `TooLarge`; `Indeterminate` where
    /// it cannot be told whether it was written; `Store` or `Timeout` as the store fails; `Codec` if what stands there is
    /// for another server to read.
    pub async fn modify<T, E, F>(&self, key: &SessionKey, change: F) -> Result<Option<T>, E>
    where
        E: From<SessionError>,
        F: Fn(&mut Draft) -> Result<T, E> + Send,
    {
        Ok(modify(self.engine(), key, None, change).await?.map(|(_, value)| value))
    }

    /// Changes all live sessions of the owner, each once, and tells how many; as after a change of the owner's role.
    ///
    /// Each is changed as by [`modify`](Self::modify). One that is renewed meanwhile does not slip through; one that the
    /// owner starts after it began may be changed or not.
    ///
    /// ```
    /// # use session_core::{Owner, SessionError, Sessions};
    /// async fn demote(sessions: &Sessions, user: &Owner) -> Result<u64, SessionError> {
    ///     sessions.modify_owned(user, |draft| draft.insert("role", "reader")).await
    /// }
    /// ```
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; `Conflict` if new ones came without end; else as
    /// `modify`: some sessions may have been changed.
    pub async fn modify_owned<E, F>(&self, owner: &Owner, change: F) -> Result<u64, E>
    where
        E: From<SessionError>,
        F: Fn(&mut Draft) -> Result<(), E> + Send + Sync,
    {
        let engine = self.engine();
        let began = engine.now();
        let (mut number, mut changed) = (0, HashSet::new());
        for pass in 0..MOST_PASSES {
            // The clock of the server that made a session may be ahead, so what the first pass lists began before.
            let latest = if pass == 0 { Timestamp::MAX } else { began };
            let before = changed.len();
            let mut pages = OwnedPages::of(owner);
            while let Some(records) = pages.next(Backend::new(engine, &engine.deadline())).await? {
                for (key, record) in records {
                    if record.created_at > latest || changed.contains(&key) || !record.is_live_at(engine.now()) {
                        continue;
                    }
                    // It was changed before it was renewed, and took that along.
                    let is_renewed = matches!(engine.decode(&key, &record), Ok(Kind::Live(contents))
                        if contents.reserved.renewed_from.is_some_and(|from| changed.contains(&from)));
                    if is_renewed {
                        changed.insert(key);
                    } else if let Some((at, ())) = modify(engine, &key, Some(owner), &change).await? {
                        changed.extend([key, at]);
                        number += 1;
                    }
                }
            }
            if changed.len() == before {
                return Ok(number);
            }
        }
        Err(SessionError::Conflict.into())
    }
}
