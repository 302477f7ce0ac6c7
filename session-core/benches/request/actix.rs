//! Apps on actix-web: bare, with this crate, and with actix-session, which has no store in memory: it is given the
//! least one there can be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use ::actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key};
use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HOST, SET_COOKIE};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpResponse, web};

use super::work::{CART, NAME, Page, TOKEN, VISITS, cart, cookie_header, found, name, token};

/// An app with an empty store.
pub(crate) trait Site: Service<Request, Response = ServiceResponse<Self::Body>, Error = Error> {
    type Body: MessageBody;
}

impl<S: Service<Request, Response = ServiceResponse<B>, Error = Error>, B: MessageBody> Site for S {
    type Body = B;
}

pub(crate) async fn bare() -> impl Site {
    let page = || web::get().to(untouched);
    let app = App::new().route("/untouched", page()).route("/read", page()).route("/write", page());
    init_service(app.route("/create", page()).route("/renew", page())).await
}

/// Makes a request.
pub(crate) fn request(page: Page, cookie: &str) -> Request {
    let mut request = TestRequest::with_uri(page.path()).insert_header((HOST, "localhost"));
    if page.has_cookie() {
        request = request.insert_header((COOKIE, cookie));
    }
    request.to_request()
}

/// Creates so many sessions and gives their `Cookie` headers, of the same length for an app that has none.
pub(crate) async fn cookies(app: &impl Site, count: usize) -> Vec<String> {
    let mut cookies = Vec::with_capacity(count);
    for _ in 0..count {
        let response = app.call(request(Page::Create, "")).await.expect("the app answers");
        let set = response.headers().get_all(SET_COOKIE).map(|value| value.as_bytes());
        cookies.push(cookie_header(set).unwrap_or_else(|| format!("__Host-Http-session={}", token())));
    }
    cookies
}

/// Checks that every page does its work.
pub(crate) async fn check(app: &impl Site) {
    let [cookie] = cookies(app, 1).await.try_into().expect("it was one");
    for page in Page::ALL {
        let response = app.call(request(page, &cookie)).await.expect("the app answers");
        assert_eq!(response.status().as_u16(), page.status(), "{page}");
        let sets = response.headers().contains_key(SET_COOKIE);
        assert!(sets || !matches!(page, Page::Create | Page::Renew), "{page}");
    }
}

fn status(status: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).expect("it is one of two"))
}

async fn untouched() -> HttpResponse {
    HttpResponse::new(StatusCode::OK)
}

pub(crate) mod ours {
    use session_core::web::actix_web::SessionMiddleware;
    use session_core::{Session, SessionError, Sessions};

    use super::*;

    pub(crate) async fn app(sessions: Sessions) -> impl Site {
        let app = App::new()
            .route("/untouched", web::get().to(untouched))
            .route("/read", web::get().to(read))
            .route("/write", web::get().to(write))
            .route("/create", web::get().to(create))
            .route("/renew", web::get().to(renew));
        init_service(app.wrap(SessionMiddleware::new(sessions))).await
    }

    async fn read(session: Session) -> Result<HttpResponse, SessionError> {
        Ok(status(found(session.get(NAME)?)))
    }

    async fn write(session: Session) -> Result<HttpResponse, SessionError> {
        session.update(VISITS, |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
        Ok(HttpResponse::new(StatusCode::OK))
    }

    async fn create(session: Session) -> Result<HttpResponse, SessionError> {
        session.insert(NAME, name())?;
        session.insert(CART, cart())?;
        session.insert(TOKEN, token())?;
        session.insert(VISITS, 1_u64)?;
        Ok(HttpResponse::new(StatusCode::OK))
    }

    async fn renew(session: Session) -> Result<HttpResponse, SessionError> {
        session.renew()?;
        Ok(HttpResponse::new(StatusCode::OK))
    }
}

pub(crate) mod actix_session {
    use ::actix_session::config::CookieContentSecurity;
    use ::actix_session::{Session, SessionGetError, SessionInsertError, SessionMiddleware};

    use super::*;

    pub(crate) async fn app() -> impl Site {
        // It cannot be told to leave the cookie as it is; to sign costs less than its default, to encrypt.
        let layer = SessionMiddleware::builder(InMemory::default(), Key::from(&[7; 64]))
            .cookie_content_security(CookieContentSecurity::Signed)
            .build();
        let app = App::new()
            .route("/untouched", web::get().to(untouched))
            .route("/read", web::get().to(read))
            .route("/write", web::get().to(write))
            .route("/create", web::get().to(create))
            .route("/renew", web::get().to(renew));
        init_service(app.wrap(layer)).await
    }

    async fn read(session: Session) -> Result<HttpResponse, SessionGetError> {
        Ok(status(found(session.get(NAME)?)))
    }

    async fn write(session: Session) -> Result<HttpResponse, Error> {
        let visits: Option<u64> = session.get(VISITS)?;
        session.insert(VISITS, visits.unwrap_or(0) + 1)?;
        Ok(HttpResponse::new(StatusCode::OK))
    }

    async fn create(session: Session) -> Result<HttpResponse, SessionInsertError> {
        session.insert(NAME, name())?;
        session.insert(CART, cart())?;
        session.insert(TOKEN, token())?;
        session.insert(VISITS, 1_u64)?;
        Ok(HttpResponse::new(StatusCode::OK))
    }

    async fn renew(session: Session) -> HttpResponse {
        session.renew();
        HttpResponse::new(StatusCode::OK)
    }
}

/// What actix-session loads and saves.
type State = HashMap<String, String>;

/// The least store for actix-session that keeps its contract, but for the deadlines, which it drops.
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
