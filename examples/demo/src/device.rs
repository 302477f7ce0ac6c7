//! A short name for what a visitor holds in their hands.

use http::HeaderMap;
use http::header::USER_AGENT;

/// How many characters of an unknown program's name are shown.
const LONGEST: usize = 30;

/// Browsers by what their `User-Agent` contains. Each claims to be those after it, too.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems, likewise.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// Names the device that sent these headers: "Firefox on Linux", or the program, such as "curl". It is what
/// the device says of itself, so it helps its owner to tell sessions apart and proves nothing.
pub(crate) fn name(headers: &HeaderMap) -> String {
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(token, _)| user_agent.contains(token)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => match user_agent.split(['/', ' ']).next() {
            None | Some("") => "Unknown device".to_owned(),
            Some(program) => program.chars().take(LONGEST).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn named(user_agent: &'static str) -> String {
        name(&HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(user_agent))]))
    }

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
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on macOS",
            ),
        ] {
            assert_eq!(named(user_agent), expected);
        }
    }

    #[test]
    fn other_programs_are_named_as_they_name_themselves() {
        assert_eq!(named("curl/8.14.1"), "curl");
        assert_eq!(named("a-name-that-goes-on-and-on-and-on-and-on/1"), "a-name-that-goes-on-and-on-and");
        assert_eq!(named(""), "Unknown device");
        assert_eq!(name(&HeaderMap::new()), "Unknown device");
    }
}
