//! The cookie jar that the tests' browsers have, by RFC 6265bis.

mod support;

use std::time::Duration;

use session_core::Timestamp;
use support::browser::{How, Jar, Refused, Visit};
use support::{MINUTE, START};

const HOME: &str = "https://example.org/";

fn jar(url: &str, set_cookies: &[&str]) -> Jar {
    let mut jar = Jar::default();
    for set_cookie in set_cookies {
        jar.set(set_cookie, &Visit::to(url), START).unwrap();
    }
    jar
}

fn header(jar: &Jar, url: &str) -> Option<String> {
    jar.header(&Visit::to(url), START)
}

fn refused(set_cookie: &str, url: &str) -> Option<Refused> {
    Jar::default().set(set_cookie, &Visit::to(url), START).err()
}

#[test]
fn a_cookie_without_a_domain_is_for_its_host_alone_and_one_with_it_for_those_below() {
    let own = jar("https://www.example.org/", &["a=1"]);
    let shared = jar("https://www.example.org/", &["a=1; Domain=.Example.ORG"]);
    for (url, by_own, by_shared) in [
        ("https://www.example.org/", true, true),
        ("https://WWW.example.org:8443/", true, true),
        ("http://www.example.org/", true, true),
        ("https://example.org/", false, true),
        ("https://a.www.example.org/", false, true),
        ("https://badexample.org/", false, false),
        ("https://org/", false, false),
    ] {
        assert_eq!((header(&own, url).is_some(), header(&shared, url).is_some()), (by_own, by_shared), "{url}");
    }
    // Both are kept beside each other.
    let both = jar(HOME, &["a=1", "a=2; Domain=example.org"]);
    assert_eq!(header(&both, HOME).unwrap(), "a=1; a=2");
}

#[test]
fn a_domain_that_the_host_is_not_in_is_refused() {
    for (domain, url, why) in [
        ("example.com", HOME, Some(Refused::ForeignDomain)),
        ("www.example.org", HOME, Some(Refused::ForeignDomain)),
        ("org", HOME, Some(Refused::PublicSuffix)),
        ("0.0.1", "http://127.0.0.1/", Some(Refused::ForeignDomain)),
        ("127.0.0.1", "http://127.0.0.1/", None),
        // A suffix that is the host itself is no domain.
        ("localhost", "http://localhost/", None),
    ] {
        assert_eq!(refused(&format!("a=1; Domain={domain}"), url), why, "{domain} by {url}");
    }
    let local = jar("http://localhost/", &["a=1; Domain=localhost"]);
    assert_eq!(header(&local, "http://a.localhost/"), None);
}

#[test]
fn a_path_is_what_is_said_or_the_folder_of_the_page() {
    let said = jar("https://example.org/x/y", &["a=1; Path=/docs"]);
    for (path, sent) in [("docs", true), ("docs/", true), ("docs/web", true), ("docsets", false), ("", false)] {
        assert_eq!(header(&said, &format!("{HOME}{path}")).is_some(), sent, "{path}");
    }
    // What does not begin with a slash is no path.
    for set_cookie in ["a=1", "a=1; Path=", "a=1; Path=web"] {
        let folder = jar("https://example.org/docs/web/page?q=/", &[set_cookie]);
        for (path, sent) in [("docs/web", true), ("docs/web/x", true), ("docs/webs", false), ("docs", false)] {
            assert_eq!(header(&folder, &format!("{HOME}{path}")).is_some(), sent, "{set_cookie} at {path}");
        }
        assert!(header(&jar("https://example.org/page", &[set_cookie]), HOME).is_some());
    }
}

#[test]
fn longer_paths_go_first_and_then_earlier_cookies_also_if_they_were_changed() {
    let mut jar = jar(HOME, &["a=1; Path=/", "b=1; Path=/docs", "c=1; Path=/", "d=1; Path=/docs"]);
    jar.set("a=2; Path=/", &Visit::to(HOME), START).unwrap();
    assert_eq!(header(&jar, "https://example.org/docs/").unwrap(), "b=1; d=1; a=2; c=1");
    // What was removed in between is a new one.
    jar.set("a=; Path=/; Max-Age=0", &Visit::to(HOME), START).unwrap();
    jar.set("a=3; Path=/", &Visit::to(HOME), START).unwrap();
    assert_eq!(header(&jar, "https://example.org/docs/").unwrap(), "b=1; d=1; c=1; a=3");
}

#[test]
fn max_age_counts_before_expires_and_neither_lasts_longer_than_400_days() {
    let past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    // 1,800,000,000 s, when the tests begin, is that day at 08:00.
    let soon = "Expires=Fri, 15 Jan 2027 08:01:00 GMT";
    const DAY: u64 = 24 * 60;
    for (attributes, minutes) in [
        ("", None),
        ("Max-Age=60", Some(1)),
        (soon, Some(1)),
        ("Max-Age=120; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(2)),
        ("Expires=Fri, 15 Jan 2027 08:01:00 GMT; Max-Age=120", Some(2)),
        ("Max-Age=99999999999", Some(400 * DAY)),
        ("Expires=Fri, 15 Jan 2038 08:00:00 GMT", Some(400 * DAY)),
        // What is no number is not said.
        ("Max-Age=1h", None),
        ("Max-Age=1h; Expires=Fri, 15 Jan 2027 08:01:00 GMT", Some(1)),
        ("Expires=some day", None),
    ] {
        let jar = jar(HOME, &[&format!("a=1; {attributes}")]);
        let sent = |at: Timestamp| jar.header(&Visit::to(HOME), at).is_some();
        let Some(minutes) = minutes else {
            assert!(sent(Timestamp::MAX), "{attributes}");
            continue;
        };
        let end = START + MINUTE * u32::try_from(minutes).unwrap();
        assert!(sent(Timestamp::from_millis(end.as_millis() - 1)) && !sent(end), "{attributes}");
        assert_eq!(jar.all(end).count(), 0);
    }
    for gone in ["Max-Age=0", "Max-Age=-1", past, &format!("Max-Age=0; {soon}")] {
        assert_eq!(header(&jar(HOME, &["a=1", &format!("a=2; {gone}")]), HOME), None, "{gone}");
    }
    // The last of several counts.
    assert!(header(&jar(HOME, &["a=1; Max-Age=0; Max-Age=60"]), HOME).is_some());
}

#[test]
fn a_removal_reaches_only_the_cookie_of_its_name_domain_path_and_partition() {
    let all = ["a=1", "a=2; Path=/x", "a=3; Domain=example.org", "a=4; Secure; Partitioned", "b=5"];
    for (removal, left) in [
        ("a=; Max-Age=0", "2345"),
        ("a=; Path=/x; Max-Age=0", "1345"),
        ("a=; Domain=example.org; Max-Age=0", "1245"),
        ("a=; Secure; Partitioned; Max-Age=0", "1235"),
        ("A=; Max-Age=0", "12345"),
    ] {
        let mut jar = jar(HOME, &all);
        jar.set(removal, &Visit::to(HOME), START).unwrap();
        let values: String = jar.all(START).map(|cookie| cookie.value.as_str()).collect();
        assert_eq!(values, left, "{removal}");
    }
}

#[test]
fn secure_cookies_travel_by_https_and_to_ones_own_machine() {
    for (url, secure) in [
        ("https://example.org/", true),
        ("http://example.org/", false),
        ("http://localhost:3000/", true),
        ("http://shop.localhost/", true),
        ("http://127.0.0.1/", true),
        ("http://127.1.2.3/", true),
        ("http://[::1]/", true),
        ("http://10.0.0.1/", false),
        ("http://localhost.example.org/", false),
    ] {
        assert_eq!(refused("a=1; Secure", url), (!secure).then_some(Refused::NotSecure), "{url}");
    }
    let jar = jar(HOME, &["a=1; Secure", "b=2"]);
    assert_eq!(header(&jar, "http://example.org/").unwrap(), "b=2");
}

#[test]
fn plain_http_cannot_hide_a_secure_cookie() {
    let (plain, sub) = (Visit::to("http://example.org/"), Visit::to("http://www.example.org/"));
    let mut jar = jar("https://example.org/", &["a=1; Secure; Path=/x; Domain=example.org"]);
    for (set_cookie, visit, taken) in [
        ("a=2; Path=/x", &plain, false),
        ("a=2; Path=/x/y", &plain, false),
        ("a=2; Path=/x", &sub, false),
        ("a=; Path=/x; Domain=example.org; Max-Age=0", &plain, false),
        ("a=2; Path=/", &plain, true),
        ("b=2; Path=/x", &plain, true),
    ] {
        assert_eq!(jar.set(set_cookie, visit, START), if taken { Ok(()) } else { Err(Refused::HidesSecure) });
    }
    assert_eq!(header(&jar, "https://example.org/x").unwrap(), "a=1; b=2; a=2");
    // Nor one of a host below, by one for all of the domain; what is for another host hides nothing.
    let mut jar = self::jar("https://www.example.org/", &["a=1; Secure"]);
    assert_eq!(jar.set("a=2; Domain=example.org", &plain, START), Err(Refused::HidesSecure));
    assert_eq!(jar.set("a=2", &Visit::to("http://other.example.org/"), START), Ok(()));
}

#[test]
fn a_prefix_is_enforced_in_any_case_and_without_a_name() {
    let full = "; Secure; HttpOnly; Path=/";
    for (set_cookie, taken) in [
        ("__Secure-a=1; Secure", true),
        ("__Secure-a=1", false),
        ("__sEcUrE-a=1", false),
        ("__Secure-a=1; Secure; Domain=example.org", true),
        ("__Host-a=1; Secure; Path=/", true),
        ("__Host-a=1; Path=/", false),
        ("__Host-a=1; Secure", false),
        ("__Host-a=1; Secure; Path=/x", false),
        ("__HOST-a=1; Secure; Path=/; Domain=example.org", false),
        ("__Http-a=1; Secure; HttpOnly; Path=/x", true),
        ("__Http-a=1; Secure", false),
        ("__Http-a=1; HttpOnly", false),
        ("__Host-Http-a=1; Secure; HttpOnly; Path=/", true),
        ("__Host-Http-a=1; Secure; Path=/", false),
        ("__Host-Http-a=1; Secure; HttpOnly; Path=/; Domain=example.org", false),
        ("=__Host-a=1; Secure; HttpOnly; Path=/", false),
        ("__Host-a; Secure; HttpOnly; Path=/", false),
        ("__Hosta=1", true),
    ] {
        assert_eq!(refused(set_cookie, HOME), (!taken).then_some(Refused::Prefix), "{set_cookie}");
        if !taken {
            // Over http no attribute helps.
            let name = set_cookie.split(';').next().unwrap();
            assert!(refused(&format!("{name}{full}"), "http://example.org/").is_some(), "{set_cookie}");
        }
    }
}

#[test]
fn a_name_is_taken_to_the_byte_and_nothing_but_space_and_tab_is_trimmed() {
    // The last four look like the session's cookie, and are others.
    let sibling = Visit::to("https://evil.example.org/");
    for (set_cookie, pair) in [
        (" a \t=\t 1 ; Path=/", "a=1"),
        ("a=1=2", "a=1=2"),
        ("a=\"1 2\"", "a=\"1 2\""),
        ("a=", "a="),
        ("=1", "1"),
        ("1", "1"),
        ("\u{a0}__Host-Http-session=x", "\u{a0}__Host-Http-session=x"),
        ("\u{85}__Host-Http-session=x", "\u{85}__Host-Http-session=x"),
        ("__Host-Http-session\u{2003}=x", ""),
        ("\u{ff3f}_Host-Http-session=x", "\u{ff3f}_Host-Http-session=x"),
    ] {
        let mut jar = Jar::default();
        let set = jar.set(&format!("{set_cookie}; Domain=example.org; Path=/"), &sibling, START);
        assert_eq!(set.is_ok(), !pair.is_empty(), "{set_cookie:?}");
        assert_eq!(header(&jar, HOME).as_deref().unwrap_or(""), pair, "{set_cookie:?}");
    }
    for malformed in ["", "=", " = ; Path=/", "a=1\u{0}", "a=1\r\nb=2"] {
        assert_eq!(refused(malformed, HOME), Some(Refused::Malformed), "{malformed:?}");
    }
    assert_eq!(refused(&format!("a={}", "x".repeat(4095)), HOME), None);
    assert_eq!(refused(&format!("a={}", "x".repeat(4096)), HOME), Some(Refused::TooLarge));
}

#[test]
fn what_is_partitioned_is_kept_for_each_site_that_the_user_is_on() {
    let on = |site: &str| Visit::to("https://chat.example/").from(site, How::Embedded);
    let (shop, news) = (on("https://shop.example/"), on("https://www.news.example/"));
    let mut jar = Jar::default();
    for (value, visit) in [("shop", &shop), ("news", &news), ("own", &Visit::to("https://chat.example/"))] {
        let set_cookie = format!("__Host-a={value}; Secure; Path=/; SameSite=None; Partitioned");
        jar.set(&set_cookie, visit, START).unwrap();
    }
    let whole = "__Host-a=whole; Secure; Path=/; SameSite=None";
    jar.set(whole, &Visit::to("https://chat.example/"), START).unwrap();
    let sent = |visit: &Visit| jar.header(visit, START).unwrap();
    assert_eq!(sent(&shop), "__Host-a=shop; __Host-a=whole");
    assert_eq!(sent(&on("https://news.example/page")), "__Host-a=news; __Host-a=whole");
    assert_eq!(sent(&on("https://other.example/")), "__Host-a=whole");
    assert_eq!(sent(&Visit::to("https://chat.example/")), "__Host-a=own; __Host-a=whole");
    assert_eq!(refused("a=1; Partitioned", HOME), Some(Refused::Partitioned));
}

#[test]
fn same_site_says_with_which_requests_of_other_sites_a_cookie_goes() {
    let jar = jar(HOME, &["s=1; SameSite=Strict", "l=1; SameSite=Lax", "d=1", "n=1; SameSite=None; Secure"]);
    let to = |page: &str, how| jar.header(&Visit::to(HOME).from(page, how), START).unwrap();
    for how in [How::Navigation, How::Form, How::Embedded] {
        assert_eq!(to("https://www.example.org/", how), "s=1; l=1; d=1; n=1");
    }
    let other = "https://idp.example/";
    assert_eq!(to(other, How::Navigation), "l=1; d=1; n=1");
    assert_eq!((to(other, How::Form), to(other, How::Embedded)), ("n=1".to_owned(), "n=1".to_owned()));
    // http and https are two sites.
    assert_eq!(to("http://example.org/", How::Form), "n=1");
    // Nor are they set by what is embedded.
    for (attributes, why) in [
        ("", Some(Refused::CrossSite)),
        ("; SameSite=Strict", Some(Refused::CrossSite)),
        ("; SameSite=None; Secure", None),
        ("; SameSite=None", Some(Refused::SameSiteNone)),
    ] {
        let embedded = Visit::to(HOME).from(other, How::Embedded);
        assert_eq!(Jar::default().set(&format!("a=1{attributes}"), &embedded, START).err(), why, "{attributes}");
    }
    assert_eq!(Jar::default().set("a=1", &Visit::to(HOME).from(other, How::Form), START), Ok(()));
}

#[test]
fn cookies_can_be_looked_at_copied_and_forgotten() {
    let mut visitor = jar(HOME, &["a=1; Max-Age=60; HttpOnly", "b=2; Path=/x; Secure"]);
    let mut thief = visitor.clone();
    visitor.set("a=2", &Visit::to(HOME), START).unwrap();
    assert_eq!(header(&thief, HOME).unwrap(), "a=1");
    let copied = visitor.all(START).find(|cookie| cookie.name == "a").cloned().unwrap();
    assert!(copied.host_only && !copied.http_only && copied.expires_at.is_none());
    // An old one beside a new one.
    thief.put(support::browser::Stored { path: "/x".to_owned(), ..copied }, START);
    assert_eq!(header(&thief, "https://example.org/x").unwrap(), "b=2; a=2; a=1");
    thief.forget(|cookie| cookie.expires_at.is_none());
    assert_eq!(header(&thief, "https://example.org/x").unwrap(), "a=1");
    assert_eq!(thief.all(START + Duration::from_secs(60)).count(), 0);
    assert!(!format!("{visitor:?}").contains('2'));
}
