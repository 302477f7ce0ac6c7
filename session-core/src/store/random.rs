//! Randomness for ids and versions. A source that fails is an error, never a weak id.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::LazyLock;
use std::time::Instant;

use rand::TryRng;
use rand::rngs::SysRng;
use thiserror::Error;
use zeroize::Zeroize;

use super::BoxError;

/// A source of bytes that nobody can guess.
///
/// Replace it only to test what happens when it fails.
pub trait RandomSource: Debug + Send + Sync + 'static {
    /// Fills the whole buffer from a cryptographic source.
    ///
    /// # Errors
    /// [`RandomError`] if the source fails; what stands in the buffer then is never used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The failure of the source of randomness, so that no id could be drawn.
#[derive(Debug, Error)]
#[error("the source of randomness failed")]
pub struct RandomError {
    source: BoxError,
}

impl RandomError {
    /// Wraps what the source said.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { source: source.into() }
    }
}

/// The operating system's randomness.
///
/// What is long enough to be a secret, as ids are, is drawn at that moment. Of shorter draws, which only have to differ,
/// as versions do, each thread has some in reserve: to ask the system for every one takes longer than to write a record
/// into memory. A process that is forked, or a machine that is restored from a snapshot, has the same in reserve as its
/// twin; the nanosecond of each draw is mixed in, by which theirs differ.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        if bytes.len() >= SECRET_LEN { system(bytes) } else { RESERVE.with_borrow_mut(|reserve| reserve.fill(bytes)) }
    }
}

/// From how many bytes on a draw may be a secret.
const SECRET_LEN: usize = 16;

fn system(bytes: &mut [u8]) -> Result<(), RandomError> {
    SysRng.try_fill_bytes(bytes).map_err(RandomError::new)
}

thread_local! {
    static RESERVE: RefCell<Reserve> = const { RefCell::new(Reserve { bytes: [0; 256], left: 0 }) };
}

/// What was drawn at once and is not used yet: the first `left` of its bytes.
struct Reserve {
    bytes: [u8; 256],
    left: usize,
}

impl Reserve {
    /// Takes what is asked for off the end, and forgets it.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        if self.left < bytes.len() {
            self.left = 0;
            system(&mut self.bytes)?;
            self.left = self.bytes.len();
        }
        let rest = self.left - bytes.len();
        let taken = &mut self.bytes[rest..self.left];
        bytes.copy_from_slice(taken);
        taken.zeroize();
        self.left = rest;
        mix(bytes, nanoseconds());
        Ok(())
    }
}

/// Tells two draws apart that are made of the same reserve, by when they are made.
fn nanoseconds() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    // What is past 64 bits, after 584 years, tells nothing apart.
    BEGAN.elapsed().as_nanos() as u64
}

/// Mixes a number into random bytes, which are as random as before.
fn mix(bytes: &mut [u8], number: u64) {
    /// Odd, so that no two numbers become one: the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let spread = number.wrapping_mul(SPREAD).rotate_left(32).wrapping_mul(SPREAD);
    for (byte, mixed) in bytes.iter_mut().zip(spread.to_ne_bytes()) {
        *byte ^= mixed;
    }
}

/// Draws `N` bytes, and refuses a source that gives nothing but zeros while it claims success.
pub(crate) fn draw<const N: usize>(random: &dyn RandomSource) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    if bytes == [0; N] {
        return Err(RandomError::new("the source gave only zeros"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn short_draws_differ_past_what_is_in_reserve() {
        let draws: HashSet<_> = (0..1_000).map(|_| draw::<8>(&SystemRandom).unwrap()).collect();
        assert_eq!(draws.len(), 1_000);
    }

    #[test]
    fn what_was_taken_from_the_reserve_is_not_there_any_more() {
        let mut reserve = Reserve { bytes: [0; 256], left: 0 };
        for len in [8, 15, 1, 0, 8] {
            let mut bytes = vec![0; len];
            reserve.fill(&mut bytes).unwrap();
            assert!(reserve.bytes[reserve.left..].iter().all(|&byte| byte == 0));
        }
        assert_eq!(reserve.left, 256 - 32);
    }

    #[test]
    fn twins_with_one_reserve_draw_differently() {
        let (mut parent, mut child) = (Reserve { bytes: [7; 256], left: 256 }, Reserve { bytes: [7; 256], left: 256 });
        for _ in 0..32 {
            let (mut a, mut b) = ([0; 8], [0; 8]);
            parent.fill(&mut a).unwrap();
            child.fill(&mut b).unwrap();
            assert_ne!(a, b);
        }
    }

    #[test]
    fn numbers_that_differ_in_any_bit_are_mixed_in_differently() {
        let mixed: HashSet<_> = (0..64)
            .map(|bit| {
                let mut bytes = [7; 8];
                mix(&mut bytes, 1 << bit);
                bytes
            })
            .collect();
        assert_eq!(mixed.len(), 64);
    }

    #[test]
    fn threads_have_reserves_of_their_own() {
        let draws = || (0..40).map(|_| draw::<8>(&SystemRandom).unwrap()).collect::<HashSet<_>>();
        let other = std::thread::spawn(draws).join().unwrap();
        assert!(draws().is_disjoint(&other));
    }
}
