//! Times the store at scale, through `Arc<dyn SessionStore>`, beside its peers in the same run: how cost grows with the
//! sessions stored, with tasks, with payload and with conflicts, and how long single reads take beside other work.
//!
//! ```text
//! cargo bench -p session-ets --bench scale -- [--quick] [--plot FILE.svg]
//! ```
//!
//! Prints tables, and at the end lines of `ratio NAME VALUE`, ours over theirs; below 1 ours is faster. Times themselves
//! tell about the machine.
//!
//! | who | what |
//! |---|---|
//! | `ours` | this crate, as an app holds it |
//! | `raw` | a `DashMap` with the same hasher and as many shards, an `Arc` cloned on every read |
//! | `memory_store` | tower-sessions 0.14's `MemoryStore`, four values in a session; its `touch` is a save, as in its layer |
//! | `moka_store` | tower-sessions-moka-store 0.15, without a capacity |

#[path = "scale/figures.rs"]
mod figures;
#[path = "scale/latency.rs"]
mod latency;
#[path = "scale/peer.rs"]
mod peer;
#[path = "scale/plot.rs"]
mod plot;
#[path = "shared/raw.rs"]
mod raw;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use figures::Figures;
use peer::{Ours, Peer, Raw, Tower, Visit};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};
use tokio::runtime::Runtime;
use tower_sessions::MemoryStore;
use tower_sessions_moka_store::MokaStore;

const PAYLOAD: usize = 200;
/// Operations that are timed at once, all tasks together.
const OPERATIONS: usize = 48_000;
const TASKS: [usize; 5] = [1, 2, 4, 8, 16];

/// Which sessions are asked for.
#[derive(Clone, Copy)]
enum Choice {
    Uniform,
    Zipf,
    /// Each once, and none that is stored already.
    New,
}

#[derive(Clone, Copy)]
enum Verb {
    Get,
    Create,
    Touch,
    Delete,
}

struct Bench {
    runtime: Runtime,
    figures: Figures,
    rounds: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let plot = arguments
        .iter()
        .position(|argument| argument == "--plot")
        .map(|place| PathBuf::from(arguments.get(place + 1).expect("--plot wants the file's name")));
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("threads can be started");
    let mut bench = Bench { runtime, figures: Figures::default(), rounds: if quick { 2 } else { 7 } };

    bench.sessions(if quick { &[10_000] } else { &[10_000, 100_000, 10_000_000] });
    bench.tasks(if quick { 100_000 } else { 1_000_000 });
    bench.payloads(5_000);
    bench.conflicts();
    bench.figures.print_tables();
    latency::run(if quick { 200_000 } else { 1_000_000 });
    bench.figures.print_ratios();
    if let Some(path) = plot {
        plot::draw(&bench.figures, &path).expect("the picture can be written");
    }
}

/// Makes what is asked for, a list for each task.
fn visits(choice: Choice, sessions: usize, operations: usize, tasks: usize) -> Vec<Vec<Visit>> {
    let mut random = SmallRng::seed_from_u64(1);
    let zipf = Zipf::new(sessions as f64, 1.0).expect("there are sessions");
    let mut one = |place: usize| match choice {
        Choice::Uniform => random.random_range(0..sessions),
        Choice::Zipf => zipf.sample(&mut random) as usize - 1,
        Choice::New => sessions + place,
    };
    let each = operations / tasks;
    (0..tasks).map(|task| (0..each).map(|place| Visit::to(one(task * each + place))).collect()).collect()
}

impl Bench {
    fn fill<P: Peer>(&self, peer: P, sessions: usize) -> Arc<P> {
        self.runtime.block_on(async {
            for number in 0..sessions {
                peer.create(&Visit::to(number)).await;
            }
        });
        Arc::new(peer)
    }

    /// Times the work of all tasks together, from the first one's start to the last one's end.
    fn time<P: Peer>(&self, peer: &Arc<P>, verb: Verb, visits: Vec<Vec<Visit>>) -> Duration {
        self.runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = visits
                .into_iter()
                .map(|visits| {
                    let peer = Arc::clone(peer);
                    tokio::spawn(async move {
                        for at in &visits {
                            match verb {
                                Verb::Get => peer.get(at).await,
                                Verb::Create => peer.create(at).await,
                                Verb::Touch => peer.touch(at).await,
                                Verb::Delete => peer.delete(at).await,
                            }
                        }
                        // Given back, so that it is not freed while the clock runs.
                        visits
                    })
                })
                .collect();
            let mut given_back = Vec::new();
            for task in tasks {
                given_back.push(task.await.expect("no task panics"));
            }
            start.elapsed()
        })
    }

    /// Cost by sessions stored. Ten million are stored in ours and the map alone, for theirs need more memory.
    fn sessions(&mut self, sizes: &[usize]) {
        for &sessions in sizes {
            let ours = self.fill(Ours::new(PAYLOAD), sessions);
            let raw = self.fill(Raw::new(PAYLOAD), sessions);
            let theirs = (sessions < 10_000_000).then(|| {
                let memory = self.fill(Tower::new(MemoryStore::default(), PAYLOAD), sessions);
                (memory, self.fill(Tower::new(MokaStore::new(None), PAYLOAD), sessions))
            });
            for _ in 0..self.rounds {
                let curve = ("get_by_sessions", sessions);
                self.one(curve, &ours, "ours", sessions, 1);
                self.one(curve, &raw, "raw", sessions, 1);
                if let Some((memory, moka)) = &theirs {
                    self.one(curve, memory, "memory_store", sessions, 1);
                    self.one(curve, moka, "moka_store", sessions, 1);
                }
            }
        }
    }

    /// Times `get` of sessions chosen alike.
    fn one<P: Peer>(
        &mut self,
        (curve, x): (&'static str, usize),
        peer: &Arc<P>,
        who: &'static str,
        sessions: usize,
        tasks: usize,
    ) {
        let took = self.time(peer, Verb::Get, visits(Choice::Uniform, sessions, OPERATIONS, tasks));
        self.figures.note(curve, x, who, took, OPERATIONS);
    }

    /// Cost by tasks, of every verb.
    fn tasks(&mut self, sessions: usize) {
        let ours = self.fill(Ours::new(PAYLOAD), sessions);
        let raw = self.fill(Raw::new(PAYLOAD), sessions);
        let memory = self.fill(Tower::new(MemoryStore::default(), PAYLOAD), sessions);
        let moka = self.fill(Tower::new(MokaStore::new(None), PAYLOAD), sessions);
        for _ in 0..self.rounds {
            for tasks in TASKS {
                self.verbs(&ours, "ours", sessions, tasks);
                self.verbs(&raw, "raw", sessions, tasks);
                self.verbs(&memory, "memory_store", sessions, tasks);
                self.verbs(&moka, "moka_store", sessions, tasks);
            }
            self.one(("get_by_sessions", sessions), &ours, "ours", sessions, 1);
            self.one(("get_by_sessions", sessions), &raw, "raw", sessions, 1);
            self.one(("get_by_sessions", sessions), &memory, "memory_store", sessions, 1);
            self.one(("get_by_sessions", sessions), &moka, "moka_store", sessions, 1);
        }
    }

    fn verbs<P: Peer>(&mut self, peer: &Arc<P>, who: &'static str, sessions: usize, tasks: usize) {
        for (curve, verb, choice) in [
            ("get_uniform_by_tasks", Verb::Get, Choice::Uniform),
            ("get_zipf_by_tasks", Verb::Get, Choice::Zipf),
            ("touch_by_tasks", Verb::Touch, Choice::Uniform),
            ("create_by_tasks", Verb::Create, Choice::New),
            // What was just created, so that as many are stored as before.
            ("delete_by_tasks", Verb::Delete, Choice::New),
        ] {
            let took = self.time(peer, verb, visits(choice, sessions, OPERATIONS, tasks));
            self.figures.note(curve, tasks, who, took, OPERATIONS);
        }
    }

    /// Cost by payload. A read shares what is stored; a write copies it.
    fn payloads(&mut self, sessions: usize) {
        for payload in [1, 200, 2_000, 16_000, 64_000] {
            let ours = self.fill(Ours::new(payload), sessions);
            let raw = self.fill(Raw::new(payload), sessions);
            for _ in 0..self.rounds {
                self.payload(&ours, "ours", sessions, payload);
                self.payload(&raw, "raw", sessions, payload);
            }
        }
    }

    fn payload<P: Peer>(&mut self, peer: &Arc<P>, who: &'static str, sessions: usize, payload: usize) {
        let took = self.time(peer, Verb::Create, visits(Choice::New, sessions, sessions, 1));
        self.figures.note("create_by_payload", payload, who, took, sessions);
        self.time(peer, Verb::Delete, visits(Choice::New, sessions, sessions, 1));
        self.one(("get_by_payload", payload), peer, who, sessions, 1);
    }

    /// Cost of reading and rewriting, by how many sessions 16 tasks share: the fewer, the more writes are refused and
    /// made again. Theirs refuse none, and lose those.
    fn conflicts(&mut self) {
        const WRITERS: usize = 16;
        println!("\n| sessions that {WRITERS} tasks share | writes refused |\n|---|---|");
        for hot in [1, 4, 16, 64, 1_024, 16_384] {
            let ours = self.fill(Ours::new(PAYLOAD), hot);
            let mut refused = 0;
            for _ in 0..self.rounds {
                let visits = visits(Choice::Uniform, hot, OPERATIONS / 4, WRITERS);
                let start = Instant::now();
                refused = self.runtime.block_on(async {
                    let tasks = visits.into_iter().enumerate().map(|(task, visits)| {
                        let ours = Arc::clone(&ours);
                        tokio::spawn(async move {
                            let mut random = SmallRng::seed_from_u64(task as u64);
                            let mut refused = 0;
                            for at in &visits {
                                refused += ours.rewrite(at, &mut random).await;
                            }
                            refused
                        })
                    });
                    let mut refused = 0;
                    for task in tasks.collect::<Vec<_>>() {
                        refused += task.await.expect("no task panics");
                    }
                    refused
                });
                self.figures.note("rewrite_by_hot_sessions", hot, "ours", start.elapsed(), OPERATIONS / 4);
            }
            let share = refused as f64 / (refused as f64 + (OPERATIONS / 4) as f64);
            println!("| {hot} | {:.1} % |", 100.0 * share);
        }
    }
}
