//! An error with its causes, in one line.

use std::error::Error;
use std::fmt;

/// An error and its causes, the nearest first, in one line.
///
/// A log in JSON shows of an error that it is given as a field the first text alone. So what goes to a log goes as this.
///
/// ```
/// use session_core::{Causes, StoreError};
///
/// let source = "connection refused".into();
/// let error = StoreError::Unavailable { store: "redis", source };
/// assert_eq!(
///     Causes(&error).to_string(),
///     "redis: the backend is unavailable; nothing was done: connection refused"
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Some errors say what their cause is themselves.
            if !said.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            said = text;
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("no answer from the server")]
    struct Low;

    #[derive(Debug, Error)]
    #[error("could not read: {0}")]
    struct Middle(#[source] Low);

    #[derive(Debug, Error)]
    #[error("the page failed")]
    struct High(#[source] Middle);

    #[test]
    fn every_cause_is_shown_once() {
        assert_eq!(
            Causes(&High(Middle(Low))).to_string(),
            "the page failed: could not read: no answer from the server"
        );
    }
}
