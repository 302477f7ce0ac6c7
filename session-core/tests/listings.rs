//! An owner with more sessions than fit anywhere: listed, labelled, and brought down to a limit.

mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use session_core::{
    Bytes, Cursor, Json, LabelError, Limits, Owner, OwnerLimitAction, Owners, Page, Put, PutOutcome, Record, Scan,
    Session, SessionError, SessionId, SessionKey, SessionStore, Sessions, StoreError, Sweep, Timestamp, Version, Watch,
    async_trait,
};
use session_ets::{EtsStore, Table};
use support::faulty::Faulty;
use support::{Browser, START, builder, count, sessions, store};

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

fn sign_in(session: &Session) {
    session.log_in(ann()).unwrap();
}

async fn signed_in(sessions: &Sessions) -> Browser {
    let mut browser = Browser::default();
    browser.request(sessions, sign_in).await;
    browser
}

/// Waits until the owner has as many sessions.
async fn has_left(sessions: &Sessions, number: usize) {
    let begun = Instant::now();
    loop {
        let left = sessions.list(&ann()).await.unwrap().len();
        if left == number {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{left} are left");
        tokio::task::yield_now().await;
    }
}

/// Plants sessions of one owner's, of which each is a second younger than the one before.
async fn planted(store: &EtsStore, number: u64) -> Vec<SessionKey> {
    let mut keys = Vec::new();
    for age in (1..=number).rev() {
        let id = SessionId::random().unwrap();
        let at = START - Duration::from_secs(age);
        let record = record(at, Bytes::from_static(b"\x01\x00{}"));
        assert!(matches!(store.put(&id.key(), &record, Put::Create).await, Ok(PutOutcome::Stored)));
        keys.push(id.key());
    }
    keys
}

fn record(at: Timestamp, payload: Bytes) -> Record {
    Record {
        version: Version::random().unwrap(),
        payload,
        owner: Some(ann()),
        created_at: at,
        last_seen_at: at,
        expires_at: at + Duration::from_secs(24 * 3600),
    }
}

#[tokio::test]
async fn labels_are_listed_and_go_with_the_session() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser
        .request(&sessions, |session| {
            session.set_label("device", "phone").unwrap();
            session.set_label("sid", "08a5019c").unwrap();
            assert_eq!(session.label("device").as_deref(), Some("phone"));
        })
        .await;
    // It was nobody's; the login keeps them as it keeps values, and what is set again is replaced.
    browser
        .request(&sessions, |session| session.log_in(ann()).and(session.set_label("device", "laptop")).unwrap())
        .await;
    browser.request(&sessions, |session| session.clear().and(session.renew()).unwrap()).await;
    let [info] = <[_; 1]>::try_from(sessions.list(&ann()).await.unwrap()).unwrap();
    assert_eq!(info.labels().collect::<Vec<_>>(), [("device", "laptop"), ("sid", "08a5019c")]);
    // From outside, too.
    let key = info.session_key();
    let changed: Result<_, SessionError> = sessions
        .modify(&key, |draft| {
            assert_eq!(draft.label("sid"), Some("08a5019c"));
            draft.remove_label("sid").and(draft.set_label("name", "Ann's"))
        })
        .await;
    changed.unwrap();
    let read = sessions.get(&key).await.unwrap().unwrap();
    assert_eq!((read.info().label("name"), read.info().label("sid")), (Some("Ann's"), None));
    // Whoever signs in at her browser inherits nothing.
    let bob = Owner::new("bob").unwrap();
    browser.request(&sessions, |session| session.log_in(bob.clone()).unwrap()).await;
    assert_eq!(sessions.list(&bob).await.unwrap()[0].labels().count(), 0);
}

#[tokio::test]
async fn a_label_that_is_too_long_or_one_too_many_is_refused_and_changes_nothing() {
    let (sessions, _) = sessions(store());
    let check = |session: &Session| {
        let refused = |name: &str, text: &str| match session.set_label(name, text) {
            Err(SessionError::Label(error)) => Some(error),
            other => other.map(|()| None).unwrap(),
        };
        assert!(matches!(refused("", "x"), Some(LabelError::Name { found: 0, .. })));
        assert!(matches!(refused(&"n".repeat(65), "x"), Some(LabelError::Name { most: 64, found: 65, .. })));
        assert!(matches!(refused("n", &"x".repeat(257)), Some(LabelError::TooLong { most: 256, found: 257, .. })));
        for number in 0..16 {
            assert_eq!(refused(&format!("{number:064}"), &"x".repeat(256)), None);
        }
        assert!(matches!(refused("n", "x"), Some(LabelError::TooMany { most: 16, .. })));
        assert_eq!(refused(&"0".repeat(64), "again"), None);
        assert_eq!((session.label("n"), session.label(&"0".repeat(64)).as_deref()), (None, Some("again")));
        assert_eq!(SessionError::from(LabelError::TooMany { most: 16 }).http_status(), 413);
    };
    Browser::default().request(&sessions, check).await;
}

#[tokio::test]
async fn labels_that_two_requests_set_at_once_are_both_kept() {
    let (sessions, _) = sessions(store());
    let mut browser = signed_in(&sessions).await;
    let (first, second) = (browser.open(&sessions), browser.open(&sessions));
    first.load().await.unwrap().set_label("a", "1").unwrap();
    second.load().await.unwrap().set_label("b", "2").unwrap();
    for lazy in [&first, &second] {
        sessions.close(lazy, session_core::Handled::Completed).await.outcome.unwrap();
    }
    let labels =
        |session: &Session| assert_eq!((session.label("a"), session.label("b")), (Some("1".into()), Some("2".into())));
    browser.request(&sessions, labels).await;
}

#[tokio::test]
async fn a_list_has_those_used_last_and_pages_have_all() {
    let store = store();
    let keys = planted(&store, 2_300).await;
    let (sessions, _) = sessions(store);
    let listed: Vec<_> = sessions.list(&ann()).await.unwrap().iter().map(|info| info.session_key()).collect();
    let newest: Vec<_> = keys.iter().rev().take(Sessions::MOST_LISTED).copied().collect();
    assert_eq!(listed, newest);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = sessions.page_owned(&ann(), after.as_ref(), NonZeroUsize::new(70).unwrap()).await.unwrap();
        assert!(page.sessions.len() <= 70);
        seen.extend(page.sessions.iter().map(|info| info.session_key()));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    seen.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(seen, keys);
}

#[tokio::test]
async fn a_login_of_an_owner_with_thousands_is_let_in_at_once_and_the_rest_is_ended_after_it() {
    let ets = store();
    let keys = planted(&ets, 30_000).await;
    let counted = Faulty::new(ets);
    let three = NonZeroUsize::new(3).unwrap();
    let sessions =
        builder(counted.clone()).0.max_sessions_per_owner(three, OwnerLimitAction::EvictOldest).build().unwrap();
    counted.calls();
    let browser = signed_in(&sessions).await;
    let calls = counted.calls();
    assert!(calls.len() <= 60, "a login waited for {} calls to the store", calls.len());
    has_left(&sessions, 3).await;
    assert!(browser.is_known(&sessions).await);
    let left: Vec<_> = sessions.list(&ann()).await.unwrap().iter().map(|info| info.session_key()).collect();
    assert_eq!(left[1..], [keys[29_999], keys[29_998]], "the newest are kept");
}

#[tokio::test]
async fn a_login_that_comes_while_the_rest_is_ended_is_counted_too() {
    let ets = store();
    planted(&ets, 3_000).await;
    let two = NonZeroUsize::new(2).unwrap();
    let (builder, clock) = builder(ets);
    let sessions = builder.max_sessions_per_owner(two, OwnerLimitAction::EvictOldest).build().unwrap();
    let mut browsers = Vec::new();
    for _ in 0..10 {
        clock.advance(Duration::from_secs(1));
        browsers.push(signed_in(&sessions).await);
        tokio::task::yield_now().await;
    }
    has_left(&sessions, 2).await;
    for (number, browser) in browsers.iter().enumerate() {
        assert_eq!(browser.is_known(&sessions).await, number >= 8, "login {number}");
    }
}

#[tokio::test]
async fn who_is_refused_for_thousands_is_told_by_the_first_page() {
    let ets = store();
    planted(&ets, 30_000).await;
    let counted = Faulty::new(ets);
    let three = NonZeroUsize::new(3).unwrap();
    let sessions = builder(counted.clone()).0.max_sessions_per_owner(three, OwnerLimitAction::Refuse).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    counted.calls();
    let closed = browser.try_request(&sessions, sign_in).await;
    assert!(matches!(closed.outcome, Err(SessionError::TooManySessions { max: 3 })));
    assert!(counted.calls().len() <= 8);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

/// A store of one owner's sessions that are made when they are listed, and that knows how much of them is in memory.
#[derive(Debug, Default)]
struct Large {
    inner: Option<EtsStore>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

const LARGE: usize = 60 * 1024;
const MANY: usize = 30_000;

/// A payload that is counted while it is there.
struct Weighed {
    bytes: &'static [u8],
    now: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Weighed {
    fn as_ref(&self) -> &[u8] {
        self.bytes
    }
}

impl Drop for Weighed {
    fn drop(&mut self) {
        self.now.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

impl Large {
    fn inner(&self) -> &EtsStore {
        self.inner.as_ref().unwrap()
    }

    fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize, payload: &'static [u8]) -> Page {
        let begin = after.map_or(0, |after| u64::from_be_bytes(after.as_bytes().try_into().unwrap()) as usize);
        let end = MANY.min(begin + limit.get().min(Page::BYTES.div_ceil(payload.len())));
        let records = (begin..end).map(|number| {
            let now = self.now.fetch_add(payload.len(), Ordering::Relaxed) + payload.len();
            self.most.fetch_max(now, Ordering::Relaxed);
            let mut key = [0; 32];
            key[..8].copy_from_slice(&(number as u64).to_be_bytes());
            let payload = Bytes::from_owner(Weighed { bytes: payload, now: Arc::clone(&self.now) });
            (SessionKey::from_bytes(key), Arc::new(record(START - Duration::from_secs(number as u64 % 3_000), payload)))
        });
        let next = (end < MANY).then(|| Cursor::new((end as u64).to_be_bytes().to_vec()));
        Page { records: records.collect(), next, ..Page::default() }
    }
}

#[async_trait]
impl SessionStore for Large {
    fn limits(&self) -> Limits {
        self.inner().limits()
    }
    async fn init(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.inner().get(key).await
    }
    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        self.inner().put(key, record, put).await
    }
    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        end: Timestamp,
    ) -> Result<bool, StoreError> {
        self.inner().touch(key, version, seen, end).await
    }
    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.inner().delete(key).await
    }
    fn sweep(&self) -> Option<&dyn Sweep> {
        None
    }
    fn owners(&self) -> Option<&dyn Owners> {
        Some(self)
    }
    fn scan(&self) -> Option<&dyn Scan> {
        None
    }

    fn watch(&self) -> Option<&dyn Watch> {
        None
    }
}

#[async_trait]
impl Owners for Large {
    async fn list(&self, _: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        static PAYLOAD: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        Ok(self.page(after, limit, PAYLOAD.get_or_init(large_payload)))
    }
}

/// A session with a value of 60 KB, as it is stored.
fn large_payload() -> Vec<u8> {
    let value = format!("\"{}\"", "x".repeat(LARGE));
    let payload = session_core::Payload::from_parts([("cart", value.as_str())], "").unwrap();
    let key = SessionKey::from_bytes([0; 32]);
    let head = session_core::RecordHead::new(&key, START, START);
    session_core::Codec::encode(&Json, &head, &payload).unwrap().to_vec()
}

#[tokio::test]
async fn what_is_listed_holds_no_payload_and_a_page_of_them_at_a_time() {
    let store = Large { inner: Some(EtsStore::new(Table::private())), ..Large::default() };
    let (now, most) = (Arc::clone(&store.now), Arc::clone(&store.most));
    let (sessions, _) = sessions(store);
    let listed = sessions.list(&ann()).await.unwrap();
    assert_eq!(listed.len(), Sessions::MOST_LISTED);
    assert_eq!(now.load(Ordering::Relaxed), 0, "payloads that nobody asked for");
    // All of them are 1.8 GB.
    let most = most.load(Ordering::Relaxed);
    assert!(most <= Page::BYTES + 2 * LARGE, "{most} bytes of payloads at once");
}
