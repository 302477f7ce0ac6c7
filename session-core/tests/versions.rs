//! Servers of two versions on one store: what this one makes of that which a later one wrote.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::{
    Bytes, ConflictPolicy, CookieLifetime, Expiry, FlashLevel, Handled, ManualClock, Owner, Put, PutOutcome, ReadOnly,
    Record, Session, SessionError, SessionKey, SessionStore, Sessions, Version,
};
use session_ets::EtsStore;
use support::faulty::{Fault, Faulty};
use support::{Browser, MINUTE, START, builder, count, sessions, store};

/// A session of a later version, which keeps more than this one knows: in the reserved part, in a flash, in the timeouts,
/// beside all that; and kinds of flash, of level and of lifetime.
const LATER: &[u8] = br#"{"core":{"flash":[{"id":1,"level":"critical","message":"burns","icon":"fire"},{"id":2,"html":"<b>"},{"id":3,"level":"info","message":"plain"}],"expiry":{"idle":600000,"absolute":6000000,"warn":[ 1.50 ]},"lifetime":{"days":30},"risk":{"score": 0.10,"by":null}},"devices":["\u00e9", 1e2]}"#;

/// What of it stays, whatever this version writes.
const STAYS: [&str; 4] = [
    r#""warn":[ 1.50 ]"#,
    r#""risk":{"score": 0.10,"by":null}"#,
    r#""devices":["\u00e9", 1e2]"#,
    r#"{"id":2,"html":"<b>"}"#,
];

async fn record(store: &EtsStore, key: &SessionKey) -> Arc<Record> {
    store.get(key).await.unwrap().unwrap()
}

async fn text(store: &EtsStore, key: &SessionKey) -> String {
    String::from_utf8(record(store, key).await.payload.to_vec()).unwrap()
}

/// Puts a payload in the place of a session's, as another server would.
async fn plant(store: &EtsStore, key: &SessionKey, payload: &[u8]) {
    let mut record = (*record(store, key).await).clone();
    let put = Put::Replace(record.version);
    record.version = Version::random().unwrap();
    record.payload = Bytes::copy_from_slice(payload);
    assert_eq!(store.put(key, &record, put).await.unwrap(), PutOutcome::Stored);
}

async fn key_of(browser: &Browser, sessions: &Sessions) -> SessionKey {
    browser.open(sessions).load().await.unwrap().session_key().unwrap()
}

/// A browser with a session that a later version has written, with a count in it.
async fn later(store: &EtsStore, sessions: &Sessions) -> Browser {
    let mut browser = Browser::default();
    browser.request(sessions, count).await;
    let values = b"\x01\x01\x01\x01{\"n\":1}";
    plant(store, &key_of(&browser, sessions).await, &[values, LATER].concat()).await;
    browser
}

async fn stays(store: &EtsStore, sessions: &Sessions, browser: &Browser, but: &[&str]) -> String {
    let text = text(store, &key_of(browser, sessions).await).await;
    for part in STAYS.iter().filter(|part| !but.contains(part)) {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    text
}

/// What a handler does, by name.
type Change = (&'static str, fn(&Session));

#[tokio::test]
async fn what_a_later_version_keeps_is_there_after_every_kind_of_write() {
    let changes: [Change; 8] = [
        ("insert", |session| session.insert("x", 1).unwrap()),
        ("update", count),
        ("clear", |session| session.clear().unwrap()),
        ("flash", |session| session.flash(FlashLevel::Success, "saved").unwrap()),
        ("expiry", |session| session.set_expiry(Expiry::default().with_idle(MINUTE)).unwrap()),
        ("renew", |session| session.renew().unwrap()),
        ("login", |session| session.log_in(Owner::new("ann").unwrap()).unwrap()),
        ("all", |session| {
            count(session);
            session.flash(FlashLevel::Error, "no").unwrap();
            session.renew().unwrap();
        }),
    ];
    for (change, make) in changes {
        let store = store();
        let sessions = sessions(store.clone()).0;
        let mut browser = later(&store, &sessions).await;
        browser.request(&sessions, make).await;
        let text = stays(&store, &sessions, &browser, &[]).await;
        for part in [r#""level":"critical","message":"burns","icon":"fire""#, r#""lifetime":{"days":30}"#] {
            assert!(text.contains(part), "{change}: {text}");
        }
    }
}

#[tokio::test]
async fn of_what_a_later_version_keeps_this_one_shows_what_it_knows() {
    let store = store();
    let sessions = sessions(store.clone()).0;
    let mut browser = later(&store, &sessions).await;
    let closed = browser
        .try_request(&sessions, |session| {
            let flashes = session.take_flash().unwrap();
            let shown: Vec<_> = flashes.iter().map(|flash| (flash.level, flash.message.as_str())).collect();
            assert_eq!(shown, [(FlashLevel::Info, "burns"), (FlashLevel::Info, "plain")]);
        })
        .await;
    // A lifetime that it does not know is none of its business: the browser keeps the cookie that it has.
    assert_eq!(closed.set_cookie, None);
    let text = stays(&store, &sessions, &browser, &[]).await;
    assert!(!text.contains("burns") && !text.contains("plain"), "{text}");
    assert!(text.contains(r#""idle":600000"#), "{text}");
    let expires_at = record(&store, &key_of(&browser, &sessions).await).await.expires_at;
    assert_eq!(expires_at, START + Duration::from_millis(600_000));

    browser.request(&sessions, |session| session.set_cookie_lifetime(CookieLifetime::Persistent).unwrap()).await;
    let text = stays(&store, &sessions, &browser, &[]).await;
    assert!(text.contains(r#""lifetime":"persistent""#), "{text}");
    browser.request(&sessions, |session| session.set_expiry(None).unwrap()).await;
    let text = stays(&store, &sessions, &browser, &[STAYS[0]]).await;
    assert!(!text.contains("expiry"), "{text}");
}

#[tokio::test]
async fn timeouts_of_which_this_version_knows_none_are_not_taken_for_no_end() {
    let store = store();
    let sessions = sessions(store.clone()).0;
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let key = key_of(&browser, &sessions).await;
    let payload = b"\x01\0{}{\"core\":{\"expiry\":{\"sliding\":5}}}";
    plant(&store, &key, payload).await;
    browser.request(&sessions, count).await;
    assert!(text(&store, &key).await.contains(r#""expiry":{"sliding":5}"#));
    assert_eq!(record(&store, &key).await.expires_at, START + MINUTE * 60 * 24, "the default holds");
}

#[tokio::test]
async fn a_section_beside_an_empty_reserved_part_is_still_a_sessions() {
    let store = store();
    let sessions = sessions(store.clone()).0;
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let key = key_of(&browser, &sessions).await;
    plant(&store, &key, b"\x01\0{}{\"devices\":[],\"core\":{}}").await;
    browser.request(&sessions, count).await;
    assert_eq!(text(&store, &key).await, "\x01\x01\x01\x01{\"n\":1}{\"core\":{},\"devices\":[]}");
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn what_a_later_version_added_meanwhile_is_there_after_a_conflict() {
    for policy in [ConflictPolicy::Merge, ConflictPolicy::Overwrite] {
        let store = store();
        let sessions = builder(store.clone()).0.on_conflict(policy).build().unwrap();
        let mut browser = Browser::default();
        browser.request(&sessions, count).await;
        let lazy = browser.open(&sessions);
        count(&lazy.load().await.unwrap());
        // A later version writes while the request is under way.
        let values = b"\x01\x01\x01\x01{\"n\":5}";
        let key = key_of(&browser, &sessions).await;
        plant(&store, &key, &[values, LATER].concat()).await;
        sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
        let n = if policy == ConflictPolicy::Merge { 6 } else { 2 };
        assert_eq!(browser.read(&sessions, "n").await, Some(n));
        let text = text(&store, &key).await;
        assert!(text.contains("\"risk\":{") && text.contains("\"devices\":["), "{policy:?}: {text}");
    }
}

/// What hooks were told, by name.
type Heard = Arc<Mutex<Vec<&'static str>>>;

fn listening(store: impl SessionStore) -> (Sessions, ManualClock, Heard) {
    let heard = Heard::default();
    let hook = Arc::clone(&heard);
    let (builder, clock) = builder(store);
    let told = builder.on_event(move |event| hook.lock().unwrap().push(event.kind().name()));
    (told.build().unwrap(), clock, heard)
}

fn is_unknown(error: &SessionError) -> bool {
    matches!(error, SessionError::ReadOnly(ReadOnly::UnknownFormat))
}

#[tokio::test]
async fn what_this_version_does_not_know_is_left_alone_whatever_is_asked_of_it() {
    let unknown: [&[u8]; 4] = [
        b"\x02whatever a later version writes",
        b"\x81sealed, as it were",
        b"\x01\0{}{\"suspended\":{\"until\":1}}",
        b"{\"no\":\"format of ours\"}",
    ];
    for payload in unknown {
        let store = store();
        let (sessions, clock, heard) = listening(store.clone());
        let ann = Owner::new("ann").unwrap();
        let (mut browser, mut other) = (Browser::default(), Browser::default());
        for browser in [&mut browser, &mut other] {
            browser.request(&sessions, |session| session.log_in(ann.clone()).unwrap()).await;
        }
        let (key, cookie) = (key_of(&browser, &sessions).await, browser.cookie());
        plant(&store, &key, payload).await;
        let before = record(&store, &key).await;
        // Late enough for a touch.
        clock.set(START + MINUTE * 120);
        heard.lock().unwrap().clear();

        // It reads as empty, says why, and is told.
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        assert!(session.is_new() && session.owner().is_none());
        assert_eq!(session.read_only(), Some(ReadOnly::UnknownFormat));
        assert_eq!(*heard.lock().unwrap(), ["unknown_format"]);
        // A new id, a login, a commit, a write: refused.
        assert!(is_unknown(&session.renew().unwrap_err()));
        assert!(is_unknown(&session.log_in(ann.clone()).unwrap_err()));
        assert!(is_unknown(&session.commit().await.unwrap_err()));
        assert!(is_unknown(&session.reload().await.unwrap_err()));
        let closed = sessions.close(&lazy, Handled::Completed).await;
        assert!(closed.outcome.is_ok() && closed.set_cookie.is_none());
        let refused = browser.try_write(&sessions).await;
        assert!(is_unknown(&refused) && refused.http_status() == 503);

        // A logout that cannot be is not acknowledged, and the cookie stays.
        let closed = browser.try_request(&sessions, Session::destroy).await;
        assert!(is_unknown(&closed.outcome.unwrap_err()) && closed.set_cookie.is_none());
        // Nor is an end from outside; what can be ended is.
        let refused = sessions.revoke(&key).await.unwrap_err();
        assert!(matches!(&refused, SessionError::Codec(error) if error.is_unknown_format()), "{refused:?}");
        assert!(!sessions.revoke_owned(&Owner::new("bob").unwrap(), &key).await.unwrap());
        assert!(matches!(sessions.revoke_all(&ann, None).await, Err(SessionError::Codec(_))));
        assert!(!other.is_known(&sessions).await);

        assert_eq!(record(&store, &key).await, before, "not even its deadline moved");
        assert_eq!(browser.cookie(), cookie);
    }
}

#[tokio::test]
async fn a_record_that_becomes_unknown_under_a_request_is_left_alone() {
    let store = store();
    let sessions = sessions(store.clone()).0;
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let key = key_of(&browser, &sessions).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    count(&session);
    plant(&store, &key, b"\x02later").await;
    let before = record(&store, &key).await;
    assert!(matches!(session.reload().await, Err(SessionError::Codec(_))));
    let closed = sessions.close(&lazy, Handled::Completed).await;
    assert_eq!((closed.outcome.unwrap_err().http_status(), closed.set_cookie), (503, None));
    assert_eq!(record(&store, &key).await, before);
}

#[tokio::test]
async fn a_format_that_the_store_does_not_know_is_left_alone_as_well() {
    let faulty = Faulty::new(store());
    let (sessions, _, heard) = listening(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let key = key_of(&browser, &sessions).await;
    heard.lock().unwrap().clear();
    faulty.next("get", Fault::UnknownFormat);
    assert!(!browser.is_known(&sessions).await);
    assert_eq!(*heard.lock().unwrap(), ["store_failed", "unknown_format"]);
    faulty.next("get", Fault::UnknownFormat);
    let closed = browser.try_request(&sessions, Session::destroy).await;
    assert!(is_unknown(&closed.outcome.unwrap_err()) && closed.set_cookie.is_none());
    faulty.next("get", Fault::UnknownFormat);
    assert!(sessions.revoke(&key).await.is_err());
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}
