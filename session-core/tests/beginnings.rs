//! After the end a beginning: what a handle is after `destroy`, and who sets or removes the cookie.

mod support;

use session_core::{CloseOutcome, FlashLevel, Handled, Owner, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty};
use support::{Browser, MINUTE, START, builder, count, live, sessions, store};

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

fn sign_out(session: &Session) {
    session.log_out();
    session.flash(FlashLevel::Info, "You are signed out.").unwrap();
}

async fn messages(browser: &mut Browser, sessions: &Sessions) -> Vec<String> {
    let mut shown = Vec::new();
    browser.request(sessions, |session| shown = session.take_flash().unwrap()).await;
    shown.into_iter().map(|flash| flash.message).collect()
}

#[tokio::test]
async fn a_message_after_the_logout_is_shown_and_nothing_else_is_left() {
    let store = store();
    let (sessions, _) = sessions(store.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    browser.request(&sessions, count).await;
    let old = browser.clone();
    assert_eq!(browser.request(&sessions, sign_out).await, CloseOutcome::Destroyed);
    let session = browser.open(&sessions).load().await.unwrap();
    assert_eq!((session.owner(), session.keys().len()), (None, 0));
    assert_eq!(messages(&mut browser, &sessions).await, ["You are signed out."]);
    assert!(messages(&mut browser, &sessions).await.is_empty());
    assert!(!old.is_known(&sessions).await);
    assert_eq!(live(&store, START).await, 1);
}

#[tokio::test]
async fn a_double_click_on_sign_out_is_no_error_and_the_message_is_shown() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let clicks = [browser.open(&sessions), browser.open(&sessions)];
    for click in &clicks {
        sign_out(&click.load().await.unwrap());
    }
    for (click, expected) in clicks.iter().zip([CloseOutcome::Destroyed, CloseOutcome::Gone]) {
        let closed = sessions.close(click, Handled::Completed).await;
        assert_eq!(closed.outcome.as_ref().unwrap(), &expected);
        assert_eq!(closed.set_cookie.is_some(), expected == CloseOutcome::Destroyed);
        browser.take(&closed);
    }
    assert_eq!(messages(&mut browser, &sessions).await, ["You are signed out."]);
}

#[tokio::test]
async fn two_tabs_that_show_a_message_at_once_both_show_it_and_no_page_after_them() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.flash(FlashLevel::Info, "Saved.").unwrap()).await;
    let tabs = [browser.open(&sessions), browser.open(&sessions)];
    for tab in &tabs {
        assert_eq!(tab.load().await.unwrap().take_flash().unwrap().len(), 1);
    }
    for tab in &tabs {
        assert_eq!(sessions.close(tab, Handled::Completed).await.outcome.unwrap(), CloseOutcome::Written);
    }
    assert!(messages(&mut browser, &sessions).await.is_empty());
}

#[tokio::test]
async fn a_slow_logout_in_one_tab_leaves_the_cookie_of_a_login_made_meanwhile_in_another() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let slow = browser.open(&sessions);
    slow.load().await.unwrap().log_out();
    browser.request(&sessions, Session::log_out).await;
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let closed = sessions.close(&slow, Handled::Completed).await;
    assert_eq!((closed.outcome.as_ref().unwrap(), &closed.set_cookie), (&CloseOutcome::Gone, &None));
    browser.take(&closed);
    assert!(browser.is_known(&sessions).await);
}

#[tokio::test]
async fn a_request_that_fails_ends_the_old_one_and_begins_none() {
    let store = store();
    let (sessions, _) = sessions(store.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let lazy = browser.open(&sessions);
    sign_out(&lazy.load().await.unwrap());
    let closed = sessions.close(&lazy, Handled::Failed).await;
    assert_eq!(closed.outcome.as_ref().unwrap(), &CloseOutcome::Destroyed);
    browser.take(&closed);
    assert_eq!((browser.cookie(), live(&store, START).await), (None, 0));
}

#[tokio::test]
async fn commit_transaction_and_a_second_destroy_begin_and_end_alike() {
    let store = store();
    let (sessions, _) = sessions(store.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    sign_out(&session);
    session.commit().await.unwrap();
    let first = session.session_key().unwrap();
    assert_eq!(live(&store, START).await, 1);
    session.destroy();
    session.destroy();
    session.transaction::<_, SessionError, _>(|draft| draft.insert("x", 1)).await.unwrap();
    assert_ne!(session.session_key().unwrap(), first);
    assert_eq!(live(&store, START).await, 1);
    browser.take(&sessions.close(&lazy, Handled::Completed).await);
    assert_eq!(browser.read(&sessions, "x").await, Some(1));
}

#[tokio::test]
async fn a_logout_that_cannot_begin_what_is_asked_ends_nothing() {
    let sessions = builder(store()).0.max_payload(200).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let closed = browser.try_request(&sessions, |session| {
        session.log_out();
        session.insert("x", "x".repeat(300)).unwrap();
    });
    let closed = closed.await;
    assert!(matches!(closed.outcome, Err(SessionError::TooLarge { .. })) && closed.set_cookie.is_none());
    assert!(browser.is_known(&sessions).await);
}

#[tokio::test(start_paused = true)]
async fn a_logout_is_an_end_although_the_store_failed() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let other_tab = browser.clone();
    faulty.next("put", Fault::Down);
    let closed = browser.try_request(&sessions, Session::log_out).await;
    assert_eq!(closed.outcome.unwrap_err().http_status(), 503);
    assert!(closed.set_cookie.unwrap().contains("Max-Age=0"));
    assert!(!other_tab.is_known(&sessions).await, "this process was told");
    assert!(sessions.list(&ann()).await.unwrap().is_empty());
    let another_process = builder(faulty.clone()).0.build().unwrap();
    let waited = async {
        while other_tab.is_known(&another_process).await {
            tokio::time::sleep(MINUTE / 600).await;
        }
    };
    tokio::time::timeout(MINUTE, waited).await.expect("it is ended in the background");
}
