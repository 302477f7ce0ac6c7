//! Where connections lie between statements, and who waits for one.
//!
//! One that comes back goes to whoever has waited for longest, from hand to hand: were it laid down, somebody who came later
//! could take it each time.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use sqlx::Database;
use sqlx::pool::PoolConnection;
use tokio::sync::oneshot;

/// Keeps connections that nobody uses.
#[derive(Debug)]
pub(crate) struct Shelf<Db: Database>(Mutex<Places<Db>>);

#[derive(Debug)]
struct Places<Db: Database> {
    /// The one that was used last stands last, and is taken first. Empty while somebody waits.
    idle: VecDeque<Idle<Db>>,
    /// Who came first stands first.
    waiting: VecDeque<oneshot::Sender<Idle<Db>>>,
    /// How many more are being opened for them.
    opening: usize,
}

/// A connection that nobody uses.
#[derive(Debug)]
pub(crate) struct Idle<Db: Database> {
    pub(crate) connection: PoolConnection<Db>,
    /// When it came from the pool.
    pub(crate) since: Instant,
    /// When it was last used.
    pub(crate) used: Instant,
}

impl<Db: Database> Shelf<Db> {
    /// Takes the one that was used last, if that was not longer ago than `limit`.
    pub(crate) fn pop_used(&self, limit: Duration) -> Option<Idle<Db>> {
        self.places().idle.pop_back_if(|idle| idle.used.elapsed() <= limit)
    }

    /// Takes the one that was used last.
    pub(crate) fn pop(&self) -> Option<Idle<Db>> {
        self.places().idle.pop_back()
    }

    /// Takes the one that has lain for longest, if that is longer than `limit`.
    pub(crate) fn pop_lain(&self, limit: Duration) -> Option<Idle<Db>> {
        self.places().idle.pop_front_if(|first| first.used.elapsed() > limit)
    }

    /// Gives one to whoever has waited for longest; lays it down if there is nobody.
    pub(crate) fn give(&self, idle: Idle<Db>) {
        self.places().give(idle);
    }

    /// Tells whether one more should be opened, since more wait than are being opened, and counts it if so. In one step with
    /// [`opened`](Self::opened): whoever is given one meanwhile would have one opened that nobody needs.
    pub(crate) fn opens(&self) -> bool {
        let mut places = self.places();
        let waiting = places.waiting.iter().filter(|waiting| !waiting.is_closed()).count();
        let more = places.opening < waiting;
        places.opening += usize::from(more);
        more
    }

    /// Gives away one that was opened; nothing if it could not be had.
    pub(crate) fn opened(&self, idle: Option<Idle<Db>>) {
        let mut places = self.places();
        places.opening -= 1;
        if let Some(idle) = idle {
            places.give(idle);
        }
    }

    /// Waits for one that comes back, behind those who wait already.
    pub(crate) fn wait(&self) -> Waiting<'_, Db> {
        let (sender, given) = oneshot::channel();
        let mut places = self.places();
        // While no connection comes back nobody else removes those who have gone.
        places.waiting.retain(|other| !other.is_closed());
        match places.idle.pop_back() {
            Some(idle) => drop(sender.send(idle)),
            None => places.waiting.push_back(sender),
        }
        Waiting { shelf: self, given }
    }

    /// Takes all that lie there.
    pub(crate) fn take_all(&self) -> VecDeque<Idle<Db>> {
        std::mem::take(&mut self.places().idle)
    }

    /// Takes all, and sends away who waits.
    pub(crate) fn clear(&self) -> VecDeque<Idle<Db>> {
        self.places().waiting.clear();
        self.take_all()
    }

    fn places(&self) -> MutexGuard<'_, Places<Db>> {
        // Nothing panics while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Db: Database> Places<Db> {
    fn give(&mut self, mut idle: Idle<Db>) {
        while let Some(first) = self.waiting.pop_front() {
            match first.send(idle) {
                Ok(()) => return,
                Err(back) => idle = back, // nobody waits there any more
            }
        }
        self.idle.push_back(idle);
    }
}

impl<Db: Database> Default for Shelf<Db> {
    fn default() -> Self {
        Self(Mutex::new(Places { idle: VecDeque::new(), waiting: VecDeque::new(), opening: 0 }))
    }
}

impl<Db: Database> Drop for Shelf<Db> {
    fn drop(&mut self) {
        // To give one back takes a runtime, which may be gone by now.
        for Idle { connection, .. } in self.clear() {
            drop(connection.detach());
        }
    }
}

/// Somebody who waits; the error says that nobody is given any more.
pub(crate) struct Waiting<'a, Db: Database> {
    shelf: &'a Shelf<Db>,
    given: oneshot::Receiver<Idle<Db>>,
}

impl<Db: Database> Future for Waiting<'_, Db> {
    type Output = Result<Idle<Db>, oneshot::error::RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.given).poll(context)
    }
}

impl<Db: Database> Drop for Waiting<'_, Db> {
    fn drop(&mut self) {
        self.given.close();
        // It came as this one gave up.
        if let Ok(idle) = self.given.try_recv() {
            self.shelf.give(idle);
        }
    }
}

#[cfg(test)]
impl<Db: Database> Shelf<Db> {
    /// Says how many lie there.
    pub(crate) fn len(&self) -> usize {
        self.places().idle.len()
    }

    /// Acts as if nothing had happened for so long.
    pub(crate) fn age(&self, by: Duration) {
        self.places().idle.iter_mut().for_each(|idle| idle.used -= by);
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::future::poll_fn;

    use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

    use super::*;

    async fn idle(pool: &SqlitePool) -> Idle<sqlx::Sqlite> {
        let now = Instant::now();
        Idle { connection: pool.acquire().await.unwrap(), since: now, used: now }
    }

    /// Polls once, and tells whether it was given one.
    async fn given(waiting: &mut Waiting<'_, sqlx::Sqlite>) -> Option<Idle<sqlx::Sqlite>> {
        poll_fn(|context| match Pin::new(&mut *waiting).poll(context) {
            Poll::Ready(given) => Poll::Ready(given.ok()),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    #[tokio::test]
    async fn who_has_waited_for_longest_is_given_what_comes_back() {
        let (shelf, pool) = (Shelf::default(), SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap());
        let (mut first, gone, mut third, late) = (shelf.wait(), shelf.wait(), shelf.wait(), shelf.wait());
        drop(gone);
        shelf.give(idle(&pool).await);
        assert!(shelf.pop().is_none(), "somebody waits");
        assert!(given(&mut third).await.is_none());
        assert!(given(&mut first).await.is_some());
        shelf.give(idle(&pool).await);
        assert!(given(&mut third).await.is_some());
        // It comes as the last one gives up, and nobody else waits.
        shelf.give(idle(&pool).await);
        assert_eq!(shelf.len(), 0);
        drop(late);
        assert_eq!(shelf.len(), 1);
        assert!(given(&mut shelf.wait()).await.is_some(), "it lies there");
    }

    #[tokio::test]
    async fn those_who_gave_up_are_forgotten_though_nothing_comes_back() {
        let shelf = Shelf::<sqlx::Sqlite>::default();
        for _ in 0..100 {
            drop(shelf.wait());
        }
        assert!(shelf.places().waiting.len() <= 1);
    }
}
