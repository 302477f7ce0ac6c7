//! What a browser sees of sessions, clause by clause.

#![cfg(unix)]

use std::process::Command;

session_conformance::http_suite!(
    Command::new(env!("CARGO_BIN_EXE_example-salvo")),
    without { LIVE: "the example has no WebSocket and no events" },
    except { SEVERAL_3: "a handler finds its session itself, and is told nothing" }
);
