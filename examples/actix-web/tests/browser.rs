//! What a real browser sees.

example_checks::browser!(env!("CARGO_BIN_EXE_example-actix-web"));
