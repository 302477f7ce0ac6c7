//! Counts the instructions of what is done most, under callgrind: they do not depend on the machine's load.
//!
//! ```text
//! .ci/instructions          # counts, and compares with what is kept in `instructions.txt`
//! .ci/instructions --renew  # counts, and keeps that
//! ```
//!
//! Ours are kept and compared; the peer's are there to be looked at. All is set up before anything is counted, in one
//! thread, with ids that are the same in every run; the peer's are random, and its counts differ a little each time.

#![allow(missing_docs, reason = "the macros write functions that have none")]

#[allow(dead_code, reason = "not everybody is counted")]
#[path = "request/axum.rs"]
mod axum;
#[path = "request/work.rs"]
mod work;

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::axum::extract::Request;
use ::axum::http::header::{COOKIE, HeaderValue};
use axum::Who::{Bare, BareExtension, BareLayer, Ours, TowerSessions};
use axum::{App, Who};
use gungraun::{library_benchmark, library_benchmark_group, main};
use session_core::{
    Bytes, ManualClock, Put, PutOutcome, RandomError, RandomSource, Record, SessionId, SessionKey, SessionStore,
    Sessions, Timestamp, Version,
};
use session_ets::{EtsStore, Table, TableConfig};
use tokio::runtime::{Builder, Runtime};
use work::Page;

/// How many requests, or calls of the store, are counted together.
const CALLS: usize = 100;
/// How many sessions the store holds when its calls are counted.
const STORED: usize = 10_000;
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Gives ids that are spread as random ones are, the same in every run.
#[derive(Debug, Default)]
struct Same(AtomicU64);

impl RandomSource for Same {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64.
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_ne_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// The table has a clock that stands: that of the system crashes under valgrind, which moves the vDSO.
fn store() -> EtsStore {
    EtsStore::new(Table::private_with(TableConfig::default().with_clock(ManualClock::new(NOW))))
}

fn sessions() -> Sessions {
    let clock = ManualClock::new(NOW);
    Sessions::builder(store()).random(Same::default()).clock(clock).build().expect("the settings are the default's")
}

struct Requests {
    runtime: Runtime,
    app: App,
    requests: Vec<Request>,
}

fn requests(who: Who, page: Page) -> Requests {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (app, requests) = runtime.block_on(async {
        axum::check(who, sessions()).await;
        let mut app = who.app(sessions()).await;
        let cookies = axum::cookies(&mut app, CALLS).await;
        (app, axum::requests(page, &cookies))
    });
    Requests { runtime, app, requests }
}

/// Pages that do not ask for their session, requested with 64 KB of forged cookies.
fn flooded(who: Who, page: Page) -> Requests {
    let mut requests = requests(who, page);
    let forged = format!("__Host-Http-session={}; ", "A".repeat(87)).repeat(600);
    for request in &mut requests.requests {
        let cookie = HeaderValue::try_from(&*forged).expect("it is ASCII");
        request.headers_mut().insert(COOKIE, cookie);
    }
    requests
}

#[library_benchmark]
#[bench::bare_untouched(args = (Bare, Page::Untouched), setup = requests)]
#[bench::bare_layer_untouched(args = (BareLayer, Page::Untouched), setup = requests)]
#[bench::bare_extension_untouched(args = (BareExtension, Page::Untouched), setup = requests)]
#[bench::ours_no_cookie(args = (Ours, Page::NoCookie), setup = requests)]
#[bench::ours_untouched(args = (Ours, Page::Untouched), setup = requests)]
#[bench::ours_untouched_flooded(args = (Ours, Page::Untouched), setup = flooded)]
#[bench::ours_read(args = (Ours, Page::Read), setup = requests)]
#[bench::ours_write(args = (Ours, Page::Write), setup = requests)]
#[bench::ours_create(args = (Ours, Page::Create), setup = requests)]
#[bench::ours_renew(args = (Ours, Page::Renew), setup = requests)]
#[bench::tower_sessions_no_cookie(args = (TowerSessions, Page::NoCookie), setup = requests)]
#[bench::tower_sessions_untouched(args = (TowerSessions, Page::Untouched), setup = requests)]
#[bench::tower_sessions_read(args = (TowerSessions, Page::Read), setup = requests)]
#[bench::tower_sessions_write(args = (TowerSessions, Page::Write), setup = requests)]
#[bench::tower_sessions_create(args = (TowerSessions, Page::Create), setup = requests)]
#[bench::tower_sessions_renew(args = (TowerSessions, Page::Renew), setup = requests)]
fn axum_request(Requests { runtime, mut app, requests }: Requests) -> (Runtime, App) {
    runtime.block_on(async {
        for request in requests {
            black_box(axum::answer(&mut app, request).await);
        }
    });
    (runtime, app)
}

/// A store, and all that it holds: what is dropped of it before the count is sorted by the allocator within it.
struct Rows {
    store: Arc<dyn SessionStore>,
    rows: Vec<(SessionKey, Record)>,
}

fn rows() -> Rows {
    let (random, store, at) = (Same::default(), store(), NOW);
    let rows: Vec<_> = (0..STORED as u64)
        .map(|number| {
            let key = SessionId::random_from(&random).expect("it never fails").key();
            let expires_at = at + Duration::from_secs(60 + number);
            let payload = Bytes::from(vec![b'x'; 200]);
            let version = Version::from_u64(number);
            (key, Record { version, payload, owner: None, created_at: at, last_seen_at: at, expires_at })
        })
        .collect();
    for (key, record) in &rows {
        assert_eq!(ready(store.put(key, record, Put::Create)).expect("there is room"), PutOutcome::Stored);
    }
    Rows { store: Arc::new(store), rows }
}

#[library_benchmark]
#[bench::get(setup = rows)]
fn ets_get(Rows { store, rows }: Rows) -> Rows {
    for (key, _) in rows.iter().take(CALLS) {
        black_box(ready(store.get(key)).expect("it is in memory"));
    }
    Rows { store, rows }
}

#[library_benchmark]
#[bench::put(setup = rows)]
fn ets_put(Rows { store, rows }: Rows) -> Rows {
    for (key, record) in rows.iter().take(CALLS) {
        let next = Record { version: Version::from_u64(u64::MAX), ..record.clone() };
        let put = ready(store.put(key, &next, Put::Replace(record.version)));
        assert_eq!(put.expect("it is in memory"), PutOutcome::Stored);
    }
    Rows { store, rows }
}

#[library_benchmark]
#[bench::touch(setup = rows)]
fn ets_touch(Rows { store, rows }: Rows) -> Rows {
    for (key, record) in rows.iter().take(CALLS) {
        let later = record.expires_at + Duration::from_secs(60);
        assert!(ready(store.touch(key, record.version, record.last_seen_at, later)).expect("it is in memory"));
    }
    Rows { store, rows }
}

/// Takes the result of a future that never waits, so that no runtime is counted.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("this store never waits"),
    }
}

library_benchmark_group!(name = request, benchmarks = axum_request);
library_benchmark_group!(name = ets, benchmarks = [ets_get, ets_put, ets_touch]);
main!(library_benchmark_groups = [request, ets]);
