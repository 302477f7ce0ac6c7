//! Sets up, serves until asked to stop, lets requests finish but not for ever, and saves what is in memory.

use std::error::Error;
use std::future::Future;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{io, iter};

use session_core::{
    BoxError, Clock, CookieConfig, ManualClock, OwnerLimitAction, Sessions, SessionsBuilder, SweeperConfig, SystemClock,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::demo::{Demo, Second, Shared};
use crate::protection::Measures;
use crate::rig::Rig;
use crate::settings::Settings;
use crate::watch::Watched;

/// How long requests and slow connections may take after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Runs an example: reads the environment, opens the store, and has `serve` serve the demo until
/// [`Demo::asked_to_stop`] ends.
///
/// A connection that is still open 5 seconds later is cut off.
pub fn main<F>(framework: &'static str, serve: impl FnOnce(Demo) -> F) -> ExitCode
where
    F: Future<Output = Result<(), BoxError>>,
{
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();

    match run(framework, serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&*error).join("\n  because: "));
            ExitCode::FAILURE
        }
    }
}

/// Gives what an error says, and then its causes, the nearest first.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> Vec<String> {
    iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect()
}

fn run<F>(framework: &'static str, serve: impl FnOnce(Demo) -> F) -> Result<(), BoxError>
where
    F: Future<Output = Result<(), BoxError>>,
{
    let settings = Settings::from_env(framework)?;
    let runtime = Runtime::new()?;
    let served = runtime.block_on(async {
        // Before anything is loaded: where another server has the port, its file is not ours to take.
        let listener = listen(settings.port).await?;
        // Within the runtime: some stores have tasks of their own.
        let opened = settings.store.open(&settings.session_file, &settings.store_settings)?;
        let (demo, asked) = set_up(framework, &settings, opened.store, listener)?;
        demo.sessions().init().await?;
        let _sweeper = demo.sessions().start_sweeper(SweeperConfig::default());
        Ok::<_, BoxError>((opened.table, until(asked_to_stop()?, asked, serve(demo)).await))
    });

    // No task outlives its runtime, so from here on nothing changes the table, and it can be saved.
    drop(runtime);
    let (table, served) = served?;
    if let Some(table) = table {
        table.save_to(&settings.session_file)?;
    }
    served
}

fn set_up(
    framework: &'static str,
    settings: &Settings,
    store: Arc<dyn session_core::SessionStore>,
    listener: TcpListener,
) -> Result<(Demo, watch::Sender<bool>), BoxError> {
    let watched = Watched::new(store);
    let rig = settings.test.then(|| Rig::new(ManualClock::new(SystemClock.now())));
    let builder = |cookie: &CookieConfig| builder(settings, cookie, &watched, rig.as_ref());
    let mut first = builder(&settings.cookie);
    if let Some(bound) = &settings.bound {
        first = first.device_bound(bound.clone());
    }
    let (first, second) = (first, settings.second.as_ref().map(builder));
    let (sessions, second) = match second {
        Some(second) => (first.build()?, second.named::<Second>().build()?),
        None => {
            let only = first.named::<Second>().build()?;
            (only.clone(), only)
        }
    };
    let (asked, stopping) = watch::channel(false);
    let (store, errors, listener) = (settings.store.name(), settings.errors, Mutex::new(Some(listener)));
    let (measures, administrator) = (Measures::of(settings), settings.administrator.clone());
    let shared = Shared {
        framework,
        store,
        sessions,
        second,
        errors,
        watched,
        measures,
        administrator,
        rig,
        listener,
        stopping,
    };
    Ok((Demo::new(shared), asked))
}

fn builder(settings: &Settings, cookie: &CookieConfig, watched: &Watched, rig: Option<&Rig>) -> SessionsBuilder {
    let mut sessions = Sessions::builder(Arc::new(watched.clone()))
        .cookie(cookie.clone())
        .on_failure(settings.on_failure)
        .operation_timeout(settings.timeout)
        .clear_site_data(settings.clear_site_data.iter().copied());
    if let Some(scope) = &settings.scope {
        sessions = sessions.scope(scope);
    }
    if let Some(key) = &settings.fingerprint {
        sessions = sessions.fingerprint_key(key.clone());
    }
    if let Some(max) = settings.max_per_owner {
        sessions = sessions.max_sessions_per_owner(max, OwnerLimitAction::EvictOldest);
    }
    if let Some(every) = settings.renew_every {
        sessions = sessions.renew_every(every);
    }
    if let Some(near) = settings.near {
        sessions = sessions.near(near);
    }
    match rig {
        Some(rig) => sessions.clock(rig.clock.clone()),
        None => sessions,
    }
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    let listening = TcpListener::bind(("127.0.0.1", port)).await;
    listening.map_err(|error| format!("cannot listen on port {port}: {error}; PORT=0 picks a free one"))
}

/// Ends when somebody presses Ctrl-C, or on Unix sends SIGTERM. It listens from the moment it is called, not
/// only once it is awaited.
#[cfg(unix)]
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
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
#[cfg(windows)]
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut pressed = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        pressed.recv().await;
    })
}

/// Serves until `asked_to_stop` ends and the requests under way are answered, or have had their time. A
/// connection that is still open then lives as long as the runtime.
async fn until(
    asked_to_stop: impl Future<Output = ()>,
    asked: watch::Sender<bool>,
    served: impl Future<Output = Result<(), BoxError>>,
) -> Result<(), BoxError> {
    let too_long = async {
        asked_to_stop.await;
        tracing::info!("stopping");
        asked.send_replace(true);
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
