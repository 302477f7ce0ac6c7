//! Values that turned out to be of another type, until somebody is told.

use smol_str::SmolStr;

use crate::engine::{Engine, EventKind, Misfit, SessionError};
use crate::store::SessionKey;

/// A value that is of another type than it was asked for as.
#[derive(Clone, Debug)]
pub(crate) struct WrongType {
    pub(crate) key: SmolStr,
    pub(crate) expected: &'static str,
    pub(crate) misfit: Misfit,
}

impl From<WrongType> for SessionError {
    fn from(WrongType { key, expected, misfit }: WrongType) -> Self {
        Self::WrongType { key: key.into(), expected, misfit }
    }
}

/// Keeps what has to be told, each name once: nobody is told while the session's state is locked.
#[derive(Clone, Debug, Default)]
pub(crate) struct WrongTypes {
    noted: Vec<SmolStr>,
    untold: Vec<WrongType>,
}

impl WrongTypes {
    pub(crate) fn has(&self, key: &str) -> bool {
        self.noted.iter().any(|noted| noted == key)
    }

    pub(crate) fn note(&mut self, wrong: &WrongType) {
        if !self.has(&wrong.key) {
            self.noted.push(wrong.key.clone());
            self.untold.push(wrong.clone());
        }
    }

    /// Takes over what others noted.
    pub(crate) fn absorb(&mut self, others: Self) {
        others.untold.iter().for_each(|wrong| self.note(wrong));
    }

    /// Hands out what is still to be told, and remembers that it was noted; `None` if all is told.
    pub(crate) fn take_untold(&mut self) -> Option<Untold> {
        (!self.untold.is_empty()).then(|| Untold(std::mem::take(&mut self.untold)))
    }
}

/// What is to be told now.
#[must_use]
pub(crate) struct Untold(Vec<WrongType>);

impl Untold {
    /// Tells everybody who listens; never with the session's state locked.
    pub(crate) fn tell(self, engine: &Engine, key: Option<SessionKey>) {
        for wrong in self.0 {
            engine.tell(EventKind::WrongType { error: &wrong.into() }, key, None);
        }
    }
}
