//! axum_session with sessions in its own memory, in its default mode: every visitor is given one.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::Request;
use axum::http::header::SET_COOKIE;
use axum::middleware::map_response;
use axum::response::Response;
use axum_session::{SameSite, SessionConfig, SessionLayer, SessionNullPool, SessionStore};
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
    served(Router::new().fallback(handler).layer(SessionLayer::new(store)).layer(map_response(without_store))).await
}

/// Drops the removal of a cookie that other modes have: every response has it, and a browser has no such cookie. The clauses
/// would see nothing else.
async fn without_store(mut response: Response) -> Response {
    let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().cloned().collect();
    response.headers_mut().remove(SET_COOKIE);
    for cookie in cookies.into_iter().filter(|cookie| !cookie.as_bytes().starts_with(b"store=;")) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

struct OfAxumSession(Session);

impl Visit for OfAxumSession {
    async fn get(&mut self, key: &str) -> Done<Option<Value>> {
        Ok(self.0.get(key))
    }

    async fn set(&mut self, key: &str, value: Value) -> Done {
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
