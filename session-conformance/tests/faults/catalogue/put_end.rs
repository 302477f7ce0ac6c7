//! Faults of an `End`, and of writes that are sent again while the first is under way.

use session_conformance::async_trait;
use session_conformance::session_core::*;

use crate::support::*;

/// Tells whether the call is an `End`.
fn ends(call: &PutCall<'_>) -> bool {
    matches!(call.put, Put::End(_))
}

#[derive(Debug, Default)]
pub struct EndDeletes;
#[async_trait]
impl Fault for EndDeletes {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        if ends(&call) && outcome == PutOutcome::Stored {
            call.memory.delete(call.key).await?;
        }
        Ok(outcome)
    }
}

#[derive(Debug, Default)]
pub struct EndCompletesNothing;
#[async_trait]
impl Fault for EndCompletesNothing {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if ends(&call) && call.replaces().is_some() { Ok(PutOutcome::Stored) } else { call.right().await }
    }
}

#[derive(Debug, Default)]
pub struct EndsAnyVersion;
#[async_trait]
impl Fault for EndsAnyVersion {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.stands().filter(|_| ends(&call)) {
            Some(stands) => call.right_for(&stands).await,
            None => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct EndCreates;
#[async_trait]
impl Fault for EndCreates {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.right().await? {
            PutOutcome::Gone if ends(&call) && call.stands().is_none() => call.write(),
            outcome => Ok(outcome),
        }
    }
}

#[derive(Debug, Default)]
pub struct EndLooksFirst;
#[async_trait]
impl Fault for EndLooksFirst {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if !ends(&call) || call.replaces().is_none() {
            return call.right().await;
        }
        gap().await;
        call.write()
    }
}

#[derive(Debug, Default)]
pub struct CreateTakesWhatIsOver;
#[async_trait]
impl Fault for CreateTakesWhatIsOver {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match (call.put, call.stands()) {
            (Put::Create, Some(stands))
                if stands.version != call.record.version && !stands.is_live_at(call.record.last_seen_at) =>
            {
                call.write()
            }
            _ => call.right().await,
        }
    }
}

/// Looks whether the write was stored before, and only then writes; what the write meets may be itself.
async fn looks_for_itself_first(call: PutCall<'_>) -> PutResult {
    let own = |call: &PutCall<'_>| call.stands().filter(|stands| stands.version == call.record.version);
    if own(&call).is_some() {
        return Ok(PutOutcome::Stored);
    }
    gap().await;
    match (own(&call), call.put) {
        (Some(_), Put::Create) => Ok(PutOutcome::Exists),
        (Some(stands), _) => Ok(PutOutcome::Conflict(stands)),
        (None, _) => call.right().await,
    }
}

#[derive(Debug, Default)]
pub struct MeetsItsOwnCreate;
#[async_trait]
impl Fault for MeetsItsOwnCreate {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.put == Put::Create { looks_for_itself_first(call).await } else { call.right().await }
    }
}

#[derive(Debug, Default)]
pub struct MeetsItsOwnReplace;
#[async_trait]
impl Fault for MeetsItsOwnReplace {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.put == Put::Create { call.right().await } else { looks_for_itself_first(call).await }
    }
}
