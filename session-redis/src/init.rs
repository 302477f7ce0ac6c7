//! What `init` looks at: whether the server is one that can keep sessions.

use redis::{Value, cmd};
use session_core::{Clock, Eviction, StoreError, SystemClock, Timestamp};

use crate::error::{Fault, misconfigured, strange};
use crate::info::Info;
use crate::layout::SLACK;
use crate::store::RedisStore;

/// The oldest Redis whose commands are all that the scripts need.
const OLDEST: (u64, u64) = (6, 2);
/// How far the server's clock may be off before it is told.
const TOLD: u64 = 60 * 1_000;

impl RedisStore {
    pub(crate) async fn check_server(&self) -> Result<(), StoreError> {
        let info = async |section| Info::read(self.inner.wire.read(&Info::of(section)).await?);
        self.check_version(&info("server").await?)?;
        self.check_memory(&info("memory").await?)?;
        self.check_scripts().await?;
        let before = SystemClock.now();
        let answer = self.inner.wire.read(&cmd("TIME")).await?;
        let (seconds, micros): (u64, u64) = redis::from_redis_value(answer).map_err(|_| strange("TIME"))?;
        let millis = seconds.saturating_mul(1_000).saturating_add(micros / 1_000);
        check_clock(before, Timestamp::from_millis(millis), SystemClock.now())
    }

    fn check_version(&self, info: &Info) -> Result<(), StoreError> {
        let version = info.value("redis_version").unwrap_or_default();
        let mut numbers = version.split('.').map_while(|number| number.parse().ok());
        if let (Some(major), Some(minor)) = (numbers.next(), numbers.next())
            && (major, minor) < OLDEST
        {
            return Err(refused(format!("the server is Redis {version}"), "this crate needs 6.2, or any Valkey"));
        }
        let is_cluster = info.value("redis_mode") == Some("cluster");
        if is_cluster && self.inner.wire.reaches_all_keys() {
            return Err(refused(
                "the server is part of a cluster",
                "use a `redis-cluster://` URL, and this crate's feature `cluster`",
            ));
        }
        Ok(())
    }

    /// Every write that is compared with what stands is a script.
    async fn check_scripts(&self) -> Result<(), StoreError> {
        match self.inner.wire.read(cmd("EVAL").arg("return 1").arg(0)).await {
            Ok(Value::Int(1)) => Ok(()),
            Ok(_) => Err(strange("EVAL")),
            // It knows no such command, or what stands before it lets none through.
            Err(StoreError::Backend { source, .. }) => {
                Err(refused(format!("the server runs no scripts ({source})"), "allow it `EVAL` and `EVALSHA`"))
            }
            Err(other) => Err(other),
        }
    }

    fn check_memory(&self, info: &Info) -> Result<(), StoreError> {
        let limited = info.value("maxmemory").is_some_and(|limit| limit != "0");
        let policy = info.value("maxmemory_policy").unwrap_or("noeviction");
        if limited && policy != "noeviction" && self.inner.config.eviction == Eviction::Never {
            return Err(refused(
                format!("the server evicts by {policy:?} when its memory is full, and logs people out"),
                "set `maxmemory-policy noeviction`, or allow it by `RedisConfig::with_eviction`",
            ));
        }
        Ok(())
    }
}

/// The core judges by the app server's clock, and Redis reclaims by its own.
fn check_clock(before: Timestamp, server: Timestamp, after: Timestamp) -> Result<(), StoreError> {
    let (ahead, behind) = (server.since(after), before.since(server));
    let skew = ahead.max(behind);
    // Ahead by all of the slack, Redis would drop a session that is live here.
    if ahead.as_millis() >= u128::from(SLACK / 2) {
        let said = format!("the server's clock is ahead of this one by {} s", ahead.as_secs());
        return Err(refused(said, "set the clocks: sessions would end early"));
    }
    if skew.as_millis() >= u128::from(TOLD) {
        tracing::warn!(seconds = skew.as_secs(), "the clocks of the Redis server and of this one are apart");
    }
    Ok(())
}

fn refused(said: impl Into<std::borrow::Cow<'static, str>>, advice: &'static str) -> StoreError {
    misconfigured(Fault::new(said, advice).into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_server_whose_clock_runs_far_ahead_is_refused() {
        let now = Timestamp::from_millis(1_763_834_400_000);
        let check = |server| check_clock(now, server, now + Duration::from_millis(5));
        assert!(check(now).is_ok());
        assert!(check(now + Duration::from_secs(29 * 60)).is_ok());
        assert!(check(now - Duration::from_secs(7 * 24 * 60 * 60)).is_ok(), "it only reclaims late");
        assert!(matches!(check(now + Duration::from_secs(31 * 60)), Err(StoreError::Misconfigured { .. })));
    }
}
