//! What a run begins with: what the browser holds, who serves its requests, and what they do.

use super::act::{Act, NOBODY};

/// What the browser has when its requests begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    NoCookie,
    /// A session of nobody's.
    Nobody,
    /// A session of Ann's.
    Ann,
    /// A session of Ann's whose id is due to be renewed.
    Due,
    /// The id that a session of Ann's had before it was renewed, by an answer that was lost.
    Old,
    /// The id of a session of Ann's that was revoked.
    Revoked,
    /// The id of a session of Ann's that it ended a moment ago, in an answer that was lost.
    LoggedOut,
    /// The same, longer ago than a straggler is under way.
    LoggedOutBefore,
}

impl Start {
    pub(crate) const ALL: [Self; 8] = [
        Self::NoCookie,
        Self::Nobody,
        Self::Ann,
        Self::Due,
        Self::Old,
        Self::Revoked,
        Self::LoggedOut,
        Self::LoggedOutBefore,
    ];

    /// Gives whose session the browser's id opens; `None` if it opens none.
    pub(crate) fn lives(self) -> Option<&'static str> {
        match self {
            Self::Nobody => Some(NOBODY),
            Self::Ann | Self::Due | Self::Old => Some("ann"),
            Self::NoCookie | Self::Revoked | Self::LoggedOut | Self::LoggedOutBefore => None,
        }
    }
}

/// What a second cookie opens, which the browser kept from when the cookie had another path, and sends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// A session of nobody's, older than the other.
    Nobody,
    /// A session of nobody's, newer than the other.
    Newer,
    Ann,
    Bob,
    /// A session of Ann's that ended as `LoggedOut` does.
    LoggedOut,
    /// A session of Ann's that was revoked.
    Revoked,
    /// The session of the first cookie, by the id before its renewal.
    Before,
    /// None that anybody knows.
    Unknown,
}

impl Beside {
    pub(crate) const ALL: [Self; 8] =
        [Self::Nobody, Self::Newer, Self::Ann, Self::Bob, Self::LoggedOut, Self::Revoked, Self::Before, Self::Unknown];

    /// Gives whose session it opens that the first cookie does not; `None` if it opens none.
    pub(crate) fn lives(self) -> Option<&'static str> {
        match self {
            Self::Nobody | Self::Newer => Some(NOBODY),
            Self::Ann => Some("ann"),
            Self::Bob => Some("bob"),
            Self::LoggedOut | Self::Revoked | Self::Before | Self::Unknown => None,
        }
    }

    /// Tells whether a browser can have it beside the cookie of a start.
    pub(crate) fn fits(self, start: Start) -> bool {
        self != Self::Before || matches!(start, Start::Nobody | Start::Ann)
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accident {
    No,
    /// The process that serves the first request dies after so many of its steps.
    Crash(usize),
    /// The answer to the first request never reaches the browser.
    LostAnswer,
}

/// Which keys the servers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Servers {
    /// They seal nothing.
    Alike,
    /// The server of that request has the old key alone, the others the new one as well. What the browser has was sealed
    /// with the old one.
    #[cfg(feature = "sealed")]
    Behind(usize),
    /// The same, and what it has was sealed with the new one.
    #[cfg(feature = "sealed")]
    FarBehind(usize),
    /// The server of that request has the old key alone, the others the new one alone, which sealed what the browser has.
    #[cfg(feature = "sealed")]
    Apart(usize),
}

impl Servers {
    /// Tells whether the server of a request lacks a key that another seals with.
    pub(crate) fn lacks_key(self, #[cfg_attr(not(feature = "sealed"), expect(unused))] number: usize) -> bool {
        match self {
            Self::Alike => false,
            #[cfg(feature = "sealed")]
            Self::Behind(lacks) | Self::FarBehind(lacks) => number == lacks,
            #[cfg(feature = "sealed")]
            Self::Apart(_) => true,
        }
    }

    /// Tells whether the server of a request can read nothing of what the browser begins with.
    pub(crate) fn reads_nothing(self, #[cfg_attr(not(feature = "sealed"), expect(unused))] number: usize) -> bool {
        match self {
            Self::Alike => false,
            #[cfg(feature = "sealed")]
            Self::Behind(_) => false,
            #[cfg(feature = "sealed")]
            Self::FarBehind(lacks) | Self::Apart(lacks) => number == lacks,
        }
    }

    /// Gives the keys of the server of a request, or of one that has all, the one that seals before the other; `None` if
    /// they seal nothing.
    #[cfg(feature = "sealed")]
    pub(crate) fn keys(self, number: Option<usize>) -> Option<&'static [u8]> {
        const OLD: &[u8] = &[1];
        const NEW: &[u8] = &[2];
        const OLD_AND_NEW: &[u8] = &[1, 2];
        const NEW_AND_OLD: &[u8] = &[2, 1];
        match (self, number) {
            (Self::Alike, _) => None,
            (Self::Behind(lacks) | Self::FarBehind(lacks) | Self::Apart(lacks), Some(number)) if number == lacks => {
                Some(OLD)
            }
            (Self::Apart(_), Some(_)) => Some(NEW),
            (Self::Behind(_), None) => Some(OLD_AND_NEW),
            _ => Some(NEW_AND_OLD),
        }
    }
}

/// What the servers keep of what they have read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caches {
    No,
    /// Each has read what the browser's ids open, and is told of no change while the requests run. What only looks, and who
    /// logs in or out, comes by `GET`.
    #[cfg(feature = "near")]
    Full,
}

/// What a run begins with.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) start: Start,
    /// The second cookie; `None` if there is none.
    pub(crate) beside: Option<Beside>,
    pub(crate) servers: Servers,
    pub(crate) caches: Caches,
    pub(crate) acts: Vec<Act>,
    pub(crate) accident: Accident,
}

impl Scene {
    /// One cookie at most, servers that are alike, and no accident.
    pub(crate) fn new(start: Start, acts: &[Act]) -> Self {
        let (servers, caches, acts) = (Servers::Alike, Caches::No, acts.into());
        Self { start, beside: None, servers, caches, acts, accident: Accident::No }
    }

    pub(crate) fn beside(self, beside: Beside) -> Self {
        Self { beside: Some(beside), ..self }
    }

    #[cfg(feature = "sealed")]
    pub(crate) fn on(self, servers: Servers) -> Self {
        Self { servers, ..self }
    }

    #[cfg(feature = "near")]
    pub(crate) fn with_caches(self) -> Self {
        Self { caches: Caches::Full, ..self }
    }

    pub(crate) fn with(self, accident: Accident) -> Self {
        Self { accident, ..self }
    }

    pub(crate) fn has(&self, is: impl Fn(Act) -> bool) -> bool {
        self.acts.iter().any(|act| is(*act))
    }

    /// Gives whose sessions the browser's ids open, each session once.
    pub(crate) fn lives(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.start.lives().into_iter().chain(self.beside.and_then(Beside::lives))
    }

    /// Tells whether the browser's ids open nothing.
    pub(crate) fn is_newcomer(&self) -> bool {
        self.lives().next().is_none()
    }

    /// Tells whether the browser's ids open several sessions, and one of them is somebody's.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.lives().count() > 1 && self.lives().any(|whose| whose != NOBODY)
    }
}
