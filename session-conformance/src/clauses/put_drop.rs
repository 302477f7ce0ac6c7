//! PUT, by a client that hangs up.

use session_core::{Put, PutOutcome, Record, SessionKey};

use crate::check::{Check, Stop, broken, ensure, works};
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::{Dice, HOUR};
use crate::tools::handle::Handle;
use crate::tools::hang_up::{MOST_POLLS, abort_after, poll_at_most};
use crate::tools::race::runner;

/// Checks PUT-10: whatever moment a `put` is dropped at, every later read is of a whole record, old or
/// new, and a sweep finds it.
pub(crate) async fn put_10_a_dropped_put_leaves_a_whole_record(case: &Case) -> Check {
    for create in [true, false] {
        at_every_await(case, create, Then::Writes).await?;
        if case.store.raw().sweep().is_some() {
            at_every_await(case, create, Then::Sweeps).await?;
        }
    }
    for create in [true, false] {
        at_random_moments(case, create).await?;
    }
    Ok(())
}

/// What comes after a put that was dropped. A write would mend what a sweep does not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Writes,
    Sweeps,
}

/// Drops the put after 0, 1, 2, … polls, until one completes: at each await it has.
async fn at_every_await(case: &Case, create: bool, then: Then) -> Check {
    let handle = &case.store;
    for polls in 0..MOST_POLLS {
        let attempt = Attempt::start(case, handle, create).await?;
        let new = show::record(case.base, &attempt.new);
        case.note(format!("put {} {:?} {new}, dropped after {polls} polls", show::key(&attempt.key), attempt.put()));
        let call = handle.raw().put(&attempt.key, &attempt.new, attempt.put());
        let done = poll_at_most(polls, call).await;
        match then {
            Then::Writes => attempt.leaves_a_whole_record(case, handle).await?,
            Then::Sweeps => attempt.is_swept(case, handle).await?,
        }
        if let Some(outcome) = done {
            let outcome = works("put", outcome)?;
            return ensure(outcome == PutOutcome::Stored, "Stored", || show::outcome(case.base, &outcome));
        }
    }
    Ok(())
}

/// Drops the put at any moment, while a second handle reads.
async fn at_random_moments(case: &Case, create: bool) -> Check {
    let crowd = case.crowd().await?;
    for round in case.rounds() {
        let mut dice = Dice::new(case.draw.number());
        let each = crowd.each();
        let attempt = Attempt::start(case, &each[0], create).await?;
        let (yields, reads) = (dice.roll(20), dice.roll(4));
        let (handle, dropped) = (crowd.task(0), attempt.clone());
        let put = async move { handle.put(&dropped.key, &dropped.new, dropped.put()).await.map(drop) };
        let hang_up = if round.on_threads() {
            runner(abort_after(yields, put))
        } else {
            runner(async move { poll_at_most(yields / 2, put).await.unwrap_or(Ok(())) })
        };
        let (handle, read) = (crowd.task(1), attempt.clone());
        let watch = runner(async move {
            for _ in 0..reads {
                read.is_whole(&handle).await?;
            }
            Ok(())
        });
        round.race(vec![hang_up, watch]).await?;
        attempt.leaves_a_whole_record(case, &each[round.number / 2 % 2]).await?;
    }
    Ok(())
}

/// One put that is going to be dropped. The old record and the new have nothing in common.
#[derive(Clone, Debug)]
struct Attempt {
    key: SessionKey,
    old: Option<Record>,
    new: Record,
}

impl Attempt {
    async fn start(case: &Case, handle: &Handle, create: bool) -> Check<Self> {
        let (key, new) = (case.draw.key(), case.draw.record());
        let old = (!create).then(|| case.draw.record());
        if let Some(old) = &old {
            handle.create(&key, old).await?;
        }
        Ok(Self { key, old, new })
    }

    fn put(&self) -> Put {
        self.old.as_ref().map_or(Put::Create, |old| Put::Replace(old.version))
    }

    /// Reads once, and expects the old state or the new.
    async fn is_whole(&self, handle: &Handle) -> Check<Option<Record>> {
        let candidates: Vec<_> = self.old.iter().chain([&self.new]).collect();
        match handle.get(&self.key).await? {
            None if self.old.is_none() => Ok(None),
            _ => handle.holds_one_of(&self.key, &candidates).await.map(|it| Some((*it).clone())),
        }
    }

    /// Reads, lists, writes and deletes as the next client would.
    async fn leaves_a_whole_record(&self, case: &Case, handle: &Handle) -> Check {
        let mut found = self.is_whole(handle).await?;
        if handle.raw().owners().is_some() {
            // The dropped write may still arrive, but only once: what is read twice, stands.
            for _ in 0..3 {
                let listed = self.listed(handle, found.as_ref()).await?;
                let again = self.is_whole(handle).await?;
                if again == found {
                    ensure(listed, "the owner's list holds the record", || "it does not".to_owned())?;
                    break;
                }
                found = again;
            }
        }
        // The store still works: no lock is held, no reply is left over for the wrong command.
        let next = case.draw.record();
        let put = found.as_ref().map_or(Put::Create, |found| Put::Replace(found.version));
        let outcome = handle.put(&self.key, &next, put).await?;
        match outcome {
            // The dropped write can no longer store: what it would replace is gone.
            PutOutcome::Stored => handle.holds(&self.key, &next).await?,
            // The dropped write arrived in between.
            PutOutcome::Exists if found.is_none() => {}
            PutOutcome::Conflict(ref winner) if **winner == self.new => {}
            other => ensure(false, "Stored", || show::outcome(case.base, &other))?,
        }
        Ok(())
    }

    /// Sweeps once both deadlines are past, and expects nothing to be left.
    async fn is_swept(&self, case: &Case, handle: &Handle) -> Check {
        if let Some(found) = handle.get(&self.key).await? {
            let whole = *found == self.new || self.old.as_ref() == Some(&*found);
            ensure(whole, "a whole record, old or new", || show::record(case.base, &found))?;
        }
        let owners: Vec<_> = self.old.iter().chain([&self.new]).filter_map(|record| record.owner.as_ref()).collect();
        match handle.are_swept(case.base + 3 * HOUR, &[self.key], &owners).await {
            Err(Stop::Broken { came, .. }) => broken("a sweep that finds the record", format!("it is left: {came}")),
            other => other,
        }
    }

    async fn listed(&self, handle: &Handle, found: Option<&Record>) -> Check<bool> {
        let Some(owner) = found.and_then(|found| found.owner.as_ref()) else { return Ok(true) };
        Ok(handle.list(owner, 10).await?.iter().any(|(key, _)| *key == self.key))
    }
}
