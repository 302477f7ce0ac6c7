//! What a session does from the first cookie to the last, one request after the other or two at once.

mod support;

use session_core::cookie::{CookieConfig, SigningKey};
use session_core::{
    CloseOutcome, ConflictPolicy, Flash, FlashLevel, Handled, Key, OnServerError, Owner, ReadOnly, RequestHead,
    SessionError, SessionId, SessionStore,
};
use support::{Browser, builder, count, sessions, store};

#[tokio::test]
async fn nothing_is_stored_and_no_cookie_set_before_something_is_written() {
    let store = store();
    let (sessions, _) = sessions(store.clone());
    let mut browser = Browser::default();
    assert_eq!(browser.request(&sessions, |session| assert!(session.keys().is_empty())).await, CloseOutcome::Unchanged);
    // Written and taken back is not written.
    let undone = browser
        .request(&sessions, |session| {
            session.insert("a", 1).unwrap();
            session.remove("a").unwrap();
        })
        .await;
    assert_eq!(undone, CloseOutcome::Unchanged);
    assert_eq!((browser.cookie(), store.table().len()), (None, 0));
    assert_eq!(browser.request(&sessions, |session| session.insert("a", 1).unwrap()).await, CloseOutcome::Created);
    assert!(browser.cookie().unwrap().starts_with("__Host-Http-session="));
    assert_eq!(browser.read(&sessions, "a").await, Some(1));
}

#[tokio::test]
async fn a_cookie_is_set_only_when_it_changes() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let closed = browser.try_request(&sessions, count).await;
    assert_eq!((closed.set_cookie, closed.vary), (None, true));
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
}

#[tokio::test]
async fn an_untouched_session_costs_no_call_and_no_header() {
    let faulty = support::faulty::Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    faulty.calls();
    let lazy = browser.open(&sessions);
    let closed = sessions.close(&lazy, Handled::Completed).await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Untouched);
    assert_eq!((closed.set_cookie, closed.vary), (None, false));
    assert!(faulty.calls().is_empty());
    // To ask whether there is a cookie costs nothing, but the response depends on it.
    let lazy = browser.open(&sessions);
    assert!(lazy.has_cookie());
    assert!(sessions.close(&lazy, Handled::Completed).await.vary);
    assert!(faulty.calls().is_empty());
    // Loading twice reads once.
    let lazy = browser.open(&sessions);
    lazy.load().await.unwrap();
    lazy.load().await.unwrap();
    assert_eq!(faulty.calls(), ["get"]);
}

#[tokio::test]
async fn an_invented_id_is_never_adopted() {
    let store = store();
    let (sessions, _) = sessions(store.clone());
    let invented = SessionId::random().unwrap();
    let mut browser = Browser::with(&format!("__Host-Http-session={}", invented.encode()));
    browser.request(&sessions, count).await;
    assert!(!browser.cookie().unwrap().contains(&invented.encode()));
    assert!(store.get(&invented.key()).await.unwrap().is_none());
}

#[tokio::test]
async fn bad_cookies_are_an_empty_session() {
    let (sessions, _) = sessions(store());
    let long = format!("__Host-Http-session={}", "A".repeat(100_000));
    let cookies: [&[u8]; 6] = [
        b"__Host-Http-session=",
        b"__Host-Http-session=!!",
        b"__Host-Http-session=\xff\xfe",
        b"\xff=;;;=",
        b"",
        long.as_bytes(),
    ];
    for cookie in cookies {
        let lazy = sessions.open(RequestHead::new("POST").with_cookies([cookie]));
        let session = lazy.load().await.unwrap();
        assert!(session.is_new() && session.keys().is_empty());
        let closed = sessions.close(&lazy, Handled::Completed).await;
        assert_eq!((closed.outcome.unwrap(), closed.set_cookie), (CloseOutcome::Unchanged, None));
    }
}

#[tokio::test]
async fn one_cookie_that_is_there_twice_is_one() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let cookie = browser.cookie().unwrap();
    browser.plant(&format!("{cookie}; Path=/; Secure; HttpOnly; Partitioned")).unwrap();
    assert_eq!(browser.cookie().unwrap(), format!("{cookie}; {cookie}"));
    assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Written);
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
}

#[tokio::test]
async fn requests_that_set_different_keys_all_win_and_updates_all_count() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.insert("base", 0).unwrap()).await;
    let open: Vec<_> = (0..10).map(|_| browser.open(&sessions)).collect();
    for (i, lazy) in open.iter().enumerate() {
        let session = lazy.load().await.unwrap();
        session.insert(&format!("key{i}"), i).unwrap();
        count(&session);
    }
    for lazy in &open {
        assert_eq!(sessions.close(lazy, Handled::Completed).await.outcome.unwrap(), CloseOutcome::Written);
    }
    let session = browser.open(&sessions).load().await.unwrap();
    assert_eq!(session.keys().len(), 12);
    assert_eq!(session.get::<u64>("n").unwrap(), Some(10));
}

#[tokio::test]
async fn a_value_taken_twice_at_once_is_a_conflict_for_the_second() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser
        .request(&sessions, |session| {
            session.insert("token", "T").unwrap();
            session.flash(FlashLevel::Success, "Welcome").unwrap();
        })
        .await;
    let (a, b) = (browser.open(&sessions), browser.open(&sessions));
    for lazy in [&a, &b] {
        assert!(lazy.load().await.unwrap().take::<String>("token").unwrap().is_some());
    }
    assert_eq!(sessions.close(&a, Handled::Completed).await.outcome.unwrap(), CloseOutcome::Written);
    let second = sessions.close(&b, Handled::Completed).await.outcome;
    assert!(matches!(second, Err(SessionError::Conflict)));
    // The flash is still there, once.
    let mut shown: Vec<Flash> = Vec::new();
    for _ in 0..2 {
        browser.request(&sessions, |session| shown.extend(session.take_flash().unwrap())).await;
    }
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].level, shown[0].message.as_str()), (FlashLevel::Success, "Welcome"));
}

#[tokio::test]
async fn the_conflict_policies_do_what_they_say() {
    for (policy, first, second) in [
        (ConflictPolicy::Merge, Some(1), Some(2)),
        (ConflictPolicy::Reject, Some(1), None),
        (ConflictPolicy::Overwrite, None, Some(2)),
    ] {
        let (sessions, _) = builder(store()).0.on_conflict(policy).build().map(|s| (s, ())).unwrap();
        let mut browser = Browser::default();
        browser.request(&sessions, |session| session.insert("base", 0).unwrap()).await;
        let (a, b) = (browser.open(&sessions), browser.open(&sessions));
        a.load().await.unwrap().insert("a", 1).unwrap();
        b.load().await.unwrap().insert("b", 2).unwrap();
        sessions.close(&a, Handled::Completed).await.outcome.unwrap();
        let closed = sessions.close(&b, Handled::Completed).await;
        assert_eq!(closed.outcome.is_err(), policy == ConflictPolicy::Reject);
        assert_eq!(
            (browser.read(&sessions, "a").await, browser.read(&sessions, "b").await),
            (first, second),
            "{policy:?}"
        );
    }
}

#[tokio::test]
async fn renew_gives_a_new_id_keeps_the_values_and_kills_the_old_id() {
    let (sessions, clock) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let old = browser.clone();
    let began = browser.open(&sessions).load().await.unwrap().created_at();
    clock.advance(support::MINUTE);
    assert_eq!(browser.request(&sessions, |session| session.renew().unwrap()).await, CloseOutcome::Renewed);
    assert_ne!(browser.cookie(), old.cookie());
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    assert_eq!(browser.open(&sessions).load().await.unwrap().created_at(), began);
    // A straggler with the old id neither reads nor writes nor sets a cookie.
    let mut straggler = old.clone();
    let closed = straggler.try_request(&sessions, |session| {
        assert!(session.keys().is_empty());
        count(session);
        assert_eq!(session.read_only(), Some(ReadOnly::Retired));
        assert!(matches!(session.renew(), Err(SessionError::ReadOnly(ReadOnly::Retired))));
    });
    let closed = closed.await;
    assert!(matches!(closed.outcome, Err(SessionError::ReadOnly(ReadOnly::Retired))));
    assert_eq!(closed.set_cookie, None);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_value_set_after_renew_neither_cancels_it_nor_is_lost() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let old = browser.clone();
    browser
        .request(&sessions, |session| {
            session.renew().unwrap();
            count(session);
        })
        .await;
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
    assert!(!old.is_known(&sessions).await);
}

#[tokio::test]
async fn destroy_removes_the_cookie_with_every_attribute_and_ends_every_handle() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let old = browser.clone();
    let slow = browser.open(&sessions);
    count(&slow.load().await.unwrap());
    let closed = browser.try_request(&sessions, |session| {
        session.destroy();
        assert!(session.keys().is_empty());
    });
    let closed = closed.await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
    let removal = closed.set_cookie.unwrap();
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=0"] {
        assert!(removal.contains(attribute), "{removal} lacks {attribute}");
    }
    // A request that was under way when the user logged out does not bring the session back.
    let late = sessions.close(&slow, Handled::Completed).await;
    assert!(matches!(late.outcome, Err(SessionError::Gone)));
    assert_eq!(late.set_cookie, None);
    assert!(!old.is_known(&sessions).await);
}

#[tokio::test]
async fn who_was_logged_out_elsewhere_can_log_in_at_once() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    let key = browser.open(&sessions).load().await.unwrap().session_key().unwrap();
    assert!(sessions.revoke(&key).await.unwrap());
    let old = browser.cookie();
    let login = browser.request(&sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    assert_eq!(login, CloseOutcome::Created);
    assert!(browser.cookie() != old && browser.is_known(&sessions).await);
}

#[tokio::test]
async fn ignore_leaves_everything_as_it_was() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let ignored = browser
        .request(&sessions, |session| {
            count(session);
            session.ignore().unwrap();
        })
        .await;
    assert_eq!(ignored, CloseOutcome::Discarded);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_server_error_discards_the_changes_but_never_a_logout() {
    for (policy, expected) in [(OnServerError::Discard, Some(1)), (OnServerError::Save, Some(2))] {
        let sessions = builder(store()).0.on_server_error(policy).build().unwrap();
        let mut browser = Browser::default();
        browser.request(&sessions, count).await;
        let lazy = browser.open(&sessions);
        count(&lazy.load().await.unwrap());
        sessions.close(&lazy, Handled::Failed).await.outcome.unwrap();
        assert_eq!(browser.read(&sessions, "n").await, expected);
        let lazy = browser.open(&sessions);
        lazy.load().await.unwrap().destroy();
        let closed = sessions.close(&lazy, Handled::Failed).await;
        assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
        assert!(closed.set_cookie.is_some() && !browser.is_known(&sessions).await);
    }
}

#[tokio::test]
async fn typed_keys_and_wrong_types_are_told_apart() {
    const CART: Key<Vec<String>> = Key::new("cart");
    let (sessions, _) = sessions(store());
    let session = Browser::default().open(&sessions).load().await.unwrap();
    session.insert(CART, vec!["tea".to_owned()]).unwrap();
    assert_eq!(session.get(CART).unwrap().unwrap(), ["tea"]);
    let error = session.get::<u32>("cart").unwrap_err();
    assert!(matches!(&error, SessionError::WrongType { key, .. } if key == "cart"));
    assert!(!format!("{error} {error:?}").contains("tea"));
    assert_eq!(session.take(CART).unwrap().unwrap(), ["tea"]);
    assert_eq!(session.get(CART).unwrap(), None);
}

#[tokio::test]
async fn two_sessions_on_one_store_do_not_take_each_others_ids() {
    let store = store();
    let shop = builder(store.clone()).0.cookie(CookieConfig::new("shop")).build().unwrap();
    let admin = builder(store).0.cookie(CookieConfig::new("admin")).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&shop, count).await;
    let id = browser.value("__Host-Http-shop").unwrap();
    let forged = Browser::with(&format!("__Host-Http-admin={id}"));
    assert_eq!(forged.read(&admin, "n").await, None);
    assert_eq!(browser.read(&shop, "n").await, Some(1));
}

#[tokio::test]
async fn signed_cookies_survive_a_rotation_and_forged_ones_are_ignored() {
    let key = |byte: u8| SigningKey::new([byte; 32]).unwrap();
    let store = store();
    let with = |keys: Vec<SigningKey>| {
        builder(store.clone()).0.cookie(CookieConfig::default().with_signing_keys(keys)).build().unwrap()
    };
    let (old, both, new) = (with(vec![key(1)]), with(vec![key(2), key(1)]), with(vec![key(2)]));
    let mut browser = Browser::default();
    browser.request(&old, count).await;
    assert_eq!(browser.read(&both, "n").await, Some(1));
    assert_eq!(browser.read(&new, "n").await, None);
    browser.request(&both, |session| session.renew().unwrap()).await;
    assert_eq!(browser.read(&new, "n").await, Some(1));
    let cookie = browser.cookie().unwrap();
    let unsigned = cookie.rsplit_once('.').unwrap().0;
    assert_eq!(Browser::with(unsigned).read(&new, "n").await, None);
}

#[tokio::test]
async fn a_payload_over_the_limit_is_a_typed_error_and_changes_nothing() {
    let sessions = builder(store()).0.max_payload(200).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let closed = browser.try_request(&sessions, |session| session.insert("big", "x".repeat(300)).unwrap()).await;
    assert!(matches!(closed.outcome, Err(SessionError::TooLarge { limit: 200 })));
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    assert!(browser.open(&sessions).load().await.unwrap().get::<String>("big").unwrap().is_none());
}
