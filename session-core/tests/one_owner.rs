//! A session has one owner for life, or none; and what a login makes of whatever it finds.

mod support;

use std::num::NonZeroUsize;
use std::time::Duration;

use session_core::{
    CloseOutcome, CookieLifetime, Expiry, FlashLevel, Handled, Owner, OwnerLimitAction, Session, SessionError, Sessions,
};
use support::{Browser, MINUTE, START, builder, count, live, sessions, store};

fn owner(name: &str) -> Owner {
    Owner::new(name).unwrap()
}

fn log_in(name: &'static str) -> impl Fn(&Session) {
    move |session| session.log_in(owner(name)).unwrap()
}

async fn owner_of(browser: &Browser, sessions: &Sessions) -> Option<Owner> {
    browser.open(sessions).load().await.unwrap().owner()
}

#[tokio::test]
async fn the_next_user_at_the_same_browser_inherits_nothing() {
    let (sessions, clock) = sessions(store());
    let mut browser = Browser::default();
    browser
        .request(&sessions, |session| {
            log_in("ann")(session);
            session.insert("secret", "ann's").unwrap();
            session.flash(FlashLevel::Info, "Hello, Ann").unwrap();
            session.set_cookie_lifetime(CookieLifetime::Persistent).unwrap();
            session.set_expiry(Expiry::default().with_idle(MINUTE * 5)).unwrap();
        })
        .await;
    let anns = browser.clone();
    clock.advance(MINUTE);
    let closed = browser.try_request(&sessions, |session| {
        session.insert("late", "ann's, too").unwrap();
        log_in("bob")(session);
        session.insert("mine", "bob's").unwrap();
    });
    let closed = closed.await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
    assert!(!closed.set_cookie.unwrap().contains("Max-Age"), "nobody asked to be remembered");
    let session = browser.open(&sessions).load().await.unwrap();
    assert_eq!((session.owner(), session.keys()), (Some(owner("bob")), vec!["mine".to_owned()]));
    assert!(session.take_flash().unwrap().is_empty());
    assert_eq!(session.created_at(), Some(START + MINUTE));
    assert_eq!(session.expires_at(), Some(START + MINUTE + Duration::from_secs(24 * 3600)));
    assert!(!anns.is_known(&sessions).await);
    assert!(sessions.list(&owner("ann")).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_cart_of_nobody_is_taken_along_by_a_login() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    assert_eq!(browser.request(&sessions, log_in("ann")).await, CloseOutcome::Renewed);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_double_click_on_sign_in_signs_in_whichever_answer_comes_last() {
    for last in [0, 1] {
        let (sessions, clock) = sessions(store());
        let mut browser = Browser::default();
        browser.request(&sessions, count).await;
        let clicks = [browser.open(&sessions), browser.open(&sessions)];
        let mut answers = Vec::new();
        for click in &clicks {
            log_in("ann")(&click.load().await.unwrap());
        }
        for click in &clicks {
            answers.push(sessions.close(click, Handled::Completed).await);
        }
        assert!(answers.iter().all(|answer| matches!(answer.outcome, Ok(CloseOutcome::Renewed))));
        browser.take(&answers[1 - last]);
        browser.take(&answers[last]);
        assert_eq!(owner_of(&browser, &sessions).await, Some(owner("ann")), "{last}");
        assert_eq!(browser.read(&sessions, "n").await, Some(1));
        assert_eq!(sessions.list(&owner("ann")).await.unwrap().len(), 1);
        clock.advance(Duration::from_secs(11));
        assert_eq!(
            owner_of(&browser, &sessions).await.is_some(),
            last == 1,
            "the first one's id serves for the window"
        );
    }
}

#[tokio::test]
async fn a_login_after_a_login_whose_answer_was_lost_goes_on_with_its_values() {
    let (sessions, clock) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    browser.clone().request(&sessions, log_in("ann")).await;
    clock.advance(MINUTE);
    assert_eq!(owner_of(&browser, &sessions).await, None, "the id of before is dead");
    assert_eq!(browser.request(&sessions, log_in("ann")).await, CloseOutcome::Renewed);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    assert_eq!(sessions.list(&owner("ann")).await.unwrap().len(), 1, "no ghost is left");
}

#[tokio::test]
async fn a_login_keeps_nothing_of_what_was_begun_from_an_id_that_was_ended_elsewhere() {
    let store = store();
    let (sessions, clock) = sessions(store.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, log_in("ann")).await;
    let mut thief = browser.clone();
    sessions.revoke_all(&owner("ann"), None).await.unwrap();
    clock.advance(MINUTE);
    thief.request(&sessions, |session| session.insert("return_to", "https://evil.example").unwrap()).await;
    browser.request(&sessions, log_in("ann")).await;
    let session = browser.open(&sessions).load().await.unwrap();
    assert_eq!((session.owner(), session.keys().len()), (Some(owner("ann")), 0));
    assert!(!thief.is_known(&sessions).await);
    assert_eq!(live(&store, START + MINUTE).await, 1);
}

#[tokio::test]
async fn of_two_newcomers_with_one_dead_id_the_second_does_not_join_the_first() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, log_in("ann")).await;
    sessions.revoke_all(&owner("ann"), None).await.unwrap();
    let clicks = [browser.open(&sessions), browser.open(&sessions)];
    for click in &clicks {
        count(&click.load().await.unwrap());
    }
    let first = sessions.close(&clicks[0], Handled::Completed).await;
    assert_eq!(first.outcome.as_ref().unwrap(), &CloseOutcome::Created);
    let second = sessions.close(&clicks[1], Handled::Completed).await;
    assert!(matches!(second.outcome, Err(SessionError::Gone)) && second.set_cookie.is_none());
    browser.take(&first);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn signed_in_on_the_29th_day_of_an_anonymous_session_is_in_on_the_30th() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let (sessions, clock) = sessions(store());
    let mut browser = Browser::default();
    for _ in 0..58 {
        browser.request(&sessions, count).await;
        clock.advance(DAY / 2);
    }
    browser.request(&sessions, log_in("ann")).await;
    for day in 0..58 {
        clock.advance(DAY / 2);
        browser.request(&sessions, count).await;
        assert_eq!(owner_of(&browser, &sessions).await, Some(owner("ann")), "half a day no. {day}");
        // A renewal does not move it.
        browser.request(&sessions, |session| session.renew().unwrap()).await;
    }
    clock.advance(DAY);
    assert!(!browser.is_known(&sessions).await);
}

#[tokio::test]
async fn a_login_as_another_that_is_one_too_many_ends_nothing() {
    let one = NonZeroUsize::new(1).unwrap();
    let sessions = builder(store()).0.max_sessions_per_owner(one, OwnerLimitAction::Refuse).build().unwrap();
    let (mut anns, mut bobs) = (Browser::default(), Browser::default());
    anns.request(&sessions, log_in("ann")).await;
    bobs.request(&sessions, log_in("bob")).await;
    let closed = anns.try_request(&sessions, log_in("bob")).await;
    assert!(matches!(closed.outcome, Err(SessionError::TooManySessions { max: 1 })) && closed.set_cookie.is_none());
    assert_eq!(owner_of(&anns, &sessions).await, Some(owner("ann")));
    // One's own that ends makes room.
    let again = anns.request(&sessions, |session| {
        session.log_out();
        log_in("ann")(session);
    });
    assert_eq!(again.await, CloseOutcome::Destroyed);
    assert_eq!(owner_of(&anns, &sessions).await, Some(owner("ann")));
}
