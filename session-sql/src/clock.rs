//! Whether the clock here and that of the database agree.
//!
//! Sessions end by the clocks of the servers that keep them here; the database has its own, and is asked what it is there
//! since it is the one that all of them have.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use session_core::{Clock, StoreError, SystemClock, Timestamp};
use tokio::time::Instant;

use crate::dialect::Dialect;
use crate::error::SchemaError;
use crate::fault::Failure;
use crate::pools::Pools;
use crate::retry::Effect;

/// How far they may be apart before it is told.
const TOLD: Duration = Duration::from_secs(60);

/// How far the clock here may be ahead: by more, it would end and remove what lives by everybody else's.
const REFUSED: Duration = Duration::from_secs(30 * 60);

/// How often a sweep has the database asked for the time, at most.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// Looks whether the clocks agree; a database within this process has no other.
///
/// # Errors
/// `Misconfigured` if the clock here is far ahead; else as the database fails.
pub(crate) async fn check<Db: Dialect>(pools: &Pools<Db>) -> Result<(), StoreError> {
    let before = SystemClock.now();
    let Some(there) = now::<Db>(pools).await.map_err(|failure| failure.told::<Db>(Effect::Reads))? else {
        return Ok(());
    };
    judge(before, there, SystemClock.now())
        .map_err(|refused| StoreError::Misconfigured { store: Db::STORE, source: refused.into() })
}

/// Judges the time `there`, which was asked for after `before`, and came `after`.
fn judge(before: Timestamp, there: Timestamp, after: Timestamp) -> Result<(), SchemaError> {
    // What the question took is nobody's fault.
    let (ahead, behind) = (before.since(there), there.since(after));
    if ahead >= REFUSED {
        return Err(SchemaError::Setting {
            what: format!("the clock of this server is ahead of the database's by {} s", ahead.as_secs()),
            remedy: "set the clocks: sessions would end early here, and be removed for all".to_owned(),
        });
    }
    if ahead.max(behind) >= TOLD {
        let seconds = ahead.max(behind).as_secs();
        let fast = if ahead > behind { "this server" } else { "the database" };
        tracing::warn!(seconds, fast, "the clocks of the database and of this server are apart");
    }
    Ok(())
}

/// Looks, from time to time, whether what is swept is over by the clock of the database as well.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    asked: Mutex<Option<Instant>>,
}

impl Watched {
    /// Tells the log where what expired at or before `before` is to go, and that is still to come in the database: this
    /// server's clock has run ahead since it was looked at by `init`. It goes all the same, for a store judges no time.
    pub(crate) async fn look_at_sweep<Db: Dialect>(&self, pools: &Pools<Db>, before: Timestamp) {
        if !self.is_due() {
            return;
        }
        // Where it does not answer, the sweep fails as well, and says so.
        if let Ok(Some(there)) = now::<Db>(pools).await
            && before > there
        {
            let seconds = before.since(there).as_secs();
            tracing::error!(
                seconds,
                "a sweep removes sessions that are not over by the clock of the database: set the clock of this server"
            );
        }
    }

    fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = asked.is_none_or(|asked| now.duration_since(asked) >= ASK_EVERY);
        if due {
            *asked = Some(now);
        }
        due
    }
}

/// Asks the database what time it is; `None` if it has no clock of its own.
async fn now<Db: Dialect>(pools: &Pools<Db>) -> Result<Option<Timestamp>, Failure> {
    let Some(sql) = Db::NOW else { return Ok(None) };
    let millis = Db::number(pools, sql).await?;
    // Before 1970 it is 1970.
    Ok(Some(Timestamp::from_millis(millis.try_into().unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_ahead_is_refused_and_one_that_is_behind_is_not() {
        let now = Timestamp::from_millis(1_763_834_400_000);
        let judge = |there| judge(now, there, now + Duration::from_millis(5));
        assert!(judge(now).is_ok());
        assert!(judge(now + Duration::from_secs(7 * 24 * 60 * 60)).is_ok(), "it removes late");
        assert!(judge(now - Duration::from_secs(29 * 60)).is_ok());
        assert!(matches!(judge(now - Duration::from_secs(30 * 60)), Err(SchemaError::Setting { .. })));
    }
}
