//! axum_session with sessions in its own memory, for those who were given one: in its other modes every visitor is.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::Request;
use axum_session::{SameSite, SessionConfig, SessionLayer, SessionMode, SessionNullPool, SessionStore};
use serde_json::Value;

use crate::on_axum::{answered, asked, served};
use crate::pages::page;
use crate::rig::Rig;
use crate::settings::{DAY, Settings};
use crate::visit::{Done, Visit};

type Session = axum_session::Session<SessionNullPool>;

pub(crate) async fn serve(settings: Settings) -> Result<()> {
    let rig = Arc::<Rig>::default();
    let day = time::Duration::seconds(DAY.cast_signed());
    let config = SessionConfig::default()
        .with_mode(SessionMode::Manual)
        .with_prefix_with_host(false)
        .with_session_name(settings.cookie)
        .with_secure(!settings.development)
        .with_http_only(true)
        .with_cookie_same_site(SameSite::Lax)
        .with_lifetime(day)
        .with_memory_lifetime(day)
        .with_max_age(settings.persistent.then_some(day));
    let store = SessionStore::<SessionNullPool>::new(None, config).await?;
    let handler = async move |session: Session, request: Request| {
        let ask = asked(request).await;
        answered(&rig, page(&rig, &ask, &mut OfAxumSession(session)).await)
    };
    served(Router::new().fallback(handler).layer(SessionLayer::new(store))).await
}

struct OfAxumSession(Session);

impl Visit for OfAxumSession {
    async fn get(&mut self, key: &str) -> Done<Option<Value>> {
        Ok(self.0.get(key))
    }

    async fn set(&mut self, key: &str, value: Value) -> Done {
        if !self.0.data_exists() {
            self.0.create_data();
        }
        self.0.set(key, value);
        Ok(())
    }

    async fn remove(&mut self, key: &str) -> Done {
        self.0.remove(key);
        Ok(())
    }

    async fn end(&mut self) -> Done {
        self.0.destroy();
        Ok(())
    }

    async fn renew(&mut self) -> Done {
        self.0.renew();
        Ok(())
    }

    fn remember(&mut self) -> Done {
        self.0.set_longterm(true);
        Ok(())
    }
}
