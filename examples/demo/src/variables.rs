//! How the environment is read: a variable that is not set has its default, and what is not allowed is refused with what is.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::time::Duration;

/// The environment's variables.
pub(crate) struct Variables<'a>(pub(crate) &'a dyn Fn(&str) -> Option<OsString>);

impl Variables<'_> {
    /// Gives a text; `None` if it is not set.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// Gives which of the choices is made, of which the first is the default.
    pub(crate) fn choice(&self, name: &str, choices: &[&str]) -> Result<usize, String> {
        let Some(value) = self.text(name) else { return Ok(0) };
        let place = choices.iter().position(|choice| *choice == value);
        place.ok_or_else(|| {
            let others: Vec<_> = choices[1..].iter().map(|choice| format!("{choice:?}")).collect();
            refuse(name, &value, &format!("{:?}, the default, or {}", choices[0], others.join(" or ")))
        })
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<NonZeroUsize>, String> {
        let parse = |value: String| value.parse().map_err(|_| refuse(name, &value, "a number from 1 on"));
        self.text(name).map(parse).transpose()
    }

    pub(crate) fn millis(&self, name: &str) -> Result<Option<Duration>, String> {
        Ok(self.number(name)?.map(|it| Duration::from_millis(it.get() as u64)))
    }
}

pub(crate) fn refuse(name: &str, value: &str, allowed: &str) -> String {
    format!("{name} is {value:?}; allowed is {allowed}")
}
