//! What a URL may not have, though sqlx would pass over it.

use crate::error::ConfigError;

/// A parameter that does not do what its name says, and what to do instead.
pub(crate) type Refused = (&'static str, &'static str);

/// Refuses a URL of another database, and one with a parameter that is `refused`, which stands there by name or as
/// `name=value`.
pub(crate) fn check(
    url: &str,
    database: &'static str,
    schemes: &'static [&'static str],
    refused: &'static [Refused],
) -> Result<(), ConfigError> {
    let other = |scheme: &str| !schemes.iter().any(|ours| ours.eq_ignore_ascii_case(scheme));
    if let Some((scheme, rest)) = url.split_once(':')
        && rest.starts_with("//")
        && other(scheme)
    {
        return Err(ConfigError::Scheme { database, schemes });
    }
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    for parameter in parameters.split('#').next().unwrap_or_default().split('&') {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        if let Some((parameter, remedy)) = refused.iter().find(|(it, _)| *it == name || *it == parameter) {
            return Err(ConfigError::Parameter { parameter, remedy });
        }
    }
    Ok(())
}
