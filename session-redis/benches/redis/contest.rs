//! Who is measured, and how: every verb of every contestant in short slices, one after the other, over and over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session_redis::session_core::async_trait;

/// Keeps sessions with one payload, each under a key of its own choice.
pub(crate) trait Contestant: Clone + Send + Sync + 'static {
    type Key: Clone + Send + Sync + 'static;

    fn create(&self) -> impl Future<Output = Self::Key> + Send;
    fn read(&self, key: &Self::Key) -> impl Future<Output = ()> + Send;
    /// Moves the deadline. Called once for each session.
    fn touch(&self, key: &Self::Key) -> impl Future<Output = ()> + Send;
    /// Writes all of it anew. Called once for each session.
    fn write(&self, key: &Self::Key) -> impl Future<Output = ()> + Send;
    fn delete(&self, key: &Self::Key) -> impl Future<Output = ()> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    Create,
    Read,
    Touch,
    Write,
    Delete,
}

impl Verb {
    pub(crate) const ALL: [Self; 5] = [Self::Create, Self::Read, Self::Touch, Self::Write, Self::Delete];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Touch => "touch",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }
}

/// A contestant with the sessions that it has made.
pub(crate) struct Seat<C: Contestant> {
    contestant: C,
    keys: Arc<Vec<C::Key>>,
}

impl<C: Contestant> Seat<C> {
    pub(crate) fn boxed(contestant: C) -> Box<dyn Slices> {
        Box::new(Self { contestant, keys: Arc::default() })
    }

    async fn over<F>(&self, tasks: usize, work: impl Fn(C, C::Key) -> F + Clone + Send + 'static) -> Duration
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (keys, contestant) = (Arc::clone(&self.keys), self.contestant.clone());
        let one = move |at: usize| work(contestant.clone(), keys[at].clone());
        timed(tasks, self.keys.len(), one).await.0
    }
}

/// Does one verb for so many sessions, by so many tasks, and gives how long that took.
#[async_trait]
pub(crate) trait Slices: Send {
    async fn slice(&mut self, verb: Verb, tasks: usize, count: usize) -> Duration;
}

#[async_trait]
impl<C: Contestant> Slices for Seat<C> {
    async fn slice(&mut self, verb: Verb, tasks: usize, count: usize) -> Duration {
        match verb {
            Verb::Create => {
                let contestant = self.contestant.clone();
                let create = move |_| {
                    let contestant = contestant.clone();
                    async move { contestant.create().await }
                };
                let (took, keys) = timed(tasks, count, create).await;
                self.keys = Arc::new(keys);
                took
            }
            Verb::Read => self.over(tasks, |contestant, key| async move { contestant.read(&key).await }).await,
            Verb::Touch => self.over(tasks, |contestant, key| async move { contestant.touch(&key).await }).await,
            Verb::Write => self.over(tasks, |contestant, key| async move { contestant.write(&key).await }).await,
            Verb::Delete => self.over(tasks, |contestant, key| async move { contestant.delete(&key).await }).await,
        }
    }
}

/// Sets so many tasks off, each with its part of the work, and gives how long all took and what came of it.
pub(crate) async fn timed<F, T>(
    tasks: usize,
    count: usize,
    work: impl Fn(usize) -> F + Clone + Send + 'static,
) -> (Duration, Vec<T>)
where
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let began = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut done = Vec::with_capacity(count / tasks + 1);
                for at in (task..count).step_by(tasks) {
                    done.push(work(at).await);
                }
                done
            })
        })
        .collect();
    let mut all = Vec::with_capacity(count);
    for task in running {
        all.extend(task.await.expect("no panic"));
    }
    (began.elapsed(), all)
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) verb: Verb,
    pub(crate) size: usize,
    pub(crate) tasks: usize,
}

/// Keeps the best time of each line and contestant: what disturbs a slice only ever makes it longer.
#[derive(Default)]
pub(crate) struct Times(BTreeMap<(Line, &'static str), Duration>);

impl Times {
    /// Notes what one operation took.
    pub(crate) fn note(&mut self, line: Line, who: &'static str, took: Duration, count: usize) {
        let one = took / u32::try_from(count).expect("a slice is short");
        self.0.entry((line, who)).and_modify(|best| *best = one.min(*best)).or_insert(one);
    }

    /// Gives the first one's time over the second's; `None` if one of them was not measured.
    pub(crate) fn ratio(&self, line: Line, over: [&'static str; 2]) -> Option<f64> {
        let [first, second] = over.map(|who| self.0.get(&(line, who)));
        Some(first?.as_secs_f64() / second?.as_secs_f64())
    }

    pub(crate) fn print(&self) {
        for ((Line { verb, size, tasks }, who), one) in &self.0 {
            println!("{:<6} of {size:>5} B by {tasks:>2} tasks  {who:<6} {:>9.2} µs", verb.name(), micros(*one));
        }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
