//! CON: everything at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use session_core::{CloseOutcome, Handled, ManualClock, Put, PutOutcome, SessionKey, Sessions, Version};

use crate::case::Case;
use crate::check::{Check, broken, ensure, equal, works};
use crate::draw::{Dice, Draw, HOUR, MINUTE};
use crate::handle::Handle;
use crate::harness::Harness;
use crate::history::{Call, is_linearizable, shortest_failing, show};
use crate::race::{race, runner};
use crate::spec::{Answer, Op};

/// Checks CON-1: concurrent histories on one key are linearizable.
pub(crate) async fn con_1_histories_are_linearizable<H: Harness>(case: &Case<H>) -> Check {
    const TASKS: usize = 4;
    const CALLS: usize = 7;
    let handles = case.handles().await?;
    case.note(format!("{} times: {TASKS} tasks make {CALLS} calls each on one key, through two handles", H::ROUNDS));
    for _ in 0..H::ROUNDS {
        let shared = Arc::new(Shared::default());
        let key = case.draw.key();
        let recorder = |task: usize| {
            let recorder = Recorder {
                task,
                key,
                handle: handles[task % 2].clone(),
                draw: case.draw.clone(),
                dice: Dice::new(case.draw.number()),
                shared: Arc::clone(&shared),
            };
            runner(recorder.record(CALLS))
        };
        let calls: Vec<Call> = race((0..TASKS).map(recorder).collect()).await?.into_iter().flatten().collect();
        if !is_linearizable(&calls) {
            let history = show(case.base, &shortest_failing(&calls));
            return broken(
                "an order of the calls that explains every answer",
                format!("none for this history (each call with the moments it began and ended):\n{history}"),
            );
        }
    }
    Ok(())
}

/// What the tasks of one history share.
#[derive(Debug, Default)]
struct Shared {
    moments: AtomicU64,
    /// The latest version that anybody has seen stored, so that replaces meet.
    version: Mutex<Option<Version>>,
}

struct Recorder {
    task: usize,
    key: SessionKey,
    handle: Handle,
    draw: Draw,
    dice: Dice,
    shared: Arc<Shared>,
}

impl Recorder {
    async fn record(mut self, calls: usize) -> Check<Vec<Call>> {
        let mut history = Vec::with_capacity(calls);
        let mut known = None;
        for _ in 0..calls {
            let op = self.choose(known);
            let began = self.moment();
            let answer = self.call(&op).await?;
            let ended = self.moment();
            known = stored_version(&op, &answer).or(known);
            if let Some(version) = stored_version(&op, &answer) {
                *self.latest() = Some(version);
            }
            history.push(Call { task: self.task, op, answer: Some(answer), began, ended });
        }
        Ok(history)
    }

    fn moment(&self) -> u64 {
        self.shared.moments.fetch_add(1, Ordering::SeqCst)
    }

    fn latest(&self) -> std::sync::MutexGuard<'_, Option<Version>> {
        self.shared.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws a call: mostly writes of the latest version, sometimes of one that is stale.
    fn choose(&mut self, known: Option<Version>) -> Op {
        let record = self.draw.record();
        let latest = *self.latest();
        let version = if self.dice.roll(4) == 0 { known.or(latest) } else { latest };
        let Some(version) = version else { return Op::Put(record, Put::Create) };
        match self.dice.roll(20) {
            0..5 => Op::Get,
            5..8 => Op::Put(record, Put::Create),
            8..14 => Op::Put(record, Put::Replace(version)),
            14..18 => {
                let by = MINUTE * self.dice.roll(50) as u32;
                Op::Touch(version, self.draw.base + by, self.draw.base + HOUR + 2 * by)
            }
            _ => Op::Delete,
        }
    }

    async fn call(&self, op: &Op) -> Check<Answer> {
        let (handle, key) = (&self.handle, &self.key);
        Ok(match op {
            Op::Get => Answer::Got(handle.get(key).await?),
            Op::Put(record, put) => Answer::Put(handle.put(key, record, *put).await?),
            Op::Touch(version, seen, until) => Answer::Done(handle.touch(key, *version, *seen, *until).await?),
            Op::Delete => Answer::Done(handle.delete(key).await?),
        })
    }
}

/// Gives the version that an answer shows to be stored.
fn stored_version(op: &Op, answer: &Answer) -> Option<Version> {
    match (op, answer) {
        (Op::Put(record, _), Answer::Put(PutOutcome::Stored)) => Some(record.version),
        (_, Answer::Put(PutOutcome::Conflict(winner))) => Some(winner.version),
        (_, Answer::Got(Some(found))) => Some(found.version),
        _ => None,
    }
}

/// Checks CON-2: K tasks that each add 1 to a counter through the core M times end at K × M.
pub(crate) async fn con_2_no_update_is_lost<H: Harness>(case: &Case<H>) -> Check {
    const TASKS: u64 = 4;
    const UPDATES: u64 = 15;
    let handles = case.handles().await?;
    let count = |handle: &Handle| {
        Sessions::builder(Arc::clone(handle.raw()))
            .clock(ManualClock::new(case.base))
            // Requests that wait for each other on a slow backend are not what fails here.
            .operation_timeout(H::TIME_LIMIT)
            .build()
    };
    // The core puts the writers of one process into a queue, so it takes two to have conflicts.
    let sides = [works("build", count(&handles[0]))?, works("build", count(&handles[1]))?];
    let cookie = add(&sides[0], None).await?;
    case.note(format!("{TASKS} tasks, half of them in another process, add 1 to a counter {UPDATES} times each"));
    let counter = |task: u64| {
        let (sessions, cookie) = (sides[task as usize % 2].clone(), cookie.clone());
        runner(async move {
            for _ in 0..UPDATES {
                add(&sessions, cookie.as_deref()).await?;
            }
            Ok(())
        })
    };
    race((0..TASKS).map(counter).collect()).await?;
    for sessions in &sides {
        let session = works("load", sessions.open(cookie.as_deref().map(str::as_bytes)).load().await)?;
        let count = works("get", session.get::<u64>("n"))?;
        // The first one began the session.
        equal("the counter", &Some(1 + TASKS * UPDATES), &count)?;
    }
    Ok(())
}

/// Makes one request that adds 1 to the counter, and gives the cookie that it was given.
async fn add(sessions: &Sessions, cookie: Option<&str>) -> Check<Option<String>> {
    let request = sessions.open(cookie.map(str::as_bytes));
    let session = works("load", request.load().await)?;
    works("update", session.update("n", |old: Option<u64>| old.unwrap_or(0) + 1))?;
    let closed = sessions.close(&request, Handled::Completed).await;
    let outcome = works("close", closed.outcome)?;
    ensure(matches!(outcome, CloseOutcome::Created | CloseOutcome::Written), "the update is stored", || {
        format!("{outcome:?}")
    })?;
    Ok(closed.set_cookie.as_deref().and_then(|it| it.split(';').next()).map(str::to_owned))
}
