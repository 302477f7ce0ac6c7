//! What is stored, and the baseline that it is compared with.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use session_ets::session_core::{Bytes, Record, SessionKey, Timestamp, Version};

/// When a record was used that is touched.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);
/// The deadline of what can be swept.
pub(crate) const EXPIRED: Timestamp = Timestamp::from_millis(2_000_000);
pub(crate) const LIVE: Timestamp = Timestamp::from_millis(3_000_000);

/// The baseline: the same map with the same hasher, an `Arc` cloned on every read.
pub(crate) type Map = DashMap<SessionKey, Arc<Record>, BuildHasherDefault<PassThrough>>;

#[derive(Clone, Default)]
pub(crate) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = u64::from_ne_bytes(*bytes.first_chunk().expect("a session key"));
    }
    fn write_usize(&mut self, _: usize) {}
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Gives the key of a session: spread as hashes are, the same in every run.
pub(crate) fn key(number: usize) -> SessionKey {
    let mut bytes = [0; 32];
    for (place, chunk) in bytes.chunks_exact_mut(8).enumerate() {
        // SplitMix64.
        let state = (number as u64 * 4 + place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_ne_bytes());
    }
    SessionKey::from_bytes(bytes)
}

/// Gives the record of a session; one in a hundred ends early and can be swept.
pub(crate) fn record(number: usize, payload: usize) -> Record {
    Record {
        version: Version::from_u64(number as u64 + 1),
        payload: Bytes::from(vec![b'x'; payload]),
        owner: None,
        created_at: Timestamp::MIN,
        last_seen_at: Timestamp::MIN,
        expires_at: if number.is_multiple_of(100) { EXPIRED } else { LIVE + Duration::from_millis(number as u64) },
    }
}
