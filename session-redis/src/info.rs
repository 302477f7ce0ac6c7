//! What a server says of itself.

use redis::{Cmd, Value, cmd};
use session_core::StoreError;

use crate::error::strange;

/// The answer to `INFO`.
pub(crate) struct Info(String);

impl Info {
    /// Gives the command that asks for a section.
    pub(crate) fn of(section: &'static str) -> Cmd {
        let mut command = cmd("INFO");
        command.arg(section);
        command
    }

    pub(crate) fn read(answer: Value) -> Result<Self, StoreError> {
        match answer {
            Value::BulkString(text) => Ok(Self(String::from_utf8_lossy(&text).into_owned())),
            Value::VerbatimString { text, .. } => Ok(Self(text)),
            _ => Err(strange("INFO")),
        }
    }

    /// Gives what stands behind a name; `None` if the name is not there.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_whole_name() {
        let text = "# Memory\r\nmaxmemory_human:0B\r\nmaxmemory:12\r\nmaxmemory_policy:allkeys-lru\r\n";
        let info = Info::read(Value::BulkString(text.into())).unwrap();
        assert_eq!(info.value("maxmemory"), Some("12"));
        assert_eq!(info.value("maxmemory_policy"), Some("allkeys-lru"));
        assert_eq!(info.value("memory"), None);
        assert!(Info::read(Value::Nil).is_err());
    }
}
