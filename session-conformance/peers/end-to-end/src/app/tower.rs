//! tower-sessions, with and without its cache.

use anyhow::Result;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tower_sessions::session_store::{CachingSessionStore, SessionStore};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, session};
use tower_sessions_moka_store::MokaStore;
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::sqlx::postgres::PgPoolOptions;
use tower_sessions_sqlx_store::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use super::content::{CART, LOGIN, LOGOUT, NAME, READ, TOKEN, VISITS, WRITE, cart, name, page, token};
use super::{Listener, Near};
use crate::backend::Backend;

/// How many sessions the cache keeps: all.
const CACHED: u64 = 1_000_000;

pub(super) async fn serve(listener: Listener, backend: Backend, at: &str, near: Near) -> Result<()> {
    match backend {
        Backend::Memory => match near {
            Near::Off => listener.axum(app(MemoryStore::default())).await,
            Near::On => listener.axum(app(MokaStore::new(None))).await,
        },
        Backend::Sqlite => {
            let options = SqliteConnectOptions::new()
                .filename(at.trim_start_matches("sqlite://"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal);
            let pool = SqlitePoolOptions::new().test_before_acquire(false).connect_with(options).await?;
            let store = SqliteStore::new(pool);
            store.migrate().await?;
            cached(listener, store, near).await
        }
        Backend::Postgres => {
            let store = PostgresStore::new(PgPoolOptions::new().test_before_acquire(false).connect(at).await?);
            store.migrate().await?;
            cached(listener, store, near).await
        }
        Backend::Redis => {
            // As many connections as its example has.
            let pool = Pool::new(Config::from_url(at)?, None, None, None, 6)?;
            pool.init().await?;
            cached(listener, RedisStore::new(pool), near).await
        }
    }
}

async fn cached<S: SessionStore + Clone>(listener: Listener, store: S, near: Near) -> Result<()> {
    match near {
        Near::Off => listener.axum(app(store)).await,
        Near::On => listener.axum(app(CachingSessionStore::new(MokaStore::new(Some(CACHED)), store))).await,
    }
}

fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route(LOGIN, post(async |session: Session, Path(user)| answer(log_in(session, user).await)))
        .route(READ, get(async |session: Session| answer(read(&session).await)))
        .route(WRITE, post(async |session: Session| answer(write(session).await)))
        .route(LOGOUT, post(async |session: Session| answer(log_out(session).await)))
        .layer(SessionManagerLayer::new(store))
}

fn answer(done: Result<String, session::Error>) -> Result<String, StatusCode> {
    done.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn log_in(session: Session, user: u64) -> Result<String, session::Error> {
    session.cycle_id().await?;
    session.insert(NAME, name(user)).await?;
    session.insert(CART, cart()).await?;
    session.insert(TOKEN, token()).await?;
    session.insert(VISITS, 0_u64).await?;
    session.insert("user", user).await?;
    Ok("0".to_owned())
}

async fn read(session: &Session) -> Result<String, session::Error> {
    Ok(page(session.get(NAME).await?, session.get(VISITS).await?))
}

async fn write(session: Session) -> Result<String, session::Error> {
    let visits = session.get::<u64>(VISITS).await?.unwrap_or(0) + 1;
    session.insert(VISITS, visits).await?;
    Ok(visits.to_string())
}

async fn log_out(session: Session) -> Result<String, session::Error> {
    let answer = read(&session).await?;
    session.flush().await?;
    Ok(answer)
}
