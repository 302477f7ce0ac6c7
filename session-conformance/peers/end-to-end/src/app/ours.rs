//! This project's: on axum, and on actix-web.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use session_core::web::actix_web::SessionMiddleware;
use session_core::web::axum::SessionLayer;
use session_core::{Owner, Session, SessionError, SessionStore, Sessions};
use session_ets::{EtsStore, Table};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{Durability, PostgresStore, SqlConfig, SqliteStore};

use super::content::{CART, LOGIN, LOGOUT, NAME, READ, TOKEN, VISITS, WRITE, cart, name, page, token};
use super::listen::{KEPT, THREADS, until_unwanted};
use super::{Listener, Near};
use crate::backend::Backend;

pub(super) async fn on_axum(listener: Listener, backend: Backend, at: &str, near: Near) -> Result<()> {
    let pages = Router::new()
        .route(LOGIN, post(async |session, Path(user)| log_in(&session, user)))
        .route(READ, get(async |session: Session| read(&session)))
        .route(WRITE, post(async |session: Session| write(&session)))
        .route(LOGOUT, post(async |session: Session| log_out(&session)));
    listener.axum(pages.layer(SessionLayer::new(sessions(backend, at, near).await?))).await
}

pub(super) async fn on_actix(listener: Listener, backend: Backend, at: &str) -> Result<()> {
    use actix_web::web::{Path, get, post};
    use actix_web::{App, HttpServer};

    let sessions = sessions(backend, at, Near::Off).await?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(SessionMiddleware::new(sessions.clone()))
            .route(LOGIN, post().to(async |session: Session, user: Path<u64>| log_in(&session, *user)))
            .route(READ, get().to(async |session: Session| read(&session)))
            .route(WRITE, post().to(async |session: Session| write(&session)))
            .route(LOGOUT, post().to(async |session: Session| log_out(&session)))
    });
    until_unwanted(server.workers(THREADS).keep_alive(KEPT).disable_signals().listen(listener.actix()?)?.run()).await
}

fn log_in(session: &Session, user: u64) -> Result<String, SessionError> {
    session.insert(NAME, name(user))?;
    session.insert(CART, cart())?;
    session.insert(TOKEN, token())?;
    session.insert(VISITS, 0_u64)?;
    session.log_in(Owner::new(user.to_string())?)?;
    Ok("0".to_owned())
}

fn read(session: &Session) -> Result<String, SessionError> {
    Ok(page(session.get(NAME)?, session.get(VISITS)?))
}

fn write(session: &Session) -> Result<String, SessionError> {
    Ok(session.update(VISITS, |visits: Option<u64>| visits.unwrap_or(0) + 1)?.to_string())
}

fn log_out(session: &Session) -> Result<String, SessionError> {
    let answer = read(session)?;
    session.log_out();
    Ok(answer)
}

async fn sessions(backend: Backend, at: &str, near: Near) -> Result<Sessions> {
    let store: Arc<dyn SessionStore> = match backend {
        Backend::Memory => Arc::new(EtsStore::new(Table::private())),
        // As the peers' below: what was written last may go with the power.
        Backend::Sqlite => {
            let config = SqlConfig::default().with_durability(Durability::Process);
            Arc::new(SqliteStore::from_url_with(at, config)?)
        }
        Backend::Postgres => Arc::new(PostgresStore::from_url(at)?),
        Backend::Redis => Arc::new(RedisStore::from_url(at, RedisConfig::default())?),
    };
    let mut sessions = Sessions::builder(store);
    if near == Near::On {
        // As long as the peers' caches at most; on SQL databases no longer than a second.
        sessions = sessions.near(session_core::Near::default().with_stale_reads(Duration::from_secs(1)));
    }
    let sessions = sessions.build()?;
    sessions.init().await?;
    Ok(sessions)
}
