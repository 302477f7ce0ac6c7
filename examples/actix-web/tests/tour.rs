//! What curl and Python see.

const PROGRAM: &str = env!("CARGO_BIN_EXE_example-actix-web");

#[test]
fn the_tour_with_curl_is_as_promised() {
    example_checks::curl(PROGRAM);
}

#[test]
fn the_tour_with_python_is_as_promised() {
    example_checks::python(PROGRAM);
}
