//! Forged signatures, and more cookies than anybody has.

use session_core::cookie::{SigningKey, UnsignedCookies};
use session_core::{CookieConfig, Handled, ReadOnly, RequestHead, Timestamp};

use super::figures::{calls, counted, these};
use super::support::faulty::Faulty;
use super::support::{Browser, builder, count, store};
use super::{invented, reads};

/// Each is verified by every key.
const FORGED: u32 = 20_000;

/// Signs by the first of these keys, and takes what any of them signed.
fn signed(keys: &[u8]) -> CookieConfig {
    CookieConfig::default().with_signing_keys(keys.iter().map(|&byte| SigningKey::new([byte; 32]).unwrap()))
}

/// A cookie as those are that this server signs, by somebody who has no key.
fn forged(number: u32) -> String {
    format!("{}.{:A>43}", invented(number), number)
}

/// A cookie of somebody's who once had a key: the session is there, and its signature good by that key.
async fn by_a_former_key(store: &Faulty) -> String {
    let sessions = builder(store.clone()).0.cookie(signed(&[9])).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    browser.cookie().unwrap()
}

#[tokio::test]
async fn forged_signatures_never_reach_the_store_and_each_request_is_counted() {
    let store = Faulty::new(store());
    let (sessions, figures) = counted(builder(store.clone()).0.cookie(signed(&[1, 2])));
    let former = by_a_former_key(&store).await;
    calls(&store);
    for number in 0..FORGED {
        assert_eq!(reads(&sessions, Some(forged(number))).await, None);
    }
    // What is not signed at all is not looked up either, nor what was signed by a key that is no more.
    for cookie in [invented(1), former.clone()] {
        assert_eq!(reads(&sessions, Some(cookie)).await, None);
    }
    assert_eq!(calls(&store), these([]));
    assert_eq!(figures.take(), these([("malformed_cookie", u64::from(FORGED) + 2)]));
    // The key is what was missing.
    let (knowing, _) = counted(builder(store.clone()).0.cookie(signed(&[1, 9])));
    let lazy = knowing.open(RequestHead::new("POST").with_cookies([former.as_bytes()]));
    assert_eq!(lazy.load().await.unwrap().get::<u64>("n").unwrap(), Some(1));
}

#[tokio::test]
async fn a_page_that_writes_begins_its_own_session_for_whoever_forges() {
    let store = Faulty::new(store());
    let (sessions, figures) = counted(builder(store.clone()).0.cookie(signed(&[1])));
    for number in 0..1_000 {
        let mut browser = Browser::with(&forged(number));
        browser.request(&sessions, count).await;
        assert_ne!(browser.cookie(), Some(forged(number)));
    }
    let figures = figures.take();
    assert_eq!(figures, these([("malformed_cookie", 1_000), ("created", 1_000), ("put", 1_000)]));
}

#[tokio::test]
async fn a_request_full_of_forged_signatures_is_one_warning_and_no_look_up() {
    let store = Faulty::new(store());
    let (sessions, figures) = counted(builder(store.clone()).0.cookie(signed(&[1, 2])));
    let forged: Vec<_> = (0..10_000).map(forged).collect();
    let whole = forged.join("; ");
    for cookies in [vec![whole.as_bytes()], forged.iter().map(String::as_bytes).collect()] {
        let lazy = sessions.open(RequestHead::new("POST").with_cookies(cookies));
        // One that is good may stand behind those that were looked at.
        assert_eq!(lazy.load().await.unwrap().read_only(), Some(ReadOnly::SeveralCookies));
        let closed = sessions.close(&lazy, Handled::Completed).await;
        assert_eq!((closed.set_cookie, closed.removals.len()), (None, 0));
        assert_eq!(calls(&store), these([]));
        assert_eq!(figures.take(), these([("several_cookies", 1)]));
    }
}

#[tokio::test]
async fn while_signing_is_introduced_forged_ones_cost_nothing_still_and_unsigned_ones_a_look_up_as_ever() {
    let store = Faulty::new(store());
    let config = signed(&[1]).with_unsigned_cookies(UnsignedCookies::TakenUntil(Timestamp::MAX));
    let (sessions, figures) = counted(builder(store.clone()).0.cookie(config));
    for number in 0..1_000 {
        reads(&sessions, Some(forged(number))).await;
        assert_eq!(calls(&store), these([]));
        reads(&sessions, Some(invented(number))).await;
        assert_eq!(calls(&store), these([("get", 1)]));
    }
    let figures = figures.take();
    assert_eq!(figures, these([("malformed_cookie", 1_000), ("unknown_id", 1_000), ("get", 1_000)]));
}

#[tokio::test]
async fn a_visitor_goes_on_beside_forged_cookies() {
    let (sessions, figures) = counted(builder(store()).0.cookie(signed(&[1])));
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    figures.take();
    let own = browser.cookie().unwrap();
    let forged: Vec<_> = (0..15).map(forged).collect();
    for header in [format!("{}; {own}", forged.join("; ")), format!("{own}; {}", forged.join("; "))] {
        let lazy = sessions.open(RequestHead::new("POST").with_cookies([header.as_bytes()]));
        assert_eq!(lazy.load().await.unwrap().get::<u64>("n").unwrap(), Some(1));
        assert_eq!(figures.take(), these([("get", 1)]));
    }
}

#[tokio::test]
async fn a_request_with_thousands_of_cookies_is_one_warning_and_four_look_ups() {
    let store = Faulty::new(store());
    let (sessions, figures) = counted(builder(store.clone()).0);
    let many = (0..10_000).map(invented).collect::<Vec<_>>().join("; ");
    let padded = format!("{}{}", "a=b; ".repeat(200_000), invented(0));
    let malformed = "__Host-Http-session=x; ".repeat(40_000);
    for (header, counted) in [
        (&many, these([("several_cookies", 1), ("unknown_id", 4), ("get", 4)])),
        (&padded, these([("unknown_id", 1), ("get", 1)])),
        (&malformed, these([("malformed_cookie", 1)])),
    ] {
        for _ in 0..10 {
            assert_eq!(reads(&sessions, Some(header.clone())).await, None);
            assert_eq!(figures.take(), counted);
        }
    }
    assert_eq!(calls(&store), these([("get", 50)]));
}
