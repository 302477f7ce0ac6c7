//! Times a request through axum and actix-web, in process: what a session costs over the bare framework, beside what
//! the peers' cost, in the same run.
//!
//! ```text
//! cargo bench -p session-core -- [--quick]
//! ```
//!
//! Prints what was measured, and at the end lines of `ratio NAME VALUE`: our overhead over the peer's, each the time of
//! a request less that of the bare framework; below 1 ours is less. Times themselves tell about the machine.
//!
//! | who | what |
//! |---|---|
//! | `bare` | the framework, and handlers that answer alike and have no session |
//! | `ours` | this crate with its defaults, over `session-ets` |
//! | `tower_sessions` | tower-sessions 0.14 with its defaults, over its `MemoryStore` |
//! | `axum_session` | axum_session 0.22 in memory, in its `Manual` mode, so that it stores no visitor who only looks |
//! | `actix_session` | actix-session 0.11, over a map of its own kind of state, since it brings no such store; its cookie is signed |

mod actix;
mod axum;
mod work;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use axum::Who;
use session_core::Sessions;
use session_ets::{EtsStore, Table};
use work::Page;

/// How many requests are timed at once, each of a session of its own.
const SLICE: usize = 500;

/// Keeps the best time of each measurement: what disturbs a slice only ever makes it longer.
#[derive(Default)]
struct Times(BTreeMap<(&'static str, Page, &'static str), Duration>);

impl Times {
    fn note(&mut self, framework: &'static str, page: Page, who: &'static str, took: Duration) {
        self.0.entry((framework, page, who)).and_modify(|best| *best = took.min(*best)).or_insert(took);
    }

    fn nanos(&self, framework: &'static str, page: Page, who: &'static str) -> f64 {
        self.0[&(framework, page, who)].as_nanos() as f64 / SLICE as f64
    }

    /// Gives the time of a request over the bare framework's.
    fn overhead(&self, framework: &'static str, page: Page, who: &'static str) -> f64 {
        // What cannot be told from nothing is a nanosecond, so that every ratio is a number.
        (self.nanos(framework, page, who) - self.nanos(framework, page, "bare")).max(1.0)
    }

    fn print(&self) {
        println!("{:<10} {:<10} {:<15} {:>8} {:>10}", "framework", "page", "who", "ns", "over bare");
        for &(framework, page, who) in self.0.keys() {
            let (nanos, overhead) = (self.nanos(framework, page, who), self.overhead(framework, page, who));
            let overhead = if who == "bare" { String::new() } else { format!("{overhead:.0}") };
            println!("{framework:<10} {page:<10} {who:<15} {nanos:>8.0} {overhead:>10}");
        }
        for &(framework, page, who) in self.0.keys().filter(|(_, _, who)| !matches!(*who, "bare" | "ours")) {
            let ratio = self.overhead(framework, page, "ours") / self.overhead(framework, page, who);
            println!("ratio {framework}_{page}_{who} {ratio:.2}");
        }
    }
}

fn main() {
    let rounds = if std::env::args().any(|argument| argument == "--quick") { 100 } else { 1_000 };
    let mut times = Times::default();
    // Both frameworks have a thread for each core and a runtime in it; here it is one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for (who, _) in Who::ALL {
            axum::check(who, sessions()).await;
        }
        actix::check(&actix::ours::app(sessions()).await).await;
        actix::check(&actix::actix_session::app().await).await;
    });
    for _ in 0..rounds {
        runtime.block_on(on_axum(&mut times));
        runtime.block_on(on_actix(&mut times));
    }
    times.print();
}

/// Has everybody answer every page in turn, from new stores.
async fn on_axum(times: &mut Times) {
    let mut apps = Vec::new();
    for (who, name) in Who::ALL {
        let mut app = who.app(sessions()).await;
        let cookies = axum::cookies(&mut app, SLICE).await;
        apps.push((name, app, cookies));
    }
    for page in Page::ALL {
        for (name, app, cookies) in &mut apps {
            let requests = axum::requests(page, cookies);
            let start = Instant::now();
            for request in requests {
                black_box(axum::answer(app, request).await);
            }
            times.note("axum", page, name, start.elapsed());
        }
    }
}

async fn on_actix(times: &mut Times) {
    let (bare, ours, theirs) =
        (actix::bare().await, actix::ours::app(sessions()).await, actix::actix_session::app().await);
    let cookies =
        (actix::cookies(&bare, SLICE).await, actix::cookies(&ours, SLICE).await, actix::cookies(&theirs, SLICE).await);
    for page in Page::ALL {
        times.note("actix_web", page, "bare", answer_all(&bare, page, &cookies.0).await);
        times.note("actix_web", page, "ours", answer_all(&ours, page, &cookies.1).await);
        times.note("actix_web", page, "actix_session", answer_all(&theirs, page, &cookies.2).await);
    }
}

fn sessions() -> Sessions {
    Sessions::builder(EtsStore::new(Table::private())).build().expect("the settings are the default's")
}

async fn answer_all(app: &impl actix::Site, page: Page, cookies: &[String]) -> Duration {
    let requests: Vec<_> = cookies.iter().map(|cookie| actix::request(page, cookie)).collect();
    let start = Instant::now();
    for request in requests {
        let _ = black_box(app.call(request).await);
    }
    start.elapsed()
}
