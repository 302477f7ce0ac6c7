//! The tour with curl.

mod support;

use std::process::Stdio;

use tokio::process::Command;

use support::{Home, in_time};

#[tokio::test]
async fn the_tour_with_curl_is_as_promised() {
    let server = Home::new().start().await;
    let mut tour = Command::new("sh");
    tour.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tour.sh")).arg(&server.url);
    tour.stdin(Stdio::null()).kill_on_drop(true);
    let output = in_time("the tour's end", tour.output()).await.expect("there is a shell");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
}
