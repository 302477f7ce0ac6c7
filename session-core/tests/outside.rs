//! Sessions from outside: read, changed, walked over, and all of them over at once.

mod support;

use std::num::NonZeroUsize;

use session_core::{Expiry, Handled, Owner, SessionError, Sessions};
use session_ets::{EtsStore, Table};
use support::{Browser, MINUTE, START, builder, count, sessions, store};

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

async fn signed_in(sessions: &Sessions) -> Browser {
    let mut browser = Browser::default();
    browser.request(sessions, |session| session.log_in(ann()).unwrap()).await;
    browser.request(sessions, count).await;
    browser
}

async fn key(sessions: &Sessions, browser: &Browser) -> session_core::SessionKey {
    browser.open(sessions).load().await.unwrap().session_key().unwrap()
}

#[tokio::test]
async fn a_session_is_read_and_changed_by_its_key_also_by_one_that_it_had() {
    let (sessions, _) = sessions(store());
    let mut browser = signed_in(&sessions).await;
    let first = key(&sessions, &browser).await;
    for renewals in 0..3 {
        let read = sessions.get(&first).await.unwrap().unwrap();
        assert_eq!((read.info().owner(), read.info().session_key()), (Some(&ann()), key(&sessions, &browser).await));
        let added = sessions.modify(&first, |draft| draft.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)).await;
        let added: Result<_, SessionError> = added;
        assert_eq!(added.unwrap(), Some(2 + renewals));
        assert_eq!(browser.read(&sessions, "n").await, Some(2 + renewals));
        browser.request(&sessions, |session| session.renew().unwrap()).await;
    }
    browser.request(&sessions, |session| session.log_out()).await;
    assert!(sessions.get(&first).await.unwrap().is_none());
    let gone: Result<_, SessionError> = sessions.modify(&first, |draft| draft.insert("n", 0)).await;
    assert_eq!(gone.unwrap(), None);
}

#[tokio::test]
async fn a_change_from_outside_and_one_of_a_request_are_merged() {
    let (sessions, _) = sessions(store());
    let browser = signed_in(&sessions).await;
    let key = key(&sessions, &browser).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    count(&session);
    sessions.modify(&key, |draft| draft.insert("role", "admin")).await.map_err(|error: SessionError| error).unwrap();
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    let read = sessions.get(&key).await.unwrap().unwrap();
    assert_eq!((read.get("n").unwrap(), read.get::<String>("role").unwrap().as_deref()), (Some(2_u64), Some("admin")));
    // What it refuses is not written.
    let refused = sessions.modify(&key, |draft| draft.clear().and(Err::<(), _>(SessionError::Conflict))).await;
    assert!(matches!(refused, Err(SessionError::Conflict)));
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
}

#[tokio::test]
async fn all_sessions_of_an_owner_are_changed_once_each_while_they_are_renewed() {
    for _ in 0..20 {
        let (sessions, _) = sessions(store());
        let mut browsers = Vec::new();
        for _ in 0..150 {
            browsers.push(signed_in(&sessions).await);
        }
        let mut other = Browser::default();
        other.request(&sessions, |session| session.log_in(Owner::new("bob").unwrap()).unwrap()).await;
        let renewals = async {
            for browser in &mut browsers {
                browser.request(&sessions, |session| session.renew().unwrap()).await;
                tokio::task::yield_now().await;
            }
        };
        let role = |draft: &mut session_core::Draft| {
            draft.update("changes", |changes: Option<u64>| changes.unwrap_or(0) + 1).map(drop)
        };
        let owner = ann();
        let (changed, ()) = tokio::join!(sessions.modify_owned(&owner, role), renewals);
        assert_eq!(changed.map_err(|error: SessionError| error).unwrap(), 150);
        for browser in &browsers {
            assert_eq!(browser.read(&sessions, "changes").await, Some(1));
            assert_eq!(browser.read(&sessions, "n").await, Some(1));
        }
        assert_eq!(other.read(&sessions, "changes").await, None);
    }
}

#[tokio::test]
async fn a_walk_over_all_shows_each_live_session_whose_values_are_read_by_its_key() {
    let (sessions, clock) = sessions(store());
    for _ in 0..25 {
        Browser::default().request(&sessions, count).await;
    }
    clock.advance(MINUTE * 60 * 25);
    let mut ended = signed_in(&sessions).await;
    ended.request(&sessions, |session| session.log_out()).await;
    for _ in 0..7 {
        signed_in(&sessions).await;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = sessions.page(after.as_ref(), NonZeroUsize::new(3).unwrap()).await.unwrap();
        assert!(page.sessions.len() <= 3);
        seen.extend(page.sessions.iter().map(|info| info.session_key()));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7, "those that are over are not shown");
    for key in &seen {
        assert_eq!(sessions.get(key).await.unwrap().unwrap().get::<u64>("n").unwrap(), Some(1));
    }
}

#[tokio::test]
async fn everybody_is_out_who_came_before_the_time_that_was_set() {
    let store = EtsStore::new(Table::private());
    let (first, clock) = builder(store.clone());
    let before = first.expiry(Expiry::default().with_idle(None)).build().unwrap();
    let (mut nobody, mut old) = (Browser::default(), signed_in(&before).await);
    nobody.request(&before, count).await;
    let mut again = signed_in(&before).await;
    let loaded = old.open(&before).load().await.unwrap();
    clock.advance(MINUTE);
    again.request(&before, |session| session.log_in(ann()).unwrap()).await;
    let after = Sessions::builder(store).clock(clock.clone()).not_before(START + MINUTE).build().unwrap();
    // Who has proved who they are since is in, and the others are as good as unknown.
    assert_eq!(again.read(&after, "n").await, Some(1));
    for browser in [&mut nobody, &mut old] {
        assert_eq!(browser.read(&after, "n").await, None);
        assert!(!browser.is_known(&after).await);
    }
    assert_eq!(after.list(&ann()).await.unwrap().len(), 1);
    assert!(after.get(&loaded.session_key().unwrap()).await.unwrap().is_none());
    old.request(&after, |session| session.log_in(ann()).unwrap()).await;
    assert!(old.is_known(&after).await);
}
