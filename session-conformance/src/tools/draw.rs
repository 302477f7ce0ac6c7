//! Keys, owners and records that no other clause has, and in which a mix of two shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session_core::{Bytes, Owner, RandomError, RandomSource, Record, SessionKey, Timestamp, Version};

use crate::tools::seed::Place;

pub(crate) const ZERO: Duration = Duration::ZERO;
pub(crate) const MILLI: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So many draws a round may make before it comes into the next one's.
const ROUND_BITS: u32 = 24;

/// Draws keys, owners and records. Clones draw from one sequence, which follows from the seed alone.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    /// The time that the clause takes for the present.
    pub(crate) base: Timestamp,
    salt: u64,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    next: AtomicU64,
    races: AtomicU64,
}

impl Draw {
    pub(crate) fn new(base: Timestamp, seed: u64) -> Self {
        Self { base, salt: seed, shared: Arc::new(Shared { next: AtomicU64::new(1), races: AtomicU64::new(0) }) }
    }

    /// Gives the next race of the clause its number.
    pub(crate) fn race(&self) -> u64 {
        self.shared.races.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Goes on with the sequence of a round: what it draws does not depend on how many rounds there were before, nor on
    /// how much they have drawn.
    pub(crate) fn begin(&self, place: Place) {
        self.shared.next.store(place.race << 48 | place.round << ROUND_BITS, Ordering::Relaxed);
    }

    /// Goes on with what comes after all rounds of the race.
    pub(crate) fn end(&self, race: u64) {
        self.begin(Place { race, round: (1 << ROUND_BITS) - 1 });
    }

    fn tag(&self) -> u64 {
        self.shared.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Draws a random number.
    pub(crate) fn number(&self) -> u64 {
        mix(self.salt ^ mix(self.tag()))
    }

    /// Draws a key that was never used.
    pub(crate) fn key(&self) -> SessionKey {
        let mut bytes = [0; 32];
        for part in bytes.chunks_exact_mut(8) {
            part.copy_from_slice(&self.number().to_be_bytes());
        }
        SessionKey::from_bytes(bytes)
    }

    /// Draws an owner that was never used.
    pub(crate) fn owner(&self) -> Owner {
        Owner::new(format!("owner-{:016x}", self.number())).expect("22 bytes are an owner")
    }

    /// Draws a record of which every field tells it from all others, so that half of one and half of
    /// another never pass for a whole one. Live from `base` for an hour.
    pub(crate) fn record(&self) -> Record {
        let tag = self.tag();
        let number = mix(self.salt ^ mix(tag));
        // The hour is not used up by the tags.
        let offset = Duration::from_millis(tag % 600_000);
        Record {
            // Every other one has its highest bit set, and all have the lowest: a type that is too small loses one.
            version: Version::from_u64(number << 1 >> 1 | tag << 63 | 1),
            payload: Bytes::from(format!("<{} {number:016x}>", tag % 1_000).repeat(1 + tag as usize % 8)),
            owner: Some(Owner::new(format!("owner-of-{}-{number:016x}", tag % 1_000)).expect("short enough")),
            created_at: self.base - DAY + offset,
            last_seen_at: self.base + offset,
            expires_at: self.base + HOUR + offset,
        }
    }

    /// Draws a record of `owner`.
    pub(crate) fn record_of(&self, owner: &Owner) -> Record {
        Record { owner: Some(owner.clone()), ..self.record() }
    }

    /// Draws a record that ends at `expires_at`.
    pub(crate) fn record_until(&self, expires_at: Timestamp) -> Record {
        Record { expires_at, ..self.record() }
    }
}

/// Draws ids and versions for the core, where a clause goes through it.
impl RandomSource for Draw {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.number().to_be_bytes()[..part.len()]);
        }
        Ok(())
    }
}

/// Scatters the bits of a number (the finalizer of SplitMix64); different numbers stay different.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Draws numbers in a sequence that belongs to one task.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws a number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(1);
        (mix(self.0) % sides as u64) as usize
    }
}
