//! Serves an app on a free port of the loopback interface.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use anyhow::Result;
use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::io::AsyncReadExt as _;

/// Threads of each app: as many as a small machine has processors.
pub(crate) const THREADS: usize = 2;

/// How long actix-web keeps a connection that waits for its turn; by default five seconds, and axum for ever.
pub(crate) const KEPT: Duration = Duration::from_secs(3600);

/// A port, and the way to tell that it is served.
#[derive(Debug)]
pub(crate) struct Listener(TcpListener);

impl Listener {
    pub(super) fn bind() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    pub(super) async fn axum(self, app: Router) -> Result<()> {
        self.tell()?;
        let listener = tokio::net::TcpListener::from_std(self.0)?.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).with_graceful_shutdown(no_more_input()).await?;
        Ok(())
    }

    /// Gives the port to a server of actix-web.
    pub(super) fn actix(self) -> Result<TcpListener> {
        self.tell()?;
        Ok(self.0)
    }

    /// Prints the port, on which clients wait from now on, if not for long.
    fn tell(&self) -> Result<()> {
        println!("{}", self.0.local_addr()?.port());
        Ok(())
    }
}

/// Serves until nobody wants the app any more.
pub(super) async fn until_unwanted(server: Server) -> Result<()> {
    tokio::select! {
        ended = server => ended?,
        () = no_more_input() => {}
    }
    Ok(())
}

/// Waits until nobody wants the app any more.
async fn no_more_input() {
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}
