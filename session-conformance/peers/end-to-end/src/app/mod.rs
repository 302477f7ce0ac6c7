//! The apps that are measured, each in a process of its own. All have the same pages, and keep the same in a session.

mod actix_session;
mod axum_session;
mod content; // what stands in a session
mod express; // the app in another language
mod listen; // serves, and tells where
mod ours;
mod tower;
mod who; // which there are

use anyhow::Result;
pub(crate) use express::Express;
pub(crate) use listen::{Listener, THREADS};
pub(crate) use who::{Near, Who};

use crate::backend::Backend;

/// Serves an app for as long as the standard input is open.
pub(crate) async fn serve(who: Who, backend: Backend, at: &str) -> Result<()> {
    let listener = Listener::bind()?;
    match who {
        Who::Ours => ours::on_axum(listener, backend, at, Near::Off).await,
        Who::OursNear => ours::on_axum(listener, backend, at, Near::On).await,
        Who::OursActix => ours::on_actix(listener, backend, at).await,
        Who::TowerSessions => tower::serve(listener, backend, at, Near::Off).await,
        Who::TowerSessionsMoka => tower::serve(listener, backend, at, Near::On).await,
        Who::AxumSession => axum_session::serve(listener, backend, at, Near::Off).await,
        Who::AxumSessionMemory => axum_session::serve(listener, backend, at, Near::On).await,
        Who::ActixSession => actix_session::serve(listener, backend, at).await,
        Who::ExpressSession => anyhow::bail!("it is a program of its own"),
    }
}
