//! Counts what a session costs in memory, by the allocator's own count.
//!
//! ```text
//! cargo bench -p session-ets --bench memory -- [--quick]
//! ```
//!
//! A program of its own, because counting makes every allocation slower. Prints `ratio NAME VALUE`: what
//! a session takes beyond its payload over the 300 bytes allowed, what an owner adds over the 150
//! allowed, and the table's own estimate over the count.

#[path = "shared/ready.rs"]
mod ready;

use std::alloc::System;
use std::time::Duration;

use cap::Cap;
use ready::ready;
use session_ets::session_core::{Bytes, Owner, Put, PutOutcome, Record, SessionId, SessionStore, Timestamp, Version};
use session_ets::{EtsStore, Table};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const PAYLOAD: usize = 200;
const ALLOWED: f64 = 300.0;
const ALLOWED_FOR_OWNER: f64 = 150.0;

#[derive(Clone, Copy)]
enum Owned {
    Not,
    /// Every session by another owner: the dearest case.
    Each,
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    // Both fill the map, whose size is a power of two, as 10,000,000 do.
    let sessions = if quick { 156_250 } else { 2_500_000 };
    let (bare, bare_estimate) = measure(sessions, Owned::Not);
    let (owned, owned_estimate) = measure(sessions, Owned::Each);
    println!("{sessions} sessions: {:.1} bytes each beyond the payload, {:.1} more with an owner", bare, owned - bare);
    println!("ratio memory {:.2}", bare / ALLOWED);
    println!("ratio memory_owner {:.2}", (owned - bare) / ALLOWED_FOR_OWNER);
    println!("ratio memory_estimate {bare_estimate:.2}");
    println!("ratio memory_estimate_owner {owned_estimate:.2}");
}

/// Gives the bytes per session beyond the payload, and the table's estimate over the count.
fn measure(sessions: usize, owned: Owned) -> (f64, f64) {
    let before = ALLOCATOR.allocated();
    let store = EtsStore::new(Table::private());
    for number in 0..sessions {
        let record = record(number, owned);
        let key = SessionId::random().expect("the system has randomness").key();
        assert_eq!(ready(store.put(&key, &record, Put::Create)).unwrap(), PutOutcome::Stored);
        // A session that lives: read once, so that its payload has been shared, and touched.
        let read = ready(store.get(&key)).unwrap().expect("it was stored");
        drop(read.payload.clone());
        let later = record.expires_at + Duration::from_secs(60);
        assert!(ready(store.touch(&key, record.version, record.last_seen_at, later)).unwrap());
    }
    let counted = (ALLOCATOR.allocated() - before) as f64;
    (counted / sessions as f64 - PAYLOAD as f64, store.table().info().memory as f64 / counted)
}

fn record(number: usize, owned: Owned) -> Record {
    let at = Timestamp::from_millis(1_700_000_000_000) + Duration::from_millis(number as u64);
    Record {
        version: Version::from_u64(number as u64 + 1),
        payload: Bytes::from(vec![b'x'; PAYLOAD]),
        owner: match owned {
            Owned::Not => None,
            Owned::Each => Some(Owner::new(format!("user-{number:08}")).expect("it is short")),
        },
        created_at: at,
        last_seen_at: at,
        expires_at: at + Duration::from_secs(1_800),
    }
}
