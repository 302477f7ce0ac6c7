//! Accepts connections, for frameworks that leave that to others.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::demo::Demo;

/// How long to wait where a connection cannot be accepted, most likely since there are too many: some may end.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the server is asked to stop.
pub struct Connections {
    /// `None` once nobody is listened to any more.
    listener: Option<TcpListener>,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Demo {
    /// Gives the connections to serve, in place of [`listen`](Self::listen).
    ///
    /// # Errors
    /// As [`listen`](Self::listen).
    pub fn connections(&self) -> io::Result<Connections> {
        Ok(Connections { listener: Some(self.listen()?), stop: Box::pin(self.asked_to_stop()) })
    }
}

impl Connections {
    /// Gives the next one; `None` once the server is asked to stop.
    pub async fn next(&mut self) -> Option<TcpStream> {
        loop {
            let listener = self.listener.as_ref()?;
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => return Some(stream),
                    Err(error) => {
                        let error: &(dyn std::error::Error + 'static) = &error;
                        tracing::warn!(error, "a connection could not be accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                () = &mut self.stop => self.listener = None,
            }
        }
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("listener", &self.listener).finish_non_exhaustive()
    }
}
