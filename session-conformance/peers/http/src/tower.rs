//! tower-sessions with its store in memory, and an idle timeout as its README sets it.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use serde_json::Value;
use time::Duration;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, SessionStore};
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer};

use crate::on_axum::{answered, asked, served};
use crate::pages::page;
use crate::rig::{Rig, Verb};
use crate::settings::{DAY, Settings};
use crate::visit::{Done, Visit, failed};

pub(crate) async fn serve(settings: Settings) -> Result<()> {
    let rig = Arc::<Rig>::default();
    let layer = SessionManagerLayer::new(Watched { store: MemoryStore::default(), rig: Arc::clone(&rig) })
        .with_name(settings.cookie)
        .with_secure(!settings.development)
        .with_same_site(SameSite::Lax)
        .with_expiry(idle());
    let handler = async move |session: Session, request: Request| {
        let ask = asked(request).await;
        answered(&rig, page(&rig, &ask, &mut OfTower(session)).await)
    };
    served(Router::new().fallback(handler).layer(layer)).await
}

fn idle() -> Expiry {
    Expiry::OnInactivity(Duration::seconds(DAY.cast_signed()))
}

struct OfTower(Session);

impl Visit for OfTower {
    fn has(&mut self) -> Done {
        let _ = self.0.id();
        Ok(())
    }

    async fn get(&mut self, key: &str) -> Done<Option<Value>> {
        self.0.get_value(key).await.map_err(failed)
    }

    async fn set(&mut self, key: &str, value: Value) -> Done {
        self.0.insert_value(key, value).await.map(drop).map_err(failed)
    }

    async fn remove(&mut self, key: &str) -> Done {
        self.0.remove_value(key).await.map(drop).map_err(failed)
    }

    async fn end(&mut self) -> Done {
        self.0.flush().await.map_err(failed)
    }

    async fn renew(&mut self) -> Done {
        self.0.cycle_id().await.map_err(failed)
    }

    async fn commit(&mut self) -> Done {
        self.0.save().await.map_err(failed)
    }

    fn remember(&mut self) -> Done {
        self.0.set_expiry(Some(idle()));
        Ok(())
    }
}

/// The store, which fails when a test asks for it.
#[derive(Clone, Debug)]
struct Watched {
    store: MemoryStore,
    rig: Arc<Rig>,
}

impl Watched {
    async fn called(&self, verb: Verb) -> session_store::Result<()> {
        self.rig.called(verb).await.map_err(|error| session_store::Error::Backend(error.to_string()))
    }
}

#[async_trait]
impl SessionStore for Watched {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.called(Verb::Put).await?;
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.called(Verb::Put).await?;
        self.store.save(record).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.called(Verb::Get).await?;
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.called(Verb::Put).await?;
        self.store.delete(id).await
    }
}
