//! What a sweep leaves behind while a call that was dropped is still under way.

use std::time::{Duration, Instant};

use session_core::{Owner, SessionKey, Timestamp};
use tokio::task::yield_now;

use super::handle::Handle;
use crate::check::{Check, Stop};

/// How long the backend may take to end what nobody waits for any more. A sweep may pass over what that holds, and a
/// database that waits for a busy disk with each commit holds it for some time.
const PATIENCE: Duration = Duration::from_secs(3);

impl Handle {
    /// Sweeps until nothing is left under these keys, nor in the lists of these owners.
    pub(crate) async fn are_swept(&self, before: Timestamp, keys: &[SessionKey], owners: &[&Owner]) -> Check {
        let end = Instant::now() + PATIENCE;
        loop {
            self.drain(before).await?;
            match self.none_left(keys, owners).await {
                Err(Stop::Broken { .. }) if Instant::now() < end => yield_now().await,
                other => return other,
            }
        }
    }

    async fn none_left(&self, keys: &[SessionKey], owners: &[&Owner]) -> Check {
        for key in keys {
            self.absent(key).await?;
        }
        for owner in owners {
            self.lists_if_indexed(owner, &[]).await?;
        }
        Ok(())
    }
}
