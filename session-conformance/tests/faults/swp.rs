//! Faults of the sweep.

use std::num::NonZeroUsize;
use std::time::Duration;

use session_conformance::async_trait;
use session_conformance::session_core::*;
use tokio::task::yield_now;

use crate::support::{Fault, Memory};

caught! {
    swp_1_catches_a_sweep_that_spares_the_deadline_itself: Before, SWP_1, "removes 6";
    swp_1_catches_a_sweep_that_takes_one_millisecond_more: After, SWP_1, "removes 6";
    swp_2_catches_a_sweep_without_an_order: NoOrder, SWP_2, "None";
    swp_2_catches_a_sweep_without_a_limit: NoLimit, SWP_2, "removes 1";
    swp_3_catches_a_sweep_that_gives_up_early: GivesUp, SWP_3, "None";
    swp_3_catches_a_sweep_that_counts_what_another_removed: CountsTwice, SWP_3, "count 500";
    swp_4_catches_a_sweep_that_looks_first: LooksFirst, SWP_4, "extended";
}

macro_rules! sweeps {
    ($($fault:ident: |$memory:ident, $before:ident, $limit:ident| $body:expr;)+) => {
        $(#[derive(Debug, Default)]
        struct $fault;
        #[async_trait]
        impl Fault for $fault {
            async fn delete_expired(&self, $memory: &Memory, $before: Timestamp, $limit: NonZeroUsize)
                -> Result<u64, StoreError>
            {
                $body
            }
        })+
    };
}

const MILLI: Duration = Duration::from_millis(1);

/// Gives the keys of what is over, in the order of keys.
fn over(memory: &Memory, before: Timestamp, limit: usize) -> Vec<SessionKey> {
    let rows = memory.rows();
    let over = rows.iter().filter(|(_, row)| row.as_ref().is_some_and(|it| !it.is_live_at(before)));
    over.map(|(key, _)| *key).take(limit).collect()
}

sweeps! {
    Before: |memory, before, limit| memory.delete_expired(before - MILLI, limit).await;
    After: |memory, before, limit| memory.delete_expired(before + MILLI, limit).await;
    NoOrder: |memory, before, limit| {
        let keys = over(memory, before, limit.get());
        memory.rows().retain(|key, _| !keys.contains(key));
        Ok(keys.len() as u64)
    };
    NoLimit: |memory, before, _limit| memory.delete_expired(before, NonZeroUsize::MAX).await;
    GivesUp: |memory, before, limit| {
        if over(memory, before, 100).len() < 20 { Ok(0) } else { memory.delete_expired(before, limit).await }
    };
    CountsTwice: |memory, before, limit| {
        let keys = over(memory, before, limit.get());
        yield_now().await;
        memory.rows().retain(|key, _| !keys.contains(key));
        Ok(keys.len() as u64)
    };
    LooksFirst: |memory, before, limit| {
        let keys = over(memory, before, limit.get());
        yield_now().await;
        let mut removed = 0;
        for key in &keys {
            removed += u64::from(memory.delete(key).await?);
        }
        Ok(removed)
    };
}
