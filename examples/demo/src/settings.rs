//! What the environment sets.

use std::env;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use session_core::{CookieConfig, DeviceBound, FailurePolicy, FingerprintKey, Near, SecretKeys, SiteData};

use crate::bound::bound;
use crate::cookie::cookie;
use crate::errors::Errors;
use crate::pages::{NAME, text};
use crate::store::StoreUrl;
use crate::store_settings::StoreSettings;
use crate::variables::{Variables, refuse};

#[derive(Debug)]
pub(crate) struct Settings {
    /// `PORT`; 0 picks a free one.
    pub(crate) port: u16,
    /// `SESSION_STORE`.
    pub(crate) store: StoreUrl,
    /// How that is set up, by the variables of [`StoreSettings`].
    pub(crate) store_settings: StoreSettings,
    /// `SESSION_FILE`: where sessions in memory wait while the server is down.
    pub(crate) session_file: PathBuf,
    /// `SESSION_COOKIE`, `SESSION_COOKIE_NAME`, `SESSION_KEYS` or `SESSION_KEYS_FILE`, `SESSION_LIFETIME`, and what it was.
    pub(crate) cookie: CookieConfig,
    /// `SESSION_KEYS` or `SESSION_KEYS_FILE`, unless `SESSION_UNSIGNED` says that cookies are set without a signature still.
    pub(crate) signed: bool,
    /// `SESSION_LIFETIME`: whether the cookie stays when the browser closes.
    pub(crate) persistent: bool,
    /// `SESSION_SECOND`: the cookie of a second kind of sessions; `None` for no such sessions.
    pub(crate) second: Option<CookieConfig>,
    /// `SESSION_SCOPE`; `None` for the cookie's name.
    pub(crate) scope: Option<String>,
    /// `SESSION_ON_FAILURE`.
    pub(crate) on_failure: FailurePolicy,
    /// `SESSION_TIMEOUT_MS`: how long the store may take.
    pub(crate) timeout: Duration,
    /// `SESSION_MAX_PER_OWNER`; `None` for no limit.
    pub(crate) max_per_owner: Option<NonZeroUsize>,
    /// `SESSION_RENEW_EVERY_MS`: how often a session gets a new id; `None` for never.
    pub(crate) renew_every: Option<Duration>,
    /// `SESSION_NEAR`: whether pages are answered by what was read before; `None` for never.
    pub(crate) near: Option<Near>,
    /// `SESSION_CLEAR_SITE_DATA`: what else browsers forget at a sign-out.
    pub(crate) clear_site_data: &'static [SiteData],
    /// `SESSION_FINGERPRINT_KEYS` or `SESSION_FINGERPRINT_KEYS_FILE`: by which logs name sessions; `None` for what each
    /// process draws.
    pub(crate) fingerprint: Option<FingerprintKey>,
    /// `SESSION_BOUND`: whether sessions are bound to devices, and what a request without proof gets.
    pub(crate) bound: Option<DeviceBound>,
    /// `SESSION_ADMIN`: the name of who may end everything; `None` for nobody.
    pub(crate) administrator: Option<String>,
    /// `SESSION_ERRORS`: who answers the errors of the sessions.
    pub(crate) errors: Errors,
    /// `SESSION_TEST`: whether there are routes for tests.
    pub(crate) test: bool,
}

impl Settings {
    /// Reads them for an example.
    pub(crate) fn from_env(framework: &str) -> Result<Self, String> {
        Self::read(framework, |name| env::var_os(name))
    }

    fn read(framework: &str, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let variables = Variables(&variable);
        let port = variables.text("PORT").map_or(Ok(3000), |value| {
            let allowed = "a number from 0 to 65535, where 0 picks a free port";
            value.parse().map_err(|_| refuse("PORT", &value, allowed))
        })?;
        let session_file = match variable("SESSION_FILE") {
            Some(value) if value.is_empty() => return Err(refuse("SESSION_FILE", "", "the path of a file")),
            value => value.map_or_else(|| PathBuf::from("sessions.tab"), PathBuf::from),
        };
        let store = StoreUrl::parse("SESSION_STORE", variables.text("SESSION_STORE").as_deref().unwrap_or("ets:"))?;
        let on_failure = match variables.choice("SESSION_ON_FAILURE", &["fail-closed", "anonymous"])? {
            0 => FailurePolicy::FailClosed,
            _ => FailurePolicy::Anonymous,
        };
        let clear_site_data: &[_] =
            match variables.choice("SESSION_CLEAR_SITE_DATA", &["nothing", "cache", "storage", "cache,storage"])? {
                0 => &[],
                1 => &[SiteData::Cache],
                2 => &[SiteData::Storage],
                _ => &[SiteData::Cache, SiteData::Storage],
            };
        let errors = match variables.choice("SESSION_ERRORS", &["dressed", "plain", "own"])? {
            0 => Errors::Dressed,
            1 => Errors::Plain,
            _ => Errors::Own,
        };
        let near = match variables.choice("SESSION_NEAR", &["off", "told", "stale"])? {
            0 => None,
            1 => Some(Near::default()),
            _ => Some(Near::default().with_stale_reads(Duration::from_secs(1))),
        };
        let cookie = cookie(framework, &variables)?;
        let fingerprints = SecretKeys::from_variables("SESSION_FINGERPRINT_KEYS", &variable);
        let fingerprints = fingerprints.map_err(|error| error.to_string())?;
        Ok(Self {
            port,
            store,
            store_settings: StoreSettings::from_variables(&variable)?,
            session_file,
            signed: ["SESSION_KEYS", "SESSION_KEYS_FILE"].iter().any(|name| variables.text(name).is_some())
                && variables.text("SESSION_UNSIGNED").as_deref() != Some("set"),
            persistent: variables.choice("SESSION_LIFETIME", &["browser", "persistent"])? == 1,
            second: variables.text("SESSION_SECOND").map(|name| cookie.clone().with_name(name)),
            cookie,
            scope: variables.text("SESSION_SCOPE"),
            on_failure,
            timeout: variables.millis("SESSION_TIMEOUT_MS")?.unwrap_or(Duration::from_secs(5)),
            max_per_owner: variables.number("SESSION_MAX_PER_OWNER")?,
            renew_every: variables.millis("SESSION_RENEW_EVERY_MS")?,
            near,
            clear_site_data,
            fingerprint: fingerprints.and_then(|keys| keys.fingerprint_keys().next()),
            bound: bound(&variables)?,
            administrator: administrator(&variables)?,
            errors,
            test: variables.choice("SESSION_TEST", &["0", "1"])? == 1,
        })
    }
}

/// Reads who may end everything. A name that nobody can have would be a page that nobody can see.
fn administrator(variables: &Variables<'_>) -> Result<Option<String>, String> {
    let Some(name) = variables.text("SESSION_ADMIN") else { return Ok(None) };
    match text(&name, "name", NAME) {
        Ok(same) if same == name => Ok(Some(name)),
        _ => Err(refuse("SESSION_ADMIN", &name, "the name of a user, 1 to 60 characters without blanks around them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, String> {
        Settings::read("axum", |asked| (asked == name).then(|| value.into()))
    }

    #[test]
    fn all_of_it_has_defaults() {
        let settings = Settings::read("axum", |_| None).unwrap();
        assert_eq!((settings.port, settings.session_file), (3000, PathBuf::from("sessions.tab")));
        assert_eq!(settings.store, StoreUrl::parse("SESSION_STORE", "ets:").unwrap());
        assert!(settings.max_per_owner.is_none() && settings.renew_every.is_none() && !settings.test);
    }

    #[test]
    fn what_is_not_allowed_is_refused_with_what_is() {
        for (name, value, allowed) in [
            ("PORT", "http", "a number from 0 to 65535"),
            ("PORT", "65536", "a number from 0 to 65535"),
            ("PORT", "", "a number from 0 to 65535"),
            ("SESSION_COOKIE", "insecure", "\"secure\", the default, or \"development\" or \"anywhere\""),
            ("SESSION_LIFETIME", "long", "\"browser\", the default, or \"persistent\""),
            ("SESSION_ON_FAILURE", "", "\"fail-closed\", the default, or \"anonymous\""),
            ("SESSION_MAX_PER_OWNER", "0", "a number from 1 on"),
            ("SESSION_TIMEOUT_MS", "soon", "a number from 1 on"),
            ("SESSION_RENEW_EVERY_MS", "often", "a number from 1 on"),
            ("SESSION_UNSIGNED", "never", "\"refused\", the default, or \"set\" or \"taken\""),
            ("SESSION_UNSIGNED", "taken", "SESSION_CHANGED_AT_MS"),
            ("SESSION_FORMER_NAME", "sid", "SESSION_CHANGED_AT_MS"),
            ("SESSION_CHANGED_AT_MS", "yesterday", "a number from 1 on"),
            ("SESSION_CLEAR_SITE_DATA", "cookies", "\"nothing\", the default, or \"cache\""),
            ("SESSION_BOUND", "yes", "\"no\", the default, or \"refuse\""),
            ("SESSION_BOUND", "refuse", "SESSION_KEYS"),
            ("SESSION_ERRORS", "none", "\"dressed\", the default, or \"plain\" or \"own\""),
            ("SESSION_ADMIN", "", "the name of a user"),
            ("SESSION_ADMIN", " Ann", "the name of a user"),
            ("SESSION_NEAR", "on", "\"off\", the default, or \"told\" or \"stale\""),
            ("SESSION_TEST", "yes", "\"0\", the default, or \"1\""),
            ("SESSION_STORE", "mongodb://localhost", "postgres://"),
            ("SESSION_FILE", "", "the path of a file"),
        ] {
            let error = read(name, value).unwrap_err();
            assert!(error.contains(name) && error.contains(allowed), "{error}");
        }
        assert!(read("PORT", "0").is_ok() && read("SESSION_COOKIE", "development").is_ok());
    }

    #[test]
    fn keys_are_read_and_never_quoted() {
        let key = SecretKeys::generate().unwrap().to_string();
        assert!(read("SESSION_KEYS", &key).is_ok() && read("SESSION_KEYS", &format!("{key},{key}")).is_ok());
        for wrong in [String::new(), key[4..].to_owned(), format!("{key}!")] {
            let error = read("SESSION_KEYS", &wrong).unwrap_err();
            assert!(error.starts_with("SESSION_KEYS: ") && !error.contains(&key[4..]), "{error}");
        }
        let error = read("SESSION_KEYS_FILE", "/no/such/file").unwrap_err();
        assert!(error.contains("/no/such/file"), "{error}");
    }
}
