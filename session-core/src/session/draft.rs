//! A session's values with the changes made to them: what a handler edits.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;

use super::changes::{Apply, Change, Entry, replay, set};
use super::value::{Untold, WrongTypes, is_absence, present, read_or, write};
use super::{AsKey, KeyOf};
use crate::engine::SessionError;
use crate::payload::{Contents, Flash, FlashLevel, OrRaw, StoredFlash};
use crate::store::{RandomSource, draw};

/// Holds a session's values together with the changes made to them, in order.
///
/// A [`transaction`](crate::Session::transaction) is given one.
pub struct Draft {
    contents: Contents,
    log: Vec<Entry>,
    /// How many changes, at the log's beginning, are somebody else's, who may want them back as they were.
    fixed: usize,
    random: Arc<dyn RandomSource>,
    /// What was found to be of another type; behind a lock, which nobody else holds, since reading notes it.
    wrong: Mutex<WrongTypes>,
}

impl Draft {
    pub(crate) fn new(contents: Contents, random: Arc<dyn RandomSource>) -> Self {
        Self { contents, log: Vec::new(), fixed: 0, random, wrong: Mutex::default() }
    }

    /// Makes a draft of `contents` with the changes of this one made on them.
    pub(crate) fn on(&self, contents: Contents) -> Result<Self, SessionError> {
        let contents = replay(&self.log, contents, &mut self.wrong())?;
        // What was told is not told again.
        let wrong = Mutex::new(self.wrong().clone());
        Ok(Self { contents, log: self.log.clone(), fixed: self.log.len(), random: Arc::clone(&self.random), wrong })
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

    /// Hands the changes so far to whoever writes them. They stay to be seen.
    pub(crate) fn take_log(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.log)
    }

    /// Takes back changes that were certainly not written.
    pub(crate) fn restore(&mut self, log: Vec<Entry>) {
        self.log.splice(..0, log);
    }

    /// Shows `contents`, which were written or read, with the changes so far on top; `false` if those cannot
    /// be made there, and are discarded.
    pub(crate) fn rebase(&mut self, contents: Contents) -> bool {
        if self.log.is_empty() {
            self.contents = contents;
            return true;
        }
        // What changed nothing on the old contents may on these.
        self.log.iter_mut().for_each(|entry| entry.soft = false);
        let replayed = replay(&self.log, contents.clone(), &mut self.wrong());
        let possible = replayed.is_ok();
        if !possible {
            self.log.clear();
        }
        self.contents = replayed.unwrap_or(contents);
        possible
    }

    /// Forgets everything, and is a new session's draft.
    pub(crate) fn discard(&mut self) {
        self.log.clear();
        self.contents = Contents::new(&self.contents.reserved.scope);
    }

    pub(crate) fn change(&mut self, change: Change) -> Result<(), SessionError> {
        change.apply(&mut self.contents, self.wrong.get_mut().unwrap_or_else(PoisonError::into_inner))?;
        self.push(change, false);
        Ok(())
    }

    fn push(&mut self, change: Change, soft: bool) {
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

    /// Reads a value; `None` if there is none.
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

    /// Removes a value and gives it; `None` if there is none.
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

    /// Tells whether there is a value under `key`, of whatever type.
    pub fn contains(&self, key: impl AsKey) -> bool {
        present(&self.contents, key.as_key()).is_some()
    }

    /// Gives the names of all values, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let present = self.contents.values.iter().filter(|(_, text)| !is_absence(text));
        present.map(|(name, _)| name.to_owned()).collect()
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

    /// Sets a value to what `change` makes of the old one, and gives it.
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
        let (name, policy) = (SmolStr::new(key.as_key()), key.when_wrong_type());
        let there = present(&self.contents, &name);
        let old = there.map_or(Ok(None), |text| read_or(&name, text, policy, || self.wrong()))?;
        let new = change(old);
        let value = write(&name, &new)?;
        let soft = there == value.as_deref();
        set(&mut self.contents, &name, value);
        let key = name.clone();
        let apply: Apply = Arc::new(move |text, wrong| {
            let old = text.map_or(Ok(None), |text| read_or(&name, text, policy, || wrong))?;
            write(&name, &change(old))
        });
        self.push(Change::Update { key, apply }, soft);
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

    /// Removes all messages and gives them, oldest first.
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
mod tests {
    use super::*;
    use crate::session::changes::{MOST_FLASHES, has_effect};
    use crate::store::SystemRandom;

    fn draft() -> Draft {
        Draft::new(Contents::default(), Arc::new(SystemRandom))
    }

    #[test]
    fn a_log_replayed_on_other_contents_keeps_both_sides() {
        let (mut a, mut b) = (draft(), draft());
        a.insert("a", 1).unwrap();
        a.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).unwrap();
        b.insert("b", 2).unwrap();
        b.insert("n", 41).unwrap();
        let merged = replay(a.log(), b.contents().clone(), &mut WrongTypes::default()).unwrap();
        let merged = Draft::new(merged, Arc::new(SystemRandom));
        assert_eq!(merged.keys(), ["a", "b", "n"]);
        assert_eq!(merged.get::<u32>("n").unwrap(), Some(42));
    }

    #[test]
    fn what_changes_nothing_is_no_reason_to_write_but_is_made_again() {
        let mut d = draft();
        d.insert("x", 1).unwrap();
        d.take_log();
        d.insert("x", 1).unwrap();
        d.update("x", |x: Option<u8>| x.unwrap_or(9)).unwrap();
        d.remove("y").unwrap();
        assert_eq!(d.take::<u8>("y").unwrap(), None);
        assert!(d.take_flash().unwrap().is_empty());
        assert!(!has_effect(d.log()));
        let mut other = draft();
        other.insert("x", 2).unwrap();
        other.insert("y", 3).unwrap();
        let merged = other.on(Contents::default()).unwrap().into_parts().0;
        assert_eq!(replay(d.log(), merged, &mut WrongTypes::default()).unwrap().values.len(), 1);
    }

    #[test]
    fn setting_one_value_again_and_again_takes_the_room_of_one() {
        let mut d = draft();
        for n in 0..1_000 {
            d.insert("x", n).unwrap();
        }
        assert_eq!(d.log().len(), 1);
        assert_eq!(d.get::<u32>("x").unwrap(), Some(999));
        for _ in 0..100 {
            d.flash(FlashLevel::Info, "x").unwrap();
        }
        assert_eq!(d.take_flash().unwrap().len(), MOST_FLASHES);
    }

    #[test]
    fn a_value_is_handed_out_once() {
        let mut first = draft();
        first.insert("ticket", "T").unwrap();
        let stored = first.contents().clone();
        let mut second = Draft::new(stored.clone(), Arc::new(SystemRandom));
        let mut third = Draft::new(stored, Arc::new(SystemRandom));
        assert_eq!(second.take::<String>("ticket").unwrap().as_deref(), Some("T"));
        assert_eq!(third.take::<String>("ticket").unwrap().as_deref(), Some("T"));
        assert!(matches!(
            replay(third.log(), second.contents().clone(), &mut WrongTypes::default()),
            Err(SessionError::Conflict)
        ));
    }

    #[test]
    fn a_flash_added_meanwhile_is_not_consumed() {
        let mut first = draft();
        first.flash(FlashLevel::Info, "one").unwrap();
        let stored = first.contents().clone();
        let mut reader = Draft::new(stored.clone(), Arc::new(SystemRandom));
        let mut writer = Draft::new(stored, Arc::new(SystemRandom));
        assert_eq!(reader.take_flash().unwrap().len(), 1);
        writer.flash(FlashLevel::Info, "two").unwrap();
        let merged = replay(reader.log(), writer.contents().clone(), &mut WrongTypes::default()).unwrap();
        let left: Vec<_> =
            merged.reserved.flash.iter().map(|f| f.known().unwrap().clone().into_flash().message).collect();
        assert_eq!(left, ["two"]);
    }

    #[test]
    fn a_wrong_type_is_an_error_that_hides_the_value_and_keeps_it() {
        let mut d = draft();
        d.insert("secret", "hunter2").unwrap();
        let error = d.take::<u32>("secret").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        assert_eq!(d.get::<String>("secret").unwrap().as_deref(), Some("hunter2"));
        assert!(d.update("secret", |n: Option<u32>| n.unwrap_or(0)).is_err());
        assert_eq!(d.log().len(), 1);
    }
}
