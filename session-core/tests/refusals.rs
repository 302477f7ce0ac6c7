//! Who is refused for what was lost, by the method of the request.

mod support;

use session_core::cookie::CookiePrefix;
use session_core::{
    CloseOutcome, ConflictPolicy, CookieConfig, FlashLevel, GonePolicy, Handled, LazySession, Owner, RequestHead,
    Session, SessionError, Sessions,
};
use support::{Browser, builder, count, sessions, store};

const SAFE: [&str; 5] = ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"];
const UNSAFE: [&str; 6] = ["POST", "PUT", "PATCH", "DELETE", "get", "PURGE"];

type Does = fn(&Session);

fn set(session: &Session) {
    session.insert("x", 1).unwrap();
}

fn flash(session: &Session) {
    session.flash(FlashLevel::Info, "seen").unwrap();
}

fn take(session: &Session) {
    assert_eq!(session.take::<u64>("n").unwrap(), Some(1));
}

/// Does `handler` in a request by that method, while another one does `meanwhile`.
async fn beside(sessions: &Sessions, method: &'static str, handler: Does, meanwhile: Does) -> Option<CloseOutcome> {
    let mut browser = Browser::default().by(method);
    browser.request(sessions, count).await;
    let lazy = browser.open(sessions);
    handler(&lazy.load().await.unwrap());
    browser.request(sessions, meanwhile).await;
    match sessions.close(&lazy, Handled::Completed).await.outcome {
        Ok(outcome) => Some(outcome),
        Err(error) => {
            assert_eq!(error.http_status(), 409, "{error}");
            None
        }
    }
}

#[tokio::test]
async fn a_page_is_shown_although_what_it_left_in_an_ended_session_is_lost() {
    let (sessions, _) = sessions(store());
    for handler in [set, flash, count] {
        for method in SAFE {
            assert_eq!(
                beside(&sessions, method, handler, Session::destroy).await,
                Some(CloseOutcome::Gone),
                "{method}"
            );
        }
        for method in UNSAFE {
            assert_eq!(beside(&sessions, method, handler, Session::destroy).await, None, "{method}");
        }
    }
}

#[tokio::test]
async fn a_page_is_shown_although_what_it_set_cannot_be_merged() {
    let sessions = builder(store()).0.on_conflict(ConflictPolicy::Reject).build().unwrap();
    for method in SAFE {
        assert_eq!(beside(&sessions, method, set, count).await, Some(CloseOutcome::Discarded), "{method}");
    }
    for method in UNSAFE {
        assert_eq!(beside(&sessions, method, set, count).await, None, "{method}");
    }
}

#[tokio::test]
async fn a_take_that_another_request_won_is_refused_whatever_the_method() {
    let (sessions, _) = sessions(store());
    for method in SAFE.into_iter().chain(UNSAFE) {
        assert_eq!(beside(&sessions, method, take, take).await, None, "{method}");
        assert_eq!(beside(&sessions, method, take, Session::destroy).await, None, "{method}");
    }
}

#[tokio::test]
async fn a_lost_renewal_is_refused_whatever_the_method() {
    let (sessions, _) = sessions(store());
    let renew: Does = |session| session.renew().unwrap();
    for method in SAFE.into_iter().chain(UNSAFE) {
        assert_eq!(beside(&sessions, method, renew, Session::destroy).await, None, "{method}");
    }
}

#[tokio::test]
async fn a_routine_renewal_that_is_lost_is_no_reason_to_refuse_a_page() {
    let (builder, clock) = builder(store());
    let sessions = builder.renew_every(std::time::Duration::from_secs(60)).build().unwrap();
    for (method, shown) in [("GET", true), ("POST", false)] {
        let mut browser = Browser::default().by(method);
        browser.request(&sessions, count).await;
        clock.advance(std::time::Duration::from_secs(61));
        let lazy = browser.open(&sessions);
        set(&lazy.load().await.unwrap());
        browser.request(&sessions, Session::destroy).await;
        let closed = sessions.close(&lazy, Handled::Completed).await;
        assert_eq!((closed.outcome.is_ok(), closed.set_cookie.is_some()), (shown, false), "{method}");
    }
}

#[tokio::test]
async fn the_page_of_a_straggler_is_shown_and_its_form_refused() {
    let (sessions, _) = sessions(store());
    for (method, shown) in SAFE.map(|method| (method, true)).into_iter().chain(UNSAFE.map(|method| (method, false))) {
        let mut browser = Browser::default().by(method);
        browser.request(&sessions, count).await;
        let mut straggler = browser.clone();
        browser.request(&sessions, Session::destroy).await;
        let closed = straggler.try_request(&sessions, set).await;
        assert_eq!((closed.outcome.is_ok(), closed.set_cookie), (shown, None), "{method}");
    }
}

#[tokio::test]
async fn the_page_of_a_visitor_with_two_sessions_is_shown() {
    // What one of two live ones is somebody's opens nothing but a login.
    let config = CookieConfig::default().with_prefix(CookiePrefix::None);
    let sessions = builder(store()).0.cookie(config).build().unwrap();
    let mut cookies = Vec::new();
    for owner in ["ann", "bea"] {
        let mut browser = Browser::default();
        browser.request(&sessions, |session| session.log_in(Owner::new(owner).unwrap()).unwrap()).await;
        cookies.push(browser.cookie().unwrap());
    }
    let header = cookies.join("; ");
    for (method, shown) in [("GET", true), ("POST", false)] {
        let lazy = sessions.open(RequestHead::new(method).with_cookies([header.as_bytes()]));
        set(&lazy.load().await.unwrap());
        let closed = sessions.close(&lazy, Handled::Completed).await;
        assert_eq!(closed.outcome.is_ok(), shown, "{method}: {:?}", closed.outcome);
    }
}

#[tokio::test]
async fn a_lost_take_can_be_told_to_the_handler_which_decides() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default().by("GET");
    browser.request(&sessions, count).await;
    let lazy: LazySession = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    take(&session);
    browser.request(&sessions, take).await;

    assert!(matches!(session.commit().await, Err(SessionError::Conflict)));
    assert_eq!(session.get::<u64>("n").unwrap(), None, "it sees what the other one left");
    set(&session);
    let closed = sessions.close(&lazy, Handled::Completed).await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Written, "and is answered as it decided");
    assert_eq!(browser.read(&sessions, "x").await, Some(1));
}

#[tokio::test]
async fn with_the_policy_to_answer_a_lost_take_is_answered_where_the_session_ended() {
    let sessions = builder(store()).0.on_gone(GonePolicy::Answer).build().unwrap();
    assert_eq!(beside(&sessions, "POST", take, Session::destroy).await, Some(CloseOutcome::Gone));
    assert_eq!(beside(&sessions, "GET", take, take).await, None, "but not where the session lives");
}
