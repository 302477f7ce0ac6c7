//! What caches are told of a response that depends on the session.
//!
//! Pure functions from the header values a handler left to the one value to send. What cannot be
//! read is answered by the strictest value there is: a handler's slip must not put one visitor's
//! cookie into another's response.

use std::borrow::Cow;
use std::str;

use crate::cookie::syntax::{is_token, trim};

/// Gives the `Cache-Control` of a response that sets the session cookie; `None` if what is there
/// will do.
///
/// `public` and `s-maxage` go, `private` comes, all else stays. The value replaces every
/// `Cache-Control` line. `private="field"` keeps shared caches from that field alone and counts for
/// nothing here. `no-store` makes `private` superfluous, but not beside `must-understand`, which
/// tells some caches to overlook it. Malformed lines become `no-store`.
pub(crate) fn private<'a>(existing: impl IntoIterator<Item = &'a [u8]>) -> Option<Cow<'static, str>> {
    let mut existing = existing.into_iter().flat_map(Directives).peekable();
    if existing.peek().is_none() {
        return Some("private".into());
    }
    let mut kept = Vec::new();
    let (mut changed, mut is_private, mut no_store, mut must_understand) = (false, false, false, false);
    for directive in existing {
        let Ok(directive) = directive else { return Some("no-store".into()) };
        if directive.is("public") || directive.is("s-maxage") || (directive.is("private") && directive.has_argument()) {
            changed = true;
            continue;
        }
        is_private |= directive.is("private");
        // With an argument, which it does not have, some caches may not know it.
        no_store |= directive.is("no-store") && !directive.has_argument();
        must_understand |= directive.is("must-understand");
        kept.push(directive.text);
    }
    if !is_private && (!no_store || must_understand) {
        kept.push("private");
        changed = true;
    }
    changed.then(|| kept.join(", ").into())
}

/// Tells whether a header says to some shared caches alone what `Cache-Control` says to all (RFC 9213), which it overrules
/// for those.
pub(crate) fn is_targeted(name: &str) -> bool {
    const SUFFIX: &str = "-cache-control";
    let cut = name.len().wrapping_sub(SUFFIX.len());
    name.eq_ignore_ascii_case("surrogate-control")
        || name.get(cut..).is_some_and(|end| end.eq_ignore_ascii_case(SUFFIX))
}

/// Tells whether a cache that goes by this targeted header may keep the response. `Surrogate-Control` knows no `private`.
pub(crate) fn is_shared<'a>(name: &str, lines: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut is_strict = false;
    for directive in lines.into_iter().flat_map(Directives) {
        let Ok(directive) = directive else { return true };
        let counts =
            directive.is("no-store") || (directive.is("private") && !name.eq_ignore_ascii_case("surrogate-control"));
        is_strict |= counts && !directive.has_argument();
    }
    !is_strict
}

/// Gives the `Vary` of a response that read or tested for the session; `None` if what is there will
/// do.
///
/// `Cookie` is appended, unless it or `*` is listed. The value replaces every `Vary` line, because
/// some caches read the first alone. Malformed lines become `*`.
pub(crate) fn vary_by_cookie<'a>(existing: impl IntoIterator<Item = &'a [u8]>) -> Option<Cow<'static, str>> {
    let mut fields = Vec::new();
    let (mut listed, mut malformed) = (false, false);
    for field in existing.into_iter().flat_map(|line| line.split(|&b| b == b',')).map(trim) {
        match str::from_utf8(field) {
            Ok("") => {}
            Ok("*") => return None,
            Ok(field) if field.bytes().all(is_token) => {
                listed |= field.eq_ignore_ascii_case("cookie");
                fields.push(field);
            }
            _ => malformed = true,
        }
    }
    if malformed {
        return Some("*".into());
    }
    if listed {
        return None;
    }
    if fields.is_empty() {
        return Some("Cookie".into());
    }
    fields.push("Cookie");
    Some(fields.join(", ").into())
}

/// One directive as it stands in the header, and where its name ends.
struct Directive<'a> {
    text: &'a str,
    name_len: usize,
}

impl Directive<'_> {
    fn is(&self, name: &str) -> bool {
        self.text[..self.name_len].eq_ignore_ascii_case(name)
    }

    fn has_argument(&self) -> bool {
        self.text.len() > self.name_len
    }
}

/// Says that a line is not a list of directives. Nothing after it can be trusted.
struct Malformed;

/// Reads a line as a list of `token`, `token=token` and `token="quoted"`; empty members are nothing.
struct Directives<'a>(&'a [u8]);

impl<'a> Iterator for Directives<'a> {
    type Item = Result<Directive<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [b' ' | b'\t' | b',', rest @ ..] = self.0 {
            self.0 = rest;
        }
        if self.0.is_empty() {
            return None;
        }
        let name_len = token_len(self.0);
        let len = name_len + argument_len(&self.0[name_len..]).unwrap_or_default();
        let (text, rest) = self.0.split_at(len);
        let rest = trim(rest);
        let directive = str::from_utf8(text).ok().map(|text| Directive { text, name_len });
        // After the directive comes a comma or the end. An argument that cannot be read is neither.
        let whole = name_len > 0 && matches!(rest, [] | [b',', ..]);
        self.0 = if whole { rest } else { &[] };
        Some(directive.filter(|_| whole).ok_or(Malformed))
    }
}

/// Gives the length of `=token` or `="quoted"`, 0 where there is no `=`; `None` if it is malformed.
fn argument_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'=', b'"', quoted @ ..] => quoted_len(quoted).map(|len| 2 + len),
        [b'=', token @ ..] => Some(1 + token_len(token)).filter(|&len| len > 1),
        _ => Some(0),
    }
}

/// Gives the length up to and with the closing quote, counted from behind the opening one.
fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (i, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\t' | b' '..=b'~' if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(i + 1),
            b'\t' | b' '..=b'~' => {}
            // A value of bytes past ASCII cannot be given on as text, so it counts as malformed.
            _ => return None,
        }
    }
    None
}

fn token_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|&b| !is_token(b)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn private_of(lines: &[&str]) -> Option<Cow<'static, str>> {
        private(lines.iter().map(|line| line.as_bytes()))
    }

    fn vary_of(lines: &[&str]) -> Option<Cow<'static, str>> {
        vary_by_cookie(lines.iter().map(|line| line.as_bytes()))
    }

    #[test]
    fn private_is_added_and_what_shares_goes() {
        for (existing, expected) in [
            ("", "private"),
            (" , ,\t", "private"),
            ("public", "private"),
            ("PUBLIC, S-MaxAge=60, Max-Age=5", "Max-Age=5, private"),
            ("max-age=60, public", "max-age=60, private"),
            ("s-maxage=60", "private"),
            ("s-maxage=\"60\", no-cache", "no-cache, private"),
            ("public=\"x\", immutable", "immutable, private"),
            ("no-cache", "no-cache, private"),
            ("max-age=0,must-revalidate", "max-age=0, must-revalidate, private"),
            ("x-public=1, publicly", "x-public=1, publicly, private"),
            ("stale-while-revalidate=30, community=\"UCI\"", "stale-while-revalidate=30, community=\"UCI\", private"),
        ] {
            assert_eq!(private_of(&[existing]).as_deref(), Some(expected), "{existing}");
        }
        assert_eq!(private_of(&[]).as_deref(), Some("private"));
    }

    #[test]
    fn what_is_strict_enough_is_left_as_it_is() {
        for existing in
            ["private", "Private, max-age=60", "no-store", "no-store, max-age=0", "NO-STORE", "no-cache,private"]
        {
            assert_eq!(private_of(&[existing]), None, "{existing}");
        }
        assert_eq!(private_of(&["max-age=60", "private"]), None);
    }

    #[test]
    fn no_store_suffices_except_where_a_cache_may_overlook_it() {
        assert_eq!(private_of(&["no-store, public, s-maxage=1"]).as_deref(), Some("no-store"));
        assert_eq!(private_of(&["public", "no-store"]).as_deref(), Some("no-store"));
        assert_eq!(private_of(&["must-understand, no-store"]).as_deref(), Some("must-understand, no-store, private"));
        assert_eq!(private_of(&["no-store=1"]).as_deref(), Some("no-store=1, private"));
    }

    #[test]
    fn a_qualified_directive_is_not_the_directive() {
        for (existing, expected) in [
            ("private=\"Set-Cookie\"", "private"),
            ("private=\"Set-Cookie, X-A\", max-age=60", "max-age=60, private"),
            ("private=set-cookie", "private"),
            ("private=\"\"", "private"),
            ("no-cache=\"Set-Cookie, X-B\", public", "no-cache=\"Set-Cookie, X-B\", private"),
            ("private=\"a\", private, public", "private"),
            ("no-store, private=\"a\"", "no-store"),
        ] {
            assert_eq!(private_of(&[existing]).as_deref(), Some(expected), "{existing}");
        }
    }

    #[test]
    fn what_stands_in_quotes_is_no_directive() {
        let quoted = r#"ext="private, no-store, \", s-maxage=1, \\""#;
        assert_eq!(private_of(&[quoted]), Some(format!("{quoted}, private").into()));
        assert_eq!(private_of(&[&format!("{quoted}, private")]), None);
    }

    #[test]
    fn what_cannot_be_read_is_not_stored() {
        for existing in [
            "no-cache=\"Set-Cookie, public, max-age=60",
            "private, x=\"",
            "x=\"\\\"",
            "max-age = 60",
            "max-age=",
            "=60",
            "public; max-age=60",
            "private x",
            "x=\"a\"b",
            "max-age=60\0",
            "é",
            "x=\"é\"",
            "\u{a0}private",
        ] {
            assert_eq!(private_of(&[existing]).as_deref(), Some("no-store"), "{existing:?}");
            assert_eq!(private_of(&["private", existing, "public"]).as_deref(), Some("no-store"), "{existing:?}");
        }
        assert_eq!(private([&b"\xff"[..]]).as_deref(), Some("no-store"));
    }

    #[test]
    fn targeted_headers_are_told_by_their_names() {
        for name in ["cdn-cache-control", "Cloudflare-CDN-Cache-Control", "surrogate-control", "x-cache-control"] {
            assert!(is_targeted(name), "{name}");
        }
        for name in ["cache-control", "-cach", "vary", "cdn-cache-controls", "age", "cache-control-cdn", "é"] {
            assert!(!is_targeted(name), "{name}");
        }
    }

    #[test]
    fn a_targeted_header_shares_what_it_does_not_forbid() {
        let shared = |name, lines: &[&str]| is_shared(name, lines.iter().map(|line| line.as_bytes()));
        for line in ["max-age=60", "", "public", "private=\"x\"", "no-cache", "private; x", "private, x=\""] {
            assert!(shared("cdn-cache-control", &[line]), "{line}");
        }
        assert!(shared("surrogate-control", &["private"]));
        for name in ["cdn-cache-control", "surrogate-control"] {
            assert!(!shared(name, &["max-age=60, no-store"]), "{name}");
            assert!(!shared(name, &["max-age=60", "NO-STORE"]), "{name}");
        }
        assert!(!shared("cdn-cache-control", &["private, max-age=60"]));
    }

    #[test]
    fn cookie_is_appended_to_vary() {
        assert_eq!(vary_of(&[]).as_deref(), Some("Cookie"));
        assert_eq!(vary_of(&["", " ,"]).as_deref(), Some("Cookie"));
        assert_eq!(vary_of(&["Accept-Encoding"]).as_deref(), Some("Accept-Encoding, Cookie"));
        assert_eq!(vary_of(&["Accept , Origin", "X-Cookie"]).as_deref(), Some("Accept, Origin, X-Cookie, Cookie"));
    }

    #[test]
    fn vary_is_left_alone_where_cookie_or_everything_is_listed() {
        for existing in ["Cookie", "cookie", "COOKIE", "Accept,\tcookie ", "*", "Accept, *", "é, *"] {
            assert_eq!(vary_of(&[existing]), None, "{existing}");
        }
        assert_eq!(vary_of(&["Accept", "Cookie"]), None);
    }

    #[test]
    fn a_vary_that_cannot_be_read_varies_by_everything() {
        for existing in ["Accept Encoding", "Accept;q=1", "é", "\"Cookie\"", "Cookie\0", "\u{2003}Cookie"] {
            assert_eq!(vary_of(&[existing]).as_deref(), Some("*"), "{existing:?}");
        }
        assert_eq!(vary_by_cookie([&b"\xff"[..], b"Accept"]).as_deref(), Some("*"));
    }

    fn directive() -> impl Strategy<Value = String> {
        prop_oneof![
            prop_oneof![Just("public"), Just("private"), Just("no-store"), Just("s-maxage=9"), Just("max-age=1")]
                .prop_map(str::to_owned),
            "[a-zA-Z-]{1,8}(=([a-z0-9]{1,4}|\"([ -!#-\\[\\]-~]|\\\\[ -~]){0,6}\"))?",
            "[ -~\t]{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn a_second_pass_finds_nothing_to_do(lines in prop::collection::vec(prop::collection::vec(directive(), 0..5), 0..3)) {
            let lines: Vec<_> = lines.into_iter().map(|line| line.join(",")).collect();
            if let Some(value) = private(lines.iter().map(String::as_bytes)) {
                prop_assert_eq!(private([value.as_bytes()]), None, "{}", value);
            }
            if let Some(value) = vary_by_cookie(lines.iter().map(String::as_bytes)) {
                prop_assert_eq!(vary_by_cookie([value.as_bytes()]), None, "{}", value);
            }
        }

        #[test]
        fn the_values_can_be_sent_whatever_was_there(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..3)) {
            for value in [private(lines.iter().map(Vec::as_slice)), vary_by_cookie(lines.iter().map(Vec::as_slice))].into_iter().flatten() {
                prop_assert!(!value.is_empty() && value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)), "{value:?}");
            }
        }
    }
}
