//! Turns for the writers of one key in this process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::store::SessionKey;

/// Lets the writers of a key that has seen a conflict go one after the other.
///
/// Versions alone keep every update; turns keep a crowd of writers from replaying their changes again
/// and again for one that gets through.
pub(crate) struct Turns(Mutex<HashMap<SessionKey, Line>>);

/// Those who have the turn of one key, or wait for it.
struct Line {
    turn: Arc<tokio::sync::Mutex<()>>,
    length: usize,
}

/// Holds a writer's turn until it is dropped.
pub(crate) struct Turn<'a> {
    // Given back in this order: a line is gone only when nobody has its turn.
    _turn: OwnedMutexGuard<()>,
    _place: Place<'a>,
}

/// A place in a line, left also by who gives up waiting.
struct Place<'a> {
    turns: &'a Turns,
    key: SessionKey,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Gives the turn if nobody has it.
    pub(crate) fn try_turn(&self, key: SessionKey) -> Option<Turn<'_>> {
        let (place, turn) = self.enter(key);
        Some(Turn { _turn: turn.try_lock_owned().ok()?, _place: place })
    }

    /// Waits for the turn.
    pub(crate) async fn turn(&self, key: SessionKey) -> Turn<'_> {
        let (place, turn) = self.enter(key);
        Turn { _turn: turn.lock_owned().await, _place: place }
    }

    fn enter(&self, key: SessionKey) -> (Place<'_>, Arc<tokio::sync::Mutex<()>>) {
        let mut lines = self.lines();
        let line = lines.entry(key).or_insert_with(|| Line { turn: Arc::default(), length: 0 });
        line.length += 1;
        (Place { turns: self, key }, Arc::clone(&line.turn))
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<SessionKey, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut line) = self.turns.lines().entry(self.key) {
            line.get_mut().length -= 1;
            if line.get().length == 0 {
                line.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    fn key(number: u32) -> SessionKey {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        SessionKey::from_bytes(bytes)
    }

    /// Polls once, and gives up.
    async fn glance<T>(waiting: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = waiting => Some(done),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn nothing_is_kept_of_keys_that_had_their_turn_or_gave_up_waiting() {
        const KEYS: u32 = if cfg!(miri) { 100 } else { 100_000 };
        let turns = Turns::new();
        for key in (0..KEYS).map(key) {
            let turn = turns.try_turn(key).unwrap();
            assert!(glance(turns.turn(key)).await.is_none(), "it is taken");
            assert!(turns.try_turn(key).is_none(), "it is taken");
            assert_eq!(turns.lines().len(), 1);
            drop(turn);
            assert_eq!(turns.lines().len(), 0);
        }
    }

    #[tokio::test]
    async fn a_turn_goes_to_who_waited_longest_and_to_no_newcomer() {
        let turns = Turns::new();
        let turn = turns.try_turn(key(1)).unwrap();
        let (mut gave_up, mut second, mut third) =
            (Box::pin(turns.turn(key(1))), Box::pin(turns.turn(key(1))), Box::pin(turns.turn(key(1))));
        for waiting in [&mut gave_up, &mut second, &mut third] {
            assert!(glance(waiting).await.is_none());
        }
        // Another key's turn is another.
        assert!(turns.try_turn(key(2)).is_some());
        drop(turn);
        // Given the turn, and gone before taking it.
        drop(gave_up);
        assert!(turns.try_turn(key(1)).is_none());
        assert!(glance(&mut third).await.is_none());
        let turn = glance(&mut second).await.unwrap();
        assert!(glance(&mut third).await.is_none());
        drop(turn);
        drop(glance(&mut third).await.unwrap());
        assert_eq!(turns.lines().len(), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn one_at_a_time_has_a_turn_whoever_comes_tries_or_gives_up() {
        const ROUNDS: u32 = if cfg!(miri) { 10 } else { 500 };
        let turns = Arc::new(Turns::new());
        let (taken, count) = (Arc::new([const { AtomicBool::new(false) }; 2]), Arc::new(AtomicU32::new(0)));
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let (turns, taken, count) = (Arc::clone(&turns), Arc::clone(&taken), Arc::clone(&count));
                tokio::spawn(async move {
                    for round in 0..ROUNDS {
                        let which = (task + round) % 2;
                        let turn = match (task + round / 2) % 4 {
                            0 => turns.try_turn(key(which)),
                            1 => glance(turns.turn(key(which))).await,
                            _ => Some(turns.turn(key(which)).await),
                        };
                        if turn.is_some() {
                            let taken = &taken[which as usize];
                            assert!(!taken.swap(true, Ordering::Relaxed), "two have it");
                            tokio::task::yield_now().await;
                            taken.store(false, Ordering::Relaxed);
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(count.load(Ordering::Relaxed) >= 8 * ROUNDS / 2, "who waited was given the turn");
        assert_eq!(turns.lines().len(), 0);
    }
}
