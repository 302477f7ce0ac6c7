//! A network that can be cut.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Says how the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Up,
    /// Nothing gets through, and nobody is told.
    Silent,
    /// All connections end, and none can be made.
    Cut,
}

/// Stands between a store and its server.
#[derive(Clone)]
pub(crate) struct Proxy {
    port: u16,
    to: u16,
    network: Arc<watch::Sender<Network>>,
}

impl Proxy {
    pub(crate) async fn start(to: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let proxy =
            Self { port: listener.local_addr()?.port(), to, network: Arc::new(watch::Sender::new(Network::Up)) };
        let network = Arc::clone(&proxy.network);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(forward(near, to, network.subscribe()));
            }
        });
        Ok(proxy)
    }

    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// Gives the URL with this in the server's place.
    pub(crate) fn instead_of(&self, url: &str) -> String {
        let replaced = url.replacen(&format!(":{}", self.to), &format!(":{}", self.port), 1);
        assert_ne!(replaced, url, "the URL names the server's port");
        replaced
    }
}

async fn forward(near: TcpStream, to: u16, mut network: watch::Receiver<Network>) {
    let mut cut = network.clone();
    let both = async {
        network.wait_for(|network| *network == Network::Up).await.ok()?;
        let far = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await.ok()?;
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        tokio::select! {
            () = pump(from_near, to_far, network.clone()) => {}
            () = pump(from_far, to_near, network.clone()) => {}
        }
        Some(())
    };
    tokio::select! {
        _ = both => {}
        _ = cut.wait_for(|network| *network == Network::Cut) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut network: watch::Receiver<Network>) {
    let mut bytes = vec![0; 16 * 1_024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        let up = network.wait_for(|network| *network == Network::Up).await.is_ok();
        if !up || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
