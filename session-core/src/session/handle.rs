//! What a handler holds.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex as AsyncMutex;

use super::changes::Change;
use super::origin::Origin;
use super::state::{Destroy, Privilege, State};
use super::{AsKey, Draft, KeyOf};
use crate::cookie::CookieLifetime;
use crate::engine::{Engine, EventKind, ReadOnly, SessionError};
use crate::payload::{Expiry, Flash, FlashLevel};
use crate::store::{Owner, Record, SessionKey, Timestamp};

/// Holds the visitor's session for the time of a request.
///
/// Clones are handles to one session. Reading and changing is synchronous and does no I/O: the session was
/// read when it was loaded, and its changes are written once, when the request is closed. Only
/// [`transaction`](Self::transaction), [`commit`](Self::commit) and [`reload`](Self::reload) talk to the
/// store at once.
///
/// # No lost update
/// Two requests with one session run at once all the time. What this one changes is kept as a log, and if
/// another was written first, the log is replayed on that. So requests that set different values all win,
/// and every [`update`](Self::update) counts. A [`get`](Self::get) followed by an [`insert`](Self::insert)
/// of what was computed from it is a race of the caller's own: use `update`, or `transaction`.
///
/// # Life cycle
/// | | while the request runs | after `destroy` | once the response has left |
/// |---|---|---|---|
/// | reading | yes | yes, an empty session | yes |
/// | changing | kept until close | `Destroyed` | kept until `commit`, and a warning is logged |
/// | `renew`, `set_owner`, `set_authenticated` | done at close | `Destroyed` | `ResponseSent` |
/// | `commit` | writes now, and empties the log | ends the session now; `Destroyed` the second time | writes now; `ResponseSent` if nothing was ever stored |
/// | `transaction` | writes now, and empties the log | `Destroyed` | as `commit` |
/// | `reload` | reads now | `Destroyed` | reads now |
/// | `destroy` | done at close | nothing new | done at the next `commit`; the cookie stays |
/// | `ignore` | nothing is written at close | `Destroyed` | no effect |
///
/// A session that cannot be written ([`read_only`](Self::read_only) says why) is empty, keeps changes to itself,
/// and answers `renew`, `set_owner`, `commit` and `transaction` with [`SessionError::ReadOnly`]; but see
/// [`set_owner`](Self::set_owner) for a login. One that ended while the request ran answers
/// [`SessionError::Gone`].
///
/// A value that is set to what it was changes nothing, and is no reason to write at close. `commit` writes it.
///
/// ```
/// # use session_core::{Key, Session, SessionError};
/// const CART: Key<Vec<String>> = Key::new("cart");
///
/// fn add(session: &Session, item: String) -> Result<usize, SessionError> {
///     let cart = session.update(CART, move |cart| {
///         let mut cart = cart.unwrap_or_default();
///         cart.push(item.clone());
///         cart
///     })?;
///     Ok(cart.len())
/// }
/// ```
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    engine: Arc<Engine>,
    state: Mutex<State>,
    /// Held by whoever writes this session through this handle; see `request/commit.rs`.
    writing: Arc<AsyncMutex<()>>,
}

impl Session {
    pub(crate) fn new(engine: Arc<Engine>, state: State) -> Self {
        Self(Arc::new(Shared { engine, state: Mutex::new(state), writing: Arc::default() }))
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.0.engine
    }

    pub(crate) fn writing(&self) -> &Arc<AsyncMutex<()>> {
        &self.0.writing
    }

    /// Locks what the handle knows. Never held over an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A closure of the application's that panicked has changed nothing: a change is made after it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Draft) -> Result<T, SessionError>) -> Result<T, SessionError> {
        let mut state = self.state();
        if state.destroy != Destroy::No {
            return Err(SessionError::Destroyed);
        }
        let before = state.draft.log().len();
        let result = change(&mut state.draft);
        let too_late = state.closed && state.draft.log().len() > before;
        self.unlock(state);
        if too_late {
            self.engine().tell(EventKind::ChangedTooLate, self.key(), None);
        }
        result
    }

    /// Unlocks what the handle knows, and tells which values were found to be of another type meanwhile.
    pub(crate) fn unlock(&self, mut state: MutexGuard<'_, State>) {
        if let Some(untold) = state.draft.take_untold() {
            drop(state);
            untold.tell(self.engine(), self.key());
        }
    }

    /// Reads a value; `None` if there is none.
    ///
    /// # Errors
    /// `WrongType` if it is of another type, unless its key says [what then holds](crate::OnWrongType).
    pub fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, SessionError> {
        let state = self.state();
        let value = state.draft.get(key);
        self.unlock(state);
        value
    }

    /// Sets a value, whatever was there. One that JSON writes as `null`, such as `None` or `()`, is absence, and removes
    /// it.
    ///
    /// # Errors
    /// `NotSerializable` if it could not be read again, see [what a session can hold](crate::guide::values);
    /// `Destroyed` after `destroy`.
    pub fn insert<T: Serialize>(&self, key: impl KeyOf<T>, value: T) -> Result<(), SessionError> {
        self.change(|draft| draft.insert(key, value))
    }

    /// Removes a value; nothing happens if there is none.
    ///
    /// # Errors
    /// `Destroyed` after `destroy`.
    pub fn remove(&self, key: impl AsKey) -> Result<(), SessionError> {
        self.change(|draft| draft.remove(key))
    }

    /// Removes a value and gives it; `None` if there is none.
    ///
    /// A value is handed out once: of two requests that take it at once, the one that is written second
    /// ends with [`SessionError::Conflict`] instead of its response. Where that is no way to end, use
    /// [`transaction`](Self::transaction).
    ///
    /// # Errors
    /// `WrongType` if it is of another type, and it stays, unless its key says
    /// [what then holds](crate::OnWrongType); `Destroyed` after `destroy`.
    pub fn take<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, SessionError> {
        self.change(|draft| draft.take(key))
    }

    /// Tells whether there is a value under `key`, of whatever type.
    #[must_use]
    pub fn contains(&self, key: impl AsKey) -> bool {
        self.state().draft.contains(key)
    }

    /// Gives the names of all values, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state().draft.keys()
    }

    /// Removes all values. Flash messages, owner and id stay; to end the session, [`destroy`](Self::destroy)
    /// it.
    ///
    /// # Errors
    /// `Destroyed` after `destroy`.
    pub fn clear(&self) -> Result<(), SessionError> {
        self.change(Draft::clear)
    }

    /// Sets a value to what `change` makes of the old one, and gives it as it is for now.
    ///
    /// If another request was written meanwhile, `change` runs again on what that one wrote, so no update is
    /// lost. It must therefore depend on its argument alone, and must not use the session, which is locked
    /// while it runs. What it returned last is what is stored; where the answer must be that one, use
    /// [`transaction`](Self::transaction). Where it makes `None` (of a `T` that is an `Option`), the value is removed; it
    /// is given `None` where there is no value.
    ///
    /// # Errors
    /// `WrongType` if the old value is of another type, unless its key says [what then holds](crate::OnWrongType);
    /// `NotSerializable` if the new one could not be read again. The old one stays. `Destroyed` after `destroy`.
    pub fn update<T, F>(&self, key: impl KeyOf<T>, change: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        self.change(|draft| draft.update(key, change))
    }

    /// Leaves a message for the next page.
    ///
    /// # Errors
    /// `Random` if the message can be given no identity, `Destroyed` after `destroy`.
    pub fn flash(&self, level: FlashLevel, message: impl Into<String>) -> Result<(), SessionError> {
        self.change(|draft| draft.flash(level, message))
    }

    /// Removes all messages and gives them, oldest first. Each is handed out once, as with
    /// [`take`](Self::take).
    ///
    /// # Errors
    /// `Destroyed` after `destroy`.
    pub fn take_flash(&self) -> Result<Vec<Flash>, SessionError> {
        self.change(Draft::take_flash)
    }

    /// Gives the session a new id when the request is closed, and retires the old one. Its values, its
    /// owner and its beginning stay.
    ///
    /// Call it on every change of privilege; [`set_owner`](Self::set_owner) does it by itself. A session
    /// without content gets no id, and so no new one.
    ///
    /// # Errors
    /// `Destroyed` after `destroy`; `ResponseSent`; `ReadOnly` or `Gone` if the session cannot be written.
    pub fn renew(&self) -> Result<(), SessionError> {
        let mut state = self.state();
        state.check_renewable()?;
        state.privilege.renew = true;
        state.privilege.routine = false;
        Ok(())
    }

    /// Ends the session when the request is closed, whatever the response, and has the cookie removed.
    ///
    /// Requests of this session that are under way can no longer write. What is read from it now is empty. If
    /// it was renewed meanwhile, what it was renewed to ends.
    pub fn destroy(&self) {
        let mut state = self.state();
        if state.destroy == Destroy::No {
            state.destroy = Destroy::Asked;
        }
        state.forget();
    }

    /// Leaves the session as it is stored: nothing is written at close. What is [committed](Self::commit) is
    /// written all the same, with the cookie that it needs, and so is what a [transaction](Self::transaction)
    /// writes.
    ///
    /// # Errors
    /// `Destroyed` after `destroy`.
    pub fn ignore(&self) -> Result<(), SessionError> {
        let mut state = self.state();
        if state.destroy != Destroy::No {
            return Err(SessionError::Destroyed);
        }
        state.ignored = true;
        Ok(())
    }

    /// Gives the owner; `None` if the session belongs to nobody.
    #[must_use]
    pub fn owner(&self) -> Option<Owner> {
        self.state().owner.clone()
    }

    /// Says whom the session belongs to: the user who logged in, or nobody.
    ///
    /// Another owner than before is a change of privilege: the id is [renewed](Self::renew), and the time of
    /// authentication is set, or cleared with the owner. The owner that is there already changes nothing; for
    /// one who logged in again, call [`set_authenticated`](Self::set_authenticated).
    ///
    /// A request that came with a retired id, and whose session is therefore read-only, starts a new session
    /// by this. Its visitor was logged out elsewhere a moment ago, or never saw the answer to their last login.
    ///
    /// # Errors
    /// As [`renew`](Self::renew).
    pub fn set_owner(&self, owner: impl Into<Option<Owner>>) -> Result<(), SessionError> {
        let owner = owner.into();
        let mut state = self.state();
        if owner.is_some() {
            state.start_anew();
        }
        state.check_renewable()?;
        if state.owner == owner {
            return Ok(());
        }
        let authenticated_at = owner.is_some().then(|| self.engine().now());
        state.draft.change(Change::Authenticated(authenticated_at))?;
        state.owner.clone_from(&owner);
        state.privilege = Privilege { renew: true, routine: false, owner: Some(owner) };
        Ok(())
    }

    /// Tells when the owner last proved who they are; `None` if never.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.state().draft.contents().reserved.authenticated_at
    }

    /// Tells whether the owner proved who they are within the last `max_age`; `false` if never.
    ///
    /// Ask before what needs a fresh proof, such as a change of password ("step-up"); if it is too old, have them prove
    /// it again, and call [`set_authenticated`](Self::set_authenticated).
    #[must_use]
    pub fn is_authenticated_within(&self, max_age: Duration) -> bool {
        self.authenticated_at().is_some_and(|at| self.engine().now().since(at) <= max_age)
    }

    /// Takes note that the owner proved who they are again, and [renews](Self::renew) the id.
    ///
    /// # Errors
    /// As [`renew`](Self::renew).
    pub fn set_authenticated(&self) -> Result<(), SessionError> {
        let mut state = self.state();
        state.check_renewable()?;
        state.draft.change(Change::Authenticated(Some(self.engine().now())))?;
        state.privilege.renew = true;
        state.privilege.routine = false;
        Ok(())
    }

    /// Gives this session timeouts of its own, instead of its `Sessions`' default; `None` goes back to that.
    ///
    /// # Errors
    /// `InvalidExpiry` if they cannot work, `Destroyed` after `destroy`.
    pub fn set_expiry(&self, expiry: impl Into<Option<Expiry>>) -> Result<(), SessionError> {
        let expiry = expiry.into();
        if let Some(expiry) = &expiry {
            expiry.check().map_err(SessionError::InvalidExpiry)?;
        }
        self.change(|draft| match draft.contents().reserved.expiry == expiry {
            true => Ok(()),
            false => draft.change(Change::Expiry(expiry)),
        })
    }

    /// Says how long browsers keep this session's cookie, instead of its `Sessions`' default: a persistent
    /// one is "remember me", together with a long [expiry](Self::set_expiry).
    ///
    /// # Errors
    /// `Destroyed` after `destroy`.
    pub fn set_cookie_lifetime(&self, lifetime: CookieLifetime) -> Result<(), SessionError> {
        self.change(|draft| match draft.contents().reserved.lifetime == Some(lifetime) {
            true => Ok(()),
            false => draft.change(Change::Lifetime(lifetime)),
        })
    }

    /// Gives the key that the session is stored under; `None` before the first write, and after `destroy`.
    ///
    /// It names the session in logs and in lists of a user's sessions. A renewal changes it.
    #[must_use]
    pub fn key(&self) -> Option<SessionKey> {
        self.stored(|key, _| *key)
    }

    /// Tells when the session began, over all renewals; `None` where there is no [`key`](Self::key).
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        self.stored(|_, record| record.created_at)
    }

    /// Tells when the session ends unless it is used; `None` where there is no [`key`](Self::key).
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.stored(|_, record| record.expires_at)
    }

    /// Tells whether nothing of this session is stored: it is new, or was never found, or has ended.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.key().is_none()
    }

    /// Says why this session cannot be written from the start; `None` if it can.
    #[must_use]
    pub fn read_only(&self) -> Option<ReadOnly> {
        self.state().origin.read_only()
    }

    fn stored<T>(&self, read: impl FnOnce(&SessionKey, &Record) -> T) -> Option<T> {
        match &*self.state() {
            State { origin: Origin::Stored { key, record }, destroy: Destroy::No, .. } => Some(read(key, record)),
            _ => None,
        }
    }
}

/// Shows the key's beginning and how much there is, no value.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("key", &self.key()).field("draft", &self.state().draft).finish_non_exhaustive()
    }
}
