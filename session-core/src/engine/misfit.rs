//! Where in a value something is wrong, and what. It never shows a value.

use std::borrow::Cow;
use std::fmt;

/// Where in a value something does not fit its type, or JSON, and why; never what stands there.
///
/// All its words are the program's: names of fields and variants, kinds, numbers of places. A type's own words, which may
/// quote the value, are left out, and so are the keys of maps, which may be somebody's name.
#[derive(Clone, PartialEq, Eq)]
pub struct Misfit(Box<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    path: String,
    reason: Cow<'static, str>,
}

impl Misfit {
    /// Neither may come from the value.
    pub(crate) fn new(path: impl fmt::Display, reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts { path: path.to_string(), reason: reason.into() }))
    }

    /// Returns the way to the place within the value, as `items[3].price`; empty if it is the whole.
    ///
    /// A key of a map is given by its number, as `{key no. 2}`: the first is 1, in the order in which they are written,
    /// and where they are read, in that of the keys.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Returns what is wrong there, as "expected a u32, found a string".
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            "" => f.write_str(self.reason()),
            path => write!(f, "at `{path}`, {}", self.reason()),
        }
    }
}

impl fmt::Debug for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Misfit({self})")
    }
}
