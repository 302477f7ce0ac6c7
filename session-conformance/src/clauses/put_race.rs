//! PUT, many tasks at once.

use session_core::{Put, PutOutcome, Record, SessionKey, Version};

use crate::check::{Check, broken, ensure};
use crate::model::show;
use crate::tools::case::{Case, Crowd};
use crate::tools::handle::Handle;
use crate::tools::race::{Round, runner};

const TASKS: usize = 6;

/// Checks PUT-8: of many concurrent `Create`s of one key exactly one stores.
pub(crate) async fn put_8_one_of_many_creates_stores(case: &Case) -> Check {
    let crowd = case.crowd().await?;
    case.note(format!(
        "over and over: {TASKS} tasks create one key at once, those of odd number through a second handle"
    ));
    for round in case.rounds() {
        let key = case.draw.key();
        let outcomes = put_at_once(case, &round, &crowd, key, |_| Put::Create).await?;
        let winner = only_winner(case, &outcomes)?;
        for (record, outcome) in &outcomes {
            let expected = record == winner || *outcome == PutOutcome::Exists;
            ensure(expected, "Exists for every loser", || show::outcome(case.base, outcome))?;
        }
        agree_on(&crowd.each(), &key, winner, &outcomes).await?;
    }
    Ok(())
}

/// Checks PUT-9: of many concurrent `Replace`s of one version exactly one stores, and every loser is
/// shown a winner.
pub(crate) async fn put_9_one_of_many_replaces_stores(case: &Case) -> Check {
    case.note(format!(
        "over and over: {TASKS} tasks replace one version at once, those of odd number through a second handle"
    ));
    one_of_many_replaces(case, |_, version| Put::Replace(version)).await
}

/// Races the tasks, each with its way to replace the version that stands.
pub(super) async fn one_of_many_replaces(case: &Case, way: impl Fn(usize, Version) -> Put) -> Check {
    let crowd = case.crowd().await?;
    for round in case.rounds() {
        let (key, first) = (case.draw.key(), case.draw.record());
        crowd.each()[0].create(&key, &first).await?;
        let outcomes = put_at_once(case, &round, &crowd, key, |task| way(task, first.version)).await?;
        let winner = only_winner(case, &outcomes)?;
        // One version can be replaced once, so there is one record that a loser can be shown.
        let shown = PutOutcome::Conflict(winner.clone().into());
        for (record, outcome) in &outcomes {
            ensure(record == winner || *outcome == shown, show::outcome(case.base, &shown), || {
                format!(
                    "{} for a loser, {:?}, which was to replace {:?}",
                    show::outcome(case.base, outcome),
                    record.version,
                    first.version
                )
            })?;
        }
        agree_on(&crowd.each(), &key, winner, &outcomes).await?;
    }
    Ok(())
}

async fn put_at_once(
    case: &Case,
    round: &Round,
    crowd: &Crowd,
    key: SessionKey,
    way: impl Fn(usize) -> Put,
) -> Check<Vec<(Record, PutOutcome)>> {
    let put_one = |number: usize| {
        let (handle, record, put) = (crowd.task(number), case.draw.record(), way(number));
        runner(async move {
            let outcome = handle.put(&key, &record, put).await?;
            Ok((record, outcome))
        })
    };
    round.race((0..TASKS).map(put_one).collect()).await
}

fn only_winner<'a>(case: &Case, outcomes: &'a [(Record, PutOutcome)]) -> Check<&'a Record> {
    let mut stored = stored_in(outcomes);
    match (stored.next(), stored.next()) {
        (Some(winner), None) => Ok(winner),
        _ => {
            let stored: Vec<_> = stored_in(outcomes).map(|record| show::record(case.base, record)).collect();
            broken("Stored for exactly one", format!("Stored for {}\n{}", stored.len(), stored.join("\n")))
        }
    }
}

fn stored_in(outcomes: &[(Record, PutOutcome)]) -> impl Iterator<Item = &Record> {
    outcomes.iter().filter(|(_, outcome)| *outcome == PutOutcome::Stored).map(|(record, _)| record)
}

/// Expects record and index to be the winner's, on both handles.
async fn agree_on(
    handles: &[Handle; 2],
    key: &SessionKey,
    winner: &Record,
    outcomes: &[(Record, PutOutcome)],
) -> Check {
    for handle in handles {
        handle.holds(key, winner).await?;
    }
    for (record, _) in outcomes {
        if let Some(owner) = &record.owner {
            let expected: &[_] = if record == winner { &[*key] } else { &[] };
            handles[0].lists_if_indexed(owner, expected).await?;
        }
    }
    Ok(())
}

/// Checks PUT-16: the same `put` sent again while the first is under way: no answer is a conflict with the version sent,
/// nor `Exists` for its own `Create`.
///
/// The core sends a write again whose answer it has given up, and the first may be on its way still.
pub(crate) async fn put_16_a_put_sent_again_at_once_is_the_same_put(case: &Case) -> Check {
    let crowd = case.crowd().await?;
    case.note("over and over: two writes, each sent three times at once, through two handles: creates, then replaces");
    for round in case.rounds() {
        let (key, ways) = (case.draw.key(), [Put::Replace, Put::End]);
        let first = sent_at_once(case, &round, &crowd, key, Put::Create).await?;
        sent_at_once(case, &round, &crowd, key, ways[round.number / 2 % 2](first.version)).await?;
    }
    Ok(())
}

/// Sends two writes, each of them several times, and gives the one that stands.
async fn sent_at_once(case: &Case, round: &Round, crowd: &Crowd, key: SessionKey, put: Put) -> Check<Record> {
    let writes = [case.draw.record(), case.draw.record()];
    let send = |number: usize| {
        // Either write comes through either handle.
        let (handle, record) = (crowd.task(number / 2), writes[number % 2].clone());
        runner(async move {
            let outcome = handle.put(&key, &record, put).await?;
            Ok((record, outcome))
        })
    };
    let outcomes = round.race((0..TASKS).map(send).collect()).await?;
    let Some(winner) = stored_in(&outcomes).next() else { return broken("Stored for one of the two", "for neither") };
    let lost = match put {
        Put::Create => PutOutcome::Exists,
        _ => PutOutcome::Conflict(winner.clone().into()),
    };
    for (record, outcome) in &outcomes {
        let expected = if record == winner { &PutOutcome::Stored } else { &lost };
        ensure(outcome == expected, show::outcome(case.base, expected), || {
            format!("{} for {:?}, where {:?} stands", show::outcome(case.base, outcome), record.version, winner.version)
        })?;
    }
    agree_on(&crowd.each(), &key, winner, &outcomes).await?;
    Ok(winner.clone())
}
