//! The lines of a request's `Cookie` header, kept until somebody asks what is in them.

use bytes::Bytes;
#[cfg(feature = "_http")]
use http::HeaderValue;

/// Keeps the values of a request's `Cookie` headers. Most requests have one or none, which takes no room of its own.
#[derive(Clone, Default)]
pub(crate) enum CookieLines {
    #[default]
    None,
    One(Line),
    Several(Vec<Line>),
}

/// Keeps one value: a copy, or the framework's own, shared.
#[derive(Clone)]
pub(crate) enum Line {
    Copied(Bytes),
    #[cfg(feature = "_http")]
    Shared(HeaderValue),
}

impl CookieLines {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let lines = match self {
            Self::None => &[],
            Self::One(line) => std::slice::from_ref(line),
            Self::Several(lines) => lines.as_slice(),
        };
        lines.iter().map(Line::as_bytes)
    }
}

impl FromIterator<Line> for CookieLines {
    fn from_iter<I: IntoIterator<Item = Line>>(lines: I) -> Self {
        let mut lines = lines.into_iter();
        match (lines.next(), lines.next()) {
            (None, _) => Self::None,
            (Some(one), None) => Self::One(one),
            (Some(first), Some(second)) => Self::Several([first, second].into_iter().chain(lines).collect()),
        }
    }
}

impl Line {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            #[cfg(feature = "_http")]
            Self::Shared(value) => value.as_bytes(),
        }
    }
}
