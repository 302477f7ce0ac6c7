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

#[path = "../shared/figures.rs"]
mod figures;
mod latency;
mod peer;
mod plot;
#[path = "../shared/raw.rs"]
mod raw;
#[path = "../shared/ready.rs"]
mod ready;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use figures::Figures;
use peer::{Ours, Peer, Raw, Tower, Visit};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
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

/// All stores, each with the same sessions.
struct Everybody {
    ours: Arc<Ours>,
    raw: Arc<Raw>,
    theirs: Option<Theirs>,
}

type Theirs = (Arc<Tower<MemoryStore>>, Arc<Tower<MokaStore>>);

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
            let tasks: JoinSet<_> = visits
                .into_iter()
                .map(|visits| {
                    let peer = Arc::clone(peer);
                    async move {
                        for at in &visits {
                            match verb {
                                Verb::Get => peer.get(at).await,
                                Verb::Create => peer.create(at).await,
                                Verb::Touch => peer.touch(at).await,
                                Verb::Delete => peer.delete(at).await,
                            }
                        }
                        visits
                    }
                })
                .collect();
            // Given back, so that they are not freed while the clock runs.
            let _given_back = tasks.join_all().await;
            start.elapsed()
        })
    }

    /// Has everybody store so many. Ten million are stored in ours and the map alone, for theirs need more memory.
    fn everybody(&self, sessions: usize) -> Everybody {
        Everybody {
            ours: self.fill(Ours::new(PAYLOAD), sessions),
            raw: self.fill(Raw::new(PAYLOAD), sessions),
            theirs: (sessions < 10_000_000).then(|| {
                let memory = self.fill(Tower::new(MemoryStore::default(), PAYLOAD), sessions);
                (memory, self.fill(Tower::new(MokaStore::new(None), PAYLOAD), sessions))
            }),
        }
    }

    /// Cost by sessions stored.
    fn sessions(&mut self, sizes: &[usize]) {
        for &sessions in sizes {
            let everybody = self.everybody(sessions);
            for _ in 0..self.rounds {
                self.gets_of_everybody(&everybody, sessions);
            }
        }
    }

    fn gets_of_everybody(&mut self, Everybody { ours, raw, theirs }: &Everybody, sessions: usize) {
        let place = ("get_by_sessions", sessions);
        self.gets(place, ours, "ours", sessions);
        self.gets(place, raw, "raw", sessions);
        if let Some((memory, moka)) = theirs {
            self.gets(place, memory, "memory_store", sessions);
            self.gets(place, moka, "moka_store", sessions);
        }
    }

    /// Times `get` by one task, of sessions chosen alike.
    fn gets<P: Peer>(&mut self, (curve, x): (&'static str, usize), peer: &Arc<P>, who: &'static str, sessions: usize) {
        let took = self.time(peer, Verb::Get, visits(Choice::Uniform, sessions, OPERATIONS, 1));
        self.figures.note(curve, x, who, took, OPERATIONS);
    }

    /// Cost by tasks, of every verb.
    fn tasks(&mut self, sessions: usize) {
        let everybody = self.everybody(sessions);
        for _ in 0..self.rounds {
            for tasks in TASKS {
                self.verbs(&everybody.ours, "ours", sessions, tasks);
                self.verbs(&everybody.raw, "raw", sessions, tasks);
                if let Some((memory, moka)) = &everybody.theirs {
                    self.verbs(memory, "memory_store", sessions, tasks);
                    self.verbs(moka, "moka_store", sessions, tasks);
                }
            }
            self.gets_of_everybody(&everybody, sessions);
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
        self.gets(("get_by_payload", payload), peer, who, sessions);
    }

    /// Cost of reading and rewriting, by how many sessions 16 tasks share: the fewer, the more writes are refused and
    /// made again. Theirs refuse none, and lose those.
    fn conflicts(&mut self) {
        const WRITERS: usize = 16;
        println!("\n| sessions that {WRITERS} tasks share | writes refused |\n|---|---|");
        for hot in [1, 4, 16, 64, 1_024, 16_384] {
            let ours = self.fill(Ours::new(PAYLOAD), hot);
            let mut refused: u64 = 0;
            for _ in 0..self.rounds {
                let visits = visits(Choice::Uniform, hot, OPERATIONS / 4, WRITERS);
                let start = Instant::now();
                refused = self.runtime.block_on(async {
                    let tasks = visits.into_iter().enumerate().map(|(task, visits)| {
                        let ours = Arc::clone(&ours);
                        async move {
                            let mut random = SmallRng::seed_from_u64(task as u64);
                            let mut refused = 0;
                            for at in &visits {
                                refused += ours.rewrite(at, &mut random).await;
                            }
                            refused
                        }
                    });
                    tasks.collect::<JoinSet<u64>>().join_all().await.into_iter().sum()
                });
                self.figures.note("rewrite_by_hot_sessions", hot, "ours", start.elapsed(), OPERATIONS / 4);
            }
            let share = refused as f64 / (refused as f64 + (OPERATIONS / 4) as f64);
            println!("| {hot} | {:.1} % |", 100.0 * share);
        }
    }
}
