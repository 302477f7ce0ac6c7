//! What a browser sees of sessions, clause by clause.

#![cfg(unix)]

use std::process::Command;

session_conformance::http_suite!(Command::new(env!("CARGO_BIN_EXE_example-hyper")));
