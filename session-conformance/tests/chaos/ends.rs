//! The ways in which a session ends, what begins after each, and what has to hold of both.

use std::sync::Arc;
use std::time::Instant;

use session_core::{CloseOutcome, FlashLevel, Owner, SessionError};

use crate::load::{Life, Load, PATIENCE, PAUSE, add};

/// What a request that comes too late tries to write.
const LATE: u64 = u64::MAX;
const MESSAGE: &str = "You are signed out.";

impl Load {
    /// Ends a session while a request of it is under way, and expects that it stays ended.
    pub(crate) async fn end_life(self: &Arc<Self>, life: &Life, turn: u64) {
        let straggler = {
            let (load, cookie) = (Arc::clone(self), life.cookie.clone());
            tokio::spawn(async move { load.request(Some(&cookie), |session| add(session, LATE)).await })
        };
        let began = match turn % 4 {
            0 => self.log_out(life).await,
            1 => self.log_out_with_a_message(life).await,
            2 => self.log_in_over(life).await,
            _ => {
                self.until_done(|| self.sessions.revoke_all(&life.owner, None)).await;
                None
            }
        };
        self.note(|figures| figures.ended += 1);
        // Once at once, and once when the straggler has done what it could.
        self.expect_ended(life).await;
        let straggler = straggler.await.expect("no panic");
        self.expect_ended(life).await;
        match began {
            Some((cookie, owner)) => {
                // Neither what was in the old session nor what came too late is in the new one.
                self.expect(&cookie, &[], owner.as_ref()).await;
                let after = Life::new(cookie, life.owner.clone());
                self.log_out(&after).await;
                self.expect_ended(&after).await;
            }
            None if turn % 4 == 3 => {
                // Who comes second with the id of a session that was ended from elsewhere is a straggler.
                let first = matches!(straggler, Ok((outcome, _)) if outcome != CloseOutcome::Created)
                    || matches!(straggler, Err(SessionError::Gone | SessionError::ReadOnly(_)));
                self.write_after_the_end(life, first).await;
            }
            None => {}
        }
    }

    async fn log_out(&self, life: &Life) -> Option<(String, Option<Owner>)> {
        self.until_done(|| {
            self.request(Some(&life.cookie), |session| {
                session.log_out();
                Ok(())
            })
        })
        .await;
        None
    }

    /// Expects the message on the next page, unless an answer was lost before; gives the cookie that came with it.
    async fn log_out_with_a_message(&self, life: &Life) -> Option<(String, Option<Owner>)> {
        let (outcome, cookie) = self
            .until_done(|| {
                self.request(Some(&life.cookie), |session| {
                    session.log_out();
                    session.flash(FlashLevel::Info, MESSAGE)
                })
            })
            .await;
        let cookie = match (outcome, cookie) {
            (CloseOutcome::Destroyed, Some(cookie)) => cookie,
            // An answer that was lost had ended it, and that one's message went with it.
            (CloseOutcome::Gone, None) => return None,
            other => {
                self.violation(format!("a logout with a message came to {other:?}"));
                return None;
            }
        };
        let (mut tries, began) = (0, Instant::now());
        loop {
            let mut messages = Vec::new();
            let taken = self.request(Some(&cookie), |session| {
                messages = session.take_flash()?;
                Ok(())
            });
            let taken = taken.await;
            tries += 1;
            if taken.is_ok() {
                let shown: Vec<_> = messages.iter().map(|flash| flash.message.as_str()).collect();
                // A page whose answer was lost may have had it.
                if shown != [MESSAGE] && (tries == 1 || !shown.is_empty()) {
                    self.violation(format!("after a logout with a message, {shown:?} is shown"));
                }
                return Some((cookie, None));
            }
            assert!(began.elapsed() < PATIENCE, "no message can be read");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Logs another user in with the cookie of a session that is not theirs; gives the cookie that came of it.
    async fn log_in_over(&self, life: &Life) -> Option<(String, Option<Owner>)> {
        let other = Owner::new(format!("{}-guest", life.owner.as_str())).expect("it is a name");
        let logged_in = self.until_done(|| async {
            let logged_in = self.request(Some(&life.cookie), |session| session.log_in(other.clone())).await;
            if let Err(error @ (SessionError::Gone | SessionError::Conflict | SessionError::ReadOnly(_))) = &logged_in {
                self.violation(format!("a login was refused: {error}"));
            }
            logged_in
        });
        match logged_in.await.1 {
            Some(cookie) => Some((cookie, Some(other))),
            None => {
                self.violation("a login over another's session without a cookie");
                None
            }
        }
    }

    /// Writes with the id of a session that was ended from elsewhere; the `first` who does so begins a new one.
    async fn write_after_the_end(&self, life: &Life, first: bool) {
        match self.request(Some(&life.cookie), |session| add(session, 1)).await {
            Ok((CloseOutcome::Created, Some(cookie))) => {
                self.expect(&cookie, &[1], None).await;
                self.log_out(&Life::new(cookie, life.owner.clone())).await;
            }
            Ok(other) => self.violation(format!("a write after the end came to {other:?}")),
            Err(error) if first && error.http_status() == 409 => {
                self.violation(format!("a page that writes after a revocation is refused: {error}"));
            }
            // The store failed, or whoever came first has begun another session.
            Err(_) => {}
        }
        self.expect_ended(life).await;
    }

    /// Expects of a session that began after an end that it holds this, and no more.
    async fn expect(&self, cookie: &str, tokens: &[u64], owner: Option<&Owner>) {
        let (found, whose) = self.read(cookie).await;
        if found != tokens || whose.as_ref() != owner {
            return self.violation(format!("{found:?} of {whose:?} instead of {tokens:?} of {owner:?}"));
        }
        self.note(|figures| figures.begun += 1);
    }

    async fn expect_ended(&self, life: &Life) {
        let (found, owner) = self.read(&life.cookie).await;
        if owner.is_some() || !found.is_empty() {
            self.violation(format!("a session is there after its end: {owner:?}, {found:?}"));
        }
    }

    /// Tries until it is done, and gives what came of it.
    async fn until_done<T, F>(&self, attempt: impl Fn() -> F) -> T
    where
        F: Future<Output = Result<T, SessionError>>,
    {
        let began = Instant::now();
        loop {
            if let Ok(done) = attempt().await {
                return done;
            }
            assert!(began.elapsed() < PATIENCE, "a session cannot be ended");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
