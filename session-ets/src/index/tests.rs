//! The owner index on threads. In turns that shuttle draws it is in `tests/shuttle.rs`.

use std::num::NonZeroU64;
use std::sync::Barrier;

use session_core::{Owner, SessionKey};

use super::owners::{OwnerIndex, Sequence};

#[test]
fn an_entry_comes_behind_all_that_a_reader_has_seen() {
    const WRITERS: u64 = 3;
    const ENTRIES: u64 = if cfg!(miri) { 30 } else { 20_000 };
    let (index, ann) = (OwnerIndex::new(), Owner::new("ann").unwrap());
    let barrier = Barrier::new(WRITERS as usize + 1);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..ENTRIES {
                    index.insert(&ann, &SessionKey::from_bytes([0; 32]));
                }
            });
        }
        barrier.wait();
        // Never looks back, so an entry that comes in before its cursor is lost to it.
        let (mut seen, mut after) = (0, None);
        while after < Some(Sequence(NonZeroU64::new(WRITERS * ENTRIES).unwrap())) {
            let page = index.page(&ann, after, 64);
            seen += page.len() as u64;
            after = page.last().map_or(after, |(sequence, _)| Some(*sequence));
        }
        assert_eq!(seen, WRITERS * ENTRIES);
    });
}
