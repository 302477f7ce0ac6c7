//! Serves until asked to stop, then lets requests finish, but not for ever.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How long requests and slow connections may take after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Ends when somebody presses Ctrl-C, or on Unix sends SIGTERM. It listens from the moment it is called, not
/// only once it is awaited.
///
/// # Errors
/// If the system does not let it listen for signals.
#[cfg(unix)]
pub(crate) fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends when somebody presses Ctrl-C.
///
/// # Errors
/// If the system does not let it listen for that.
#[cfg(windows)]
pub(crate) fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut pressed = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        pressed.recv().await;
    })
}

/// Serves `app` until `asked_to_stop` ends and the requests under way are answered, or have had their time.
/// A connection that is still open then lives as long as the runtime.
///
/// # Errors
/// As the network fails.
pub(crate) async fn until(
    asked_to_stop: impl Future<Output = ()> + Send + 'static,
    listener: TcpListener,
    app: Router,
) -> io::Result<()> {
    let (asked, was_asked) = oneshot::channel();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        asked_to_stop.await;
        tracing::info!("stopping");
        let _ = asked.send(());
    });
    let too_long = async {
        let _ = was_asked.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = served => served,
        () = too_long => {
            tracing::warn!("connections were still open {GRACE:?} after the end; they are cut off");
            Ok(())
        }
    }
}
