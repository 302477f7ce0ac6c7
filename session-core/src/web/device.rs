//! A short name for what a visitor holds in their hands.

use woothee::parser::Parser;

/// How many characters of an unknown program's name are shown.
const LONGEST: usize = 30;

/// What the crate that reads the header says where it does not know.
const UNKNOWN: &str = "UNKNOWN";

/// Names the device that sent this `User-Agent`: "Firefox on Linux", or the program, such as "curl"; "Unknown device" where
/// it says nothing.
///
/// It is what the device says of itself, so it helps its owner to tell sessions apart and proves nothing. It is short enough
/// for a [label](crate::Session::set_label).
///
/// ```
/// # use session_core::{Owner, Session, SessionError};
/// use session_core::web::device;
///
/// fn signed_in(session: &Session, user: Owner, user_agent: &str) -> Result<(), SessionError> {
///     session.log_in(user)?;
///     session.set_label("device", &device(user_agent))
/// }
///
/// let name = device("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0");
/// assert_eq!(name, "Firefox on Linux");
/// ```
#[must_use]
pub fn device(user_agent: &str) -> String {
    // What is of the other categories is a library or a crawler, which names itself better.
    let is_browser = |category| matches!(category, "pc" | "smartphone" | "mobilephone" | "appliance");
    let known = Parser::new().parse(user_agent).filter(|found| is_browser(found.category) && found.name != UNKNOWN);
    let Some(found) = known else { return program(user_agent) };
    let browser = if found.name == "SamsungBrowser" { "Samsung Internet" } else { found.name };
    match system(found.os) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}

/// Names a system as its users do; `None` if it is not known. Windows has not told its version since its tenth.
fn system(name: &str) -> Option<&str> {
    match name {
        UNKNOWN => None,
        "Mac OSX" => Some("macOS"),
        name if name.starts_with("Windows") => Some("Windows"),
        name => Some(name),
    }
}

/// Names a program as it does itself.
fn program(user_agent: &str) -> String {
    match user_agent.split(['/', ' ']).next() {
        None | Some("") => "Unknown device".to_owned(),
        Some(name) => name.chars().take(LONGEST).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_with_their_system() {
        for (user_agent, expected) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/145.0 Mobile/15E148 Safari/605.1.15",
                "Firefox on iPad",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on ChromeOS",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/124.0.0.0",
                "Opera on Windows",
            ),
        ] {
            assert_eq!(device(user_agent), expected);
        }
    }

    #[test]
    fn other_programs_are_named_as_they_name_themselves() {
        assert_eq!(device("curl/8.14.1"), "curl");
        assert_eq!(device("python-requests/2.32"), "python-requests");
        assert_eq!(device("a-name-that-goes-on-and-on-and-on-and-on/1"), "a-name-that-goes-on-and-on-and");
        for nothing in ["", "/", " "] {
            assert_eq!(device(nothing), "Unknown device");
        }
    }

    #[test]
    fn whatever_is_sent_the_name_is_short_enough_for_a_label() {
        for part in ["Mozilla/5.0 (", "\u{1F980}", "Chrome/", "Windows NT 10.0;", "a", "-", "\0"] {
            assert!(device(&part.repeat(10_000)).len() <= 256, "{part:?}");
        }
    }
}
