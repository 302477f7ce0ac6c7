//! Randomness for ids and versions. A source that fails is an error, never a weak id.

use std::fmt::Debug;

use rand::TryRng;
use rand::rngs::SysRng;

use crate::error::RandomError;

/// Fills buffers with bytes that nobody can guess.
///
/// Replace it only to test what happens when it fails.
pub trait RandomSource: Debug + Send + Sync + 'static {
    /// Fills the whole buffer from a cryptographic source.
    ///
    /// # Errors
    /// [`RandomError`] if the source fails; what stands in the buffer then is never used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// Draws from the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        SysRng.try_fill_bytes(bytes).map_err(RandomError::new)
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
