//! What the app shows: as JSON by its fields, as a page by its template.

use std::fmt;

use askama::Template;
use serde::Serialize;
use session_core::{Flash, Session, SessionError, SessionInfo, Timestamp};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::pages::{CART, VISITS};

/// The visitor, as their session knows them.
#[derive(Serialize)]
pub(crate) struct Visitor {
    pub(crate) user: Option<String>,
    pub(crate) visits: u32,
    pub(crate) cart: Vec<String>,
}

impl Visitor {
    pub(crate) fn of(session: &Session) -> Result<Self, SessionError> {
        Ok(Self {
            user: session.owner().map(|owner| owner.as_str().to_owned()),
            visits: session.get(VISITS)?.unwrap_or(0),
            cart: session.get(CART)?.unwrap_or_default(),
        })
    }
}

/// The page.
#[derive(Serialize, Template)]
#[template(path = "home.html")]
pub(crate) struct Home {
    #[serde(skip)]
    pub(crate) framework: &'static str,
    #[serde(skip)]
    pub(crate) store: &'static str,
    #[serde(flatten)]
    pub(crate) visitor: Visitor,
    pub(crate) flash: Vec<Flash>,
    #[serde(skip)]
    pub(crate) count: u32,
    #[serde(skip)]
    pub(crate) devices: Vec<Device>,
    #[serde(skip)]
    pub(crate) is_new: bool,
    #[serde(skip)]
    pub(crate) figures: [(&'static str, u64); 6],
}

#[derive(Serialize)]
pub(crate) struct Count {
    pub(crate) count: u32,
}

/// One of a user's sessions.
#[derive(Serialize)]
pub(crate) struct Device {
    key: String,
    current: bool,
    created_at: When,
    last_seen_at: When,
    device: Option<String>,
    /// It is of no use on another device.
    pub(crate) bound: bool,
}

impl Device {
    pub(crate) fn new(info: &SessionInfo, session: &Session) -> Self {
        Self {
            key: info.session_key().encode(),
            current: session.session_key() == Some(info.session_key()),
            created_at: When(info.created_at()),
            last_seen_at: When(info.last_seen_at()),
            device: info.label("device").map(str::to_owned),
            bound: info.bound_at().is_some(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.device.as_deref().unwrap_or("Unknown device")
    }
}

/// What went wrong.
#[derive(Serialize, Template)]
#[template(path = "problem.html")]
pub(crate) struct Problem {
    #[serde(skip)]
    pub(crate) framework: &'static str,
    #[serde(skip)]
    pub(crate) status: u16,
    pub(crate) error: String,
}

/// A time: milliseconds in JSON, words on the page.
#[derive(Serialize)]
pub(crate) struct When(Timestamp);

impl When {
    fn date(&self) -> OffsetDateTime {
        let seconds = i64::try_from(self.0.as_millis() / 1000).expect("a timestamp ends with the year 9999");
        OffsetDateTime::from_unix_timestamp(seconds).expect("a timestamp ends with the year 9999")
    }

    /// Writes it for machines.
    pub(crate) fn iso(&self) -> String {
        self.date().format(&Rfc3339).expect("the year has four digits")
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
        f.write_str(&self.date().format(format).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_from_the_first_to_the_last() {
        assert_eq!(When(Timestamp::from_millis(1_763_836_496_789)).iso(), "2025-11-22T18:34:56Z");
        assert_eq!(When(Timestamp::from_millis(1_763_836_496_789)).to_string(), "22 Nov 2025, 18:34 UTC");
        assert_eq!(When(Timestamp::MIN).to_string(), "1 Jan 1970, 00:00 UTC");
        assert_eq!(When(Timestamp::MAX).iso(), "9999-12-31T23:59:59Z");
    }
}
