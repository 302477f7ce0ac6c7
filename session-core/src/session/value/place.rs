//! Where in a value.

use std::fmt;

/// How deep values may be nested: one level less than where `serde_json` stops reading.
pub(super) const MOST_LEVELS: u8 = 127;

/// A place in a value. It is linked to the one around it, on the stack, so that to know it costs no memory where
/// nothing is wrong.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    around: Option<&'a Place<'a>>,
    step: Step,
    /// How many arrays and objects are around it in the JSON text.
    levels: u8,
}

/// How a place is reached from the one around it.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// It is the value itself.
    Root,
    Field(&'static str),
    Variant(&'static str),
    Item(usize),
    /// The key with this number, or what stands under it. Which key it is may be somebody's secret.
    Key(usize),
}

impl<'a> Place<'a> {
    pub(super) fn root() -> Self {
        Self { around: None, step: Step::Root, levels: 0 }
    }

    /// Gives a place in this one, one level deeper.
    pub(super) fn within(&'a self, step: Step) -> Self {
        Self { around: Some(self), step, levels: self.levels.saturating_add(1) }
    }

    /// Tells whether an array or an object here would be one too many.
    pub(super) fn is_deepest(&self) -> bool {
        self.levels >= MOST_LEVELS
    }

    /// Gives how many levels there may be here.
    pub(super) fn levels_left(&self) -> usize {
        usize::from(MOST_LEVELS.saturating_sub(self.levels))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // At most as many as there are levels.
        if let Some(around) = self.around {
            around.fmt(f)?;
        }
        let dot = if self.around.is_some_and(|around| !matches!(around.step, Step::Root)) { "." } else { "" };
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) | Step::Variant(name) => write!(f, "{dot}{name}"),
            Step::Item(at) => write!(f, "[{at}]"),
            Step::Key(at) => write!(f, "{{key no. {}}}", at + 1),
        }
    }
}
