//! What curl and Python see, and how it ends.

use example_checks::{Home, in_time};
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::join;
use rocket::tokio::net::TcpStream;

example_checks::tours!(env!("CARGO_BIN_EXE_example-rocket"));

#[rocket::async_test]
async fn a_request_under_way_is_answered_before_the_end_and_a_silent_connection_holds_nothing_up() {
    let mut server = Home::new(env!("CARGO_BIN_EXE_example-rocket")).start().await;
    let _silent = TcpStream::connect(server.address()).await.unwrap();
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    let request = b"POST /count?delay_ms=300 HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Length: 0\r\n\r\n";
    slow.write_all(request).await.unwrap();
    server.logged("waiting before the write").await;
    let mut answer = String::new();
    let answered = in_time("the answer", slow.read_to_string(&mut answer));
    let (_, answered) = join!(server.stop(), answered);
    answered.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"count":1}"#), "{answer:?}");
}
