//! Requests that present several session cookies: which session they mean, and how a browser gets out of it.

mod support;

use session_core::cookie::{CookiePrefix, FormerAttributes};
use session_core::{
    CloseOutcome, Closed, CookieConfig, CookieLifetime, EventKind, FailurePolicy, Handled, Owner, ReadOnly,
    RequestHead, Session, SessionError, Sessions,
};
use std::sync::{Arc, Mutex};
use support::faulty::{Fault, Faulty};
use support::{Browser, MINUTE, builder, count, sessions, store};

/// Begins a session in a browser of its own, and gives the `name=value` of its cookie.
async fn begin(sessions: &Sessions, handler: impl FnOnce(&Session)) -> String {
    let mut browser = Browser::default();
    browser.request(sessions, handler).await;
    browser.cookie().unwrap()
}

fn number(n: u64) -> impl FnOnce(&Session) {
    move |session| session.insert("n", n).unwrap()
}

fn login(name: &'static str) -> impl FnOnce(&Session) {
    move |session| session.log_in(Owner::new(name).unwrap()).unwrap()
}

/// A browser that has these cookies beside each other, as none of the servers here sets them.
fn with(pairs: [&String; 2]) -> Browser {
    let mut browser = Browser::default();
    for (pair, attribute) in pairs.into_iter().zip(["Domain=example.org", "Partitioned"]) {
        browser.plant(&format!("{pair}; Path=/; Secure; {attribute}")).unwrap();
    }
    browser
}

/// Sends a request with these cookies in this order.
async fn send(sessions: &Sessions, pairs: &[&String], handler: impl FnOnce(&Session)) -> Closed {
    let header = pairs.iter().map(|pair| pair.as_str()).collect::<Vec<_>>().join("; ");
    let lazy = sessions.open(RequestHead::new("POST").with_cookies([header.as_bytes()]));
    handler(&lazy.load().await.unwrap());
    sessions.close(&lazy, Handled::Completed).await
}

async fn read(sessions: &Sessions, pairs: &[&String]) -> (Option<u64>, Option<ReadOnly>) {
    let mut found = None;
    let closed = send(sessions, pairs, |session| found = Some((session.get("n").unwrap(), session.read_only()))).await;
    // That a new id was presented is written.
    let outcome = closed.outcome.unwrap();
    assert!(matches!(outcome, CloseOutcome::Unchanged | CloseOutcome::Written) && closed.set_cookie.is_none());
    found.unwrap()
}

fn plain() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::None)
}

/// An id that nobody was given.
fn invented(digit: char) -> String {
    format!("__Host-Http-session={}A", String::from(digit).repeat(42))
}

#[tokio::test]
async fn of_several_cookies_the_one_that_is_live_counts_wherever_it_stands() {
    let (sessions, _) = sessions(store());
    let live = begin(&sessions, login("ann")).await;
    send(&sessions, &[&live], number(7)).await.outcome.unwrap();
    let ended = begin(&sessions, count).await;
    send(&sessions, &[&ended], |session| session.destroy()).await.outcome.unwrap();
    let unknown = invented('x');
    for pairs in [[&live, &ended, &unknown], [&unknown, &ended, &live], [&ended, &live, &ended]] {
        assert_eq!(read(&sessions, &pairs).await, (Some(7), None));
        // It is written, and goes on under the id that it had.
        assert_eq!(send(&sessions, &pairs, number(7)).await.outcome.unwrap(), CloseOutcome::Unchanged);
        let written = send(&sessions, &pairs, |session| session.insert("m", pairs[0]).unwrap()).await;
        assert_eq!((written.outcome.unwrap(), written.set_cookie), (CloseOutcome::Written, None));
    }
    // Also where more are presented than are looked at.
    let more: Vec<_> = ["1", "2", "3", "4", "5"].map(|n| invented(n.parse().unwrap())).into();
    let pairs: Vec<_> = [&live].into_iter().chain(&more).collect();
    assert_eq!(read(&sessions, &pairs).await, (Some(7), None));
}

#[tokio::test]
async fn what_died_a_moment_ago_counts_before_what_is_unknown() {
    let (sessions, _) = sessions(store());
    let ended = begin(&sessions, count).await;
    send(&sessions, &[&ended], |session| session.destroy()).await.outcome.unwrap();
    let unknown = invented('x');
    for pairs in [[&ended, &unknown], [&unknown, &ended]] {
        assert_eq!(read(&sessions, &pairs).await, (None, Some(ReadOnly::Retired)));
        // A straggler sets no cookie, but a login does.
        let closed = send(&sessions, &pairs, count).await;
        assert!(closed.outcome.is_err() && closed.set_cookie.is_none());
        let closed = send(&sessions, &pairs, login("ann")).await;
        assert!(closed.outcome.is_ok() && closed.set_cookie.is_some());
    }
    // None of which anybody knows is a new session.
    let closed = send(&sessions, &[&unknown, &invented('y')], count).await;
    assert_eq!((closed.outcome.unwrap(), closed.set_cookie.is_some()), (CloseOutcome::Created, true));
}

#[tokio::test]
async fn old_and_new_id_of_a_renewal_are_one_session() {
    let sessions = builder(store()).0;
    let clock = session_core::ManualClock::new(support::START);
    let sessions = sessions.clock(clock.clone()).renew_every(60 * MINUTE).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, login("ann")).await;
    browser.request(&sessions, number(7)).await;
    let old = browser.cookie().unwrap();
    clock.advance(60 * MINUTE);
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Renewed);
    let new = browser.cookie().unwrap();
    for pairs in [[&old, &new], [&new, &old]] {
        assert_eq!(read(&sessions, &pairs).await, (Some(7), None));
        // The new one is its cookie, which a persistent session sends again.
        let closed =
            send(&sessions, &pairs, |session| session.set_cookie_lifetime(CookieLifetime::Persistent).unwrap()).await;
        assert!(closed.set_cookie.unwrap().starts_with(&new));
        let closed =
            send(&sessions, &pairs, |session| session.set_cookie_lifetime(CookieLifetime::Browser).unwrap()).await;
        assert_eq!(closed.outcome.unwrap(), CloseOutcome::Written);
    }
    let closed = send(&sessions, &[&old, &new], |session| session.destroy()).await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
    assert_eq!(read(&sessions, &[&new]).await.0, None);
}

#[tokio::test]
async fn of_several_live_sessions_of_nobody_the_newest_counts_whichever_is_used() {
    let (sessions, clock) = sessions(store());
    let first = begin(&sessions, number(1)).await;
    clock.advance(MINUTE);
    let second = begin(&sessions, number(2)).await;
    clock.advance(60 * MINUTE);
    // A write, and the touch of a read that is due, change nothing of which began last.
    send(&sessions, &[&first], |session| session.insert("m", 1).unwrap()).await.outcome.unwrap();
    for pairs in [[&first, &second], [&second, &first]] {
        assert_eq!(read(&sessions, &pairs).await, (Some(2), None));
    }
    // What began at one time is told apart in the same way by each request.
    let twins = [begin(&sessions, number(3)).await, begin(&sessions, number(4)).await];
    let [a, b] = [[&twins[0], &twins[1]], [&twins[1], &twins[0]]];
    assert_eq!(read(&sessions, &a).await, read(&sessions, &b).await);
}

#[tokio::test]
async fn where_one_of_several_live_sessions_is_somebodys_nothing_is_written_and_a_login_ends_them() {
    let sessions = builder(store()).0.cookie(plain()).build().unwrap();
    let (ann, nobody) = (begin(&sessions, login("ann")).await, begin(&sessions, number(1)).await);
    for pairs in [[&ann, &nobody], [&nobody, &ann]] {
        assert_eq!(read(&sessions, &pairs).await, (None, Some(ReadOnly::SeveralCookies)));
        let closed = send(&sessions, &pairs, |session| {
            count(session);
            assert!(session.owner().is_none() && session.keys() == ["n"]);
            assert!(matches!(session.renew(), Err(SessionError::ReadOnly(ReadOnly::SeveralCookies))));
        });
        let closed = closed.await;
        assert!(matches!(closed.outcome, Err(SessionError::ReadOnly(ReadOnly::SeveralCookies))));
        assert_eq!(closed.set_cookie, None);
    }
    assert_eq!(read(&sessions, &[&nobody]).await, (Some(1), None));
    let mut browser = with([&ann, &nobody]);
    assert_eq!(browser.request(&sessions, login("ann")).await, CloseOutcome::Created);
    assert_eq!(browser.cookie().unwrap().matches('=').count(), 3, "the browser still has all of them");
    assert!(browser.is_known(&sessions).await);
    for dead in [&ann, &nobody] {
        assert!(send(&sessions, &[dead], |session| assert!(session.is_new())).await.outcome.is_ok());
    }
    // In the session that was begun all goes on.
    browser.request(&sessions, number(9)).await;
    assert_eq!(browser.read(&sessions, "n").await, Some(9));
}

#[tokio::test]
async fn a_logout_ends_all_that_was_presented() {
    let (sessions, _) = sessions(store());
    // With an owner, and of nobody's.
    for first in [begin(&sessions, login("ann")).await, begin(&sessions, number(1)).await] {
        let second = begin(&sessions, number(2)).await;
        let closed = send(&sessions, &[&first, &second], |session| session.destroy()).await;
        assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
        assert!(closed.set_cookie.unwrap().contains("Max-Age=0"));
        for pair in [&first, &second] {
            assert_eq!(read(&sessions, &[pair]).await.0, None);
        }
    }
}

#[tokio::test]
async fn a_logout_ends_what_a_login_has_made_of_any_that_was_presented() {
    for is_first in [true, false] {
        let (sessions, _) = sessions(store());
        let (ended, live) = (begin(&sessions, count).await, begin(&sessions, number(1)).await);
        send(&sessions, &[&ended], |session| session.destroy()).await.outcome.unwrap();
        let login = send(&sessions, &[&live], login("ann")).await;
        let anns = login.set_cookie.unwrap().split(';').next().unwrap().to_owned();
        // It was sent before the answer to the login came.
        let pairs = if is_first { [&live, &ended] } else { [&ended, &live] };
        let closed = send(&sessions, &pairs, |session| session.destroy()).await;
        assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
        assert!(send(&sessions, &[&anns], |session| assert!(session.owner().is_none())).await.outcome.is_ok());
    }
}

#[tokio::test]
async fn a_straggler_sets_no_cookie_also_where_another_of_its_ids_is_live() {
    let former = FormerAttributes::default().with_path("/shop");
    let (builder, clock) = builder(store());
    let sessions = builder.cookie(plain().with_former_attributes(former)).build().unwrap();
    let (anns, nobodys) = (begin(&sessions, login("ann")).await, begin(&sessions, number(1)).await);
    // The browser has that cookie by now, and no other.
    let bobs = send(&sessions, &[&anns], login("bob")).await.set_cookie.unwrap();
    let bobs = bobs.split(';').next().unwrap().to_owned();
    let late = send(&sessions, &[&nobodys, &anns], number(2)).await;
    assert_eq!((late.outcome.unwrap(), late.set_cookie, late.removals.len()), (CloseOutcome::Written, None, 0));
    assert_eq!(read(&sessions, &[&nobodys]).await, (Some(2), None));
    send(&sessions, &[&bobs], |session| assert!(session.owner().is_some())).await.outcome.unwrap();
    // Who is none is given the cookie of the one that lives.
    clock.advance(MINUTE);
    let closed = send(&sessions, &[&nobodys, &anns], number(3)).await;
    assert!(closed.set_cookie.unwrap().starts_with(&nobodys) && closed.removals.len() == 1);
}

#[tokio::test]
async fn a_login_over_several_of_nobody_ends_the_others() {
    let (builder, clock) = builder(store());
    let sessions = builder.cookie(plain()).build().unwrap();
    let first = begin(&sessions, number(1)).await;
    clock.advance(MINUTE);
    let second = begin(&sessions, number(2)).await;
    let mut browser = with([&first, &second]);
    assert_eq!(browser.request(&sessions, login("ann")).await, CloseOutcome::Renewed);
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
    assert_eq!(read(&sessions, &[&first]).await.0, None);
    assert!(!with([&first, &second]).is_known(&sessions).await);
}

#[tokio::test]
async fn where_none_lives_and_there_are_more_than_are_looked_at_nothing_is_begun_or_said_to_end() {
    let (sessions, _) = sessions(store());
    let live = begin(&sessions, login("ann")).await;
    let invented: Vec<_> = ["1", "2", "3", "4"].map(|n| invented(n.parse().unwrap())).into();
    let pairs: Vec<_> = invented.iter().chain([&live]).collect();
    assert_eq!(read(&sessions, &pairs).await, (None, Some(ReadOnly::SeveralCookies)));
    for handler in [count as fn(&Session), |session| session.destroy()] {
        let closed = send(&sessions, &pairs, handler).await;
        assert!(matches!(closed.outcome, Err(SessionError::ReadOnly(ReadOnly::SeveralCookies))));
        assert_eq!(closed.set_cookie, None);
    }
    send(&sessions, &pairs, |session| {
        assert!(session.log_in(Owner::new("ann").unwrap()).is_err());
    })
    .await
    .outcome
    .unwrap();
    assert!(send(&sessions, &[&live], |session| assert!(!session.is_new())).await.outcome.is_ok());
}

#[tokio::test]
async fn one_that_this_server_cannot_read_is_left_alone_whatever_is_beside_it() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let (strange, live) = (begin(&sessions, login("ann")).await, begin(&sessions, number(1)).await);
    for handler in [count as fn(&Session), |session| session.destroy()] {
        faulty.next("get", Fault::UnknownFormat);
        let closed = send(&sessions, &[&strange, &live], handler).await;
        assert!(matches!(closed.outcome, Err(SessionError::ReadOnly(ReadOnly::UnknownFormat))), "{closed:?}");
        assert!(closed.set_cookie.is_none() && closed.removals.is_empty());
    }
    assert_eq!(read(&sessions, &[&live]).await, (Some(1), None));
}

#[tokio::test]
async fn a_store_that_fails_for_one_of_several_fails_for_all() {
    let faulty = Faulty::new(store());
    let (fails_closed, _) = sessions(faulty.clone());
    let anonymous = builder(faulty.clone()).0.on_failure(FailurePolicy::Anonymous).build().unwrap();
    let pairs = [begin(&fails_closed, number(1)).await, begin(&fails_closed, number(2)).await];
    let header = pairs.join("; ");
    for (before, calls) in [(0, 1), (1, 2)] {
        for sessions in [&fails_closed, &anonymous] {
            faulty.calls();
            (0..before).for_each(|_| faulty.next("get", Fault::No));
            faulty.next("get", Fault::Down);
            let loaded = sessions.open(RequestHead::new("POST").with_cookies([header.as_bytes()])).load().await;
            assert_eq!(faulty.calls().len(), calls);
            match loaded {
                Ok(session) => assert_eq!(session.read_only(), Some(ReadOnly::StoreFailed)),
                Err(error) => assert_eq!(error.http_status(), 503),
            }
        }
    }
}

#[tokio::test]
async fn several_cookies_are_told_and_no_more_than_four_looked_up() {
    let told: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let hook = Arc::clone(&told);
    let faulty = Faulty::new(store());
    let sessions = builder(faulty.clone()).0.on_event(move |event| hook.lock().unwrap().push(event.kind().name()));
    let sessions = sessions.build().unwrap();
    let invented: Vec<_> = (0..9).map(|n| invented(char::from_digit(n, 10).unwrap())).collect();
    for (count, looked_up) in [(1, 1), (2, 2), (4, 4), (5, 4), (9, 4)] {
        faulty.calls();
        told.lock().unwrap().clear();
        let pairs: Vec<_> = invented[..count].iter().collect();
        read(&sessions, &pairs).await;
        assert_eq!(faulty.calls(), vec!["get"; looked_up]);
        let told = told.lock().unwrap();
        assert_eq!(
            told.iter().filter(|name| **name == EventKind::SeveralCookies.name()).count(),
            usize::from(count > 1)
        );
        assert_eq!(told.iter().filter(|name| **name == EventKind::UnknownId.name()).count(), looked_up);
    }
}

#[tokio::test]
async fn a_former_attribute_that_is_named_lets_a_browser_out_of_two_live_sessions() {
    let store = store();
    let with = |cookie| builder(store.clone()).0.cookie(cookie).build().unwrap();
    let wide = with(plain().with_domain("example.org"));
    let narrow = with(plain());
    let named = with(plain().with_former_attributes(FormerAttributes::default().with_domain("example.org")));
    let mut browser = Browser::on("https://www.example.org");
    // Two servers that do not know of each other's cookie.
    browser.request(&wide, login("ann")).await;
    let of_wide = browser.cookie().unwrap();
    let mut other = Browser::on("https://www.example.org");
    other.request(&narrow, number(1)).await;
    browser.plant(&format!("{}; Path=/; Secure", other.cookie().unwrap())).unwrap();
    let closed = browser.try_request(&narrow, count).await;
    assert!(closed.outcome.is_err() && closed.removals.is_empty());
    let closed = browser.try_request(&named, |_| {}).await;
    assert_eq!((closed.outcome.unwrap(), closed.set_cookie, closed.removals.len()), (CloseOutcome::Unchanged, None, 1));
    assert_eq!(browser.read(&named, "n").await, Some(1));
    assert_ne!(browser.cookie().unwrap(), of_wide);
    // A renewal by the new server leaves two, which the next request mends.
    let mut browser = Browser::on("https://www.example.org");
    browser.request(&wide, number(5)).await;
    browser.request(&named, login("ann")).await;
    assert_eq!(browser.cookie().unwrap().matches('=').count(), 2);
    let closed = browser.try_request(&named, |_| {}).await;
    assert!(closed.set_cookie.is_some() && closed.removals.len() == 1);
    assert_eq!(browser.cookie().unwrap().matches('=').count(), 1);
    assert_eq!(browser.read(&named, "n").await, Some(5));
}
