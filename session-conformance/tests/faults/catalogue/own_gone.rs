//! Faults in what of an index goes with a record that is removed.

use session_conformance::async_trait;
use session_conformance::session_core::*;

use super::own::with_copies;
use crate::support::*;

/// Removes a record, and of the index the entry of the owner whom it had `before`: another's stays, with its copy.
async fn remove(memory: &Memory, key: &SessionKey, before: Option<&Owner>) -> bool {
    let stands = memory.peek(key);
    let done = memory.rows().remove(key).is_some();
    if let Some(stands) = stands.filter(|it| done && it.owner.as_ref() != before) {
        memory.beside().copies.insert(*key, stands);
    }
    done
}

/// Reads the owner, deletes the record, and takes that owner's entry out of the index.
#[derive(Debug, Default)]
pub struct DeleteUnfilesWhatItRead;
#[async_trait]
impl Fault for DeleteUnfilesWhatItRead {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let read = call.memory.peek(call.key);
        gap().await;
        Ok(remove(call.memory, call.key, read.and_then(|it| it.owner.clone()).as_ref()).await)
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        with_copies(call).await
    }
}

/// The same of a sweep, which compares the deadline alone.
#[derive(Debug, Default)]
pub struct SweepUnfilesWhatItRead;
#[async_trait]
impl Fault for SweepUnfilesWhatItRead {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let due: Vec<_> = call.due().into_iter().map(|key| (key, call.memory.peek(&key))).collect();
        gap().await;
        let mut removed = 0;
        for (key, read) in due {
            let still = call.memory.peek(&key).is_some_and(|it| !it.is_live_at(call.before));
            if still && remove(call.memory, &key, read.and_then(|it| it.owner.clone()).as_ref()).await {
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        with_copies(call).await
    }
}
