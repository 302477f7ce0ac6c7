//! poem's sessions on the server, with its store in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::session::{CookieConfig, MemoryStorage, ServerSession, Session, SessionStorage};
use poem::web::cookie::SameSite;
use poem::{Body as PoemBody, EndpointExt, Request, Response, Server, endpoint};
use serde_json::Value;

use crate::pages::{Ask, Body, page};
use crate::rig::{Rig, Verb};
use crate::settings::{DAY, Settings, listen, tell};
use crate::visit::{Done, Visit};

pub(crate) async fn serve(settings: Settings) -> Result<()> {
    let rig = Arc::<Rig>::default();
    let config = CookieConfig::new()
        .name(settings.cookie)
        .secure(!settings.development)
        .same_site(SameSite::Lax)
        // The store's deadline comes from this as well.
        .max_age(settings.persistent.then(|| Duration::from_secs(DAY)));
    let watched = Watched { store: MemoryStorage::new(), rig: Arc::clone(&rig) };
    let app = endpoint::make(move |request| {
        let rig = Arc::clone(&rig);
        async move { answered(&rig, request).await }
    });
    let listener = listen()?;
    tell(&listener)?;
    Server::new_with_acceptor(TcpAcceptor::from_std(listener)?)
        .run(app.with(ServerSession::new(config, watched)))
        .await?;
    Ok(())
}

async fn answered(rig: &Arc<Rig>, mut request: Request) -> poem::Result<Response> {
    let body = request.take_body().into_vec().await.unwrap_or_default();
    let ask = Ask::new(request.method().as_str(), request.uri().path(), request.uri().query(), &body);
    let session = request.extensions().get::<Session>().cloned().expect("the middleware puts it there");
    let answer = page(rig, &ask, &mut OfPoem(session)).await;
    let mut response = Response::builder().status(StatusCode::from_u16(answer.status).expect("it is a status"));
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    Ok(match answer.body {
        Body::Json(text) => response.body(text),
        Body::Pieces(gate) => response.body(PoemBody::from_bytes_stream(in_io(rig.pieces(gate)))),
    })
}

/// Gives the pieces an error that poem knows, though they have none.
fn in_io<T>(
    pieces: impl futures_util::Stream<Item = Result<T, std::convert::Infallible>>,
) -> impl futures_util::Stream<Item = std::io::Result<T>> {
    futures_util::TryStreamExt::map_err(pieces, |never| match never {})
}

struct OfPoem(Session);

impl Visit for OfPoem {
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
        self.0.purge();
        Ok(())
    }

    async fn renew(&mut self) -> Done {
        self.0.renew();
        Ok(())
    }
}

/// The store, which fails when a test asks for it.
struct Watched {
    store: MemoryStorage,
    rig: Arc<Rig>,
}

impl Watched {
    async fn called(&self, verb: Verb) -> poem::Result<()> {
        self.rig.called(verb).await.map_err(poem::error::InternalServerError)
    }
}

impl SessionStorage for Watched {
    async fn load_session<'a>(&'a self, id: &'a str) -> poem::Result<Option<BTreeMap<String, Value>>> {
        self.called(Verb::Get).await?;
        self.store.load_session(id).await
    }

    async fn update_session<'a>(
        &'a self,
        id: &'a str,
        entries: &'a BTreeMap<String, Value>,
        expires: Option<Duration>,
    ) -> poem::Result<()> {
        self.called(Verb::Put).await?;
        self.store.update_session(id, entries, expires).await
    }

    async fn remove_session<'a>(&'a self, id: &'a str) -> poem::Result<()> {
        self.called(Verb::Put).await?;
        self.store.remove_session(id).await
    }
}
