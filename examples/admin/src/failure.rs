//! Why a command did not do what it was asked, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use example_demo::with_causes;
use serde_json::{Value, json};
use session_core::{BoxError, SessionError, StoreError};

use crate::out;

/// Says why there is no report.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    /// What is wrong, and then its causes, the nearest first.
    said: Vec<String>,
}

/// Says what has to happen before it can go well. The codes are those of BSD's `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What was given cannot be used.
    Usage = 64,
    /// What stands in the store cannot be read.
    Data = 65,
    /// There is nothing at all where it was looked for.
    Missing = 66,
    /// The store cannot do this, whatever is tried.
    Unsupported = 69,
    /// The store failed in a way that nothing else describes.
    Failed = 70,
    /// This machine does not play along.
    Machine = 71,
    /// There is no room, or a file cannot be written.
    Full = 73,
    /// What was found could not be printed.
    Output = 74,
    /// Another time it may go well.
    Passing = 75,
    /// Somebody has to mend the store's settings, or rights.
    Misconfigured = 78,
    /// Nobody reads any more: no failure.
    Unread = 0,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Data => "data",
            Self::Missing => "missing",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
            Self::Machine => "machine",
            Self::Full => "full",
            Self::Output => "output",
            Self::Passing => "passing",
            Self::Misconfigured => "misconfigured",
            Self::Unread => "unread",
        }
    }
}

impl Failure {
    fn new(kind: Kind, said: impl Into<String>) -> Self {
        Self { kind, said: vec![said.into()] }
    }

    fn of(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Self {
        Self { kind, said: with_causes(error) }
    }

    pub(crate) fn usage(said: impl Into<String>) -> Self {
        Self::new(Kind::Usage, said)
    }

    /// Makes one of an error about what was given.
    pub(crate) fn given(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::of(Kind::Usage, error)
    }

    pub(crate) fn missing(said: impl Into<String>) -> Self {
        Self::new(Kind::Missing, said)
    }

    pub(crate) fn unsupported(said: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, said)
    }

    pub(crate) fn misconfigured(said: impl Into<String>) -> Self {
        Self::new(Kind::Misconfigured, said)
    }

    pub(crate) fn passing(said: impl Into<String>) -> Self {
        Self::new(Kind::Passing, said)
    }

    pub(crate) fn machine(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::of(Kind::Machine, error)
    }

    /// Makes one of a file that this machine cannot read or write.
    pub(crate) fn file(path: &std::path::Path, error: &io::Error) -> Self {
        Self { kind: Kind::Full, said: vec![path.display().to_string(), error.to_string()] }
    }

    /// Makes one of a file of the caller's that cannot be read.
    pub(crate) fn unreadable(path: &std::path::Path, error: &io::Error) -> Self {
        Self { kind: Kind::Usage, said: vec![format!("{} cannot be read", path.display()), error.to_string()] }
    }

    pub(crate) fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Kind::Unread, "nobody reads what is printed"),
            _ => Self { kind: Kind::Output, said: vec!["it cannot be printed".to_owned(), error.to_string()] },
        }
    }

    /// Adds what was done nevertheless.
    pub(crate) fn although_done(mut self, result: &Value) -> Self {
        self.said.insert(0, format!("it was done, with this result: {result}"));
        self
    }

    /// Says it otherwise.
    pub(crate) fn said(mut self, otherwise: impl Fn(String) -> String) -> Self {
        self.said = self.said.into_iter().map(otherwise).collect();
        self
    }

    /// Tells whether whoever read has gone, which is no failure.
    pub(crate) fn is_unread(&self) -> bool {
        self.kind == Kind::Unread
    }

    /// Gives all that is wrong, on a line.
    pub(crate) fn line(&self) -> String {
        self.said.join(": ")
    }

    /// Prints it, and gives the exit code.
    pub(crate) fn print(&self, command: Option<&str>, json: bool) -> ExitCode {
        let exit = self.kind as u8;
        if self.is_unread() {
            return ExitCode::from(exit);
        }
        if json && self.kind != Kind::Output {
            let (kind, error) = (self.kind.name(), &self.said);
            let told = json!({ "command": command, "ok": false, "exit": exit, "kind": kind, "error": error });
            // Where that fails, too, stderr has it.
            let _ = out::line(&told.to_string());
        }
        out::note(&format!("error: {}", self.said.join("\n  because: ")));
        ExitCode::from(exit)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::InvalidCursor { .. } | StoreError::TooLarge { .. } => Kind::Usage,
            StoreError::Unavailable { .. } | StoreError::Timeout { .. } | StoreError::Indeterminate { .. } => {
                Kind::Passing
            }
            StoreError::Corrupt { .. } | StoreError::UnknownFormat { .. } => Kind::Data,
            StoreError::Full { .. } => Kind::Full,
            StoreError::Misconfigured { .. } => Kind::Misconfigured,
            _ => Kind::Failed,
        };
        Self::of(kind, &error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let kind = match error {
            SessionError::Store(error) => return error.into(),
            SessionError::Unsupported { .. } => Kind::Unsupported,
            SessionError::NotSerializable { .. } | SessionError::TooLarge { .. } => Kind::Usage,
            SessionError::Timeout { .. } | SessionError::Indeterminate | SessionError::Conflict => Kind::Passing,
            SessionError::Codec(_) | SessionError::WrongType { .. } => Kind::Data,
            SessionError::Random(_) => Kind::Machine,
            _ => Kind::Failed,
        };
        Self::of(kind, &error)
    }
}

/// Makes one of what a store cannot be set up by.
pub(crate) fn unusable(error: BoxError) -> Failure {
    Failure::given(&*error)
}
