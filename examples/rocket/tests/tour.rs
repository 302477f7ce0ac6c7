//! What curl and Python see.

example_checks::tours!(env!("CARGO_BIN_EXE_example-rocket"));
