//! What was asked for and not done, or not known to be done: it is settled in the background.

mod support;

use std::num::NonZeroUsize;
use std::time::Duration;

use session_core::{
    CloseOutcome, Handled, ManualClock, Owner, OwnerLimitAction, ReadOnly, Session, SessionError, Sessions,
};
use support::faulty::{Fault, Faulty};
use support::{Browser, MINUTE, builder, count, store};

const HOUR: Duration = Duration::from_secs(3600);

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

fn log_in(session: &Session) {
    session.log_in(ann()).unwrap();
}

/// A process whose store fails as it is told, another with a sound one, and a browser at which Ann has logged in.
struct Site {
    faulty: Faulty,
    here: Sessions,
    elsewhere: Sessions,
    clock: ManualClock,
    browser: Browser,
}

impl Site {
    async fn new() -> Self {
        let faulty = Faulty::new(store());
        let (here, clock) = builder(faulty.clone());
        let here = here.renew_every(HOUR).build().unwrap();
        let elsewhere = builder(faulty.inner.clone()).0.clock(clock.clone()).renew_every(HOUR);
        let elsewhere = elsewhere.max_sessions_per_owner(NonZeroUsize::MIN, OwnerLimitAction::Refuse).build().unwrap();
        let mut browser = Browser::default();
        browser.request(&here, log_in).await;
        // Whoever proves who they are later does so at a later time.
        clock.advance(MINUTE);
        Self { faulty, here, elsewhere, clock, browser }
    }

    /// Lets the store read, and not write.
    fn breaks(&self) {
        (0..1_000).for_each(|_| self.faulty.next("put", Fault::Down));
    }

    /// Has the browser log out while the store does not write. Gives another tab, which had the cookie before.
    async fn log_out_in_vain(&mut self) -> Browser {
        let tab = self.browser.clone();
        self.breaks();
        let closed = self.browser.try_request(&self.here, |session| session.log_out()).await;
        assert_eq!(closed.outcome.unwrap_err().http_status(), 503);
        assert_eq!(self.browser.cookie(), None);
        tab
    }

    async fn until_there_are(&self, number: usize) {
        until_there_are(&self.elsewhere, number).await;
    }

    /// Loses the retirement of an id, after the record of the new one is created, and all that is known of it.
    fn lose_renewal(&self, fault: Fault) {
        self.faulty.next("put", Fault::No);
        self.faulty.next("put", fault);
        self.faulty.next("put", Fault::Hang);
    }
}

/// Waits until so many sessions of Ann's are listed.
async fn until_there_are(sessions: &Sessions, number: usize) {
    for _ in 0..1_000 {
        if sessions.list(&ann()).await.unwrap().len() == number {
            return;
        }
        tokio::time::advance(Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
    }
    panic!("it is not settled");
}

#[tokio::test(start_paused = true)]
async fn a_logout_that_the_store_fails_to_make_is_an_end_here_at_once_and_everywhere_once_it_is_back() {
    let mut site = Site::new().await;
    let tab = site.log_out_in_vain().await;
    assert!(!tab.is_known(&site.here).await && site.here.list(&ann()).await.unwrap().is_empty());
    assert_eq!(tab.open(&site.here).load().await.unwrap().read_only(), Some(ReadOnly::Retired));
    assert!(tab.is_known(&site.elsewhere).await, "no other process knows of it");
    site.faulty.heal();
    site.until_there_are(0).await;
    assert!(!tab.is_known(&site.elsewhere).await);
}

#[tokio::test(start_paused = true)]
async fn a_logout_from_a_store_that_reads_but_does_not_write_is_acknowledged_to_nobody_who_asks_twice() {
    let mut site = Site::new().await;
    let mut tab = site.log_out_in_vain().await;
    let again = tab.try_request(&site.here, |session| session.log_out()).await;
    assert_eq!(again.outcome.unwrap_err().http_status(), 503);
    site.faulty.heal();
    let again = tab.try_request(&site.here, |session| session.log_out()).await;
    again.outcome.unwrap();
    assert!(!tab.is_known(&site.elsewhere).await, "acknowledged, and not ended");
}

#[tokio::test(start_paused = true)]
async fn a_logout_that_comes_late_ends_what_was_renewed_meanwhile_and_spares_a_later_proof() {
    for (proves, left) in [(false, 0), (true, 1)] {
        let mut site = Site::new().await;
        let mut tab = site.log_out_in_vain().await;
        site.clock.advance(HOUR);
        let go_on = |session: &Session| {
            if proves {
                log_in(session);
            }
        };
        let went_on = tab.request(&site.elsewhere, go_on).await;
        assert_eq!(went_on, CloseOutcome::Renewed);
        site.faulty.heal();
        let pauses = MINUTE * 2;
        tokio::time::timeout(pauses, async {
            while site.here.list(&ann()).await.unwrap().len() != left || tab.is_known(&site.here).await != proves {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await
        .unwrap();
        // And it is not tried again.
        tokio::time::advance(pauses).await;
        site.faulty.calls();
        tokio::time::advance(pauses).await;
        assert_eq!((site.faulty.calls(), tab.is_known(&site.elsewhere).await), (Vec::new(), proves));
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_while_a_logout_is_not_made_yet_begins_anew_and_stays() {
    let mut site = Site::new().await;
    let mut tab = site.log_out_in_vain().await;
    site.faulty.heal();
    site.clock.advance(Duration::from_millis(1));
    assert_eq!(tab.request(&site.here, log_in).await, CloseOutcome::Created);
    site.until_there_are(1).await;
    assert_eq!(tab.open(&site.elsewhere).load().await.unwrap().owner(), Some(ann()));
}

#[tokio::test(start_paused = true)]
async fn an_end_is_given_up_once_the_session_is_over_anyway() {
    let mut site = Site::new().await;
    site.log_out_in_vain().await;
    site.clock.advance(HOUR * 24 * 400);
    tokio::time::timeout(MINUTE * 60, async {
        loop {
            site.faulty.calls();
            tokio::time::advance(MINUTE * 2).await;
            tokio::task::yield_now().await;
            if site.faulty.calls().is_empty() {
                return;
            }
        }
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_routine_renewal_without_an_answer_leaves_no_ghost_and_nobody_is_out() {
    for fault in [Fault::LostReply, Fault::LostCall] {
        let mut site = Site::new().await;
        site.clock.advance(HOUR);
        site.lose_renewal(fault);
        site.browser.request(&site.here, |_| {}).await;
        site.until_there_are(1).await;
        assert_eq!(site.browser.open(&site.elsewhere).load().await.unwrap().owner(), Some(ann()), "{fault:?}");
        site.clock.advance(HOUR);
        // It is renewed for good, and the limit of one holds for who logs in again.
        assert_eq!(site.browser.request(&site.elsewhere, |_| {}).await, CloseOutcome::Renewed, "{fault:?}");
        assert_eq!(site.browser.request(&site.elsewhere, log_in).await, CloseOutcome::Renewed, "{fault:?}");
        site.until_there_are(1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_without_an_answer_that_another_write_has_overtaken_is_withdrawn() {
    let mut site = Site::new().await;
    let (mut tab, elsewhere) = (site.browser.clone(), site.elsewhere.clone());
    site.lose_renewal(Fault::LostCall);
    let lost = site.browser.try_request(&site.here, |session| session.renew().unwrap());
    let faster = async {
        // The write is lost by then, and not yet sent again.
        until_there_are(&elsewhere, 2).await;
        tokio::task::yield_now().await;
        assert_eq!(tab.request(&elsewhere, count).await, CloseOutcome::Written);
    };
    let (lost, ()) = tokio::join!(lost, faster);
    assert!(matches!(lost.outcome, Err(SessionError::Indeterminate)));
    site.until_there_are(1).await;
    assert_eq!(site.browser.read(&site.elsewhere, "n").await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_login_without_an_answer_takes_one_place_of_its_owner_until_it_is_tried_again() {
    for fault in [Fault::LostReply, Fault::LostCall] {
        let mut site = Site::new().await;
        site.browser.request(&site.here, |session| session.log_out()).await;
        site.browser.request(&site.here, count).await;
        site.lose_renewal(fault);
        let lost = site.browser.try_request(&site.here, log_in).await;
        assert!(matches!(lost.outcome, Err(SessionError::Indeterminate)));
        site.until_there_are(1).await;
        assert_eq!(site.browser.request(&site.elsewhere, log_in).await, CloseOutcome::Renewed, "{fault:?}");
        assert_eq!(site.browser.read(&site.elsewhere, "n").await, Some(1), "its values are kept");
        site.until_there_are(1).await;
    }
}

#[tokio::test]
async fn a_handle_that_is_older_than_a_renewal_ends_the_session() {
    let mut site = Site::new().await;
    let lazy = site.browser.open(&site.here);
    let socket = lazy.load().await.unwrap();
    let _ = site.here.close(&lazy, Handled::Completed).await;
    for renew in [|session: &Session| session.renew().unwrap(), |_: &Session| {}] {
        site.clock.advance(HOUR / 2);
        site.browser.request(&site.elsewhere, renew).await;
    }
    socket.log_out();
    socket.commit().await.unwrap();
    assert!(!site.browser.is_known(&site.elsewhere).await, "acknowledged, and not ended");
}
