//! What tells an owner's sessions apart in a list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

use super::unknown::OrRaw;

/// The most labels that a session has.
const MOST: usize = 16;
/// The longest name of a label, in bytes.
const LONGEST_NAME: usize = 64;
/// The longest text of a label, in bytes.
const LONGEST_TEXT: usize = 256;

/// Texts by name, few and short: a list has them in memory for each session, where it has none of the values. What is no
/// text is of a kind that another version has added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Labels(BTreeMap<SmolStr, OrRaw<SmolStr>>);

impl Labels {
    pub(crate) const NONE: Self = Self(BTreeMap::new());

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(OrRaw::known).map(SmolStr::as_str)
    }

    /// Gives all of them, sorted by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, text)| Some((name.as_str(), text.known()?.as_str())))
    }

    /// Sets one, or removes it.
    ///
    /// # Errors
    /// [`LabelError`] if it is more than a list should hold; nothing was changed.
    pub(crate) fn set(&mut self, name: &SmolStr, text: Option<&SmolStr>) -> Result<(), LabelError> {
        let Some(text) = text else {
            self.0.remove(name);
            return Ok(());
        };
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(LabelError::Name { most: LONGEST_NAME, found: name.len() });
        }
        if text.len() > LONGEST_TEXT {
            return Err(LabelError::TooLong { most: LONGEST_TEXT, found: text.len() });
        }
        if self.0.len() >= MOST && !self.0.contains_key(name) {
            return Err(LabelError::TooMany { most: MOST });
        }
        self.0.insert(name.clone(), OrRaw::Known(text.clone()));
        Ok(())
    }
}

/// Why a session cannot have a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The name is empty or too long.
    #[error("the name of a label has 1 to {most} bytes, not {found}")]
    Name {
        /// The most bytes that it may have.
        most: usize,
        /// How many it has.
        found: usize,
    },
    /// The text is too long.
    #[error("the text of a label has at most {most} bytes, not {found}; cut what visitors send")]
    TooLong {
        /// The most bytes that it may have.
        most: usize,
        /// How many it has.
        found: usize,
    },
    /// The session has as many as it may have.
    #[error("a session has at most {most} labels")]
    TooMany {
        /// The most labels that it may have.
        most: usize,
    },
}
