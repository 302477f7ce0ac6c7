//! The cases of RFC 6265bis, as a server meets them in `Cookie`: what the grammar of section 4.2.1 has, and what it has not,
//! but browsers, proxies and attackers send.

use super::super::Cookies;
use super::reading::{NAME, host, id, is_malformed, is_one, pair, read_all, signed};
use crate::store::SessionId;

/// What becomes of a request's cookies of our name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Malformed,
    Found,
}

fn seen(cookies: &Cookies, id: &SessionId, headers: &[&[u8]]) -> Seen {
    let presented = read_all(cookies, headers);
    match (presented.is_nothing(), is_malformed(&presented), is_one(&presented, id)) {
        (true, false, false) => Seen::Nothing,
        (false, true, false) => Seen::Malformed,
        (false, false, true) => Seen::Found,
        strange => panic!("{strange:?} of {headers:?}"),
    }
}

/// Checks rows in which `NAME` stands for our name, `VALUE` for what it was set to, and a line break begins another header.
fn check(rows: &[(&str, Seen)]) {
    for cookies in [host(), signed(&[1])] {
        let id = id();
        let pair = pair(&cookies, &id);
        let (name, value) = pair.split_once('=').unwrap();
        for (row, expected) in rows {
            let headers = row.replace("NAME", name).replace("VALUE", value);
            let headers: Vec<_> = headers.split('\n').map(str::as_bytes).collect();
            assert_eq!(seen(&cookies, &id, &headers), *expected, "{row}");
        }
    }
}

#[test]
fn pairs_are_told_apart_by_semicolons_and_the_first_equals_sign_alone() {
    use Seen::{Found, Malformed, Nothing};
    check(&[
        ("NAME=VALUE", Found),
        ("a=b; NAME=VALUE; c=d", Found),
        // The grammar has one space behind each semicolon; not all senders do.
        ("a=b;NAME=VALUE;c=d", Found),
        ("a=b; \t  NAME=VALUE\t ; c=d", Found),
        ("\t NAME \t=\t VALUE \t", Found),
        // Empty pairs.
        ("", Nothing),
        (" ; ;; ", Nothing),
        (";; NAME=VALUE;;", Found),
        // The first sign ends the name, and all others are of the value.
        ("NAME==VALUE", Malformed),
        ("NAME=VALUE=", Malformed),
        ("a=NAME=VALUE", Nothing),
        ("a=b==c=; NAME=VALUE", Found),
        // Commas part nothing, though a proxy may have joined two headers by one.
        ("a=b, NAME=VALUE", Nothing),
        ("NAME=VALUE, a=b", Malformed),
        ("NAME=VALUE,NAME=VALUE", Malformed),
    ]);
}

#[test]
fn what_has_no_value_or_no_name_is_never_ours() {
    use Seen::{Found, Malformed, Nothing};
    check(&[
        ("NAME", Nothing),
        ("NAME; NAME=VALUE; NAME", Found),
        ("NAME=", Malformed),
        ("NAME= \t", Malformed),
        ("NAME=; NAME=VALUE", Found),
        // A cookie without a name is sent as its value alone, by some with the sign. It may look like ours.
        ("VALUE", Nothing),
        ("=VALUE", Nothing),
        ("=NAME=VALUE", Nothing),
        ("\t= NAME=VALUE", Nothing),
        ("=; =a; NAME=VALUE", Found),
    ]);
}

#[test]
fn quotes_are_part_of_the_value_and_hide_nothing() {
    use Seen::{Found, Malformed, Nothing};
    check(&[
        ("NAME=\"VALUE\"", Malformed),
        ("NAME=\"VALUE", Malformed),
        ("NAME=VALUE\"", Malformed),
        ("\"NAME\"=VALUE", Nothing),
        ("a=\"b\"; NAME=VALUE", Found),
        // Who reads quoted strings, as RFC 2109 had them, takes what stands between for one value: our cookie would become
        // part of another one, which a page may show.
        ("a=\"b; NAME=VALUE; c=d\"", Found),
        ("a=\"b\\\"; NAME=VALUE", Found),
        ("a=\"b; NAME=VALUE\"", Malformed),
        ("$Version=1; a=\"b; NAME=VALUE; $Path=\"/\"", Found),
        ("$Version=\"1\"; NAME=VALUE; $Domain=x", Found),
        ("$Version=\"1\", NAME=VALUE", Nothing),
    ]);
}

#[test]
fn several_headers_are_read_as_one_and_never_glued_within_a_pair() {
    use Seen::{Found, Malformed, Nothing};
    check(&[
        ("a=b\nNAME=VALUE\nc=d", Found),
        ("\n\nNAME=VALUE;\n", Found),
        ("NAME=VALUE\nNAME=VALUE", Found),
        ("NAME=x\nNAME=VALUE", Found),
        ("a=\"b\nNAME=VALUE", Found),
        ("NAME=\nVALUE", Malformed),
        ("NAME\n=VALUE", Nothing),
        ("a=\nNAME=VALUE", Found),
    ]);
}

#[test]
fn browsers_enforce_a_prefix_in_any_case_and_only_its_own_spelling_is_read() {
    use Seen::{Found, Nothing};
    for name in [NAME.to_ascii_lowercase(), NAME.to_ascii_uppercase(), NAME.replace("__Host-Http-", "__host-HTTP-")] {
        check(&[
            (format!("{name}=VALUE").as_str(), Nothing),
            (format!("={name}=VALUE").as_str(), Nothing),
            (format!("{name}=x; NAME=VALUE; {name}=VALUE").as_str(), Found),
        ]);
    }
    // Attributes are never sent; what looks like one is a cookie of that name.
    check(&[("NAME=VALUE; Path=/; HttpOnly; Secure", Found), ("Path=/; session=VALUE", Nothing)]);
}

#[test]
fn each_octet_is_what_it_is_wherever_it_stands() {
    use Seen::{Found, Malformed, Nothing};
    for cookies in [host(), signed(&[1])] {
        let id = id();
        let pair = pair(&cookies, &id);
        let ours = pair.as_bytes();
        let value = &ours[NAME.len() + 1..];
        for byte in u8::MIN..=u8::MAX {
            let expect = |header: Vec<u8>, expected: Seen| {
                assert_eq!(seen(&cookies, &id, &[&header]), expected, "{byte:#x}");
            };
            let octet: &[u8] = &[byte];
            let blank = matches!(byte, b' ' | b'\t');
            let parts = blank || byte == b';';
            expect([b"a", octet, b"=", octet, b"; ", ours].concat(), Found);
            expect([ours, b"; a", octet, b"=", octet].concat(), Found);
            expect([octet, ours].concat(), if parts { Found } else { Nothing });
            expect([ours, octet].concat(), if parts { Found } else { Malformed });
            let behind_the_name = match byte {
                b'=' => Malformed,
                _ if blank => Found,
                _ => Nothing,
            };
            expect([NAME.as_bytes(), octet, b"=", value].concat(), behind_the_name);
            let before_the_value = if blank { Found } else { Malformed };
            expect([NAME.as_bytes(), b"=", octet, value].concat(), before_the_value);
        }
    }
}

#[test]
fn what_is_very_long_is_no_more_than_malformed_and_hides_nothing() {
    use Seen::{Found, Malformed, Nothing};
    for len in [4_096, 1 << 20] {
        let long = "x".repeat(len);
        check(&[
            (format!("{long}=VALUE").as_str(), Nothing),
            (format!("NAME{long}=VALUE").as_str(), Nothing),
            (format!("NAME={long}").as_str(), Malformed),
            (format!("NAME=VALUE{long}").as_str(), Malformed),
            (format!("{long}={long}; NAME={long}; {long}; NAME=VALUE; ={long}").as_str(), Found),
        ]);
    }
}
