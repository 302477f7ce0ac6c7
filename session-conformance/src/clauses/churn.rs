//! Reading page by page while others write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use session_core::{Owner, Put, PutOutcome, Record, SessionKey, Timestamp};
use tokio::task::yield_now;

use crate::check::{Check, broken, ensure};
use crate::model::show;
use crate::tools::case::{Case, Crowd};
use crate::tools::draw::MILLI;
use crate::tools::handle::{Found, Handle};
use crate::tools::race::{Round, others_have_turn, runner};

const STEADY: usize = 40;
const WRITTEN: usize = 12;

/// Expects each record once, whole.
pub(crate) fn each_once<'a>(
    base: Timestamp,
    found: &Found,
    expected: impl IntoIterator<Item = (&'a SessionKey, &'a Record)>,
) -> Check {
    let mut times: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (key, record) in found {
        times.entry(key).or_default().push(record);
    }
    for (key, record) in expected {
        match times.get(key).map(Vec::as_slice) {
            Some([came]) => {
                ensure(***came == *record, format!("under {} {}", show::key(key), show::record(base, record)), || {
                    show::differences(base, record, came)
                })?
            }
            came => {
                let times = came.map_or(0, <[_]>::len);
                return broken(
                    format!("{} once", show::key(key)),
                    format!("{times} times among {} records", found.len()),
                );
            }
        }
    }
    Ok(())
}

/// Records that stay as they are, records that are written but stay, and tasks that come and go.
pub(crate) struct Churn {
    steady: BTreeMap<SessionKey, Record>,
    written: Vec<(SessionKey, Record)>,
    owner: Option<Owner>,
}

impl Churn {
    /// Reads all pages while others write, by list of one owner or else by scan.
    pub(crate) async fn run(case: &Case, of_an_owner: bool) -> Check {
        case.note("all pages are read while three tasks create, delete, replace, touch and change owners");
        let crowd = case.crowd().await?;
        for round in case.rounds_of(4) {
            let owner = of_an_owner.then(|| case.draw.owner());
            Self::start(case, owner.as_ref()).await?.read_while_written(case, &crowd, &round).await?;
        }
        Ok(())
    }

    /// Creates the records; all of `owner`, if one is given.
    async fn start(case: &Case, owner: Option<&Owner>) -> Check<Self> {
        let handle = case.store.quiet();
        let mut steady = BTreeMap::new();
        let mut written = Vec::new();
        for at in 0..STEADY + WRITTEN {
            let (key, record) = (case.draw.key(), record(case, owner));
            handle.create(&key, &record).await?;
            if at % 4 == 3 && written.len() < WRITTEN {
                written.push((key, record));
            } else {
                steady.insert(key, record);
            }
        }
        Ok(Self { steady, written, owner: owner.cloned() })
    }

    /// Reads all pages, by list if there is an owner and else by scan, while three tasks write; each
    /// reading has to give every record that was there throughout, each once.
    async fn read_while_written(self, case: &Case, crowd: &Crowd, round: &Round) -> Check {
        let reading = Arc::new(AtomicBool::new(true));
        let rounds = case.least_rounds.div_ceil(20);
        let (handle, done, base) = (crowd.task(3), Arc::clone(&reading), case.base);
        let written_so_far = Arc::new(AtomicUsize::new(0));
        let writes = Arc::clone(&written_so_far);
        let (owner, steady) = (self.owner.clone(), self.steady);
        let written: Vec<_> = self.written.iter().map(|(key, _)| *key).collect();
        let reader = runner(async move {
            let check = async {
                for round in 0..rounds {
                    let before = writes.load(Ordering::Relaxed);
                    others_have_turn(|| writes.load(Ordering::Relaxed) > before).await;
                    let limit = [1, 3, 10, 100][round % 4];
                    let found = match &owner {
                        Some(owner) => handle.list(owner, limit).await?,
                        None => handle.scan(limit).await?,
                    };
                    each_once(base, &found, &steady)?;
                    for key in &written {
                        let times = found.iter().filter(|(it, _)| it == key).count();
                        ensure(times == 1, format!("{}, written but there throughout, once", show::key(key)), || {
                            format!("{times} times")
                        })?;
                    }
                }
                Ok(())
            }
            .await;
            done.store(false, Ordering::Release);
            check
        });
        let mut tasks = vec![reader];
        let writer = Writer {
            handle: crowd.task(0),
            reading,
            records: drawer(case, self.owner.as_ref()),
            writes: written_so_far,
        };
        tasks.push(runner(writer.clone().rewrite(self.written)));
        tasks.push(runner(Writer { handle: crowd.task(1), ..writer.clone() }.come_and_go(true)));
        tasks.push(runner(Writer { handle: crowd.task(2), ..writer }.come_and_go(false)));
        round.race(tasks).await.map(drop)
    }
}

fn record(case: &Case, owner: Option<&Owner>) -> Record {
    owner.map_or_else(|| case.draw.record(), |owner| case.draw.record_of(owner))
}

type Drawer = Arc<dyn Fn() -> (SessionKey, Record) + Send + Sync>;

fn drawer(case: &Case, owner: Option<&Owner>) -> Drawer {
    let (draw, owner) = (case.draw.clone(), owner.cloned());
    Arc::new(move || {
        let record = owner.as_ref().map_or_else(|| draw.record(), |owner| draw.record_of(owner));
        (draw.key(), record)
    })
}

#[derive(Clone)]
struct Writer {
    handle: Handle,
    reading: Arc<AtomicBool>,
    records: Drawer,
    writes: Arc<AtomicUsize>,
}

impl Writer {
    /// Replaces and touches records that stay.
    async fn rewrite(self, mut records: Vec<(SessionKey, Record)>) -> Check {
        let mut turn = 0;
        while self.reading.load(Ordering::Acquire) {
            let at = turn % records.len();
            let (key, stands) = &mut records[at];
            if turn % 3 == 0 {
                let until = stands.expires_at + MILLI;
                self.handle.expect_touch(key, stands.version, stands.last_seen_at, until, true).await?;
                stands.expires_at = until;
            } else {
                let (_, next) = (self.records)();
                self.handle.expect_put(key, &next, Put::Replace(stands.version), PutOutcome::Stored).await?;
                *stands = next;
            }
            turn += 1;
            self.writes.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
        Ok(())
    }

    /// Creates records that go again, by delete or by a change of owner.
    async fn come_and_go(self, delete: bool) -> Check {
        while self.reading.load(Ordering::Acquire) {
            let (key, record) = (self.records)();
            self.handle.create(&key, &record).await?;
            yield_now().await;
            if !delete {
                let (_, next) = (self.records)();
                self.handle.replace(&key, record.version, &Record { owner: None, ..next }).await?;
                yield_now().await;
            }
            self.handle.expect_delete(&key, true).await?;
            self.writes.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
        Ok(())
    }
}
