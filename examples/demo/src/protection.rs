//! What protects the visitor: how this server is set, and how the session is that looks.

use std::time::Duration;

use askama::Template;
use serde::Serialize;
use session_core::{Expiry, Session};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::demo::Demo;
use crate::errors::Refusal;
use crate::pages::{Answering, name};
use crate::settings::Settings;
use crate::view::When;

/// What the environment has set for all visitors.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Measures {
    /// What a page shows may be as old as that, and where changes are told it is not.
    near: Nearness,
    /// Browsers that can are asked to bind sessions to their device.
    binds: bool,
    renew_every_s: Option<u64>,
    max_per_owner: Option<usize>,
    /// Browsers forget more than the cookie at a sign-out.
    clears: bool,
    #[serde(skip)]
    signed: bool,
    #[serde(skip)]
    persistent: bool,
}

/// Whether pages are shown from what this process has read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Nearness {
    Off,
    Told,
    Stale,
}

impl Measures {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            near: match settings.near {
                None => Nearness::Off,
                Some(near) if near.stale_reads.is_none() => Nearness::Told,
                Some(_) => Nearness::Stale,
            },
            binds: settings.bound.is_some(),
            renew_every_s: settings.renew_every.map(|every| every.as_secs()),
            max_per_owner: settings.max_per_owner.map(|most| most.get()),
            clears: !settings.clear_site_data.is_empty(),
            signed: settings.signed,
            persistent: settings.persistent,
        }
    }
}

/// The page.
#[derive(Serialize, Template)]
#[template(path = "protection.html")]
struct Protection {
    #[serde(skip)]
    framework: &'static str,
    #[serde(skip)]
    store: &'static str,
    user: Option<String>,
    /// `None` if there is none yet.
    session: Option<Now>,
    cookie: Cookie,
    idle_s: Option<u64>,
    absolute_s: Option<u64>,
    #[serde(flatten)]
    measures: Measures,
}

/// The session as it is.
#[derive(Serialize)]
struct Now {
    began_at: Option<When>,
    /// The id is from then, and the one before is dead.
    signed_in_at: Option<When>,
    ends_at: Option<When>,
    bound_at: Option<When>,
    /// This request came from the device that it is bound to.
    proven: bool,
}

/// The cookie as it is set.
#[derive(Serialize)]
struct Cookie {
    name: String,
    /// It goes over https alone, and to this host alone, by a prefix that browsers enforce.
    secure: bool,
    signed: bool,
    persistent: bool,
}

impl Demo {
    /// Shows what protects the visitor: `GET /protection`.
    pub fn protection<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, protection(self, session, ask)))
    }
}

async fn protection(demo: &Demo, session: &Session, ask: &Ask) -> Result<Answer, Refusal> {
    let measures = demo.measures();
    // The demo sets no other, for all or for one.
    let expiry = Expiry::default();
    let cookie = demo.sessions().cookie_name();
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
    Ok(demo.show(
        ask.format(),
        &Protection {
            framework: demo.framework(),
            store: demo.store(),
            user: name(session),
            session: (!session.is_new()).then(|| Now {
                began_at: session.created_at().map(When),
                signed_in_at: session.authenticated_at().map(When),
                ends_at: session.expires_at().map(When),
                bound_at: session.bound_at().map(When),
                proven: session.bound_at().is_some() && session.is_proven(),
            }),
            cookie: Cookie {
                name: cookie.to_owned(),
                secure: cookie.starts_with("__Host-"),
                signed: measures.signed,
                persistent: measures.persistent,
            },
            idle_s: seconds(expiry.idle),
            absolute_s: seconds(expiry.absolute),
            measures,
        },
    ))
}

impl Protection {
    fn signed_in_at(&self) -> Option<&When> {
        self.session.as_ref()?.signed_in_at.as_ref()
    }

    fn is_bound(&self) -> bool {
        self.session.as_ref().is_some_and(|now| now.bound_at.is_some())
    }

    fn is_proven(&self) -> bool {
        self.session.as_ref().is_some_and(|now| now.proven)
    }

    /// Writes a time of seconds for people.
    fn time(seconds: &u64) -> String {
        let (number, unit) = match *seconds {
            seconds if seconds >= 172_800 && seconds % 86_400 == 0 => (seconds / 86_400, "days"),
            seconds if seconds >= 7_200 && seconds % 3_600 == 0 => (seconds / 3_600, "hours"),
            seconds if seconds >= 120 && seconds % 60 == 0 => (seconds / 60, "minutes"),
            seconds => (seconds, "seconds"),
        };
        format!("{number} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_largest_unit_that_is_exact() {
        for (seconds, words) in [
            (45, "45 seconds"),
            (900, "15 minutes"),
            (3_600, "60 minutes"),
            (86_400, "24 hours"),
            (90_061, "90061 seconds"),
            (2_592_000, "30 days"),
        ] {
            assert_eq!(Protection::time(&seconds), words);
        }
    }
}
