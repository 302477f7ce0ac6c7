//! No second hash: a session key is SHA-256 already.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds the hasher of the table.
pub(crate) type BuildKeyHasher = BuildHasherDefault<KeyHasher>;

/// Passes the first eight bytes of a session key through as its hash.
///
/// All eight are needed: the map takes its tag from the top 7 bits of the hash, its shard from the
/// bits below, and the place in the shard from the low ones.
///
/// Nobody can aim at one shard: a stored key is the hash of an id which the server drew.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(head) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*head);
        }
    }

    // An array hashes its length before its bytes.
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use session_core::SessionKey;

    use super::*;

    #[test]
    fn the_hash_is_the_head_of_the_key() {
        let bytes = std::array::from_fn(|i| i as u8 + 1);
        let hash = BuildKeyHasher::default().hash_one(SessionKey::from_bytes(bytes));
        assert_eq!(hash.to_ne_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
