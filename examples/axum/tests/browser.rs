//! What a real browser sees.

use example_checks::{Store, browser, looks};

const PROGRAM: &str = env!("CARGO_BIN_EXE_example-axum");

#[test]
fn a_browser_is_served_as_promised_from_memory() {
    browser(PROGRAM, Store::Ets);
}

#[test]
fn a_browser_is_served_as_promised_from_redis() {
    browser(PROGRAM, Store::Redis);
}

#[test]
fn everybody_can_make_out_what_the_page_shows() {
    looks(PROGRAM);
}
