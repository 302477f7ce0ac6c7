//! Shows sessions at work: an axum app, the embedded store, nothing else to start.
//!
//! This file sets up; `routes.rs` uses the sessions. The rest is what any web app has.

mod assets;
mod device;
mod errors;
mod negotiate;
mod routes;
mod serve;
mod settings;
mod user;
mod view;

use std::error::Error;
use std::process::ExitCode;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Router, middleware};
use session_core::web::tower::SessionLayer;
use session_core::{Sessions, SweeperConfig};
use session_ets::{EtsStore, Table};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tower_http::csrf::CsrfLayer;
use tracing_subscriber::EnvFilter;

use crate::settings::Settings;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let runtime = Runtime::new()?;
    // Before anything is loaded: where another server has the port, its file is not ours to take.
    let listener = runtime.block_on(listen(settings.port))?;

    // The store: a table in memory, kept over restarts in a file.
    let table = Table::new("session")?;
    table.load_from(&settings.session_file)?;

    let sessions = Sessions::builder(EtsStore::named("session")?).cookie(settings.cookie).build()?;
    let served = runtime.block_on(serve(listener, sessions));

    // No task outlives its runtime, so from here on nothing changes the table, and it can be saved.
    drop(runtime);
    table.save_to(&settings.session_file)?;
    served
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    let listening = TcpListener::bind(("127.0.0.1", port)).await;
    listening.map_err(|error| format!("cannot listen on port {port}: {error}; PORT=0 picks a free one"))
}

async fn serve(listener: TcpListener, sessions: Sessions) -> Result<(), Box<dyn Error>> {
    sessions.init().await?;
    let _sweeper = sessions.start_sweeper(SweeperConfig::default());

    let asked_to_stop = serve::asked_to_stop()?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(serve::until(asked_to_stop, listener, app(sessions)).await?)
}

/// Puts the app together. What is added last sees a request first.
fn app(sessions: Sessions) -> Router {
    let from_elsewhere = |_| (StatusCode::FORBIDDEN, "This form was sent from another site.").into_response();

    routes::routes()
        .with_state(sessions.clone())
        .layer(SessionLayer::new(sessions))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(CsrfLayer::new().with_rejection_response(from_elsewhere))
        .layer(middleware::from_fn(errors::show))
        .merge(assets::routes())
        .layer(middleware::from_fn(assets::protect))
}
