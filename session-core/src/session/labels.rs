//! What tells an owner's sessions apart in a list.

use smol_str::SmolStr;

use super::changes::Change;
use super::{Draft, Session};
use crate::engine::SessionError;

impl Session {
    /// Sets a label of the session: a short text by which its owner, or an operator, tells it from others in a
    /// [list](crate::Sessions::list), where values are not read.
    ///
    /// Whatever name it has, it is replaced by the next one of that name, and goes with the session. A name has at most 64
    /// bytes, a text 256, and a session 16 labels. Labels stand in the session's payload: no store reads them, and what
    /// [seals](crate::guide) payloads seals them too.
    ///
    /// ```
    /// # use session_core::{Owner, Session, SessionError};
    /// /// `sid` is what an identity provider calls the session when it ends it.
    /// fn signed_in(session: &Session, user: Owner, sid: &str) -> Result<(), SessionError> {
    ///     session.log_in(user)?;
    ///     session.set_label("device", "Firefox on Linux")?;
    ///     session.set_label("sid", sid)
    /// }
    /// ```
    ///
    /// # Errors
    /// `Label` if it is longer than that, or one too many.
    pub fn set_label(&self, name: &str, text: &str) -> Result<(), SessionError> {
        self.change(|draft| draft.set_label(name, text))
    }

    /// Removes a label; nothing happens if there is none.
    ///
    /// # Errors
    /// None today.
    pub fn remove_label(&self, name: &str) -> Result<(), SessionError> {
        self.change(|draft| draft.remove_label(name))
    }

    /// Returns a label's text; `None` if there is none of the name.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<String> {
        self.state().draft.label(name).map(str::to_owned)
    }
}

impl Draft {
    /// Sets a [label](Session::set_label) of the session.
    ///
    /// # Errors
    /// `Label` if it is too long, or one too many.
    pub fn set_label(&mut self, name: &str, text: &str) -> Result<(), SessionError> {
        if self.label(name) == Some(text) {
            return Ok(());
        }
        self.change(Change::Label { name: SmolStr::new(name), text: Some(SmolStr::new(text)) })
    }

    /// Removes a label; nothing happens if there is none.
    ///
    /// # Errors
    /// None of its own; a session's `remove_label` has some.
    pub fn remove_label(&mut self, name: &str) -> Result<(), SessionError> {
        if self.label(name).is_none() {
            return Ok(());
        }
        self.change(Change::Label { name: SmolStr::new(name), text: None })
    }

    /// Returns a label's text; `None` if there is none of the name.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.contents().reserved.labels.get(name)
    }
}
