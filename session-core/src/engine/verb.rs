//! What the store is asked.

/// What the store was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the verb of that name")]
pub enum Verb {
    Init,
    Get,
    Put,
    Touch,
    Delete,
    List,
    Scan,
    Sweep,
}

impl Verb {
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Self; 8] =
        [Self::Init, Self::Get, Self::Put, Self::Touch, Self::Delete, Self::List, Self::Scan, Self::Sweep];

    /// Gives the name of the span of such a call.
    pub(crate) fn span_name(self) -> &'static str {
        match self {
            Self::Init => "init sessions",
            Self::Get => "get session",
            Self::Put => "put session",
            Self::Touch => "touch session",
            Self::Delete => "delete session",
            Self::List => "list sessions",
            Self::Scan => "scan sessions",
            Self::Sweep => "sweep sessions",
        }
    }

    /// Returns the verb's name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Get => "get",
            Self::Put => "put",
            Self::Touch => "touch",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Scan => "scan",
            Self::Sweep => "sweep",
        }
    }
}
