//! actix-session's trait over a store of ours.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key};
use actix_web::cookie::time;
use session_core::{BoxError, Clock, Timestamp};

use crate::kept::{Kept, Over, State, key};

/// A store for actix-session's `SessionMiddleware` that keeps its sessions in one of ours.
///
/// Call [`init`](session_core::SessionStore::init) of the store once before its first use.
#[derive(Clone, Debug)]
pub struct ActixStore(Kept);

impl ActixStore {
    /// Makes it of any store.
    pub fn new(store: impl session_core::SessionStore) -> Self {
        Self(Kept::new(Arc::new(store)))
    }

    /// Sets the name of the value that says whose a session is, a text of 1 to 255 bytes or a number. The store's list of
    /// an owner's sessions then has it. Without it a session is nobody's.
    #[must_use]
    pub fn with_owner(mut self, name: &str) -> Self {
        self.0.owner = Some(name.into());
        self
    }

    /// Sets the clock that sessions end by; else it is the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    fn until(&self, ttl: &time::Duration) -> Timestamp {
        self.0.clock.now() + Duration::try_from(*ttl).unwrap_or(Duration::ZERO)
    }

    fn state(&self, texts: &Texts) -> Result<State, serde_json::Error> {
        let named = self.0.owner.as_deref().and_then(|name| texts.get(name));
        let owner = named.map(|text| serde_json::from_str(text)).transpose()?;
        Ok(State { payload: serde_json::to_vec(texts)?, owner })
    }
}

/// As their middleware has it: each value is a text of JSON.
type Texts = HashMap<String, String>;

fn key_of(drawn: &SessionKey) -> session_core::SessionKey {
    key(drawn.as_ref().as_bytes())
}

/// Keeps [`Over`] as it is, for whoever looks for it.
fn other(error: impl Into<BoxError>) -> anyhow::Error {
    match error.into().downcast::<Over>() {
        Ok(over) => (*over).into(),
        Err(error) => anyhow::Error::from_boxed(error),
    }
}

impl SessionStore for ActixStore {
    async fn load(&self, drawn: &SessionKey) -> Result<Option<Texts>, LoadError> {
        let found = self.0.load(&key_of(drawn)).await.map_err(|error| LoadError::Other(other(error)))?;
        let Some(record) = found else { return Ok(None) };
        serde_json::from_slice(&record.payload).map(Some).map_err(|error| LoadError::Deserialization(other(error)))
    }

    async fn save(&self, texts: Texts, ttl: &time::Duration) -> Result<SessionKey, SaveError> {
        loop {
            let drawn = generate_session_key();
            let state = self.state(&texts).map_err(|error| SaveError::Serialization(other(error)))?;
            let created = self.0.create(&key_of(&drawn), state, self.until(ttl)).await;
            // Keys are random: a second one is never taken, too.
            if created.map_err(|error| SaveError::Other(other(error)))? {
                return Ok(drawn);
            }
        }
    }

    async fn update(&self, drawn: SessionKey, texts: Texts, ttl: &time::Duration) -> Result<SessionKey, UpdateError> {
        let state = self.state(&texts).map_err(|error| UpdateError::Serialization(other(error)))?;
        let updated = self.0.update(&key_of(&drawn), state, self.until(ttl)).await;
        updated.map_err(|error| UpdateError::Other(other(error)))?;
        Ok(drawn)
    }

    async fn update_ttl(&self, drawn: &SessionKey, ttl: &time::Duration) -> Result<(), anyhow::Error> {
        self.0.touch(&key_of(drawn), self.until(ttl)).await.map_err(other)
    }

    async fn delete(&self, drawn: &SessionKey) -> Result<(), anyhow::Error> {
        self.0.store.delete(&key_of(drawn)).await.map(drop).map_err(other)
    }
}
