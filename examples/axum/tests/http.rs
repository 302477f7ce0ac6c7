//! What a browser sees of sessions, clause by clause; and the same where pages are shown from what was read before, on one
//! store of each kind.

#![cfg(unix)]

use std::process::Command;
use std::sync::OnceLock;
use std::thread;

use session_conformance::servers::{Alone, Postgres, Redis};
use session_core::SessionId;

session_conformance::http_suite!(Command::new(env!("CARGO_BIN_EXE_example-axum")));

/// A server that keeps what it reads, also where the store does not tell of all changes.
fn near(store: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-axum"));
    command.env("SESSION_NEAR", "stale").env("SESSION_STORE", store);
    command
}

mod near_ets {
    use super::*;
    session_conformance::http_suite!(near("ets:"));
}

mod near_sqlite {
    use super::*;
    session_conformance::http_suite!(near("sqlite://near.db"));
}

mod near_redis {
    use super::*;

    thread_local! {
        /// Each clause has a thread of its own, and starts its server there.
        static SERVER: Alone = waited(|| async { Redis::alone(&[]).await });
    }

    session_conformance::http_suite!(SERVER.with(|server| near(server.url())));
}

mod near_postgres {
    use super::*;

    static SERVER: OnceLock<Postgres> = OnceLock::new();

    thread_local! {
        static TABLE: String = format!("near_{:x}", u32::from_be_bytes(*SessionId::random().unwrap().key().as_bytes().first_chunk().unwrap()));
    }

    fn command() -> Command {
        let server = SERVER.get_or_init(|| waited(|| async { Postgres::start().await }));
        let mut command = near(server.url());
        TABLE.with(|table| command.env("SESSION_TABLE", table));
        command
    }

    session_conformance::http_suite!(command());
}

/// Waits for a server on a thread of its own, since a clause has a runtime on this one.
fn waited<T: Send + 'static, E: std::fmt::Display + Send + 'static, F: Future<Output = Result<T, E>>>(
    start: impl FnOnce() -> F + Send + 'static,
) -> T {
    let on_runtime = move || tokio::runtime::Runtime::new().unwrap().block_on(start());
    let started = thread::spawn(move || on_runtime().map_err(|error| error.to_string())).join();
    started.unwrap().unwrap_or_else(|error| panic!("{error}"))
}
