//! The cookie, as the environment sets it: how it is, and what it was before.

use session_core::cookie::{CookieLifetime, CookieTransport, FormerAttributes, UnsignedCookies};
use session_core::{CookieConfig, SecretKeys, Timestamp};

use crate::variables::Variables;

/// Reads the cookie of an example, which has its name unless told: ports share a browser's jar.
pub(crate) fn cookie(framework: &str, variables: &Variables<'_>) -> Result<CookieConfig, String> {
    let mut cookie = match variables.choice("SESSION_COOKIE", &["secure", "development", "anywhere"])? {
        0 => CookieConfig::default(),
        1 => CookieConfig::development(),
        // Over plain http and on any host: whoever sees the traffic is the visitor.
        _ => CookieConfig::development().with_transport(CookieTransport::HttpAnywhere),
    };
    cookie = cookie.with_name(variables.text("SESSION_COOKIE_NAME").unwrap_or_else(|| format!("{framework}-session")));
    if variables.choice("SESSION_LIFETIME", &["browser", "persistent"])? == 1 {
        cookie = cookie.with_lifetime(CookieLifetime::Persistent);
    }
    if let Some(keys) = SecretKeys::from_variables("SESSION_KEYS", variables.0).map_err(|error| error.to_string())? {
        cookie = cookie.with_signing_keys(keys.signing_keys());
    }
    before(cookie, variables)
}

/// Adds what the cookie was before.
fn before(mut cookie: CookieConfig, variables: &Variables<'_>) -> Result<CookieConfig, String> {
    if let Some(path) = variables.text("SESSION_FORMER_PATH") {
        cookie = cookie.with_former_attributes(FormerAttributes::default().with_path(path));
    }
    if let Some(domain) = variables.text("SESSION_FORMER_DOMAIN") {
        cookie = cookie.with_former_attributes(FormerAttributes::default().with_domain(domain));
    }
    // Of a former name it is when that was given up, of unsigned cookies until when they are taken.
    let changed_at = variables.millis("SESSION_CHANGED_AT_MS")?.map(|since| Timestamp::MIN + since);
    let needed = |name: &str| changed_at.ok_or_else(|| format!("{name} needs a time: SESSION_CHANGED_AT_MS"));
    if let Some(name) = variables.text("SESSION_FORMER_NAME") {
        cookie = cookie.with_former_name(name, needed("SESSION_FORMER_NAME")?);
    }
    Ok(match variables.choice("SESSION_UNSIGNED", &["refused", "set", "taken"])? {
        0 => cookie,
        1 => cookie.with_unsigned_cookies(UnsignedCookies::Set),
        _ => cookie.with_unsigned_cookies(UnsignedCookies::TakenUntil(needed("SESSION_UNSIGNED")?)),
    })
}
