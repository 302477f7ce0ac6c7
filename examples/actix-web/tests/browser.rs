//! What a real browser sees.

use example_checks::{Store, browser};

const PROGRAM: &str = env!("CARGO_BIN_EXE_example-actix-web");

#[test]
fn a_browser_is_served_as_promised_from_memory() {
    browser(PROGRAM, Store::Ets);
}

#[test]
fn a_browser_is_served_as_promised_from_redis() {
    browser(PROGRAM, Store::Redis);
}
