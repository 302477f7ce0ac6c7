//! A proxy before a primary of PostgreSQL and a standby that sends each statement to one of the two by its text: what reads
//! to the standby, the rest to the primary.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Listens on a port, and passes on what comes. Neither server may ask for a password, for the client is asked once.
pub(crate) async fn before(primary: u16, standby: u16) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_on(client, primary, standby));
        }
    });
    Ok(port)
}

/// A message of PostgreSQL's protocol: its type, and all of it.
struct Message {
    kind: u8,
    bytes: Vec<u8>,
}

async fn message(from: &mut TcpStream) -> io::Result<Message> {
    let kind = from.read_u8().await?;
    let mut bytes = vec![kind];
    body(from, &mut bytes).await?;
    Ok(Message { kind, bytes })
}

/// Reads a length and what it is the length of.
async fn body(from: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let length = from.read_u32().await?;
    let end = bytes.len() + usize::try_from(length).map_err(io::Error::other)?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.resize(end, 0);
    let begin = end + 4 - usize::try_from(length).map_err(io::Error::other)?;
    from.read_exact(&mut bytes[begin..]).await.map(drop)
}

const PRIMARY: usize = 0;
const STANDBY: usize = 1;

async fn pass_on(mut client: TcpStream, primary: u16, standby: u16) -> io::Result<()> {
    let mut hello = Vec::new();
    body(&mut client, &mut hello).await?;
    let mut servers = [
        TcpStream::connect((Ipv4Addr::LOCALHOST, primary)).await?,
        TcpStream::connect((Ipv4Addr::LOCALHOST, standby)).await?,
    ];
    client.set_nodelay(true)?;
    for (number, server) in servers.iter_mut().enumerate() {
        server.set_nodelay(true)?;
        server.write_all(&hello).await?;
        answers(server, (number == PRIMARY).then_some(&mut client)).await?;
    }
    // Where the statement of each name was prepared.
    let mut prepared = HashMap::new();
    let (mut batch, mut to) = (Vec::new(), PRIMARY);
    loop {
        let Message { kind, bytes } = message(&mut client).await?;
        let mut texts = bytes[5..].split(|byte| *byte == 0);
        match kind {
            b'Q' => to = by_text(texts.next().unwrap_or_default()),
            // A statement's name, and its text.
            b'P' => {
                let name = texts.next().unwrap_or_default().to_owned();
                to = by_text(texts.next().unwrap_or_default());
                prepared.insert(name, to);
            }
            // A portal's name, and the statement's.
            b'B' => to = prepared.get(texts.nth(1).unwrap_or_default()).copied().unwrap_or(to),
            _ => {}
        }
        batch.extend_from_slice(&bytes);
        if kind == b'Q' || kind == b'S' {
            servers[to].write_all(&batch).await?;
            batch.clear();
            answers(&mut servers[to], Some(&mut client)).await?;
        }
    }
}

fn by_text(text: &[u8]) -> usize {
    if text.starts_with(b"SELECT") { STANDBY } else { PRIMARY }
}

/// Passes on what a server says until it is ready for more.
async fn answers(server: &mut TcpStream, mut client: Option<&mut TcpStream>) -> io::Result<()> {
    let mut answer = Vec::new();
    loop {
        let Message { kind, bytes } = message(server).await?;
        answer.extend_from_slice(&bytes);
        // Ready, or waiting for the client's word.
        if let (b'Z' | b'R', Some(client)) = (kind, client.as_mut()) {
            client.write_all(&std::mem::take(&mut answer)).await?;
        }
        if kind == b'Z' {
            return Ok(());
        }
    }
}
