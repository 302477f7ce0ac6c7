//! Scripts that walk through an example, each with a client of its own.

use std::process::Stdio;

use tokio::process::Command;

use crate::server::{Home, Server, in_time};

/// Emits one `#[test]` for each tour of an example, given its program: `env!("CARGO_BIN_EXE_example-axum")`.
#[macro_export]
macro_rules! tours {
    ($program:expr) => {
        #[test]
        fn the_tour_with_curl_is_as_promised() {
            $crate::curl($program);
        }

        #[test]
        fn the_tour_with_python_is_as_promised() {
            $crate::python($program);
        }
    };
}

/// Takes the tour with curl's cookie jar.
///
/// # Panics
/// If curl is missing, or something is not as promised: the message has what the tour printed.
pub fn curl(program: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tours/tour.sh");
    tour(program, &[], |server, framework| {
        let mut tour = Command::new("sh");
        tour.args([script, server.url(), &format!("__Host-Http-{framework}-session")]);
        tour
    });
}

/// Takes the tour with Python's `requests`.
///
/// # Panics
/// If Python or `requests` is missing, or something is not as promised: the message has what the tour printed.
pub fn python(program: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tours/tour.py");
    tour(program, &[("SESSION_COOKIE", "development")], |server, framework| {
        let mut tour = Command::new("python3");
        tour.args([script, server.url(), &format!("{framework}-session")]);
        tour
    });
}

fn tour(program: &str, settings: &[(&str, &str)], command: impl FnOnce(&Server, &str) -> Command) {
    run(async {
        let home = Home::new(program);
        let server = home.start_with(&[settings, &[("SESSION_ADMIN", "Root")]].concat()).await;
        let mut tour = command(&server, home.framework());
        let called = format!("{:?}", tour.as_std().get_program());
        tour.stdin(Stdio::null()).kill_on_drop(true);
        let output = in_time("the tour's end", tour.output()).await;
        let output = output.unwrap_or_else(|error| panic!("{called} does not run ({error}): install it"));
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}{complained}");
        // A script that ends at once is no tour.
        assert!(said.lines().filter(|line| line.starts_with("ok: ")).count() >= 10, "{said}{complained}");
        server.stop().await;
    });
}

/// Runs a look, in a runtime that ends with it.
pub(crate) fn run(look: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().expect("a runtime can be had").block_on(look);
}
