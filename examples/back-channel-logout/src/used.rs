//! Tokens that have done their work, and do it once: kept in a store of their own, which all servers share.

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_core::{Bytes, Put, RandomError, Record, SessionKey, SessionStore, StoreError, Timestamp, Version};
use sha2::{Digest, Sha256};

/// How many that have expired are removed when one is added, where the store does not do so by itself.
const SWEPT: NonZeroUsize = NonZeroUsize::new(10).unwrap();

/// The tokens that were received, until they expire.
///
/// It takes what any session store has: a record under a key until a deadline. Give it one of its own, in another table or
/// under another prefix than the sessions', so that no session is mistaken for a token.
#[derive(Clone, Debug)]
pub struct UsedTokens(Arc<dyn SessionStore>);

impl UsedTokens {
    /// Keeps them in this store.
    #[must_use]
    pub fn new(store: impl SessionStore) -> Self {
        Self(Arc::new(store))
    }

    /// Prepares the store.
    ///
    /// # Errors
    /// As the store's.
    pub async fn init(&self) -> Result<(), StoreError> {
        self.0.init().await
    }

    /// Tells whether the issuer's token was [added](Self::add).
    ///
    /// # Errors
    /// As the store's.
    pub async fn has(&self, issuer: &str, id: &str) -> Result<bool, StoreError> {
        Ok(self.0.get(&key(issuer, id)).await?.is_some())
    }

    /// Keeps in mind that the issuer's token has done its work.
    ///
    /// # Errors
    /// As the store's, and if there is no randomness.
    pub async fn add(&self, issuer: &str, id: &str, now: Timestamp, expires_at: Timestamp) -> Result<(), StoreError> {
        let version = Version::random()
            .map_err(|error: RandomError| StoreError::Backend { store: "used tokens", source: error.into() })?;
        let record =
            Record { version, payload: Bytes::new(), owner: None, created_at: now, last_seen_at: now, expires_at };
        // That another has just added it is as good.
        let _added = self.0.put(&key(issuer, id), &record, Put::Create).await?;
        if let Some(sweep) = self.0.sweep() {
            sweep.delete_expired(now, SWEPT).await?;
        }
        Ok(())
    }
}

/// Whatever a provider takes for an id has the length of a key.
fn key(issuer: &str, id: &str) -> SessionKey {
    let mut hash = Sha256::new();
    hash.update((issuer.len() as u64).to_be_bytes());
    hash.update(issuer);
    hash.update(id);
    SessionKey::from_bytes(hash.finalize().into())
}
