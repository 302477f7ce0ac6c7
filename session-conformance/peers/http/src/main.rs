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
    let locked = include_str!("../../Cargo.lock");
    let version = |package: &str| {
        let named = format!("name = \"{package}\"\nversion = \"");
        let versions = locked.split(&named).skip(1).filter_map(|rest| rest.split('"').next());
        versions.max().map(|version| format!("{package} {version}"))
    };
    let packages: &[&str] = match name {
        "tower-sessions" => &["tower-sessions"],
        "axum_session" => &["axum_session"],
        "actix-session" => &["actix-session"],
        "poem" => &["poem"],
        "salvo" => &["salvo-session"],
        _ => bail!("{name:?} is no peer"),
    };
    let titles: Option<Vec<_>> = packages.iter().map(|package| version(package)).collect();
    match titles {
        Some(titles) => Ok(titles.join(" on ")),
        None => bail!("{name} does not stand in Cargo.lock"),
    }
}
