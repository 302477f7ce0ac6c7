//! People who sign in, and change their sessions, several times at once, until those end; and what they hold the sessions
//! to.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use session_core::{BoxError, CloseOutcome, Handled, Owner, RequestHead, Session, SessionError, Sessions};

/// How often something is tried again while the store is down.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);
/// Longer than any storm.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Load {
    pub(crate) sessions: Sessions,
    deadline: Duration,
    ending: AtomicBool,
    tokens: AtomicU64,
    figures: Mutex<Figures>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) acknowledged: u64,
    /// Requests that failed and said so: what they wrote may stand or not.
    pub(crate) failed: u64,
    /// Sessions whose end was acknowledged.
    pub(crate) ended: u64,
    /// Sessions that began with the id of one that had ended, and were found right.
    pub(crate) begun: u64,
    pub(crate) longest: Duration,
    pub(crate) violations: Vec<String>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, acknowledged, failed, ended, begun, longest, violations } = self;
        write!(
            f,
            "{requests} requests, of which {acknowledged} were acknowledged and {failed} failed, {ended} sessions "
        )?;
        write!(
            f,
            "ended, {begun} begun after an end, the longest request {} ms, {} violations",
            longest.as_millis(),
            violations.len()
        )
    }
}

/// A session from its login to its end, as its user knows it.
pub(crate) struct Life {
    pub(crate) cookie: String,
    pub(crate) owner: Owner,
    acknowledged: BTreeSet<u64>,
    uncertain: BTreeSet<u64>,
}

impl Life {
    pub(crate) fn new(cookie: String, owner: Owner) -> Self {
        Self { cookie, owner, acknowledged: BTreeSet::new(), uncertain: BTreeSet::new() }
    }
}

impl Load {
    pub(crate) fn new(sessions: Sessions, deadline: Duration) -> Self {
        let (ending, tokens, figures) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::default());
        Self { sessions, deadline, ending, tokens, figures }
    }

    pub(crate) fn figures(&self) -> Figures {
        self.note(|figures| figures.clone())
    }

    /// Lets everybody come to an end.
    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    /// Waits until a request succeeds, and gives how long that took.
    pub(crate) async fn back_within(&self, limit: Duration) -> Result<Duration, BoxError> {
        let began = Instant::now();
        while began.elapsed() < limit {
            if self.request(None, |session| session.insert("probe", 1)).await.is_ok() {
                return Ok(began.elapsed());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(format!("there was no service for {limit:?} after the server was back").into())
    }

    /// Lives one session after the other.
    pub(crate) async fn user(self: Arc<Self>, number: u64) {
        let mut turn = number;
        while !self.ending.load(Ordering::Relaxed) {
            let owner = Owner::new(format!("user-{number}")).expect("it is a name");
            let Ok(cookie) = self.request(None, |session| session.log_in(owner.clone())).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let Some(cookie) = cookie.1 else {
                self.violation("a login without a cookie");
                continue;
            };
            let mut life = Life::new(cookie, owner);
            for _ in 0..6 {
                self.add_at_once(&mut life, 1 + turn % 3).await;
                turn += 1;
            }
            self.look_at(&life).await;
            self.end_life(&life, turn).await;
        }
    }

    /// Adds tokens by so many requests at once.
    async fn add_at_once(self: &Arc<Self>, life: &mut Life, requests: u64) {
        let adding: Vec<_> = (0..requests)
            .map(|_| {
                let (load, cookie) = (Arc::clone(self), life.cookie.clone());
                let token = self.tokens.fetch_add(1, Ordering::Relaxed);
                (token, tokio::spawn(async move { load.request(Some(&cookie), |session| add(session, token)).await }))
            })
            .collect();
        for (token, adding) in adding {
            match adding.await.expect("no panic") {
                Ok((CloseOutcome::Written, _)) => _ = life.acknowledged.insert(token),
                Ok(other) => self.violation(format!("a write to a live session came to {:?}", other.0)),
                Err(_) => _ = life.uncertain.insert(token),
            }
        }
    }

    /// Expects every acknowledged token once, and no token twice.
    async fn look_at(&self, life: &Life) {
        let (found, owner) = self.read(&life.cookie).await;
        if owner.as_ref() != Some(&life.owner) {
            return self.violation(format!("a live session has the owner {owner:?}"));
        }
        let once: BTreeSet<_> = found.iter().copied().collect();
        if once.len() != found.len() {
            self.violation(format!("counted twice: {found:?}"));
        }
        for lost in life.acknowledged.difference(&once) {
            self.violation(format!("{lost} was acknowledged and is lost"));
        }
        for strange in once.iter().filter(|it| !life.acknowledged.contains(it) && !life.uncertain.contains(it)) {
            self.violation(format!("{strange} was never written"));
        }
    }

    /// Reads until it is answered.
    pub(crate) async fn read(&self, cookie: &str) -> (Vec<u64>, Option<Owner>) {
        let began = Instant::now();
        loop {
            let mut read = None;
            let answered = self.request(Some(cookie), |session| {
                read = Some((session.get("tokens")?.unwrap_or_default(), session.owner()));
                Ok(())
            });
            if answered.await.is_ok()
                && let Some(read) = read
            {
                return read;
            }
            assert!(began.elapsed() < PATIENCE, "nothing can be read");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Does one request, as an adapter does, and gives what became of the session, and its new cookie.
    pub(crate) async fn request(
        &self,
        cookie: Option<&str>,
        handler: impl FnOnce(&Session) -> Result<(), SessionError>,
    ) -> Result<(CloseOutcome, Option<String>), SessionError> {
        let began = Instant::now();
        let done = async {
            let lazy = self.sessions.open(RequestHead::new("POST").with_cookies(cookie.map(str::as_bytes)));
            let session = lazy.load().await?;
            let handled = handler(&session);
            let closed = self.sessions.close(&lazy, Handled::Completed).await;
            let outcome = closed.outcome?;
            handled?;
            let set = closed.set_cookie.filter(|set| !set.contains("Max-Age=0"));
            let pair = set.and_then(|set| set.split(';').next().map(str::to_owned));
            Ok((outcome, pair))
        }
        .await;
        let took = began.elapsed();
        self.note(|figures| {
            figures.requests += 1;
            *if done.is_ok() { &mut figures.acknowledged } else { &mut figures.failed } += 1;
            figures.longest = figures.longest.max(took);
            if took > self.deadline {
                figures.violations.push(format!("a request took {took:?}"));
            }
        });
        done
    }

    pub(crate) fn violation(&self, what: impl Into<String>) {
        self.note(|figures| figures.violations.push(what.into()));
    }

    pub(crate) fn note<T>(&self, note: impl FnOnce(&mut Figures) -> T) -> T {
        note(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) fn add(session: &Session, token: u64) -> Result<(), SessionError> {
    session.update("tokens", move |tokens: Option<Vec<u64>>| {
        let mut tokens = tokens.unwrap_or_default();
        tokens.push(token);
        tokens
    })?;
    Ok(())
}
