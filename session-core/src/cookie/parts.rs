//! What may stand in a cookie as its name, path and domain.

use super::CookieError;
use super::host::is_label;
use super::syntax::is_token;

/// The most bytes that every browser takes for the value of one attribute.
const MAX_ATTRIBUTE_LEN: usize = 1024;

pub(super) fn check_token(name: &str) -> Result<(), CookieError> {
    if name.is_empty() {
        return Err(CookieError::EmptyName);
    }
    match name.bytes().all(is_token) {
        true => Ok(()),
        false => Err(CookieError::InvalidName { name: name.to_owned() }),
    }
}

pub(super) fn check_path(path: &str) -> Result<(), CookieError> {
    let fits = path.starts_with('/')
        && path.len() <= MAX_ATTRIBUTE_LEN
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b';');
    if fits { Ok(()) } else { Err(CookieError::InvalidPath { path: path.to_owned() }) }
}

pub(super) fn check_domain(domain: &str) -> Result<(), CookieError> {
    let last = domain.rsplit('.').next().unwrap_or_default();
    // A name of one label is a public suffix, for which browsers take no cookie; one whose last
    // label is a number is an IP address, below which lies nothing.
    let fits = domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && !last.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(()) } else { Err(CookieError::InvalidDomain { domain: domain.to_owned() }) }
}
