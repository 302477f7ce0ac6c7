//! What a handler holds.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex as AsyncMutex;

use super::origin::Origin;
use super::state::State;
use super::{AsKey, Draft, KeyOf};
use crate::engine::{Engine, EventKind, ReadOnly, SessionError};
use crate::payload::{Flash, FlashLevel};
use crate::store::{Record, SessionKey, Timestamp};

/// The visitor's session, for the time of a request.
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
/// | | while the request runs | once the response has left |
/// |---|---|---|
/// | reading | yes | yes |
/// | changing | kept until close | kept until `commit`; without one a warning is logged when the last handle goes |
/// | `log_in`, `renew` | done at close | `ResponseSent` |
/// | `commit` | writes now, and empties the log; without changes it looks whether the session lives | as before; `ResponseSent` if nothing was ever stored |
/// | `transaction` | writes now, and empties the log | as `commit` |
/// | `reload` | reads now | reads now |
/// | `touch` | moves the deadline, if it is time to | moves the deadline, if it is time to |
/// | `ended` | waits for the end | waits for the end |
/// | `destroy`, `log_out` | done at close | done at the next `commit`; the cookie stays |
/// | `ignore` | nothing of the session is written at close | no effect |
///
/// After `destroy` or `log_out` the handle holds a new session, empty and of nobody's, to which all of the above applies:
/// a message, a value or a login begins it, under a new id. A request that fails ends the old one, and begins none.
///
/// A session that cannot be written ([`read_only`](Self::read_only) says why) is empty, keeps changes to itself,
/// and answers `renew`, `commit` and `transaction` with [`SessionError::ReadOnly`]. One that ended while the request ran
/// answers [`SessionError::Gone`]. In both, [`log_in`](Self::log_in) begins a session.
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
    /// Held by whoever writes this session through this handle; see `request/commit.rs`. It is made when somebody does.
    writing: OnceLock<Arc<AsyncMutex<()>>>,
}

/// Tells of changes that were made after the response had left, and never committed.
impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.late && !state.draft.log().is_empty() {
            let key = state.key();
            self.engine.tell(EventKind::ChangedTooLate, key, None);
        }
    }
}

impl Session {
    pub(crate) fn new(engine: Arc<Engine>, state: State) -> Self {
        Self(Arc::new(Shared { engine, state: Mutex::new(state), writing: OnceLock::new() }))
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.0.engine
    }

    pub(crate) fn writing(&self) -> &Arc<AsyncMutex<()>> {
        self.0.writing.get_or_init(Arc::default)
    }

    /// Gives what whoever writes holds; `None` if nobody ever did. With the state locked it stays so, as far as the state
    /// shows: who writes looks there first.
    pub(crate) fn writing_so_far(&self) -> Option<&Arc<AsyncMutex<()>>> {
        self.0.writing.get()
    }

    /// Locks what the handle knows. Never held over an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A closure of the application's that panicked has changed nothing: a change is made after it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Draft) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let mut state = self.state();
        let before = state.draft.log().len();
        let result = change(&mut state.draft);
        state.late |= state.closed && state.draft.log().len() > before;
        self.unlock(state);
        result
    }

    /// Unlocks what the handle knows, and tells which values were found to be of another type meanwhile.
    pub(crate) fn unlock(&self, mut state: MutexGuard<'_, State>) {
        if let Some(untold) = state.draft.take_untold() {
            drop(state);
            untold.tell(self.engine(), self.session_key());
        }
    }

    /// Returns a value; `None` if there is none.
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
    /// `NotSerializable` if it could not be read again, see [what a session can hold](crate::guide::values).
    #[doc(alias = "set")]
    pub fn insert<T: Serialize>(&self, key: impl KeyOf<T>, value: T) -> Result<(), SessionError> {
        self.change(|draft| draft.insert(key, value))
    }

    /// Removes a value; nothing happens if there is none.
    ///
    /// # Errors
    /// None today.
    pub fn remove(&self, key: impl AsKey) -> Result<(), SessionError> {
        self.change(|draft| draft.remove(key))
    }

    /// Removes a value and returns it; `None` if there is none.
    ///
    /// A value is handed out once: of two requests that take it at once, the one that is written second
    /// ends with [`SessionError::Conflict`] instead of its response, whatever its method. Where that is no way to end, have
    /// [`commit`](Self::commit) tell, which shows what the other one left, or use [`transaction`](Self::transaction).
    ///
    /// # Errors
    /// `WrongType` if it is of another type, and it stays, unless its key says
    /// [what then holds](crate::OnWrongType).
    pub fn take<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, SessionError> {
        self.change(|draft| draft.take(key))
    }

    /// Returns whether there is a value under `key`, of whatever type.
    #[must_use]
    pub fn contains(&self, key: impl AsKey) -> bool {
        self.state().draft.contains(key)
    }

    /// Returns the names of all values, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state().draft.keys()
    }

    /// Removes all values. Flash messages, owner and id stay; to end the session, [`destroy`](Self::destroy)
    /// it.
    ///
    /// # Errors
    /// None today.
    pub fn clear(&self) -> Result<(), SessionError> {
        self.change(Draft::clear)
    }

    /// Leaves a message for the next page.
    ///
    /// # Errors
    /// `Random` if the message can be given no identity.
    pub fn flash(&self, level: FlashLevel, message: impl Into<String>) -> Result<(), SessionError> {
        self.change(|draft| draft.flash(level, message))
    }

    /// Removes all messages and returns them, oldest first. Of two pages that are shown at once, both may have them.
    ///
    /// # Errors
    /// None today.
    pub fn take_flash(&self) -> Result<Vec<Flash>, SessionError> {
        self.change(Draft::take_flash)
    }

    /// Ends the session when the request is closed, whatever the response, and goes on with a new, empty one.
    ///
    /// Requests of the session that are under way can no longer write. If it was renewed meanwhile, what it was renewed to
    /// ends. The cookie is removed, or is that of the new session where something is put into it. If another request has
    /// ended the session already, nothing is begun, and the cookie stays: it may be a later login's.
    ///
    /// If the store fails, the answer is an error, the cookie is removed all the same, and the end is tried again in the
    /// background; this process treats the session as ended meanwhile. A crash of the process loses that.
    ///
    /// Where this server leaves the session alone
    /// ([`UnknownFormat`](ReadOnly::UnknownFormat), [`NoKey`](ReadOnly::NoKey)), closing the request is an error instead, and
    /// the cookie stays.
    #[doc(alias("flush", "invalidate", "purge"))]
    pub fn destroy(&self) {
        let now = self.engine().now();
        self.state().end(now);
    }

    /// Leaves the session as it is stored: nothing of it is written at close. What is [committed](Self::commit) is
    /// written all the same, with the cookie that it needs, and so is what a [transaction](Self::transaction)
    /// writes.
    ///
    /// # Errors
    /// None today.
    pub fn ignore(&self) -> Result<(), SessionError> {
        self.state().ignored = true;
        Ok(())
    }

    /// Returns the key that the session is stored under; `None` before the first write.
    ///
    /// It names the session in logs and in lists of a user's sessions. A renewal changes it.
    #[doc(alias = "id")]
    #[must_use]
    pub fn session_key(&self) -> Option<SessionKey> {
        self.stored(|key, _| *key)
    }

    /// Returns when the session began, over all renewals; `None` where there is no [`session_key`](Self::session_key).
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        self.stored(|_, record| record.created_at)
    }

    /// Returns when the session ends unless it is used; `None` where there is no [`session_key`](Self::session_key).
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.stored(|_, record| record.expires_at)
    }

    /// Returns whether nothing of this session is stored: it is new, or was never found, or has ended.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.session_key().is_none()
    }

    /// Returns why this session could not be written from the start; `None` if it can.
    #[must_use]
    pub fn read_only(&self) -> Option<ReadOnly> {
        self.state().origin.read_only()
    }

    fn stored<T>(&self, read: impl FnOnce(&SessionKey, &Record) -> T) -> Option<T> {
        match &self.state().origin {
            Origin::Stored { key, record } => Some(read(key, record)),
            _ => None,
        }
    }
}

/// Shows the key's beginning and how much there is, no value.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("key", &self.session_key())
            .field("draft", &self.state().draft)
            .finish_non_exhaustive()
    }
}
