//! Stands between a client and a server, and loses answers or notes when it is told to.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Lets everything through, but for what is to be lost.
#[derive(Clone, Default)]
pub(crate) struct Loss {
    next: Arc<AtomicBool>,
    notes: Arc<AtomicBool>,
    all: Arc<AtomicBool>,
}

impl Loss {
    /// Loses the next answer to a write, and with it the connection.
    pub(crate) fn next(&self) {
        self.next.store(true, Ordering::SeqCst);
    }

    /// Loses all notes of what has changed, and no connection.
    pub(crate) fn notes(&self) {
        self.notes.store(true, Ordering::SeqCst);
    }

    /// Loses everything that the server says, and no connection, for as long as it is so.
    pub(crate) fn silence(&self, is_so: bool) {
        self.all.store(is_so, Ordering::SeqCst);
    }

    pub(crate) fn happened(&self) -> bool {
        !self.next.load(Ordering::SeqCst)
    }
}

/// Listens, and gives the port.
pub(crate) async fn before(server: u16, loss: Loss) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let loss = loss.clone();
            tokio::spawn(async move { between(client, server, loss).await });
        }
    });
    Ok(port)
}

async fn between(mut client: TcpStream, server: u16, loss: Loss) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", server)).await?;
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_write = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let asked = &asked[..read?];
                if asked.is_empty() {
                    return Ok(());
                }
                let is = |word: &[u8]| asked.windows(word.len()).any(|asked| asked == word);
                is_write = is(b"EVAL") || is(b"\r\nSET\r\n");
                server.write_all(asked).await?;
            }
            read = server.read(&mut answered) => {
                let answered = &answered[..read?];
                // What the server does not know is asked once more.
                let is_done = is_write && !answered.starts_with(b"-NOSCRIPT");
                if answered.is_empty() || is_done && loss.next.swap(false, Ordering::SeqCst) {
                    return Ok(());
                }
                if loss.all.load(Ordering::SeqCst) {
                    continue;
                }
                // Nothing else is on its way where a test loses notes.
                if loss.notes.load(Ordering::SeqCst) && answered.windows(10).any(|word| word == b"invalidate") {
                    continue;
                }
                client.write_all(answered).await?;
            }
        }
    }
}
