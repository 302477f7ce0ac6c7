//! What the app shows: as JSON by its fields, as a page by its template.

use std::collections::HashMap;
use std::fmt;

use askama::Template;
use serde::Serialize;
use session_core::{Flash, FlashLevel, Session, SessionError, SessionInfo, Timestamp};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::pages::{CART, VISITS, name};

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
            user: name(session),
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
    pub(crate) is_administrator: bool,
    #[serde(skip)]
    pub(crate) figures: [(&'static str, u64); 6],
}

impl Home {
    /// Names a level for the style.
    fn level(level: &FlashLevel) -> &'static str {
        match level {
            FlashLevel::Success => "success",
            FlashLevel::Warning => "warning",
            FlashLevel::Error => "error",
            _ => "info",
        }
    }
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
    /// Which of several it is that have one name.
    #[serde(skip)]
    pub(crate) number: Option<usize>,
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
            number: None,
        }
    }

    /// Numbers those that have one name, in the order in which they began: so each browser shows the same numbers, and
    /// finds itself among them.
    pub(crate) fn tell_apart(devices: &mut [Self]) {
        let mut order: Vec<_> = (0..devices.len()).collect();
        order.sort_by(|&a, &b| {
            let [a, b] = [a, b].map(|at| (devices[at].created_at.0, &devices[at].key));
            a.cmp(&b)
        });
        let mut alike: HashMap<String, Vec<usize>> = HashMap::new();
        for at in order {
            alike.entry(devices[at].name().to_owned()).or_default().push(at);
        }
        for several in alike.into_values().filter(|several| several.len() > 1) {
            for (before, at) in several.into_iter().enumerate() {
                devices[at].number = Some(before + 1);
            }
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
pub(crate) struct When(pub(crate) Timestamp);

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

    fn device(name: &str, created_at: u64) -> Device {
        let at = Timestamp::from_millis(created_at);
        let (created_at, last_seen_at, device) = (When(at), When(at), Some(name.to_owned()));
        Device { key: String::new(), current: false, created_at, last_seen_at, device, bound: false, number: None }
    }

    #[test]
    fn devices_of_one_name_are_numbered_from_the_first_on() {
        let mut devices = [device("a", 3), device("b", 2), device("a", 1), device("a", 2)];
        Device::tell_apart(&mut devices);
        assert_eq!(devices.map(|device| device.number), [Some(3), None, Some(1), Some(2)]);
    }

    #[test]
    fn times_are_shown_from_the_first_to_the_last() {
        assert_eq!(When(Timestamp::from_millis(1_763_836_496_789)).iso(), "2025-11-22T18:34:56Z");
        assert_eq!(When(Timestamp::from_millis(1_763_836_496_789)).to_string(), "22 Nov 2025, 18:34 UTC");
        assert_eq!(When(Timestamp::MIN).to_string(), "1 Jan 1970, 00:00 UTC");
        assert_eq!(When(Timestamp::MAX).iso(), "9999-12-31T23:59:59Z");
    }
}
