//! Asks a server, in the few bytes that its protocol takes, whether it is ready.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A server on this machine that takes longer is not ready.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn redis(port: u16, password: &str) -> io::Result<()> {
    wanted(&ask(port, &format!("AUTH {password}\r\nPING\r\n"))?, &["+PONG"])
}

/// Asks a master or a replica of Sentinel's, which has to be in touch with the other.
pub(super) fn redis_node(port: u16, password: &str) -> io::Result<()> {
    let answer = ask(port, &format!("AUTH {password}\r\nINFO replication\r\n"))?;
    let linked = ["connected_slaves:2", "master_link_status:up"];
    if linked.iter().any(|linked| answer.contains(linked)) {
        return Ok(());
    }
    Err(not_ready(&answer))
}

pub(super) fn redis_cluster_node(port: u16, password: &str) -> io::Result<()> {
    let answer = ask(port, &format!("AUTH {password}\r\nCLUSTER INFO\r\nINFO replication\r\n"))?;
    wanted(&answer, &["cluster_state:ok", "cluster_known_nodes:6"])?;
    let linked = ["connected_slaves:1", "master_link_status:up"];
    if linked.iter().any(|linked| answer.contains(linked)) {
        return Ok(());
    }
    Err(not_ready(&answer))
}

pub(super) fn redis_sentinel(port: u16) -> io::Result<()> {
    wanted(
        &ask(port, "SENTINEL CKQUORUM mymaster\r\nSENTINEL MASTER mymaster\r\n")?,
        &["+OK 3 usable", "num-slaves\r\n$1\r\n2\r\n"],
    )
}

pub(super) fn memcached(port: u16) -> io::Result<()> {
    wanted(&ask(port, "version\r\n")?, &["VERSION "])
}

/// Says who it is; a server that is ready asks for the password (`R`), one that still starts gives an error.
pub(super) fn postgres(port: u16) -> io::Result<()> {
    let mut hello = 0x0003_0000_u32.to_be_bytes().to_vec();
    hello.extend_from_slice(b"user\0postgres\0\0");
    let mut server = connect(port)?;
    server.write_all(&u32::try_from(hello.len() + 4).unwrap_or_default().to_be_bytes())?;
    server.write_all(&hello)?;
    match first_bytes::<1>(&mut server)? {
        [b'R'] => Ok(()),
        other => Err(not_ready(&String::from_utf8_lossy(&other))),
    }
}

/// Listens: a server that is ready says hello in version 10 of the protocol, one that is not sends an error.
pub(super) fn mysql(port: u16) -> io::Result<()> {
    match first_bytes::<5>(&mut connect(port)?)? {
        [.., 10] => Ok(()),
        other => Err(not_ready(&format!("{other:?}"))),
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let server = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.set_write_timeout(Some(PATIENCE))?;
    Ok(server)
}

fn first_bytes<const N: usize>(server: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    server.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Sends the question and no more, after which the server hangs up, and gives all that it answers.
fn ask(port: u16, question: &str) -> io::Result<String> {
    let mut server = connect(port)?;
    server.write_all(question.as_bytes())?;
    server.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn wanted(answer: &str, parts: &[&str]) -> io::Result<()> {
    if parts.iter().all(|part| answer.contains(part)) { Ok(()) } else { Err(not_ready(answer)) }
}

fn not_ready(answer: &str) -> io::Error {
    io::Error::other(format!("it answers {:?}", answer.chars().take(200).collect::<String>()))
}
