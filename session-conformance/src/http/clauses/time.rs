//! TIME: timeouts, and touching. The idle timeout is a day, the absolute one 30 days.

use std::time::Duration;

use super::super::case::Case;
use crate::check::{Check, ensure, equal};

const HOUR: Duration = Duration::from_secs(60 * 60);
const IDLE: Duration = Duration::from_secs(24 * 60 * 60);
const ABSOLUTE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A twentieth of the idle timeout.
const TOUCH: Duration = Duration::from_secs(72 * 60);
const SECOND: Duration = Duration::from_secs(1);

/// Checks TIME-1: a session that is only read is touched once per interval, not once per request.
pub(super) async fn time_1_a_touch_is_throttled(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    let before = site.counts().await?;
    for interval in 0..3_u64 {
        for _ in 0..4 {
            ann.counts(1).await?;
        }
        let now = site.counts().await?;
        equal("touches", &interval, &(now.touch - before.touch))?;
        equal("puts", &0, &(now.put - before.put))?;
        site.advance(TOUCH + SECOND).await?;
    }
    Ok(())
}

/// Checks TIME-2: a session that was not used for its idle timeout is empty, and its id is not used again.
pub(super) async fn time_2_idle_sessions_end(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    ann.add().await?;
    let id = ann.id()?.to_owned();
    site.advance(IDLE - SECOND).await?;
    ann.copy("in time").is_signed_in(true).await?;
    site.advance(IDLE).await?;
    ann.is_signed_in(false).await?;
    ann.counts(0).await?;
    equal("the new session's counter", &1, &ann.add().await?)?;
    ensure(ann.id()? != id, "a new id", || "the old one".to_owned())
}

/// Checks TIME-3: use, reading too, keeps a session past the idle timeout, but not past the absolute one.
pub(super) async fn time_3_use_keeps_a_session_to_its_absolute_end(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let step = 20 * HOUR;
    let mut passed = Duration::ZERO;
    while passed + step < ABSOLUTE {
        site.advance(step).await?;
        passed += step;
        ann.is_signed_in(true).await?;
    }
    site.advance(ABSOLUTE - passed).await?;
    ann.is_signed_in(false).await
}

/// Checks TIME-4: a session that expires while a request changes it stays ended.
pub(super) async fn time_4_what_expires_under_way_is_not_revived(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut writer = ann.copy("writer");
    let writing = tokio::spawn(async move { writer.post("/test/do?steps=read,hold:gate,add").await });
    site.held("gate", 1).await?;
    site.advance(IDLE + SECOND).await?;
    site.open("gate").await?;
    let answer = writing.await.expect("the request does not panic")?;
    answer.is(409)?;
    answer.sets_none()?;
    ann.is_signed_in(false).await
}

/// Checks TIME-5: the absolute timeout counts from the last sign-in, not from the first visit, nor from a renewal.
pub(super) async fn time_5_the_absolute_timeout_counts_from_the_sign_in(case: &Case) -> Check {
    const STEP: Duration = Duration::from_secs(23 * 60 * 60);
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    for _ in 0..2 {
        // Nearly all of its time.
        let mut passed = Duration::ZERO;
        while passed + STEP < ABSOLUTE {
            site.advance(STEP).await?;
            passed += STEP;
            ann.counts(1).await?;
        }
        ann.sign_in("Ann").await?;
    }
    let mut passed = Duration::ZERO;
    while passed + STEP < ABSOLUTE {
        site.advance(STEP).await?;
        passed += STEP;
        ann.is_signed_in(true).await?;
    }
    ann.post("/test/do?steps=renew").await?.sets_one()?;
    site.advance(ABSOLUTE - passed).await?;
    ann.is_signed_in(false).await
}
