//! A way to memcached on which answers can be held back and lost.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    /// How many requests were made.
    asked: watch::Sender<usize>,
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
            asked: watch::Sender::new(0),
            answered: watch::Sender::new(0),
            connections: watch::Sender::new(0),
        };
        let state = Arc::new(state);
        let (server, shared) = (server.to_owned(), Arc::clone(&state));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                shared.connections.send_modify(|count| *count += 1);
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                let ((asks, told), (answers, hears)) = (client.into_split(), server.into_split());
                tokio::spawn(ask(asks, hears, Arc::clone(&shared)));
                tokio::spawn(answer(answers, told, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, state })
    }

    pub fn set(&self, replies: Replies) {
        self.state.replies.send_replace(replies);
    }

    /// Gives how many requests were made and answers given so far, to wait for more.
    pub fn so_far(&self) -> (usize, usize) {
        (*self.state.asked.borrow(), *self.state.answered.borrow())
    }

    /// Waits for a request after those `before`.
    pub async fn asked_after(&self, (before, _): (usize, usize)) {
        let mut asked = self.state.asked.subscribe();
        asked.wait_for(|count| *count > before).await.expect("the proxy lives");
    }

    /// Waits for an answer of memcached's after those `before`.
    pub async fn answered_after(&self, (_, before): (usize, usize)) {
        let mut answered = self.state.answered.subscribe();
        answered.wait_for(|count| *count > before).await.expect("the proxy lives");
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        *self.state.connections.borrow()
    }
}

async fn ask(mut asks: OwnedReadHalf, mut hears: OwnedWriteHalf, state: Arc<State>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = asks.read(&mut buffer).await {
        if hears.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        state.asked.send_modify(|count| *count += 1);
    }
}

async fn answer(mut answers: OwnedReadHalf, mut told: OwnedWriteHalf, state: Arc<State>) {
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
