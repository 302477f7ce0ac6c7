//! What a request gets whose session had ended.

mod support;

use session_core::{
    CloseOutcome, FailurePolicy, GonePolicy, Handled, Owner, ReadOnly, Session, SessionError, SessionStore, Sessions,
};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};

fn with(policy: GonePolicy, store: impl SessionStore) -> Sessions {
    builder(store).0.on_gone(policy).build().unwrap()
}

/// Does `handler` in a request whose session is ended while it runs, and tells what came of that.
async fn while_it_ends(
    sessions: &Sessions,
    handler: impl FnOnce(&Session),
    handled: Handled,
) -> Result<CloseOutcome, SessionError> {
    let mut browser = Browser::default();
    browser.request(sessions, count).await;
    let slow = browser.open(sessions);
    handler(&slow.load().await.unwrap());
    browser.request(sessions, |session| session.destroy()).await;
    let closed = sessions.close(&slow, handled).await;
    assert_eq!(closed.set_cookie.is_some(), matches!(closed.outcome, Ok(CloseOutcome::Created)));
    closed.outcome
}

/// Does `handler` in a request that comes with the id of a session that ended a moment ago.
async fn after_its_end(sessions: &Sessions, handler: impl FnOnce(&Session)) -> Result<CloseOutcome, SessionError> {
    let mut browser = Browser::default();
    browser.request(sessions, count).await;
    let mut straggler = browser.clone();
    browser.request(sessions, |session| session.destroy()).await;
    let closed = straggler.try_request(sessions, handler).await;
    assert_eq!(closed.set_cookie, None);
    closed.outcome
}

#[tokio::test]
async fn changes_that_were_dropped_are_refused_by_default() {
    let (sessions, _) = sessions(store());
    for change in [count, |session: &Session| session.renew().unwrap()] {
        let refused = while_it_ends(&sessions, change, Handled::Completed).await.unwrap_err();
        assert!(matches!(refused, SessionError::Gone) && refused.http_status() == 409);
    }
    let refused = after_its_end(&sessions, count).await.unwrap_err();
    assert!(matches!(refused, SessionError::ReadOnly(ReadOnly::Retired)) && refused.http_status() == 409);
}

#[tokio::test]
async fn a_login_is_let_in_although_its_session_ended_meanwhile() {
    let (sessions, _) = sessions(store());
    let log_in = |session: &Session| {
        count(session);
        session.log_in(Owner::new("ann").unwrap()).unwrap();
    };
    assert_eq!(while_it_ends(&sessions, log_in, Handled::Completed).await.unwrap(), CloseOutcome::Created);
    let [info] = <[_; 1]>::try_from(sessions.list(&Owner::new("ann").unwrap()).await.unwrap()).unwrap();
    let begun = sessions.get(&info.session_key()).await.unwrap().unwrap();
    assert_eq!(begun.get::<u64>("n").unwrap(), Some(1), "and begins with nothing of it");
}

#[tokio::test]
async fn they_are_answered_if_the_policy_says_so() {
    let sessions = with(GonePolicy::Answer, store());
    assert_eq!(while_it_ends(&sessions, count, Handled::Completed).await.unwrap(), CloseOutcome::Gone);
    assert_eq!(after_its_end(&sessions, count).await.unwrap(), CloseOutcome::Discarded);
}

#[tokio::test]
async fn who_read_or_destroyed_or_ignored_or_failed_is_not_refused() {
    let (sessions, _) = sessions(store());
    let read = |session: &Session| assert!(!session.contains("other"));
    let same = |session: &Session| session.remove("other").unwrap();
    let ignored = |session: &Session| {
        count(session);
        session.ignore().unwrap();
    };
    let completed = Handled::Completed;
    assert_eq!(while_it_ends(&sessions, read, completed).await.unwrap(), CloseOutcome::Unchanged);
    assert_eq!(while_it_ends(&sessions, same, completed).await.unwrap(), CloseOutcome::Unchanged);
    assert_eq!(while_it_ends(&sessions, Session::destroy, completed).await.unwrap(), CloseOutcome::Gone);
    assert_eq!(while_it_ends(&sessions, ignored, completed).await.unwrap(), CloseOutcome::Discarded);
    assert_eq!(while_it_ends(&sessions, count, Handled::Failed).await.unwrap(), CloseOutcome::Discarded);

    assert_eq!(after_its_end(&sessions, read).await.unwrap(), CloseOutcome::Unchanged);
    assert_eq!(after_its_end(&sessions, same).await.unwrap(), CloseOutcome::Unchanged);
    assert_eq!(after_its_end(&sessions, Session::destroy).await.unwrap(), CloseOutcome::Gone);
    assert_eq!(after_its_end(&sessions, ignored).await.unwrap(), CloseOutcome::Discarded);
}

#[tokio::test]
async fn who_was_told_by_an_error_is_refused_only_for_what_came_after() {
    let (sessions, _) = sessions(store());
    for (again, refused) in [(false, false), (true, true)] {
        let mut browser = Browser::default();
        browser.request(&sessions, count).await;
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        browser.request(&sessions, |session| session.destroy()).await;
        count(&session);
        assert!(matches!(session.commit().await, Err(SessionError::Gone)));
        if again {
            count(&session);
        }
        match sessions.close(&lazy, Handled::Completed).await.outcome {
            Ok(outcome) => assert_eq!((outcome, refused), (CloseOutcome::Gone, false)),
            Err(error) => assert!(matches!(error, SessionError::Gone) && refused),
        }
    }
}

#[tokio::test]
async fn who_goes_on_without_the_store_is_answered() {
    let faulty = Faulty::new(store());
    let sessions = builder(faulty.clone()).0.on_failure(FailurePolicy::Anonymous).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    faulty.next("get", Fault::Down);
    assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Discarded);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}
