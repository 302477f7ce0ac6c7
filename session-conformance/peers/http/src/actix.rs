//! actix-session, which has no store in memory: it is given the least one that keeps its contract.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_session::config::{BrowserSession, PersistentSession, SessionLifecycle};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::{Key, SameSite, time::Duration};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Result;
use serde_json::Value;
use time::OffsetDateTime;

use crate::pages::{Ask, Body, page};
use crate::rig::{Rig, Verb};
use crate::settings::{DAY, Settings, listen, tell};
use crate::visit::{Done, Visit, failed};

pub(crate) async fn serve(settings: Settings) -> Result<()> {
    let rig = Arc::<Rig>::default();
    let store = InMemory { kept: Arc::default(), rig: Arc::clone(&rig) };
    let day = Duration::seconds(DAY.cast_signed());
    let server = HttpServer::new(move || {
        let lifecycle: SessionLifecycle = match settings.persistent {
            true => PersistentSession::default().session_ttl(day).into(),
            false => BrowserSession::default().state_ttl(day).into(),
        };
        let sessions = SessionMiddleware::builder(store.clone(), Key::from(&settings.keys[0]))
            .cookie_name(settings.cookie.clone())
            .cookie_secure(!settings.development)
            .cookie_same_site(SameSite::Lax)
            .session_lifecycle(lifecycle)
            .build();
        App::new().app_data(Data::from(Arc::clone(&rig))).wrap(sessions).default_service(web::to(answered))
    });
    let listener = listen()?;
    tell(&listener)?;
    server.workers(2).disable_signals().listen(listener)?.run().await?;
    Ok(())
}

async fn answered(session: Session, request: HttpRequest, body: Bytes, rig: Data<Rig>) -> HttpResponse {
    let query = Some(request.query_string());
    let ask = Ask::new(request.method().as_str(), request.path(), query, &body);
    let rig = rig.into_inner();
    let answer = page(&rig, &ask, &mut OfActix(session)).await;
    let status = actix_web::http::StatusCode::from_u16(answer.status).expect("the pages know what a status is");
    let mut response = HttpResponse::build(status);
    for header in answer.headers {
        response.append_header(header);
    }
    match answer.body {
        Body::Json(text) => response.body(text),
        Body::Pieces(gate) => response.streaming(rig.pieces(gate)),
    }
}

struct OfActix(Session);

impl Visit for OfActix {
    fn has(&mut self) -> Done {
        let _ = self.0.status();
        Ok(())
    }

    async fn get(&mut self, key: &str) -> Done<Option<Value>> {
        self.0.get(key).map_err(failed)
    }

    async fn set(&mut self, key: &str, value: Value) -> Done {
        self.0.insert(key, value).map_err(failed)
    }

    async fn remove(&mut self, key: &str) -> Done {
        self.0.remove(key);
        Ok(())
    }

    async fn end(&mut self) -> Done {
        self.0.purge();
        Ok(())
    }

    async fn renew(&mut self) -> Done {
        self.0.renew();
        Ok(())
    }
}

/// What actix-session loads and saves.
type State = HashMap<String, String>;

#[derive(Clone)]
struct InMemory {
    kept: Arc<Mutex<HashMap<String, (State, OffsetDateTime)>>>,
    rig: Arc<Rig>,
}

impl InMemory {
    async fn called(&self, verb: Verb) -> Result<()> {
        self.rig.called(verb).await.map_err(Into::into)
    }

    fn with<T>(&self, what: impl FnOnce(&mut HashMap<String, (State, OffsetDateTime)>) -> T) -> T {
        what(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SessionStore for InMemory {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        self.called(Verb::Get).await.map_err(LoadError::Other)?;
        let now = OffsetDateTime::now_utc();
        Ok(self.with(|kept| kept.get(key.as_ref()).filter(|(_, until)| now < *until).map(|(state, _)| state.clone())))
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        self.called(Verb::Put).await.map_err(SaveError::Other)?;
        let key = generate_session_key();
        let until = OffsetDateTime::now_utc() + *ttl;
        self.with(|kept| kept.insert(key.as_ref().to_owned(), (state, until)));
        Ok(key)
    }

    async fn update(&self, key: SessionKey, state: State, ttl: &Duration) -> Result<SessionKey, UpdateError> {
        self.called(Verb::Put).await.map_err(UpdateError::Other)?;
        let now = OffsetDateTime::now_utc();
        // What has gone meanwhile is saved anew under another key, as the store in Redis does it.
        let (found, state) = self.with(|kept| match kept.get_mut(key.as_ref()).filter(|(_, until)| now < *until) {
            Some(kept) => {
                *kept = (state, now + *ttl);
                (true, State::new())
            }
            None => (false, state),
        });
        if found {
            return Ok(key);
        }
        self.save(state, ttl).await.map_err(|error| match error {
            SaveError::Serialization(error) => UpdateError::Serialization(error),
            SaveError::Other(error) => UpdateError::Other(error),
        })
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<()> {
        self.called(Verb::Touch).await?;
        let until = OffsetDateTime::now_utc() + *ttl;
        self.with(|kept| {
            if let Some(kept) = kept.get_mut(key.as_ref()) {
                kept.1 = until;
            }
        });
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<()> {
        self.called(Verb::Put).await?;
        self.with(|kept| kept.remove(key.as_ref()));
        Ok(())
    }
}
