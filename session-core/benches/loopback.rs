//! Times requests to axum over loopback, from end to end: what of a session's cost is left to see behind a socket.
//!
//! ```text
//! cargo bench -p session-core --bench loopback -- [--quick]
//! ```
//!
//! One thread serves, another sends, over sixteen connections that are kept and have a session each; everybody
//! answers in turns of a quarter of a second. Prints what was measured, and at the end lines of `ratio NAME VALUE`:
//! `…_speedup` is our requests per second over the other's (above 1 ours are more), `…_p99` our 99th percentile of
//! latency over the other's (below 1 ours is shorter). `bare` is axum without sessions: the most there is to have. The
//! others are those of the bench `request`.

#[allow(dead_code, reason = "not every page is sent")]
#[path = "request/axum.rs"]
mod axum;
#[allow(dead_code, reason = "not every page is sent")]
#[path = "request/work.rs"]
mod work;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use ::axum::body::Body;
use axum::Who;
use hdrhistogram::Histogram;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use session_core::Sessions;
use session_ets::{EtsStore, Table};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use work::Page;

const PAGES: [Page; 3] = [Page::Untouched, Page::Read, Page::Write];
const CONNECTIONS: usize = 16;
const TURN: Duration = Duration::from_millis(250);

/// A connection, and the session that it is for.
struct Browser {
    connection: SendRequest<Body>,
    cookie: String,
}

/// What came of the turns of one app with one page.
struct Turns {
    per_second: Vec<f64>,
    micros: Histogram<u64>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { per_second: Vec::new(), micros: Histogram::new(3).expect("three digits are allowed") }
    }
}

impl Turns {
    fn median(&self) -> f64 {
        let mut sorted = self.per_second.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    fn quantile(&self, quantile: f64) -> f64 {
        self.micros.value_at_quantile(quantile).max(1) as f64
    }
}

fn main() {
    let rounds = if std::env::args().any(|argument| argument == "--quick") { 8 } else { 60 };
    let client = runtime();
    let mut everybody = Vec::new();
    for (who, name) in Who::ALL {
        let address = serve(who);
        everybody.push((name, client.block_on(browsers(address))));
    }
    let mut measured: BTreeMap<(Page, &str), Turns> = BTreeMap::new();
    for _ in 0..rounds {
        for page in PAGES {
            for (name, browsers) in &mut everybody {
                client.block_on(turn(browsers, page, measured.entry((page, *name)).or_default()));
            }
        }
    }

    println!("{:<10} {:<15} {:>10} {:>8} {:>8} {:>8}", "page", "who", "per second", "p50 us", "p99 us", "p99.9 us");
    for ((page, name), turns) in &measured {
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|quantile| turns.quantile(quantile));
        println!("{page:<10} {name:<15} {:>10.0} {p50:>8} {p99:>8} {p999:>8}", turns.median());
    }
    for ((page, name), theirs) in measured.iter().filter(|((_, name), _)| *name != "ours") {
        let ours = &measured[&(*page, "ours")];
        println!("ratio loopback_{page}_{name}_speedup {:.2}", ours.median() / theirs.median());
        println!("ratio loopback_{page}_{name}_p99 {:.2}", ours.quantile(0.99) / theirs.quantile(0.99));
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Serves an app from a thread of its own, for as long as the process lives.
fn serve(who: Who) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("a socket can be asynchronous");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        runtime().block_on(async move {
            let sessions = Sessions::builder(EtsStore::new(Table::private())).build().expect("these are the defaults");
            let router = who.router(sessions).await;
            let listener = TcpListener::from_std(listener).expect("it is asynchronous");
            ::axum::serve(listener, router).await.expect("it never ends");
        });
    });
    address
}

/// Connects, and has a session made for each connection.
async fn browsers(address: SocketAddr) -> Vec<Browser> {
    let mut browsers = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket can be told");
        let (mut connection, io) = handshake(TokioIo::new(stream)).await.expect("it is HTTP");
        tokio::spawn(async move { io.await.expect("the connection is kept") });
        let made = connection.send_request(axum::request(Page::Create, "")).await.expect("it answers");
        let set = made.headers().get_all("set-cookie").iter().map(|value| value.as_bytes());
        let cookie = work::cookie_header(set).unwrap_or_else(|| format!("__Host-Http-session={}", work::token()));
        browsers.push(Browser { connection, cookie });
    }
    browsers
}

/// Sends requests for the page over all connections at once, each as soon as the one before it was answered.
async fn turn(browsers: &mut Vec<Browser>, page: Page, turns: &mut Turns) {
    let start = Instant::now();
    let mut sending: JoinSet<(Browser, Vec<u64>)> =
        browsers.drain(..).map(|browser| send_until(start + TURN, browser, page)).collect();
    let mut requests = 0;
    while let Some(sent) = sending.join_next().await {
        let (browser, micros) = sent.expect("no request fails");
        browsers.push(browser);
        requests += micros.len();
        for micros in micros {
            turns.micros.record(micros).expect("every duration fits");
        }
    }
    turns.per_second.push(requests as f64 / start.elapsed().as_secs_f64());
}

/// Gives the connection back, and how many microseconds each request took.
async fn send_until(end: Instant, mut browser: Browser, page: Page) -> (Browser, Vec<u64>) {
    let mut micros = Vec::new();
    while Instant::now() < end {
        browser.connection.ready().await.expect("the connection is kept");
        let sent = Instant::now();
        let answer = browser.connection.send_request(axum::request(page, &browser.cookie)).await.expect("it answers");
        assert_eq!(answer.status().as_u16(), 200, "{page}");
        answer.into_body().collect().await.expect("it is whole");
        micros.push(sent.elapsed().as_micros() as u64);
    }
    (browser, micros)
}
