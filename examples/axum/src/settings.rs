//! What the environment sets.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use session_core::CookieConfig;
use session_core::cookie::CookieTransport;

#[derive(Debug)]
pub(crate) struct Settings {
    /// `PORT`; 0 picks a free one.
    pub(crate) port: u16,
    /// `SESSION_COOKIE`.
    pub(crate) cookie: CookieConfig,
    /// `SESSION_FILE`: where sessions wait while the server is down.
    pub(crate) session_file: PathBuf,
}

impl Settings {
    pub(crate) fn from_env() -> Result<Self, String> {
        Self::read(|name| env::var_os(name))
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let refuse = |name, value: &OsString, allowed| Err(format!("{name} is {value:?}; allowed is {allowed}"));

        let port = match variable("PORT") {
            None => 3000,
            Some(value) => match value.to_str().and_then(|value| value.parse().ok()) {
                Some(port) => port,
                None => return refuse("PORT", &value, "a number from 0 to 65535, where 0 picks a free port"),
            },
        };
        let cookie = match variable("SESSION_COOKIE") {
            None => CookieConfig::default(),
            Some(value) => match value.to_str() {
                Some("secure") => CookieConfig::default(),
                // Over plain http and on any host: whoever sees the traffic is the visitor.
                Some("development") => CookieConfig::development().with_transport(CookieTransport::HttpAnywhere),
                _ => return refuse("SESSION_COOKIE", &value, "\"secure\", the default, or \"development\""),
            },
        };
        let session_file = match variable("SESSION_FILE") {
            None => PathBuf::from("sessions.tab"),
            Some(value) if value.is_empty() => return refuse("SESSION_FILE", &value, "the path of a file"),
            Some(value) => PathBuf::from(value),
        };
        Ok(Self { port, cookie, session_file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, String> {
        Settings::read(|asked| (asked == name).then(|| value.into()))
    }

    #[test]
    fn all_of_it_has_defaults() {
        let settings = Settings::read(|_| None).unwrap();
        assert_eq!((settings.port, settings.session_file), (3000, PathBuf::from("sessions.tab")));
    }

    #[test]
    fn what_is_not_allowed_is_refused_with_what_is() {
        for (name, value, allowed) in [
            ("PORT", "http", "a number from 0 to 65535"),
            ("PORT", "65536", "a number from 0 to 65535"),
            ("PORT", "", "a number from 0 to 65535"),
            ("SESSION_COOKIE", "insecure", "\"secure\", the default, or \"development\""),
            ("SESSION_FILE", "", "the path of a file"),
        ] {
            let error = read(name, value).unwrap_err();
            assert!(error.contains(name) && error.contains(allowed), "{error}");
        }
        assert!(read("PORT", "0").is_ok() && read("SESSION_COOKIE", "development").is_ok());
    }
}
