//! Many tasks read one session, add to a number in it, and write it back: what they take, and how many updates are lost.

use std::collections::BTreeMap;
use std::time::Duration;

use session_redis::session_core::async_trait;

use super::contest::{Contestant, timed};

/// Keeps a session with a number in it.
pub(crate) trait Counter: Contestant {
    fn start(&self) -> impl Future<Output = Self::Key> + Send;
    /// Reads the number and writes one more, in whatever way is safe here.
    fn add_one(&self, key: &Self::Key) -> impl Future<Output = ()> + Send;
    fn number(&self, key: &Self::Key) -> impl Future<Output = u64> + Send;
}

/// Adds so many by so many tasks, and gives how long that took and how many were kept.
#[async_trait]
pub(crate) trait Contends: Send + Sync {
    async fn contend(&self, tasks: usize, updates: usize) -> (Duration, u64);
}

#[async_trait]
impl<C: Counter> Contends for C {
    async fn contend(&self, tasks: usize, updates: usize) -> (Duration, u64) {
        let key = self.start().await;
        let (this, of) = (self.clone(), key.clone());
        let add = move |_| {
            let (this, of) = (this.clone(), of.clone());
            async move { this.add_one(&of).await }
        };
        let (took, _) = timed(tasks, updates, add).await;
        let kept = self.number(&key).await;
        self.delete(&key).await;
        (took, kept)
    }
}

/// What came of all rounds.
#[derive(Default)]
pub(crate) struct Contention(BTreeMap<(usize, &'static str), Sum>);

#[derive(Default)]
struct Sum {
    updates: u64,
    kept: u64,
    /// The best time for each update that was kept.
    each: Option<Duration>,
}

impl Contention {
    pub(crate) fn note(&mut self, tasks: usize, who: &'static str, updates: usize, took: Duration, kept: u64) {
        let sum = self.0.entry((tasks, who)).or_default();
        sum.updates += updates as u64;
        sum.kept += kept;
        let each = took.div_f64(kept as f64);
        sum.each = Some(sum.each.map_or(each, |best| best.min(each)));
    }

    pub(crate) fn print(&self) {
        for ((tasks, who), sum) in &self.0 {
            let lost = sum.updates - sum.kept;
            println!("updates of one session by {tasks:>2} tasks  {who:<6} {lost:>6} lost of {}", sum.updates);
            assert!(*who != "ours" || lost == 0, "the store loses none");
        }
    }

    pub(crate) fn print_ratios(&self, tasks: &[usize]) {
        for tasks in tasks {
            let each = |who| self.0[&(*tasks, who)].each.expect("a round").as_secs_f64();
            for peer in ["tower", "actix"] {
                println!("ratio kept-update-{tasks}-over-{peer} {:.2}", each("ours") / each(peer));
            }
        }
    }
}
