//! Where a browser goes on.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A path of this site, where a browser goes on after the login; `/` by default.
///
/// It comes back from the browser, so whoever made the link to the login page may have written it. What would lead to
/// another site ("open redirect") is none: `https://…`, `//host`, and what browsers take for these, such as `/\host`.
///
/// As a field of a query or a form it is lenient: what is missing or refused is `/`, and the login goes on.
///
/// ```
/// use session_core::Next;
///
/// #[derive(serde::Deserialize)]
/// struct Login {
///     name: String,
///     #[serde(default)]
///     next: Next,
/// }
///
/// let login: Login = serde_json::from_str(r#"{"name": "ann", "next": "/cart?page=2"}"#)?;
/// assert_eq!(login.next.as_str(), "/cart?page=2");
/// let login: Login = serde_json::from_str(r#"{"name": "ann", "next": "//evil.example/"}"#)?;
/// assert_eq!(login.next.as_str(), "/");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// It holds no quotes and no angle brackets, so that it may stand in an attribute of HTML between double quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Next(String);

impl Next {
    /// The most bytes that it may have.
    pub const MAX_LEN: usize = 2048;

    /// Creates one of a path, with its query if it has one; `None` if it is no path of this site, or too long.
    #[must_use]
    pub fn new(path: &str) -> Option<Self> {
        // Browsers take `\` for `/`, and drop tabs and line breaks wherever they stand.
        let is_plain = |byte: u8| matches!(byte, 0x21..=0x7E) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'\\');
        let is_path = path.starts_with('/') && !path.starts_with("//");
        (is_path && path.len() <= Self::MAX_LEN && path.bytes().all(is_plain)).then(|| Self(path.to_owned()))
    }

    /// Returns the path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Next {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Next {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Next> for String {
    fn from(next: Next) -> Self {
        next.0
    }
}

impl<'de> Deserialize<'de> for Next {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = Option::<String>::deserialize(deserializer)?;
        Ok(path.and_then(|path| Self::new(&path)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::Next;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for path in ["/", "/cart", "/cart?page=2&sort=up#end", "/a//b", "/%2F%2Fevil.example", "/..//evil.example"] {
            assert_eq!(Next::new(path).expect(path).as_str(), path);
        }
        let long = format!("/{}", "x".repeat(Next::MAX_LEN));
        for path in [
            "",
            "cart",
            "https://evil.example/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " /cart",
            "javascript:alert(1)",
            "/a b",
            "/caf\u{e9}",
            "/\"onload=x",
            "/<b>",
            "/a\u{0}",
            "?next",
            "#",
            &long,
        ] {
            assert_eq!(Next::new(path), None, "{path:?}");
        }
    }
}
