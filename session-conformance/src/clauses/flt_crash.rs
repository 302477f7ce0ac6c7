//! FLT: a backend that is killed in the midst of writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use session_core::{Owner, Put, PutOutcome, Record, SessionKey, StoreError, Version};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::check::{Check, broken, ensure, not_applicable, with_causes, works};
use crate::harness::Crash;
use crate::model::show;
use crate::model::spec::{Answer, Op, State, step};
use crate::tools::case::Case;
use crate::tools::draw::{Draw, HOUR, MINUTE, SECOND};
use crate::tools::handle::Handle;

const TASKS: usize = 4;
/// So many calls of each task are answered before the backend is killed.
const BEFORE: usize = 20;
/// Whoever gets no answer at all gives up, as the core does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks FLT-8: after the backend was killed in the midst of writes and came back, every write that was acknowledged is
/// there, each of the others is there whole or not at all, and all goes on.
pub(crate) async fn flt_8_no_crash_loses_an_acknowledged_write(case: &Case) -> Check {
    const CRASHES: usize = 2;
    for _ in 0..CRASHES {
        let known = killed_while_written(case).await?;
        let store = &came_back(case).await?;
        for place in &known {
            place.stands(case, store).await?;
        }
    }
    Ok(())
}

/// Kills the backend in the midst of writes, and gives what has to stand then.
async fn killed_while_written(case: &Case) -> Check<Vec<Place>> {
    let crowd = case.crowd().await?;
    let shared = Arc::new(Shared::default());
    case.note(format!(
        "{TASKS} tasks write, each under keys of its own; after {BEFORE} answers to each the backend is killed"
    ));
    let write = |number: usize| {
        let owners = [case.draw.owner(), case.draw.owner()];
        let handle = crowd.task(number).quiet();
        tokio::spawn(Writer::new(handle, case.draw.clone(), owners, Arc::clone(&shared)).write())
    };
    let writers: Vec<_> = (0..TASKS).map(write).collect();
    let enough = timeout(case.time_limit / 4, shared.enough.notified()).await.is_ok();
    shared.killing.store(true, Ordering::Release);
    let crash = works("crash of the harness", case.harness.crash().await);
    shared.over.store(true, Ordering::Release);
    let mut known = Vec::new();
    for writer in writers {
        known.extend(works("a task", writer.await)??);
    }
    match crash? {
        Crash::Impossible(reason) => return not_applicable(reason),
        Crash::CameBack => {}
    }
    ensure(enough, format!("{BEFORE} answers to each task before the crash"), || {
        "it takes too long to come to so many".to_owned()
    })?;
    Ok(known)
}

/// Waits until there is a handle that answers.
async fn came_back(case: &Case) -> Check<Handle> {
    let began = Instant::now();
    loop {
        let answers = async {
            let handle = case.another_handle().await?;
            handle.get(&case.draw.key()).await?;
            Ok(handle)
        };
        match answers.await {
            Ok(handle) => return Ok(handle),
            Err(stop) if began.elapsed() > case.time_limit / 4 => return Err(stop),
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    /// How many tasks have had enough answers.
    ready: AtomicUsize,
    enough: Notify,
    killing: AtomicBool,
    over: AtomicBool,
}

/// A key, and what may stand under it: after the last write that was answered one thing.
struct Place {
    key: SessionKey,
    owners: [Owner; 2],
    possible: Vec<State>,
}

/// Writes under one key after the other, until the backend fails.
struct Writer {
    handle: Handle,
    draw: Draw,
    owners: [Owner; 2],
    shared: Arc<Shared>,
}

impl Writer {
    fn new(handle: Handle, draw: Draw, owners: [Owner; 2], shared: Arc<Shared>) -> Self {
        Self { handle, draw, owners, shared }
    }

    /// Gives what it knows of each of its keys.
    async fn write(self) -> Check<Vec<Place>> {
        let mut places: Vec<_> =
            (0..3).map(|_| Place { key: self.draw.key(), owners: self.owners.clone(), possible: vec![None] }).collect();
        for turn in 0_usize.. {
            let count = places.len();
            let place = &mut places[turn % count];
            let state = place.possible[0].clone();
            let op = self.choose(&state, turn / count);
            let (expected, next) = step(&state, &op);
            match timeout(PATIENCE, self.call(&place.key, &op)).await {
                Ok(Ok(answer)) => {
                    ensure(answer == expected, expected.show(self.draw.base), || {
                        let killing = self.shared.killing.load(Ordering::Acquire);
                        let when = if killing { "during or after the crash" } else { "before the crash" };
                        format!("{}, {when}", answer.show(self.draw.base))
                    })?;
                    place.possible = vec![next];
                }
                // What is refused for certain was not done. A `touch` or a `delete` has no word for what is not certain.
                Ok(Err(error)) => {
                    let refused = matches!(op, Op::Put(..)) && !matches!(error, StoreError::Indeterminate { .. });
                    place.possible.extend((!refused).then_some(next));
                    return Ok(places);
                }
                Err(_) => {
                    place.possible.push(next);
                    return Ok(places);
                }
            }
            if turn + 1 == BEFORE && self.shared.ready.fetch_add(1, Ordering::AcqRel) + 1 == TASKS {
                self.shared.enough.notify_one();
            }
            if self.shared.over.load(Ordering::Acquire) {
                break;
            }
            // A store that never waits would keep the others from their turns.
            tokio::task::yield_now().await;
        }
        Ok(places)
    }

    fn choose(&self, state: &State, turn: usize) -> Op {
        let owner = Some(self.owners[turn % 2].clone());
        let record = Record { owner, expires_at: self.draw.base + HOUR, ..self.draw.record() };
        let Some(stands) = state else { return Op::Put(record, Put::Create) };
        let version: Version = stands.version;
        match turn % 5 {
            0 | 2 => Op::Put(record, Put::Replace(version)),
            1 => Op::Touch(version, stands.last_seen_at + SECOND, stands.expires_at + MINUTE),
            3 => Op::Put(record, Put::End(version)),
            _ => Op::Delete,
        }
    }

    async fn call(&self, key: &SessionKey, op: &Op) -> Result<Answer, StoreError> {
        let store = self.handle.raw();
        Ok(match op {
            Op::Get => Answer::Got(store.get(key).await?),
            Op::Put(record, put) => Answer::Put(store.put(key, record, *put).await?),
            Op::Touch(version, seen, until) => Answer::Done(store.touch(key, *version, *seen, *until).await?),
            Op::Delete => Answer::Done(store.delete(key).await?),
        })
    }
}

impl Place {
    /// Expects what may stand, in the owner's list, too; then writes as the next client would.
    async fn stands(&self, case: &Case, store: &Handle) -> Check {
        let found = store.get(&self.key).await?;
        ensure(self.possible.contains(&found), self.show(case), || {
            format!("{}, after the crash", show::found(case.base, found.as_deref()))
        })?;
        let owner = found.as_ref().and_then(|it| it.owner.as_ref());
        for other in &self.owners {
            let of_owner: Vec<_> = match store.raw().owners() {
                Some(_) => store.list(other, 100).await?.into_iter().map(|(key, _)| key).collect(),
                None => break,
            };
            let times = of_owner.iter().filter(|it| **it == self.key).count();
            let expected = usize::from(owner == Some(other));
            ensure(
                times == expected,
                format!("{} {expected} times in {}", show::key(&self.key), show::owner(other)),
                || format!("{times} times, after the crash"),
            )?;
        }
        let (next, put) = (case.draw.record(), found.as_ref().map_or(Put::Create, |it| Put::Replace(it.version)));
        match store.try_put(&self.key, &next, put).await {
            Ok(PutOutcome::Stored) => {}
            Ok(outcome) => return broken("Stored", show::outcome(case.base, &outcome)),
            Err(error) => return broken("Stored", with_causes(&error)),
        }
        store.holds(&self.key, &next).await?;
        store.expect_delete(&self.key, true).await?;
        for owner in &self.owners {
            let left = match store.raw().owners() {
                Some(_) => store.list(owner, 100).await?,
                None => break,
            };
            let left = left.iter().any(|(key, _)| *key == self.key);
            ensure(!left, format!("{} without {}", show::owner(owner), show::key(&self.key)), || {
                "it is there".to_owned()
            })?;
        }
        Ok(())
    }

    fn show(&self, case: &Case) -> String {
        let states: Vec<_> = self.possible.iter().map(|state| show::found(case.base, state.as_deref())).collect();
        format!("under {} {}", show::key(&self.key), states.join("\nor "))
    }
}
