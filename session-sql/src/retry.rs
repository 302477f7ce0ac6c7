//! What a failed statement means: whether it may have happened, and whether to try again.

use std::time::Duration;

use session_core::StoreError;
use tokio::time::{Instant, sleep};

use crate::dialect::Dialect;
use crate::error::{Crowded, MixedUp, NoTable, NoTls, ReadOnly, SqlError};
use crate::fault::{Failure, Fault};

/// Says what a statement does, and so what a lost reply means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Writes,
}

impl Failure {
    pub(crate) fn fault<Db: Dialect>(&self) -> Fault {
        match self {
            Self::Crowded => Fault::Crowded,
            Self::Sent(sqlx::Error::Database(error)) => Db::fault(&**error),
            Self::Unsent(sqlx::Error::Database(error)) => match Db::fault(&**error) {
                // There was nothing to lose yet.
                Fault::Unknown | Fault::TooSlow | Fault::Lost => Fault::Refused,
                fault => fault,
            },
            // sqlx has no other way to tell.
            Self::Unsent(sqlx::Error::Tls(error)) if error.to_string().contains("without TLS support") => Fault::NoTls,
            Self::Unsent(sqlx::Error::Configuration(_)) => Fault::Misconfigured,
            // A pool that has no connection to give, within the time that it waits. sqlx tries again to connect
            // while a server refuses, so this is how a server that is down shows, too.
            Self::Unsent(_) => Fault::Refused,
            // The values could not be written; nothing was sent after all.
            Self::Sent(sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_)) => Fault::Other,
            Self::Sent(_) => Fault::Unknown,
        }
    }

    /// Tells the failure to the core.
    pub(crate) fn told<Db: Dialect>(self, effect: Effect) -> StoreError {
        let (store, fault) = (Db::STORE, self.fault::<Db>());
        let error = match self {
            Self::Unsent(error) | Self::Sent(error) => error,
            Self::Crowded => return StoreError::Unavailable { store, source: Crowded(None).into() },
        };
        let source = Box::new(SqlError::new(error));
        match fault {
            Fault::Lost | Fault::Refused => StoreError::Unavailable { store, source },
            Fault::Crowded => StoreError::Unavailable { store, source: Crowded(Some(*source)).into() },
            Fault::ReadOnly => StoreError::Unavailable { store, source: ReadOnly(*source).into() },
            Fault::TooSlow => StoreError::Timeout { store },
            Fault::Unknown if effect == Effect::Writes => StoreError::Indeterminate { store, source },
            Fault::Unknown => StoreError::Unavailable { store, source },
            Fault::Full => StoreError::Full { store, source },
            Fault::NoTable => StoreError::Misconfigured { store, source: NoTable(*source).into() },
            Fault::Mixed => StoreError::Misconfigured { store, source: MixedUp(*source).into() },
            Fault::NoTls => StoreError::Misconfigured { store, source: NoTls(*source).into() },
            Fault::Misconfigured => StoreError::Misconfigured { store, source },
            Fault::Duplicate | Fault::Other => StoreError::Backend { store, source },
        }
    }
}

/// Runs a statement again while it loses against others: each time it was undone, so it cannot count twice, and
/// somebody else got through.
pub(crate) async fn retrying<Db: Dialect, T, F>(attempt: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let begun = Instant::now();
    for pause in PAUSES {
        match attempt().await {
            // What has waited for long has waited enough: SQLite, for a lock that another process holds.
            Err(failure) if failure.fault::<Db>() == Fault::Lost && begun.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(pause)).await;
            }
            done => return done,
        }
    }
    attempt().await
}

/// Milliseconds. Uneven, so that two which lost against each other do not meet again.
const PAUSES: [u64; 9] = [1, 3, 5, 10, 18, 35, 60, 110, 190];
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn only_tls_that_is_not_there_asks_for_the_feature() {
        let told = |says: &str| Failure::Unsent(sqlx::Error::Tls(says.into())).told::<sqlx::Postgres>(Effect::Reads);
        let missing = told("TLS upgrade required by connect options but SQLx was built without TLS support enabled");
        let StoreError::Misconfigured { source, .. } = missing else { panic!("{missing:?}") };
        assert!(source.to_string().contains("the feature `tls`"), "{source}");
        let other = told("server does not support TLS");
        assert!(matches!(other, StoreError::Unavailable { .. }), "{other:?}");
    }
}
