//! The checked settings of device-bound sessions, with all that they need.

use std::time::Duration;

use super::proof::unquoted;
use super::tags::{self, GOOD_FOR, Tags};
use super::used::Used;
use super::{BindingOffer, DeviceAlgorithm, DeviceBound, OnUnproven, ProofError, Purpose};
use crate::cookie::{Cookies, named};
use crate::store::{RandomError, RandomSource, Timestamp, draw};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many device cookies of one request are looked at. A browser has one.
const MOST_COOKIES: usize = 4;
/// How long the device cookie may live.
const LIFETIME: std::ops::RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(86_400);

/// Where a browser binds a session, and where it proves that it is the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Register,
    Refresh,
}

/// Binds sessions to devices.
#[derive(Debug)]
pub(crate) struct Devices {
    pub(super) config: DeviceBound,
    register_path: String,
    pub(super) refresh_path: String,
    pub(super) cookie_name: String,
    /// The device cookie's, as browsers are told them.
    pub(super) attributes: String,
    tags: Tags,
    used: Used,
}

impl Devices {
    /// Checks the settings.
    ///
    /// # Errors
    /// What cannot work, and what to do.
    pub(crate) fn new(config: DeviceBound, cookies: &Cookies) -> Result<Self, &'static str> {
        if config.keys.is_empty() {
            return Err("no key is given: give one, such as `SecretKeys` has them");
        }
        if config.algorithms.is_empty() {
            return Err("no algorithm is offered: leave that out for both");
        }
        if !LIFETIME.contains(&config.lifetime) {
            return Err("the device cookie lives for a minute at least, and a day at most");
        }
        if cookies.is_partitioned() {
            return Err("browsers bind no partitioned cookies: use `CookiePartition::Shared`");
        }
        let is_path = |path: &String| path.starts_with('/') && path.bytes().all(is_plain);
        let is_own = config.path.len() > 1 && !config.path.ends_with('/') && is_path(&config.path);
        if !is_own || !config.excluded.iter().all(is_path) {
            return Err("the path cannot be one: give one such as `/dbsc`, of letters, digits, `-`, `.`, `_` and `/`");
        }
        let tags = Tags { keys: config.keys.clone(), name: cookies.name().to_owned() };
        Ok(Self {
            register_path: format!("{}/register", config.path),
            refresh_path: format!("{}/refresh", config.path),
            cookie_name: cookies.beside_name("-device"),
            attributes: cookies.attributes().trim_start_matches("; ").to_owned(),
            config,
            tags,
            used: Used::default(),
        })
    }

    /// Tells whether a request is for these, and not for a handler.
    pub(crate) fn endpoint(&self, method: &str, path: &str) -> Option<Endpoint> {
        match path {
            _ if method != "POST" => None,
            path if path == self.refresh_path => Some(Endpoint::Refresh),
            path if path == self.register_path => Some(Endpoint::Register),
            _ => None,
        }
    }

    pub(crate) fn offers_at_login(&self) -> bool {
        self.config.offer == BindingOffer::EveryLogin
    }

    pub(crate) fn algorithms(&self) -> &[DeviceAlgorithm] {
        &self.config.algorithms
    }

    /// Says what a request without proof gets; `skipped` if its browser says that it could not refresh.
    pub(crate) fn policy(&self, skipped: bool) -> OnUnproven {
        self.config.on_skipped.filter(|_| skipped).unwrap_or(self.config.on_unproven)
    }

    /// Draws the name of a binding.
    pub(crate) fn draw_id(random: &dyn RandomSource) -> Result<String, RandomError> {
        Ok(URL_SAFE_NO_PAD.encode(draw::<16>(random)?))
    }

    /// Draws a challenge.
    pub(crate) fn challenge(
        &self,
        purpose: Purpose,
        binding: &str,
        now: Timestamp,
        random: &dyn RandomSource,
    ) -> Result<String, RandomError> {
        let nonce = Self::draw_id(random)?;
        Ok(self.tags.tag(purpose, binding, &format!("{}.{nonce}", now.as_millis())))
    }

    /// Checks that a challenge was drawn for this, lately. It can still be [answered](Self::answered).
    ///
    /// # Errors
    /// `Challenge`.
    pub(crate) fn check_challenge<'a>(
        &self,
        purpose: Purpose,
        binding: &str,
        challenge: &'a str,
        now: Timestamp,
    ) -> Result<&'a str, ProofError> {
        let text = self.tags.read(purpose, binding, challenge);
        let (at, nonce) = text.and_then(tags::challenge).ok_or(ProofError::Challenge)?;
        if now.since(at) < GOOD_FOR { Ok(nonce) } else { Err(ProofError::Challenge) }
    }

    /// Takes note that the challenge with this nonce was answered by who has the key.
    ///
    /// # Errors
    /// `Used` if it was before.
    pub(crate) fn answered(&self, nonce: &str, now: Timestamp) -> Result<(), ProofError> {
        self.used.take(nonce, now)
    }

    /// Writes the header by which a browser is offered to bind a session.
    pub(crate) fn offer(&self, challenge: &str) -> String {
        let algorithms: Vec<_> = self.config.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        format!("({});path=\"{}\";challenge=\"{challenge}\"", algorithms.join(" "), self.register_path)
    }

    /// Writes the `Set-Cookie` value that gives the browser the device cookie: a time with a MAC, which no server keeps.
    pub(crate) fn cookie(&self, cookies: &Cookies, binding: &str, now: Timestamp) -> String {
        let until = now + self.config.lifetime;
        let value = self.tags.tag(Purpose::Cookie, binding, &until.as_millis().to_string());
        cookies.set_beside(&self.cookie_name, &value, self.config.lifetime, until)
    }

    /// Writes the `Set-Cookie` value that makes the browser forget the device cookie.
    pub(crate) fn removal(&self, cookies: &Cookies) -> String {
        cookies.remove_beside(&self.cookie_name)
    }

    /// Tells whether a request presents the device cookie of this binding; `grace` is for how long one is good that ran out
    /// while the request was on its way.
    pub(crate) fn proves<'a>(
        &self,
        lines: impl IntoIterator<Item = &'a [u8]>,
        binding: &str,
        now: Timestamp,
        grace: Duration,
    ) -> bool {
        let values = named(lines, &self.cookie_name).take(MOST_COOKIES);
        values.filter_map(|value| std::str::from_utf8(value).ok()).any(|value| {
            let until = self.tags.read(Purpose::Cookie, binding, value).and_then(tags::time);
            until.is_some_and(|until| now < until + grace)
        })
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.used.len()
    }
}

/// Reads which binding a browser means, by the header `Sec-Secure-Session-Id`; `None` if it is none that was drawn here.
pub(crate) fn meant(header: &[u8]) -> Option<&str> {
    let id = unquoted(std::str::from_utf8(header).ok()?);
    ((1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
        .then_some(id)
}

/// Tells whether a byte stands for itself in a path, a header and JSON.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/')
}
