//! actix-session, which has no store in memory: it is given the least one there can be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actix_session::config::CookieContentSecurity;
use actix_session::storage::{
    LoadError, RedisSessionStore, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_session::{Session, SessionGetError, SessionMiddleware};
use actix_web::cookie::{Key, time::Duration};
use actix_web::web::{Path, get, post};
use actix_web::{App, Error, HttpServer};
use anyhow::Result;

use super::Listener;
use super::content::{CART, LOGIN, LOGOUT, NAME, READ, TOKEN, VISITS, WRITE, cart, name, page, token};
use super::listen::{KEPT, THREADS, until_unwanted};
use crate::backend::Backend;

pub(super) async fn serve(listener: Listener, backend: Backend, at: &str) -> Result<()> {
    match backend {
        Backend::Redis => app(listener, RedisSessionStore::new(at).await?).await,
        _ => app(listener, InMemory::default()).await,
    }
}

async fn app<S: SessionStore + Clone + Send + 'static>(listener: Listener, store: S) -> Result<()> {
    let server = HttpServer::new(move || {
        // It cannot be told to leave the cookie as it is; to sign costs less than its default, to encrypt.
        let sessions = SessionMiddleware::builder(store.clone(), Key::from(&[7; 64]))
            .cookie_content_security(CookieContentSecurity::Signed)
            .build();
        App::new()
            .wrap(sessions)
            .route(LOGIN, post().to(async |session: Session, user: Path<u64>| log_in(&session, *user)))
            .route(READ, get().to(async |session: Session| read(&session)))
            .route(WRITE, post().to(async |session: Session| write(&session)))
            .route(LOGOUT, post().to(async |session: Session| log_out(&session)))
    });
    until_unwanted(server.workers(THREADS).keep_alive(KEPT).disable_signals().listen(listener.actix()?)?.run()).await
}

fn log_in(session: &Session, user: u64) -> Result<String, Error> {
    session.renew();
    session.insert(NAME, name(user))?;
    session.insert(CART, cart())?;
    session.insert(TOKEN, token())?;
    session.insert(VISITS, 0_u64)?;
    session.insert("user", user)?;
    Ok("0".to_owned())
}

fn read(session: &Session) -> Result<String, SessionGetError> {
    Ok(page(session.get(NAME)?, session.get(VISITS)?))
}

fn write(session: &Session) -> Result<String, Error> {
    let visits = session.get::<u64>(VISITS)?.unwrap_or(0) + 1;
    session.insert(VISITS, visits)?;
    Ok(visits.to_string())
}

fn log_out(session: &Session) -> Result<String, SessionGetError> {
    let answer = read(session)?;
    session.purge();
    Ok(answer)
}

/// What actix-session loads and saves.
type State = HashMap<String, String>;

/// The least store that keeps its contract, but for the deadlines, which it drops.
#[derive(Clone, Default)]
struct InMemory(Arc<Mutex<HashMap<String, State>>>);

impl SessionStore for InMemory {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        Ok(self.0.lock().unwrap().get(key.as_ref()).cloned())
    }

    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        self.0.lock().unwrap().insert(key.as_ref().to_owned(), state);
        Ok(key)
    }

    async fn update(&self, key: SessionKey, state: State, _: &Duration) -> Result<SessionKey, UpdateError> {
        self.0.lock().unwrap().insert(key.as_ref().to_owned(), state);
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.0.lock().unwrap().remove(key.as_ref());
        Ok(())
    }
}
