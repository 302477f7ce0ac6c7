//! Talks to a server in the words of its protocol.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

/// Longer than any server takes to end.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Sends `question` to each address in the URL, and gives what all of them answer until they hang up.
pub(crate) fn ask(url: &str, question: &str) -> Vec<String> {
    let (_, address) = url.split_once("://").unwrap();
    let (_, addresses) = address.rsplit_once('@').unwrap_or(("", address));
    let addresses = addresses.split('/').next().unwrap();
    addresses.split(',').map(|address| ask_one(address, question).unwrap()).collect()
}

pub(crate) fn ask_one(address: &str, question: &str) -> std::io::Result<String> {
    let mut server = TcpStream::connect(address)?;
    server.set_read_timeout(Some(LIMIT))?;
    server.write_all(question.as_bytes())?;
    server.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    server.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn password(url: &str) -> &str {
    let (user, _) = url.split_once("://").unwrap().1.rsplit_once('@').unwrap();
    user.split_once(':').unwrap().1
}

pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < end, "{what}: not within {LIMIT:?}");
        thread::yield_now();
    }
}
