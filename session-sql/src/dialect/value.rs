//! What goes into a statement, and what comes out of one.

use std::fmt;

use session_core::Record;

use crate::row::{Place, RowError};

/// A value of a statement.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// A version or a time.
    Number(i64),
    /// A key, a payload or an owner.
    Bytes(&'a [u8]),
    /// No owner.
    Absent,
}

/// Shows no bytes: they are what must not be shown.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Absent => f.write_str("absent"),
        }
    }
}

/// What was read of a row.
#[derive(Debug)]
pub struct Fetched {
    /// The record; the error if it is none.
    pub(crate) record: Result<Record, RowError>,
    /// Whether the payload was left out, because it is long.
    pub(crate) left_out: bool,
    /// Where it stands; `None` if the statement did not ask.
    pub(crate) place: Option<Place>,
}
