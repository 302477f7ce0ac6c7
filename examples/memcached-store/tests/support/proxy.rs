//! A way to memcached on which answers can be held back and lost.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of memcached's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    Pass,
    /// They wait until this is changed.
    Held,
    /// The connection is cut in place of one.
    Lost,
}

pub struct Proxy {
    pub address: String,
    state: Arc<State>,
}

struct State {
    replies: watch::Sender<Replies>,
    /// How many answers memcached has given.
    answered: watch::Sender<usize>,
    connections: watch::Sender<usize>,
}

impl Proxy {
    /// Listens, and passes everything on to `server`.
    pub async fn start(server: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let state = State {
            replies: watch::Sender::new(Replies::Pass),
            answered: watch::Sender::new(0),
            connections: watch::Sender::new(0),
        };
        let state = Arc::new(state);
        let (server, shared) = (server.to_owned(), Arc::clone(&state));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                shared.connections.send_modify(|count| *count += 1);
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                let ((mut asks, told), (answers, mut asked)) = (client.into_split(), server.into_split());
                tokio::spawn(async move { copy(&mut asks, &mut asked).await });
                tokio::spawn(pass(answers, told, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, state })
    }

    pub fn set(&self, replies: Replies) {
        self.state.replies.send_replace(replies);
    }

    /// How many answers memcached has given so far.
    pub fn answered(&self) -> usize {
        *self.state.answered.borrow()
    }

    /// Waits until memcached has given more answers than `before`.
    pub async fn answered_more_than(&self, before: usize) {
        let mut answered = self.state.answered.subscribe();
        answered.wait_for(|count| *count > before).await.expect("the proxy lives");
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        *self.state.connections.borrow()
    }
}

async fn pass(mut answers: OwnedReadHalf, mut told: OwnedWriteHalf, state: Arc<State>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut replies = state.replies.subscribe();
    while let Ok(length @ 1..) = answers.read(&mut buffer).await {
        state.answered.send_modify(|count| *count += 1);
        let Ok(Replies::Pass) = replies.wait_for(|replies| *replies != Replies::Held).await.map(|it| *it) else {
            return;
        };
        if told.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
