//! Times the store's verbs beside the same commands sent by hand, and beside the peers tower-sessions-redis-store
//! and actix-session, in the same run; and counts what cannot be timed.
//!
//! ```text
//! cargo bench -p session-redis -- [--quick]
//! ```
//!
//! Starts a server of its own. Prints what was measured, and at the end lines of `ratio NAME VALUE`: this store's time
//! over that of whom the name says; below 1 it is faster. Times themselves tell about the machine.
//!
//! | who | what |
//! |---|---|
//! | `hand` | the commands that the store sends, over the connection that `store` has |
//! | `store` | the store, on a connection of the caller's |
//! | `ours` | the store by a URL, as an app has it, with its values encoded as JSON around it |
//! | `tower` | tower-sessions-redis-store 0.16 on one fred client; its writes are blind, and a touch is a write |
//! | `actix` | actix-session's Redis store 0.11; its writes are blind, and a touch is `EXPIRE` |

mod by_hand;
mod contention;
mod contest;
mod facts;
mod ours;
mod peers;

use std::time::Duration;

use actix_session::storage::RedisSessionStore;
use by_hand::ByHand;
use contention::{Contends, Contention};
use contest::{Line, Seat, Slices, Times, Verb};
use ours::{Ours, Store};
use peers::{Actix, Tower};
use session_conformance::servers::Redis;
use session_redis::redis::aio::MultiplexedConnection;
use session_redis::redis::{AsyncConnectionConfig, Client};
use session_redis::{RedisConfig, RedisStore};
use tower_sessions_redis_store::fred::prelude::Client as Fred;

const SIZES: [usize; 3] = [200, 2_000, 64_000];
const TASKS: [usize; 4] = [1, 4, 16, 64];
const BY_URL: &str = "ours";

/// Whom there is to measure.
struct Field {
    connection: MultiplexedConnection,
    store: RedisStore,
    ours: RedisStore,
    tower: tower_sessions_redis_store::RedisStore<Fred>,
    actix: RedisSessionStore,
}

impl Field {
    async fn meet(url: &str) -> Self {
        let client = Client::open(format!("{url}/?protocol=resp3")).expect("a URL");
        let patient = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(60)));
        let connection = client.get_multiplexed_async_connection_with_config(&patient).await.expect("a connection");
        let config = || RedisConfig::default().with_response_timeout(Duration::from_secs(60));
        let ours = RedisStore::connect_with(url, config().with_prefix(BY_URL)).await.expect("a server");
        Self {
            store: RedisStore::from_connection(connection.clone(), config().with_prefix("store")).expect("a store"),
            ours,
            tower: Tower::connect(url).await,
            actix: Actix::connect(url).await,
            connection,
        }
    }

    fn seats(&self, size: usize) -> Vec<(&'static str, Box<dyn Slices>)> {
        let text = "x".repeat(size);
        vec![
            ("hand", Seat::boxed(ByHand::new(self.connection.clone(), "hand", text.clone().into()))),
            ("store", Seat::boxed(Store { store: self.store.clone(), payload: text.clone().into() })),
            ("ours", Seat::boxed(Ours::new(self.ours.clone(), &text))),
            ("tower", Seat::boxed(Tower::new(self.tower.clone(), &text))),
            ("actix", Seat::boxed(Actix::new(self.actix.clone(), &text))),
        ]
    }

    /// Every verb by everyone, in an order that turns from round to round.
    async fn verbs(&self, round: usize, size: usize, tasks: usize, count: usize, times: &mut Times) {
        let mut seats = self.seats(size);
        let length = seats.len();
        for verb in Verb::ALL {
            seats.rotate_left((round + 1) % length);
            for (who, seat) in &mut seats {
                times.note(Line { verb, size, tasks }, who, seat.slice(verb, tasks, count).await, count);
            }
        }
    }

    async fn contention(&self, rounds: usize, updates: usize) -> Contention {
        let (ours, tower) = (Ours::new(self.ours.clone(), ""), Tower::new(self.tower.clone(), ""));
        let actix = Actix::new(self.actix.clone(), "");
        let all: [(&str, &dyn Contends); 3] = [("ours", &ours), ("tower", &tower), ("actix", &actix)];
        let mut contention = Contention::default();
        for _ in 0..rounds {
            for tasks in TASKS {
                for (who, it) in all {
                    let (took, kept) = it.contend(tasks, updates).await;
                    contention.note(tasks, who, updates, took, kept);
                }
            }
        }
        contention
    }

    async fn memory(&self) {
        for size in SIZES {
            let text = "x".repeat(size);
            let peers = (&Tower::new(self.tower.clone(), &text), &Actix::new(self.actix.clone(), &text));
            let ratio = facts::memory(&self.connection, &self.ours, BY_URL, peers, &text).await;
            println!("ratio memory-{size}B-over-plain-string {ratio:.2}");
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, count) = if quick { (20, 256) } else { (60, 512) };
    let server = Redis::alone(&[]).await.expect("a server");
    let field = Field::meet(server.url()).await;
    ByHand::new(field.connection.clone(), "hand", "".into()).load().await;
    let mut times = Times::default();
    for round in 0..rounds {
        for size in SIZES {
            for tasks in TASKS {
                let count = if size == 64_000 { count / 2 } else { count };
                field.verbs(round, size, tasks, count, &mut times).await;
            }
        }
    }
    times.print();
    let contention = field.contention(rounds.min(10), 640).await;
    contention.print();
    facts::round_trips_with_owner(&field.connection, &field.ours).await;
    let (tower, actix) = (Tower::new(field.tower.clone(), "x"), Actix::new(field.actix.clone(), "x"));
    facts::round_trips(&field.connection, &Ours::new(field.ours.clone(), "x"), &tower, &actix).await;
    field.memory().await;
    print_ratios(&times);
    contention.print_ratios(&TASKS);
}

fn print_ratios(times: &Times) {
    for (first, second) in [("store", "hand"), ("ours", "tower"), ("ours", "actix")] {
        for verb in Verb::ALL {
            for size in SIZES {
                for tasks in TASKS {
                    let ratio = times.ratio(Line { verb, size, tasks }, [first, second]).expect("both were measured");
                    println!("ratio {}-{size}B-{tasks}-over-{second} {ratio:.2}", verb.name());
                }
            }
        }
    }
}
