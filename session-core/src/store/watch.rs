//! What a store tells of changes, and who hears it.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::SessionKey;

/// How many notices wait for one who listens, before the oldest are given up.
const MOST: usize = 4096;

/// News of records that were ended or changed, in whatever process, soon after it happened.
///
/// A notice is a hint and never the truth: whoever hears one looks at the store. What it tells has happened, so a look
/// that begins then sees it. No write waits for who listens, nor fails because it could not be told.
///
/// A store makes one [`Notifier`] of its own, tells it, and gives its [`watcher`](Notifier::watcher) to whoever asks.
pub trait Watch: Send + Sync {
    /// The kind of changes of which all are told.
    fn tells(&self) -> Tells;

    /// Begins to listen. It may be called from wherever there is a Tokio runtime, and costs nothing once what it gave is
    /// dropped.
    fn watcher(&self) -> Watcher;
}

/// The kind of changes of which a store tells all. It may tell of others, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tells {
    /// Every [`End`](super::Put::End) that was stored.
    Ends,
    /// Every `Replace`, `End`, `touch` and `delete` that did something. Not what a sweep removes, since nobody holds that
    /// any more; and not what was created, since nobody held that yet.
    Changes,
}

/// What one who listens is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// What stands under the key was changed, or may have been.
    Changed(SessionKey),
    /// From here on nothing is told: the connection is gone, or silent for too long. What is held may be out of date.
    Lost,
    /// From here on everything is told. Of what was before, something may not have been: look at what you hold.
    ///
    /// It is the first notice of all, and comes alone, too, where one who listens was too slow for what there was to tell.
    Resumed,
}

/// A listener to what a store tells; see [`Watch`].
pub struct Watcher {
    notices: broadcast::Receiver<Notice>,
    first: Option<Notice>,
}

impl Watcher {
    /// Waits for the next notice; `None` once the store is gone. It may be dropped while it waits, and nothing is lost.
    ///
    /// ```
    /// use session_core::{Notice, Notifier, SessionKey};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let notifier = Notifier::new();
    /// notifier.resumed();
    /// let mut watcher = notifier.watcher();
    /// assert_eq!(watcher.next().await, Some(Notice::Resumed));
    ///
    /// let key = SessionKey::from_bytes([7; 32]);
    /// notifier.changed(&key);
    /// assert_eq!(watcher.next().await, Some(Notice::Changed(key)));
    ///
    /// drop(notifier);
    /// assert_eq!(watcher.next().await, None);
    /// # });
    /// ```
    pub async fn next(&mut self) -> Option<Notice> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        match self.notices.recv().await {
            Ok(notice) => Some(notice),
            Err(RecvError::Lagged(_)) => Some(Notice::Resumed),
            Err(RecvError::Closed) => None,
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

/// What tells all who listen, for a store that can; see [`Watch`].
///
/// It waits for nobody: whoever is slow loses the oldest notices, and is told that it did. While nobody has ever listened
/// it costs a look at an atomic.
pub struct Notifier {
    notices: OnceLock<broadcast::Sender<Notice>>,
    is_live: AtomicBool,
}

impl Notifier {
    /// Creates one that is not live yet: nothing that happens is told before it is [`resumed`](Self::resumed).
    #[must_use]
    pub const fn new() -> Self {
        Self { notices: OnceLock::new(), is_live: AtomicBool::new(false) }
    }

    /// Announces that what stands under `key` was changed. Call it once whoever looks sees the change.
    pub fn changed(&self, key: &SessionKey) {
        self.tell(Notice::Changed(*key));
    }

    /// Announces that from here on nothing is told; does nothing if that was so before.
    pub fn lost(&self) {
        if self.is_live.swap(false, Ordering::SeqCst) {
            self.tell(Notice::Lost);
        }
    }

    /// Announces that from here on everything is told.
    pub fn resumed(&self) {
        self.is_live.store(true, Ordering::SeqCst);
        self.tell(Notice::Resumed);
    }

    /// Returns another who listens. If the notifier is live, so is it: its first notice is
    /// [`Resumed`](Notice::Resumed).
    pub fn watcher(&self) -> Watcher {
        let notices = self.notices.get_or_init(|| broadcast::channel(MOST).0).subscribe();
        // In this order: what becomes of the feed after the look is among the notices.
        let first = self.is_live.load(Ordering::SeqCst).then_some(Notice::Resumed);
        Watcher { notices, first }
    }

    /// Returns whether anybody listens.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.notices.get().is_some_and(|notices| notices.receiver_count() > 0)
    }

    fn tell(&self, notice: Notice) {
        if let Some(notices) = self.notices.get() {
            // An error says that nobody listens now.
            let _ = notices.send(notice);
        }
    }
}

impl Default for Notifier {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("is_live", &self.is_live).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u16) -> SessionKey {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        SessionKey::from_bytes(bytes)
    }

    #[tokio::test]
    async fn what_happens_before_it_is_live_is_not_told() {
        let notifier = Notifier::new();
        let mut watcher = notifier.watcher();
        notifier.resumed();
        notifier.changed(&key(1));
        assert_eq!(watcher.next().await, Some(Notice::Resumed));
        assert_eq!(watcher.next().await, Some(Notice::Changed(key(1))));
        notifier.lost();
        assert_eq!(watcher.next().await, Some(Notice::Lost));
        // Whoever comes now is told once there is something to tell.
        let mut late = notifier.watcher();
        notifier.resumed();
        assert_eq!(late.next().await, Some(Notice::Resumed));
    }

    #[tokio::test]
    async fn who_is_slow_is_told_so_and_holds_no_more_than_the_newest() {
        let notifier = Notifier::new();
        notifier.resumed();
        let (mut slow, mut late) = (notifier.watcher(), notifier.watcher());
        for number in 0..=u16::MAX {
            notifier.changed(&key(number));
        }
        assert_eq!(slow.next().await, Some(Notice::Resumed), "its first");
        assert_eq!(slow.next().await, Some(Notice::Resumed), "it was too slow");
        let mut held = Vec::new();
        drop(notifier);
        while let Some(notice) = slow.next().await {
            held.push(notice);
        }
        assert_eq!(held.len(), MOST);
        assert_eq!(held.last(), Some(&Notice::Changed(key(u16::MAX))));
        assert_eq!(late.next().await, Some(Notice::Resumed));
    }

    #[test]
    fn it_knows_whether_anybody_listens() {
        let notifier = Notifier::new();
        assert!(!notifier.is_heard());
        let watcher = notifier.watcher();
        assert!(notifier.is_heard());
        drop(watcher);
        assert!(!notifier.is_heard());
    }
}
