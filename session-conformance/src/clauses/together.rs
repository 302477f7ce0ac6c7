//! CON: everything at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session_core::{CloseOutcome, Handled, ManualClock, Put, PutOutcome, RequestHead, SessionKey, Sessions, Version};

use crate::check::{Check, broken, ensure, works};
use crate::model::history::{is_linearizable, lost_update, show, smallest_failing};
use crate::model::spec::{Answer, Op};
use crate::tools::case::{Case, Crowd};
use crate::tools::draw::{Dice, Draw, HOUR, MINUTE};
use crate::tools::handle::Handle;
use crate::tools::race::{both, runner};
use crate::tools::recorded::Recorded;

/// Checks CON-1: concurrent histories on one key are linearizable.
pub(crate) async fn con_1_histories_are_linearizable(case: &Case) -> Check {
    histories(case, &case.crowd().await?, "through two handles").await
}

/// Makes histories through the handles of a crowd, and expects that each can be explained.
pub(super) async fn histories(case: &Case, crowd: &Crowd, through: &str) -> Check {
    const TASKS: usize = 4;
    const CALLS: usize = 7;
    case.note(format!(
        "over and over: {TASKS} tasks make {CALLS} calls each on one key, {through}; some writes are sent twice at once"
    ));
    for round in case.rounds() {
        let (latest, key) = (Arc::default(), case.draw.key());
        let caller = |task: usize| {
            let caller = Caller {
                key,
                handle: crowd.task(task),
                draw: case.draw.clone(),
                dice: Dice::new(case.draw.number()),
                latest: Arc::clone(&latest),
            };
            runner(caller.make(CALLS))
        };
        round.race((0..TASKS).map(caller).collect()).await?;
        let calls = case.calls_on(&key);
        if !is_linearizable(&calls) {
            let smallest = smallest_failing(&calls);
            let left_out = match calls.len() - smallest.len() {
                0 => String::new(),
                calls => format!(" ({calls} other calls do not matter)"),
            };
            case.forget_calls();
            return broken(
                "an order of the calls, each at some moment between its beginning and its end, that explains every answer",
                format!("none explains these{left_out}:\n{}", show(case.base, &smallest)),
            );
        }
    }
    Ok(())
}

/// One of the tasks that make a history.
struct Caller {
    key: SessionKey,
    handle: Handle,
    draw: Draw,
    dice: Dice,
    /// The latest version that anybody has seen stored, so that replaces meet.
    latest: Arc<Mutex<Option<Version>>>,
}

impl Caller {
    async fn make(mut self, calls: usize) -> Check {
        let mut known = None;
        for _ in 0..calls {
            let op = self.choose(known);
            // As the core sends a write again that may be under way still.
            let (first, again) = match op {
                Op::Put(..) if self.dice.roll(3) == 0 => {
                    let (first, again) = both(self.call(&op), self.call(&op)).await;
                    (first?, Some(again?))
                }
                _ => (self.call(&op).await?, None),
            };
            for answer in [Some(first), again].into_iter().flatten() {
                if let Some(version) = stored_version(&op, &answer) {
                    known = Some(version);
                    *self.latest() = Some(version);
                }
            }
        }
        Ok(())
    }

    fn latest(&self) -> MutexGuard<'_, Option<Version>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
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
            8..12 => Op::Put(record, Put::Replace(version)),
            12..14 => Op::Put(record, Put::End(version)),
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
pub(crate) async fn con_2_no_update_is_lost(case: &Case) -> Check {
    const TASKS: u64 = 4;
    const UPDATES: u64 = 8;
    let crowd = case.crowd().await?;
    let process = |number| {
        Sessions::builder(Recorded(crowd.task(number)))
            .clock(ManualClock::new(case.base))
            .random(case.draw.clone())
            // Requests that wait for each other on a slow backend are not what fails here.
            .operation_timeout(case.time_limit)
            .build()
    };
    // The core puts the writers of one process into a queue, so it takes two to have conflicts.
    let sides = [works("build", process(0))?, works("build", process(1))?];
    case.note(format!("{TASKS} tasks, half of them in another process, add 1 to a counter {UPDATES} times each"));
    for round in case.rounds_of(2) {
        let cookie = add(&sides[0], None).await?;
        let counter = |task: u64| {
            let (sessions, cookie) = (sides[task as usize % 2].clone(), cookie.clone());
            runner(async move {
                for _ in 0..UPDATES {
                    add(&sessions, cookie.as_deref()).await?;
                }
                Ok(())
            })
        };
        round.race((0..TASKS).map(counter).collect()).await?;
        for sessions in &sides {
            let session = works("load", sessions.open(request(cookie.as_deref())).load().await)?;
            let count = works("get", session.get::<u64>("n"))?;
            // The first one began the session.
            let expected = 1 + TASKS * UPDATES;
            if count != Some(expected) {
                let lost = lost_update(&case.calls());
                case.forget_calls();
                return broken(
                    format!("the counter at {expected}: that many updates were answered with Stored"),
                    format!("the counter at {}\n{}", count.unwrap_or(0), show(case.base, &lost)),
                );
            }
        }
    }
    Ok(())
}

fn request(cookie: Option<&str>) -> RequestHead<'static> {
    RequestHead::new("POST").with_cookies(cookie.map(str::as_bytes))
}

/// Makes one request that adds 1 to the counter, and gives the cookie that it was given.
async fn add(sessions: &Sessions, cookie: Option<&str>) -> Check<Option<String>> {
    let lazy = sessions.open(request(cookie));
    let session = works("load", lazy.load().await)?;
    works("update", session.update("n", |old: Option<u64>| old.unwrap_or(0) + 1))?;
    let closed = sessions.close(&lazy, Handled::Completed).await;
    let outcome = works("close", closed.outcome)?;
    ensure(matches!(outcome, CloseOutcome::Created | CloseOutcome::Written), "the update is stored", || {
        format!("{outcome:?}")
    })?;
    Ok(closed.set_cookie.as_deref().and_then(|it| it.split(';').next()).map(str::to_owned))
}
