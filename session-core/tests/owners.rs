//! Sessions by owner: listed, revoked, limited; and what has expired, swept.

mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use session_core::{
    BuildError, CloseOutcome, Handled, Owner, OwnerLimitAction, SessionError, SessionKey, Sessions, StoreError,
    SweeperConfig,
};
use support::faulty::{Fault, Faulty};
use support::wrapped::{Around, Wrapped};
use support::{Browser, MINUTE, builder, count, sessions, store};

fn owner(name: &str) -> Owner {
    Owner::new(name).unwrap()
}

async fn login(sessions: &Sessions, name: &str) -> Browser {
    let mut browser = Browser::default();
    browser
        .request(sessions, |session| {
            session.log_in(owner(name)).unwrap();
            session.set_label("device", "phone").unwrap();
        })
        .await;
    browser
}

async fn key(sessions: &Sessions, browser: &Browser) -> SessionKey {
    browser.open(sessions).load().await.unwrap().session_key().unwrap()
}

#[tokio::test]
async fn a_list_gives_the_owners_live_sessions_the_last_used_first() {
    let (sessions, clock) = sessions(store());
    let first = login(&sessions, "ann").await;
    clock.advance(MINUTE);
    let second = login(&sessions, "ann").await;
    login(&sessions, "bob").await;
    let list = sessions.list(&owner("ann")).await.unwrap();
    let keys: Vec<_> = list.iter().map(|info| info.session_key()).collect();
    assert_eq!(keys, [key(&sessions, &second).await, key(&sessions, &first).await]);
    assert_eq!(list[0].label("device"), Some("phone"));
    assert_eq!(list[0].authenticated_at(), Some(support::START + MINUTE));
    clock.advance(Duration::from_secs(40 * 24 * 3600));
    assert!(sessions.list(&owner("ann")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_login_renews_the_id_and_a_logout_takes_everything_along() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let before = browser.clone();
    let ann = |session: &session_core::Session| session.log_in(owner("ann")).unwrap();
    assert_eq!(browser.request(&sessions, ann).await, CloseOutcome::Renewed);
    assert!(!before.is_known(&sessions).await);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    let first = browser.clone();
    assert_eq!(browser.request(&sessions, ann).await, CloseOutcome::Renewed);
    assert!(!first.is_known(&sessions).await);
    let session = browser.open(&sessions).load().await.unwrap();
    assert_eq!((session.owner(), session.authenticated_at()), (Some(owner("ann")), Some(support::START)));
    assert_eq!(browser.request(&sessions, |session| session.log_out()).await, CloseOutcome::Destroyed);
    assert!(sessions.list(&owner("ann")).await.unwrap().is_empty());
    assert_eq!(browser.cookie(), None);
}

#[tokio::test]
async fn a_write_does_not_pass_from_one_owner_to_another() {
    let (sessions, _) = sessions(store());
    let mut browser = login(&sessions, "ann").await;
    let slow = browser.open(&sessions);
    slow.load().await.unwrap().insert("secret", "ann's").unwrap();
    browser.request(&sessions, |session| session.log_in(owner("bob")).unwrap()).await;
    let closed = sessions.close(&slow, Handled::Completed).await;
    assert!(matches!(closed.outcome, Err(SessionError::Gone)));
    assert_eq!(closed.set_cookie, None);
    assert!(!browser.open(&sessions).load().await.unwrap().contains("secret"));
}

#[tokio::test]
async fn one_all_others_or_all_can_be_ended_but_no_one_elses() {
    let (sessions, _) = sessions(store());
    let (a, b, c) = (login(&sessions, "ann").await, login(&sessions, "ann").await, login(&sessions, "ann").await);
    let bob = login(&sessions, "bob").await;
    assert!(!sessions.revoke_owned(&owner("ann"), &key(&sessions, &bob).await).await.unwrap());
    assert!(sessions.revoke_owned(&owner("ann"), &key(&sessions, &b).await).await.unwrap());
    assert!(!b.is_known(&sessions).await);
    assert!(!sessions.revoke(&SessionKey::from_bytes([1; 32])).await.unwrap());
    assert_eq!(sessions.revoke_all(&owner("ann"), Some(&key(&sessions, &a).await)).await.unwrap(), 1);
    assert!(a.is_known(&sessions).await && !c.is_known(&sessions).await);
    assert_eq!(sessions.revoke_all(&owner("ann"), None).await.unwrap(), 1);
    assert!(!a.is_known(&sessions).await && bob.is_known(&sessions).await);
}

#[tokio::test]
async fn a_session_renewed_meanwhile_is_found_by_its_old_key() {
    let (sessions, _) = sessions(store());
    let mut browser = login(&sessions, "ann").await;
    let seen = key(&sessions, &browser).await;
    browser.request(&sessions, |session| session.renew().unwrap()).await;
    browser.request(&sessions, |session| session.renew().unwrap()).await;
    let other = login(&sessions, "ann").await;
    assert_eq!(sessions.revoke_all(&owner("ann"), Some(&seen)).await.unwrap(), 1);
    assert!(browser.is_known(&sessions).await && !other.is_known(&sessions).await);
    assert!(sessions.revoke_owned(&owner("ann"), &seen).await.unwrap());
    assert!(!browser.is_known(&sessions).await);
}

#[tokio::test]
async fn more_sessions_than_a_page_are_listed_and_revoked() {
    let (sessions, _) = sessions(store());
    for _ in 0..250 {
        login(&sessions, "ann").await;
    }
    assert_eq!(sessions.list(&owner("ann")).await.unwrap().len(), 250);
    assert_eq!(sessions.revoke_all(&owner("ann"), None).await.unwrap(), 250);
    assert!(sessions.list(&owner("ann")).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_session_too_many_evicts_the_oldest_or_is_refused() {
    let two = NonZeroUsize::new(2).unwrap();
    let (evicting, clock) = builder(store());
    let evicting = evicting.max_sessions_per_owner(two, OwnerLimitAction::EvictOldest).build().unwrap();
    let mut browsers = Vec::new();
    for _ in 0..3 {
        browsers.push(login(&evicting, "ann").await);
        clock.advance(MINUTE);
    }
    assert!(!browsers[0].is_known(&evicting).await);
    assert!(browsers[1].is_known(&evicting).await && browsers[2].is_known(&evicting).await);

    let (refusing, clock) = builder(store());
    let refusing = refusing.max_sessions_per_owner(two, OwnerLimitAction::Refuse).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&refusing, count).await;
    for _ in 0..2 {
        clock.advance(MINUTE);
        login(&refusing, "ann").await;
    }
    clock.advance(MINUTE);
    let closed = browser.try_request(&refusing, |session| session.log_in(owner("ann")).unwrap()).await;
    assert!(matches!(closed.outcome, Err(SessionError::TooManySessions { max: 2 })));
    // Who was refused keeps the session they had, and the others theirs.
    assert_eq!(browser.read(&refusing, "n").await, Some(1));
    assert_eq!(refusing.list(&owner("ann")).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_when_many_log_in_at_once() {
    let two = NonZeroUsize::new(2).unwrap();
    for action in [OwnerLimitAction::EvictOldest, OwnerLimitAction::Refuse] {
        let sessions = builder(store()).0.max_sessions_per_owner(two, action).build().unwrap();
        let start = Arc::new(tokio::sync::Barrier::new(8));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (sessions, start) = (sessions.clone(), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    let mut browser = Browser::default();
                    let _ = browser.try_request(&sessions, |session| session.log_in(owner("ann")).unwrap()).await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(sessions.list(&owner("ann")).await.unwrap().len() <= 2, "{action:?}");
    }
}

/// Takes a store's capabilities away.
#[derive(Debug)]
struct Plain;

impl Around for Plain {
    const CAPABLE: bool = false;
}

#[tokio::test]
async fn a_store_without_owners_says_so() {
    let (sessions, _) = sessions(Wrapped::around(store(), Plain));
    assert!(matches!(sessions.list(&owner("ann")).await, Err(SessionError::Unsupported { .. })));
    assert!(matches!(sessions.revoke_all(&owner("ann"), None).await, Err(SessionError::Unsupported { .. })));
    assert_eq!(sessions.sweep().await.unwrap(), 0);
    let one = NonZeroUsize::new(1).unwrap();
    let limited =
        builder(Wrapped::around(store(), Plain)).0.max_sessions_per_owner(one, OwnerLimitAction::Refuse).build();
    assert!(matches!(limited, Err(BuildError::Unsupported { .. })));
}

#[tokio::test]
async fn impossible_settings_are_refused_with_what_to_do() {
    use session_core::{CookieConfig, Expiry};
    let refused = [
        builder(store()).0.cookie(CookieConfig::default().with_domain("example.org")).build(),
        builder(store()).0.expiry(Expiry::default().with_idle(MINUTE * 60 * 24 * 365)).build(),
        builder(store()).0.touch_interval(MINUTE * 60 * 24 * 2).build(),
        builder(store()).0.operation_timeout(Duration::ZERO).build(),
        builder(store()).0.max_payload(0).build(),
    ];
    for refused in refused {
        let error = refused.unwrap_err().to_string();
        assert!(error.len() > 20, "{error}");
    }
}

#[tokio::test]
async fn a_sweep_removes_what_has_expired_and_nothing_else() {
    let store = store();
    let (sessions, clock) = sessions(store.clone());
    login(&sessions, "ann").await;
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(sessions.sweep().await.unwrap(), 0, "a server whose clock is fast must not end what others serve");
    let live = login(&sessions, "ann").await;
    assert_eq!(store.table().len(), 2);
    clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(sessions.sweep().await.unwrap(), 1);
    assert_eq!(store.table().len(), 1);
    assert!(live.is_known(&sessions).await);
}

#[tokio::test(start_paused = true)]
async fn the_sweeper_leaves_a_grace_survives_errors_and_stops_with_its_handle() {
    let faulty = Faulty::new(store());
    let (sessions, clock) = sessions(faulty.clone());
    let interval = Duration::from_secs(10);
    for _ in 0..3 {
        login(&sessions, "ann").await;
    }
    let table = faulty.inner.table().clone();
    faulty.next("sweep", Fault::Down);
    let config = SweeperConfig::default().with_interval(interval).with_batch(NonZeroUsize::new(2).unwrap());
    let sweeper = sessions.start_sweeper(config);
    // The day of the default expiry is over, but not the grace.
    clock.advance(Duration::from_secs(24 * 3600) + MINUTE);
    tokio::time::advance(interval * 5).await;
    let mut sweeps = 0;
    wait_for(|| {
        sweeps += faulty.calls().iter().filter(|call| **call == "sweep").count();
        sweeps > 2
    })
    .await;
    assert_eq!(table.len(), 3);
    clock.advance(MINUTE * 5);
    wait_for(|| table.is_empty()).await;
    drop(sweeper);
    login(&sessions, "ann").await;
    clock.advance(Duration::from_secs(48 * 3600));
    faulty.calls();
    tokio::time::advance(interval * 10).await;
    tokio::task::yield_now().await;
    assert!(!faulty.calls().contains(&"sweep"));
}

/// Takes a tenth of a second for each sweep.
#[derive(Clone, Debug, Default)]
struct Slow {
    sweeps: Arc<std::sync::Mutex<Vec<tokio::time::Instant>>>,
}

impl Around for Slow {
    async fn call<T: Send>(
        &self,
        verb: &'static str,
        done: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if verb == "sweep" {
            self.sweeps.lock().unwrap().push(tokio::time::Instant::now());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        done.await
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweeper_leaves_four_fifths_of_the_time_to_requests_and_takes_less_at_once_where_it_is_slow() {
    let slow = Wrapped::around(store(), Slow::default());
    let (sessions, clock) = sessions(slow.clone());
    for _ in 0..300 {
        login(&sessions, "ann").await;
    }
    clock.advance(Duration::from_secs(48 * 3600));
    let _sweeper = sessions.start_sweeper(SweeperConfig::default());
    wait_for(|| slow.inner.table().is_empty()).await;
    let sweeps = slow.sweeps.lock().unwrap().clone();
    // 100, 50, 25, 13, 7, 4, 2, 1, 1, …: three hundred at once would have been one.
    assert!(sweeps.len() > 50, "{} sweeps", sweeps.len());
    let shortest = sweeps.windows(2).map(|pair| pair[1] - pair[0]).min();
    assert!(shortest >= Some(Duration::from_millis(500)), "{shortest:?}");
}

/// Waits, with the paused clock, until `done`.
async fn wait_for(mut done: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if done() {
            return;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    panic!("it never came");
}
