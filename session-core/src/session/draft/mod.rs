//! A session's values with the changes made to them: what a handler edits.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;

use super::changes::{Change, Entry, replay, set};
use super::closures::Update;
use super::value::{Untold, WrongTypes, names, present, read_or, write};
use super::{AsKey, KeyOf};
use crate::engine::SessionError;
use crate::payload::{Contents, Flash, FlashLevel, OrRaw, StoredFlash};
use crate::store::{Owner, RandomSource, draw};

/// A session's values together with the changes made to them, in order.
///
/// A [`transaction`](crate::Session::transaction) is given one.
pub struct Draft {
    contents: Contents,
    log: Vec<Entry>,
    /// How many changes, at the log's beginning, are somebody else's, who may want them back as they were.
    fixed: usize,
    /// Counts the changes to all of this, so that it can be told whether something was made on what is still there.
    generation: u64,
    pub(super) owner: Option<Owner>,
    random: Arc<dyn RandomSource>,
    /// What was found to be of another type; behind a lock, which nobody else holds, since reading notes it.
    wrong: Mutex<WrongTypes>,
}

impl Draft {
    pub(crate) fn new(contents: Contents, owner: Option<Owner>, random: Arc<dyn RandomSource>) -> Self {
        Self { contents, log: Vec::new(), fixed: 0, generation: 0, owner, random, wrong: Mutex::default() }
    }

    /// Makes a draft of `contents`, on which the changes of this one are still to be [made](Self::replay).
    pub(crate) fn on(&self, contents: Contents) -> Self {
        Self {
            contents,
            log: self.log.clone(),
            fixed: self.log.len(),
            generation: self.generation,
            owner: self.owner.clone(),
            random: Arc::clone(&self.random),
            // What was told is not told again.
            wrong: Mutex::new(self.wrong().clone()),
        }
    }

    /// Makes the changes of the draft that this one was made [of](Self::on).
    pub(crate) fn replay(&mut self) -> Result<(), SessionError> {
        let contents = std::mem::take(&mut self.contents);
        self.contents = replay(&self.log, contents, self.wrong.get_mut().unwrap_or_else(PoisonError::into_inner))?;
        Ok(())
    }

    fn wrong(&self) -> MutexGuard<'_, WrongTypes> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what was noted by a draft that was made [on](Self::on) other contents of this one.
    pub(crate) fn absorb(&mut self, other: &mut Self) {
        let noted = std::mem::take(&mut *other.wrong());
        self.wrong().absorb(noted);
    }

    /// Hands out which values were found to be of another type, to be told once the state is no longer locked; `None`
    /// if none were.
    pub(crate) fn take_untold(&mut self) -> Option<Untold> {
        self.wrong.get_mut().unwrap_or_else(PoisonError::into_inner).take_untold()
    }

    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }

    pub(crate) fn log(&self) -> &[Entry] {
        &self.log
    }

    pub(crate) fn into_parts(self) -> (Contents, Vec<Entry>) {
        (self.contents, self.log)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn set_owner(&mut self, owner: Option<Owner>) {
        self.owner = owner;
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        present(&self.contents, name)
    }

    pub(super) fn wrong_types(&self) -> WrongTypes {
        self.wrong().clone()
    }

    pub(super) fn note(&mut self, wrong: WrongTypes) {
        self.wrong().absorb(wrong);
    }

    /// Hands the changes so far to whoever writes them. They stay to be seen.
    pub(crate) fn take_log(&mut self) -> Vec<Entry> {
        self.generation += 1;
        std::mem::take(&mut self.log)
    }

    /// Takes back changes that were certainly not written.
    pub(crate) fn restore(&mut self, log: Vec<Entry>) {
        self.generation += 1;
        self.log.splice(..0, log);
    }

    /// Shows `contents`, to which the changes so far lead, if there are any.
    pub(crate) fn show(&mut self, contents: Contents) {
        self.generation += 1;
        // What changed nothing on the old contents may on these.
        self.log.iter_mut().for_each(|entry| entry.soft = false);
        self.contents = contents;
    }

    /// Shows `contents`, and discards the changes so far, which cannot be made there.
    pub(crate) fn show_alone(&mut self, contents: Contents) {
        self.log.clear();
        self.show(contents);
    }

    /// Forgets everything, and is a new session's draft.
    pub(crate) fn discard(&mut self) {
        self.generation += 1;
        self.log.clear();
        self.owner = None;
        self.contents = Contents::new(&self.contents.reserved.scope);
    }

    pub(crate) fn change(&mut self, change: Change) -> Result<(), SessionError> {
        change.apply(&mut self.contents, self.wrong.get_mut().unwrap_or_else(PoisonError::into_inner))?;
        self.push(change, false);
        Ok(())
    }

    /// Sets a value to what an update made of it, and tells whether it is what it was.
    pub(super) fn set(&mut self, name: &SmolStr, value: Option<SmolStr>) -> bool {
        let soft = self.text(name) == value.as_deref();
        set(&mut self.contents, name, value);
        soft
    }

    pub(super) fn push(&mut self, change: Change, soft: bool) {
        self.generation += 1;
        // A handler that sets one value in a loop must not fill the memory.
        if let (Some(key), Some(Entry { change: last, soft: was })) = (change.sets(), self.log.last())
            && last.sets() == Some(key)
            && self.log.len() > self.fixed
        {
            let soft = soft && *was;
            self.log.pop();
            self.log.push(Entry { change, soft });
            return;
        }
        self.log.push(Entry { change, soft });
    }

    /// Returns a value; `None` if there is none.
    ///
    /// # Errors
    /// `WrongType` if it is of another type, unless its key says [what then holds](crate::OnWrongType).
    pub fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, SessionError> {
        let (name, policy) = (key.as_key(), key.when_wrong_type());
        let Some(text) = present(&self.contents, name) else { return Ok(None) };
        read_or(name, text, policy, || self.wrong())
    }

    /// Sets a value, whatever was there. One that JSON writes as `null`, such as `None` or `()`, is absence, and removes
    /// it.
    ///
    /// # Errors
    /// `NotSerializable` if it could not be read again; see [what a session can hold](crate::guide::values).
    pub fn insert<T: Serialize>(&mut self, key: impl KeyOf<T>, value: T) -> Result<(), SessionError> {
        let Some(value) = write(key.as_key(), &value)? else { return self.remove(key) };
        let key = SmolStr::new(key.as_key());
        let soft = self.contents.values.get(&key).is_some_and(|there| there == value);
        if !soft {
            self.contents.values.insert(key.clone(), value.clone());
        }
        self.push(Change::Insert { key, value }, soft);
        Ok(())
    }

    /// Removes a value; nothing happens if there is none.
    ///
    /// # Errors
    /// None of its own; a session's `remove` has some.
    pub fn remove(&mut self, key: impl AsKey) -> Result<(), SessionError> {
        let key = SmolStr::new(key.as_key());
        let soft = present(&self.contents, &key).is_none();
        self.contents.values.remove(&key);
        self.push(Change::Remove { key }, soft);
        Ok(())
    }

    /// Removes a value and returns it; `None` if there is none.
    ///
    /// A value is handed out once: of two requests that take it at once, the one that is written second
    /// ends with [`SessionError::Conflict`].
    ///
    /// # Errors
    /// As [`get`](Self::get); what is of another type stays.
    pub fn take<T: DeserializeOwned>(&mut self, key: impl KeyOf<T>) -> Result<Option<T>, SessionError> {
        let (name, policy) = (key.as_key(), key.when_wrong_type());
        let Some(text) = present(&self.contents, name) else { return Ok(None) };
        let taken = text.into();
        let value = read_or(name, text, policy, || self.wrong())?;
        if value.is_some() {
            self.change(Change::Take { key: name.into(), value: taken })?;
        }
        Ok(value)
    }

    /// Returns whether there is a value under `key`, of whatever type.
    pub fn contains(&self, key: impl AsKey) -> bool {
        present(&self.contents, key.as_key()).is_some()
    }

    /// Returns the names of all values, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        names(&self.contents)
    }

    /// Removes all values. Flash messages stay.
    ///
    /// # Errors
    /// None of its own; a session's `clear` has some.
    pub fn clear(&mut self) -> Result<(), SessionError> {
        let soft = self.contents.values.is_empty();
        self.contents.values.clear();
        self.push(Change::Clear, soft);
        Ok(())
    }

    /// Sets a value to what `change` makes of the old one, and returns it.
    ///
    /// If another request wrote meanwhile, `change` runs again on what that one wrote, so no update is
    /// lost. It must therefore depend on its argument alone, and must not use the session. Where it makes `None` (of a
    /// `T` that is an `Option`), the value is removed; it is given `None` where there is no value.
    ///
    /// # Errors
    /// `WrongType` if the old value is of another type, unless its key says [what then holds](crate::OnWrongType);
    /// `NotSerializable` if the new one could not be read again. The old value stays.
    pub fn update<T, F>(&mut self, key: impl KeyOf<T>, change: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let update = Update::of(key, change);
        let (new, value) = update.make::<T>(self.text(&update.name), &mut self.wrong())?;
        let soft = self.set(&update.name, value);
        self.push(update.into_change::<T>(), soft);
        Ok(new)
    }

    /// Leaves a message for the next page.
    ///
    /// # Errors
    /// `Random` if the message can be given no identity.
    pub fn flash(&mut self, level: FlashLevel, message: impl Into<String>) -> Result<(), SessionError> {
        let id = u64::from_ne_bytes(draw(&*self.random)?);
        let flash = Flash { level, message: message.into() };
        self.change(Change::Flash(StoredFlash::new(id, flash)))
    }

    /// Removes all messages and returns them, oldest first.
    ///
    /// Unlike with [`take`](Self::take), two requests that do so at once may both be given a message.
    ///
    /// # Errors
    /// None of its own; a session's `take_flash` has some.
    pub fn take_flash(&mut self) -> Result<Vec<Flash>, SessionError> {
        // What another version keeps there in a way of its own is for its pages.
        let stored: Vec<_> = self.contents.reserved.flash.iter().filter_map(OrRaw::known).cloned().collect();
        if !stored.is_empty() {
            self.change(Change::TakeFlash(stored.iter().map(|stored| stored.id).collect()))?;
        }
        Ok(stored.into_iter().map(StoredFlash::into_flash).collect())
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({:?}, {} changes)", self.contents, self.log.len())
    }
}

#[cfg(test)]
mod tests;
