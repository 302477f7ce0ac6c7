//! Why a command did not do what it was asked.

use std::process::ExitCode;

use example_demo::with_causes;
use serde_json::json;
use session_core::{BoxError, SessionError, StoreError};

/// Says why there is no report.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was given cannot be used.
    Usage(String),
    /// The store failed.
    Store(BoxError),
    /// The store cannot do this, whatever is tried.
    Unsupported(String),
    /// This machine does not play along.
    Setup(BoxError),
}

impl Failure {
    fn exit(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Store(_) | Self::Setup(_) => 3,
            Self::Unsupported(_) => 4,
        }
    }

    fn messages(&self) -> Vec<String> {
        match self {
            Self::Usage(said) | Self::Unsupported(said) => vec![said.clone()],
            Self::Store(error) | Self::Setup(error) => with_causes(&**error),
        }
    }

    /// Prints it, and gives the exit code.
    pub(crate) fn print(&self, command: &str, json: bool) -> ExitCode {
        let messages = self.messages();
        if json {
            let exit = self.exit();
            println!("{}", json!({ "command": command, "ok": false, "exit": exit, "error": messages }));
        }
        eprintln!("error: {}", messages.join("\n  because: "));
        ExitCode::from(self.exit())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InvalidCursor { .. } => Self::Usage(error.to_string()),
            error => Self::Store(error.into()),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unsupported { .. } => Self::Unsupported(error.to_string()),
            SessionError::NotSerializable { .. } | SessionError::TooLarge { .. } => Self::Usage(error.to_string()),
            SessionError::Store(error) => error.into(),
            error => Self::Store(error.into()),
        }
    }
}
