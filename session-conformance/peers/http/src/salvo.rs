//! salvo's sessions, with their store in memory, saved for those alone who were given something.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use salvo::conn::tcp::TcpAcceptor;
use salvo::http::StatusCode;
use salvo::http::cookie::SameSite;
use salvo::prelude::{Depot, FlowCtrl, Handler, Request, Response, Router, Server, async_trait};
use salvo::session::{MemoryStore, Session, SessionDepotExt as _, SessionHandler, SessionStore};
use serde_json::Value;

use crate::pages::{Ask, Body, OURS, page};
use crate::rig::{Rig, Verb};
use crate::settings::{DAY, Settings, listen, tell};
use crate::visit::{Done, Visit, failed};

pub(crate) async fn serve(settings: Settings) -> Result<()> {
    let rig = Arc::<Rig>::default();
    let watched = Watched { store: MemoryStore::new(), rig: Arc::clone(&rig) };
    let mut sessions = SessionHandler::builder(watched, &settings.keys[0])
        .cookie_name(settings.cookie)
        .session_ttl(Some(Duration::from_secs(DAY)))
        .save_unchanged(false)
        .same_site_policy(SameSite::Lax)
        .secure_cookie(!settings.development);
    for key in &settings.keys[1..] {
        sessions = sessions.add_fallback_key(salvo::http::cookie::Key::from(key));
    }
    let app = Router::with_path("{**rest}").hoop(sessions.build()?).goal(Pages(rig));
    let listener = listen()?;
    tell(&listener)?;
    let acceptor = TcpAcceptor::try_from(tokio::net::TcpListener::from_std(listener)?)?;
    Server::new(acceptor).serve(app).await;
    Ok(())
}

struct Pages(Arc<Rig>);

#[async_trait]
impl Handler for Pages {
    async fn handle(&self, request: &mut Request, depot: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        let body = request.payload().await.cloned().unwrap_or_default();
        let ask = Ask::new(request.method().as_str(), request.uri().path(), request.uri().query(), &body);
        let session = depot.session_mut().expect("the middleware puts it there");
        let answer = page(&self.0, &ask, &mut OfSalvo(session)).await;
        response.status_code(StatusCode::from_u16(answer.status).expect("it is a status"));
        for (name, value) in answer.headers {
            let _ = response.add_header(name, value, true);
        }
        match answer.body {
            Body::Json(text) => drop(response.write_body(text)),
            Body::Pieces(gate) => response.stream(self.0.pieces(gate)),
        }
    }
}

struct OfSalvo<'a>(&'a mut Session);

impl Visit for OfSalvo<'_> {
    async fn get(&mut self, key: &str) -> Done<Option<Value>> {
        Ok(self.0.get(key))
    }

    async fn set(&mut self, key: &str, value: Value) -> Done {
        self.0.insert(key, value).map_err(failed)
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
        self.0.regenerate();
        Ok(())
    }

    // What was destroyed is destroyed at the end of the request, whatever was put into it meanwhile.
    async fn log_in(&mut self, name: &str) -> Done {
        if self.0.get::<String>("user").is_some_and(|user| user != name) {
            OURS.iter().for_each(|key| self.0.remove(key));
        }
        self.0.regenerate();
        self.set("user", name.into()).await
    }
}

/// The store, which fails when a test asks for it.
#[derive(Clone, Debug)]
struct Watched {
    store: MemoryStore,
    rig: Arc<Rig>,
}

impl Watched {
    async fn called(&self, verb: Verb) -> saysion::Result {
        Ok(self.rig.called(verb).await?)
    }
}

#[async_trait]
impl SessionStore for Watched {
    async fn load_session(&self, cookie_value: String) -> saysion::Result<Option<Session>> {
        self.called(Verb::Get).await?;
        self.store.load_session(cookie_value).await
    }

    async fn store_session(&self, session: Session) -> saysion::Result<Option<String>> {
        self.called(Verb::Put).await?;
        self.store.store_session(session).await
    }

    async fn destroy_session(&self, session: Session) -> saysion::Result {
        self.called(Verb::Put).await?;
        self.store.destroy_session(session).await
    }

    async fn clear_store(&self) -> saysion::Result {
        self.store.clear_store().await
    }
}
