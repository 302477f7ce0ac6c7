//! Turns for the writers of one key in this process.

use lockable::{LockPool, Lockable};

use crate::store::SessionKey;

/// Lets the writers of a key that has seen a conflict go one after the other.
///
/// Versions alone keep every update; turns keep a crowd of writers from replaying their changes again
/// and again for one that gets through.
pub(crate) struct Turns(LockPool<SessionKey>);

/// Holds a writer's turn until it is dropped.
pub(crate) type Turn<'a> = <LockPool<SessionKey> as Lockable<SessionKey, ()>>::Guard<'a>;

impl Turns {
    pub(crate) fn new() -> Self {
        Self(LockPool::new())
    }

    /// Gives the turn if nobody has it.
    pub(crate) fn try_turn(&self, key: SessionKey) -> Option<Turn<'_>> {
        self.0.try_lock(key)
    }

    /// Waits for the turn.
    pub(crate) async fn turn(&self, key: SessionKey) -> Turn<'_> {
        self.0.async_lock(key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_kept_of_keys_that_had_their_turn_or_gave_up_waiting() {
        const KEYS: u32 = if cfg!(miri) { 100 } else { 100_000 };
        let turns = Turns::new();
        for number in 0..KEYS {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            let key = SessionKey::from_bytes(bytes);
            let turn = turns.try_turn(key).unwrap();
            // Somebody waits, and gives up.
            tokio::select! {
                biased;
                _ = turns.turn(key) => panic!("it is taken"),
                () = std::future::ready(()) => {}
            }
            assert_eq!(turns.0.num_locked(), 1);
            drop(turn);
        }
        assert_eq!(turns.0.num_locked(), 0);
    }
}
