//! The demo's routes on session libraries of Rust, each in a process of its own: see `session-conformance/peers`.
//!
//! ```text
//! http-peers NAME            serves, as the HTTP suite starts a server
//! http-peers NAME version    tells the version
//! ```

mod actix;
mod axum_session;
mod on_axum; // what both on axum share
mod pages; // the routes
mod poem;
mod rig; // what tests alone need
mod salvo;
mod settings; // what the suite sets
mod tower;
mod visit; // what a peer says of its session

use std::env;

use anyhow::{Result, bail};
use settings::Settings;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    if arguments.next().as_deref() == Some("version") {
        println!("{}", title(&name)?);
        return Ok(());
    }
    if env::var_os("RUST_LOG").is_some() {
        tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    }
    let settings = Settings::read();
    tokio::select! {
        served = serve(&name, settings) => served,
        () = settings::asked_to_stop() => Ok(()),
    }
}

async fn serve(name: &str, settings: Settings) -> Result<()> {
    match name {
        "tower-sessions" => tower::serve(settings).await,
        "axum_session" => axum_session::serve(settings).await,
        "actix-session" => actix::serve(settings).await,
        "poem" => poem::serve(settings).await,
        "salvo" => salvo::serve(settings).await,
        _ => bail!("{name:?} is no peer"),
    }
}

/// Gives a peer's name with the version that it is built with.
fn title(name: &str) -> Result<String> {
    let package = match name {
        "salvo" => "salvo-session",
        "tower-sessions" | "axum_session" | "actix-session" | "poem" => name,
        _ => bail!("{name:?} is no peer"),
    };
    let locked = include_str!("../../Cargo.lock");
    // Where it has several versions, it says with each package which one that takes.
    let own = locked.split("[[package]]").find(|it| it.contains(concat!("\"", env!("CARGO_PKG_NAME"), "\"")));
    let taken = own.and_then(|own| own.split_once(&format!("\"{package} ")));
    let only = || locked.split_once(&format!("name = \"{package}\"\nversion = \""));
    match taken.or_else(only).and_then(|(_, rest)| rest.split('"').next()) {
        Some(version) => Ok(format!("{package} {version}")),
        None => bail!("{name} does not stand in Cargo.lock"),
    }
}
