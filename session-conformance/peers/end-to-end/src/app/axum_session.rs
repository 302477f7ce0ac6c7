//! axum_session, which keeps sessions in the memory of its process, and does not learn what others change; and as its
//! pages say that several processes are set up, without.

use anyhow::Result;
use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use axum_session::{DatabasePool, Session, SessionConfig, SessionLayer, SessionMode, SessionNullPool, SessionStore};
use axum_session_redispool::SessionRedisPool;
use axum_session_sqlx::{SessionPgPool, SessionSqlitePool};
use session_redis::redis::Client;
use session_sql::sqlx::postgres::PgPoolOptions;
use session_sql::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::content::{CART, LOGIN, LOGOUT, NAME, READ, TOKEN, VISITS, WRITE, cart, name, page, token};
use super::{Listener, Near};
use crate::backend::Backend;

pub(super) async fn serve(listener: Listener, backend: Backend, at: &str, near: Near) -> Result<()> {
    match backend {
        Backend::Memory => listener.axum(app::<SessionNullPool>(None, Near::On).await?).await,
        Backend::Sqlite => {
            let options = SqliteConnectOptions::new()
                .filename(at.trim_start_matches("sqlite://"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal);
            let pool = SqlitePoolOptions::new().test_before_acquire(false).connect_with(options).await?;
            listener.axum(app(Some(SessionSqlitePool::from(pool)), near).await?).await
        }
        Backend::Postgres => {
            let pool = PgPoolOptions::new().test_before_acquire(false).connect(at).await?;
            listener.axum(app(Some(SessionPgPool::from(pool)), near).await?).await
        }
        Backend::Redis => {
            let pool = redis_pool::RedisPool::from(Client::open(at)?);
            listener.axum(app(Some(SessionRedisPool::from(pool)), near).await?).await
        }
    }
}

async fn app<P: DatabasePool + Clone + std::fmt::Debug + Send + Sync + 'static>(
    pool: Option<P>,
    near: Near,
) -> Result<Router> {
    // In the other modes every visitor has a session stored.
    let config = SessionConfig::default().with_mode(SessionMode::Manual);
    let config = match near {
        Near::Off => config.with_memory_lifetime(time::Duration::ZERO),
        Near::On => config,
    };
    let store = SessionStore::<P>::new(pool, config).await?;
    Ok(Router::new()
        .route(LOGIN, post(async |session: Session<P>, Path(user)| log_in(&session, user)))
        .route(READ, get(async |session: Session<P>| read(&session)))
        .route(WRITE, post(async |session: Session<P>| write(&session)))
        .route(LOGOUT, post(async |session: Session<P>| log_out(&session)))
        .layer(SessionLayer::new(store)))
}

fn log_in<P: DatabasePool + Clone + std::fmt::Debug + Send + Sync + 'static>(
    session: &Session<P>,
    user: u64,
) -> String {
    session.create_data();
    session.set(NAME, name(user));
    session.set(CART, cart());
    session.set(TOKEN, token());
    session.set(VISITS, 0_u64);
    session.set("user", user);
    session.renew();
    "0".to_owned()
}

fn read<P: DatabasePool + Clone + std::fmt::Debug + Send + Sync + 'static>(session: &Session<P>) -> String {
    page(session.get(NAME), session.get(VISITS))
}

fn write<P: DatabasePool + Clone + std::fmt::Debug + Send + Sync + 'static>(session: &Session<P>) -> String {
    let visits = session.get::<u64>(VISITS).unwrap_or(0) + 1;
    session.set(VISITS, visits);
    visits.to_string()
}

fn log_out<P: DatabasePool + Clone + std::fmt::Debug + Send + Sync + 'static>(session: &Session<P>) -> String {
    let answer = read(session);
    session.destroy();
    answer
}
