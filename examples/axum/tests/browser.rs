//! What a real browser sees.

example_checks::browser!(env!("CARGO_BIN_EXE_example-axum"));

#[test]
fn everybody_can_make_out_what_the_page_shows() {
    example_checks::looks(env!("CARGO_BIN_EXE_example-axum"));
}

#[test]
fn an_administrator_ends_everything_without_a_mouse() {
    example_checks::administration(env!("CARGO_BIN_EXE_example-axum"));
}

#[test]
fn a_session_that_is_bound_to_a_device_opens_nothing_elsewhere() {
    example_checks::bound(env!("CARGO_BIN_EXE_example-axum"));
}
