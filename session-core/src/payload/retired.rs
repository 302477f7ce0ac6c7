//! What is left of a session that ended, or that moved to another id.

use serde::{Deserialize, Serialize};

use super::unknown::{OrRaw, Unknown, reads_and_keeps};
use crate::store::{SessionKey, Timestamp};

/// Stands in the place of a session that ended or was given another id, so that what still comes with the old id is
/// recognised.
///
/// Of what an older version wrote, [`at`](Self::at) is absent, and the end was its browser's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retired {
    /// What it is now, if it is not over; `None` if it ended.
    pub(crate) moved: Option<Moved>,
    /// What its browser began from its id when it was dead.
    pub(crate) began: Option<Beginning>,
    pub(crate) by: EndedBy,
    /// When it ended, or when its browser last began another session from it.
    pub(crate) at: Option<Timestamp>,
    /// Until when the id that it had *before* opens what this led to: see [`Fields`](super::contents::Fields).
    pub(crate) old_id_until: Option<Timestamp>,
    /// What another version keeps there.
    pub(crate) unknown: Unknown,
}

/// Where a session is that was given another id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) to: SessionKey,
    /// Until when the old id opens it; `None` if it never does.
    pub(crate) serves_until: Option<Timestamp>,
}

/// A session that a browser began from the id of one that had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beginning {
    pub(crate) key: SessionKey,
    /// It was begun from an id that was ended from elsewhere. Whoever else held that id may have begun it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) doubtful: bool,
}

/// Says who ended a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EndedBy {
    /// A request of its own browser: a logout, a renewal, a login as another.
    #[default]
    Browser,
    /// A revocation, or an owner with too many sessions.
    Elsewhere,
}

impl Retired {
    /// Gives the key of the session that this one is now; `None` if it ended.
    pub(crate) fn moved_to(&self) -> Option<SessionKey> {
        self.moved.map(|moved| moved.to)
    }
}

/// As it is written. What was begun has a field of its own, which an older version takes for no renewal.
#[derive(Default, Serialize)]
pub(super) struct StoredRetired {
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<SessionKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serves_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<Beginning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<OrRaw<EndedBy>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_id_until: Option<Timestamp>,
    #[serde(flatten, skip_serializing_if = "Unknown::is_empty")]
    unknown: Unknown,
}

reads_and_keeps!(StoredRetired { successor, serves_until, began, by, at, old_id_until });

impl From<&Retired> for StoredRetired {
    fn from(retired: &Retired) -> Self {
        Self {
            successor: retired.moved_to(),
            serves_until: retired.moved.and_then(|moved| moved.serves_until),
            began: retired.began,
            by: (retired.by == EndedBy::Elsewhere).then_some(OrRaw::Known(retired.by)),
            at: retired.at,
            old_id_until: retired.old_id_until,
            unknown: retired.unknown.clone(),
        }
    }
}

impl From<StoredRetired> for Retired {
    fn from(stored: StoredRetired) -> Self {
        Self {
            moved: stored.successor.map(|to| Moved { to, serves_until: stored.serves_until }),
            began: stored.began,
            // Whoever else a later version knows, it was not the browser.
            by: stored.by.map_or(EndedBy::Browser, |by| by.known().copied().unwrap_or(EndedBy::Elsewhere)),
            at: stored.at,
            old_id_until: stored.old_id_until,
            unknown: stored.unknown,
        }
    }
}
