//! WAT: what a store tells of changes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use session_core::{Notice, Put, PutOutcome, SessionKey, Tells, Timestamp, Version, Watcher};
use tokio::time::timeout;

use crate::check::{Check, broken, ensure, not_applicable, works};
use crate::harness::Interruption;
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::{Draw, MINUTE};
use crate::tools::handle::{Handle, missing};
use crate::tools::race::{race_once, runner};

/// Checks WAT-1: whoever listens is told of an end soon, through whatever handle it was made, and whoever else listens.
pub(crate) async fn wat_1_an_end_is_told(case: &Case) -> Check {
    let other = case.another_handle().await?;
    let mut ears = [Ear::of(case, &case.store).await?, Ear::of(case, &other).await?, Ear::of(case, &other).await?];
    for turn in 0..20 {
        let key = case.draw.key();
        let ender = [&case.store, &other][turn % 2];
        end(&case.draw, ender, &key).await?;
        for ear in &mut ears {
            ear.hears(&key).await?;
        }
    }
    // Who no longer listens, or comes later, takes nothing from the others.
    let [stays, goes, _] = ears;
    drop(goes);
    let mut ears = [stays, Ear::of(case, &other).await?];
    let key = case.draw.key();
    end(&case.draw, &case.store, &key).await?;
    for ear in &mut ears {
        ear.hears(&key).await?;
    }
    Ok(())
}

/// Checks WAT-2: what is told has happened: a look that begins once it is told sees it.
pub(crate) async fn wat_2_what_is_told_has_happened(case: &Case) -> Check {
    const KEYS: usize = 50;
    let crowd = case.crowd().await?;
    let mut waited_for = HashMap::new();
    let mut ends = Vec::new();
    for _ in 0..KEYS {
        let (key, record, next) = (case.draw.key(), case.draw.record(), case.draw.record());
        case.store.create(&key, &record).await?;
        waited_for.insert(key, next.version);
        ends.push((key, record.version, next));
    }
    let reader = Reader {
        ear: Ear::of(case, &case.store).await?,
        handle: crowd.task(0).quiet(),
        waited_for,
        last: case.draw.key(),
        base: case.base,
    };
    let (ender, draw, last) = (crowd.task(1).quiet(), case.draw.clone(), reader.last);
    case.note(format!("{KEYS} records are ended by the second handle, and read by the first when it is told"));
    let ends = runner(async move {
        for (key, version, next) in ends {
            ender.expect_put(&key, &next, Put::End(version), PutOutcome::Stored).await?;
        }
        end(&draw, &ender, &last).await
    });
    race_once(vec![ends, runner(reader.looks_when_told())], case.draw.number()).await.map(drop)
}

/// One who looks at a record when it is told of it.
struct Reader {
    ear: Ear,
    handle: Handle,
    /// What is to be ended, and the version that it has then.
    waited_for: HashMap<SessionKey, Version>,
    /// What is ended after all of these.
    last: SessionKey,
    base: Timestamp,
}

impl Reader {
    /// Waits until each was found ended when that was told.
    async fn looks_when_told(mut self) -> Check {
        // It may be told of more than that, as of what was created; but not of an end too early, and then no more.
        let mut patience = self.ear.patience;
        while let Some((left, version)) = self.waited_for.iter().next() {
            let Some(key) = self.ear.next_change_within(patience).await? else {
                let stands = self.handle.get(left).await?;
                let came = match &stands {
                    Some(record) if record.version == *version => "it was told before that".to_owned(),
                    stands => show::found(self.base, stands.as_deref()),
                };
                return broken(format!("that {left:?} was changed, told once that can be seen"), came);
            };
            // What was ended before the last is told about then, in whatever order.
            if key == self.last {
                patience = self.ear.patience / 10;
            }
            let Some(version) = self.waited_for.get(&key) else { continue };
            if self.handle.get(&key).await?.is_none_or(|it| it.version == *version) {
                self.waited_for.remove(&key);
            }
        }
        Ok(())
    }
}

/// Checks WAT-3: where a store says that it tells of all changes, every `Replace`, `touch` and `delete` is told, too.
pub(crate) async fn wat_3_every_change_is_told(case: &Case) -> Check {
    if watch(&case.store)?.tells() != Tells::Changes {
        return not_applicable("it says that it tells of ends alone");
    }
    let other = case.another_handle().await?;
    let mut ear = Ear::of(case, &case.store).await?;
    for handle in [&other, &case.store] {
        let (key, record, next) = (case.draw.key(), case.draw.record(), case.draw.record());
        handle.create(&key, &record).await?;
        // Of a creation it may be told or not: a record apart tells when that is past.
        let apart = case.draw.key();
        end(&case.draw, handle, &apart).await?;
        ear.hears(&apart).await?;
        handle.replace(&key, record.version, &next).await?;
        ear.hears(&key).await?;
        handle.expect_touch(&key, next.version, next.last_seen_at + MINUTE, next.expires_at + MINUTE, true).await?;
        ear.hears(&key).await?;
        handle.expect_delete(&key, true).await?;
        ear.hears(&key).await?;
    }
    Ok(())
}

/// Checks WAT-4: no write waits for who listens and is slow, and who missed something is told so.
pub(crate) async fn wat_4_who_is_slow_is_told_so(case: &Case) -> Check {
    const FEW: usize = 200;
    let (store, mut ear) = (case.store.quiet(), Ear::of(case, &case.store).await?);
    case.note(format!("{FEW} records are ended while one who listens reads nothing"));
    let mut ended = Vec::new();
    for _ in 0..FEW {
        let key = case.draw.key();
        end(&case.draw, &store, &key).await?;
        ended.push(key);
    }
    let held = ear.reads_to(case, &store).await?;
    let lacks = ended.iter().filter(|key| !held.told.contains_key(key)).count();
    ensure(held.missed || lacks == 0, "each end told, or that something was missed", || {
        format!("{lacks} of {FEW} were not told, nor that")
    })?;
    flood(case, &store, &mut ear).await
}

/// Ends a record over and over, as often as there is time for, while one who listens reads nothing.
async fn flood(case: &Case, store: &Handle, ear: &mut Ear) -> Check {
    const MOST: usize = 100_000;
    /// Nobody holds more.
    const BOUND: usize = 70_000;
    let (began, key, mut stands) = (Instant::now(), case.draw.key(), case.draw.record());
    store.create(&key, &stands).await?;
    for _ in 0..MOST {
        let next = case.draw.record();
        store.expect_put(&key, &next, Put::End(stands.version), PutOutcome::Stored).await?;
        stands = next;
        if began.elapsed() > ear.patience / 2 {
            break;
        }
    }
    case.note("then one is ended as often as there is time for");
    let held = ear.reads_to(case, store).await?;
    let kept: usize = held.told.values().sum();
    ensure(kept < BOUND, "a bound to what is held for who does not listen", || format!("{kept} notices"))
}

/// Checks WAT-5: after a break who listens is told to look, and then of all again; and no write fails for it.
pub(crate) async fn wat_5_after_a_break_who_listens_is_told_to_look(case: &Case) -> Check {
    let mut ear = Ear::of(case, &case.store).await?;
    for _ in 0..3 {
        match works("interrupt of the harness", case.harness.interrupt().await)? {
            Interruption::Impossible(reason) => return not_applicable(reason),
            Interruption::Broken => case.note("what changes are told over was broken"),
        }
        // Whether this is told depends on when.
        end(&case.draw, &case.store, &case.draw.key()).await?;
        ear.resumes_within(case.time_limit / 4, "that something may have been missed").await?;
        let key = case.draw.key();
        end(&case.draw, &case.store, &key).await?;
        ear.hears(&key).await?;
    }
    Ok(())
}

/// Creates a record and ends it.
async fn end(draw: &Draw, handle: &Handle, key: &SessionKey) -> Check {
    let (record, next) = (draw.record(), draw.record());
    handle.create(key, &record).await?;
    handle.expect_put(key, &next, Put::End(record.version), PutOutcome::Stored).await
}

fn watch(handle: &Handle) -> Check<&dyn session_core::Watch> {
    handle.raw().watch().map_or_else(|| missing("watch", "WAT"), Ok)
}

/// What was told to one who had not listened for a while.
#[derive(Default)]
struct Held {
    /// How often of which.
    told: HashMap<SessionKey, usize>,
    /// It was told that something was missed.
    missed: bool,
}

/// One who listens.
struct Ear {
    watcher: Watcher,
    patience: Duration,
}

impl Ear {
    /// Gives one who is told from now on.
    async fn of(case: &Case, handle: &Handle) -> Check<Self> {
        let mut ear = Self { watcher: watch(handle)?.watcher(), patience: case.time_limit / 12 };
        // What there is to tell by may have to be begun first.
        ear.resumes_within(case.time_limit / 4, "from when on all is told").await?;
        Ok(ear)
    }

    async fn resumes_within(&mut self, patience: Duration, expected: &str) -> Check {
        loop {
            match timeout(patience, self.watcher.next()).await {
                Ok(Some(Notice::Resumed)) => return Ok(()),
                Ok(Some(_)) => {}
                Ok(None) => return broken(expected, "the end of all notices"),
                Err(_) => return broken(expected, format!("nothing for {patience:?}")),
            }
        }
    }

    /// Ends a record of its own, and reads what there is until that is told.
    async fn reads_to(&mut self, case: &Case, store: &Handle) -> Check<Held> {
        let (last, mut held) = (case.draw.key(), Held::default());
        end(&case.draw, store, &last).await?;
        loop {
            match timeout(self.patience, self.watcher.next()).await {
                Ok(Some(Notice::Changed(key))) if key == last => return Ok(held),
                Ok(Some(Notice::Changed(key))) => *held.told.entry(key).or_default() += 1,
                Ok(Some(Notice::Resumed)) => held.missed = true,
                Ok(Some(_)) => {}
                Ok(None) => return broken("a notice", "the end of all notices"),
                Err(_) => {
                    return broken("the last of all that was to be told", format!("nothing for {:?}", self.patience));
                }
            }
        }
    }

    /// Gives the next key that is told of; `None` if none comes for long.
    async fn next_change(&mut self) -> Check<Option<SessionKey>> {
        self.next_change_within(self.patience).await
    }

    async fn next_change_within(&mut self, patience: Duration) -> Check<Option<SessionKey>> {
        match timeout(patience, self.watcher.next()).await {
            Ok(Some(Notice::Changed(key))) => Ok(Some(key)),
            Ok(Some(notice)) => broken("notices without a break", format!("{notice:?}")),
            Ok(None) => broken("a notice", "the end of all notices"),
            Err(_) => Ok(None),
        }
    }

    /// Waits until it is told of the key, and perhaps of others.
    async fn hears(&mut self, key: &SessionKey) -> Check {
        loop {
            match self.next_change().await? {
                Some(told) if told == *key => return Ok(()),
                Some(_) => {}
                None => {
                    return broken(format!("that {key:?} was changed"), format!("nothing for {:?}", self.patience));
                }
            }
        }
    }
}
