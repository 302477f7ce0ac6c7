//! Apps on axum: bare, with this crate, and with the peers.

use std::sync::Arc;

use ::axum_session::{SessionConfig, SessionMode, SessionNullPool};
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{COOKIE, HOST, HeaderValue, SET_COOKIE};
use axum::response::Response;
use axum::routing::{RouterIntoService, get};
use axum::{Extension, Router};
use session_core::Sessions;
use session_core::web::axum::SessionLayer;
use tower::{Service as _, ServiceExt as _};
use tower_layer::layer_fn;

use super::work::{CART, NAME, Page, TOKEN, VISITS, cart, cookie_header, found, name, token};

pub(crate) type App = RouterIntoService<Body>;

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Bare,
    /// Bare, within a layer that does nothing: what any layer costs.
    #[allow(dead_code, reason = "its instructions are counted, and that is all")]
    BareLayer,
    /// Bare, within a layer that leaves something where handlers find it.
    #[allow(dead_code, reason = "its instructions are counted, and that is all")]
    BareExtension,
    Ours,
    TowerSessions,
    AxumSession,
}

impl Who {
    /// Those who are timed, and what the figures call them.
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Bare, "bare"),
        (Self::Ours, "ours"),
        (Self::TowerSessions, "tower_sessions"),
        (Self::AxumSession, "axum_session"),
    ];

    /// Makes an app with an empty store. `sessions` are ours.
    pub(crate) async fn app(self, sessions: Sessions) -> App {
        self.router(sessions).await.into_service()
    }

    /// Makes its router.
    pub(crate) async fn router(self, sessions: Sessions) -> Router {
        match self {
            Self::Bare => bare::pages(),
            Self::BareLayer => bare::pages().layer(layer_fn(|service| service)),
            Self::BareExtension => bare::pages().layer(Extension(Arc::new(()))),
            Self::Ours => ours::pages().layer(SessionLayer::new(sessions)),
            Self::TowerSessions => tower_sessions::pages()
                .layer(::tower_sessions::SessionManagerLayer::new(::tower_sessions::MemoryStore::default())),
            Self::AxumSession => {
                // In the other modes every visitor has a session stored.
                let config = SessionConfig::default().with_mode(SessionMode::Manual);
                let store = axum_session::SessionStore::<SessionNullPool>::new(None, config).await;
                axum_session::pages().layer(::axum_session::SessionLayer::new(store.expect("it is in memory")))
            }
        }
    }
}

/// Makes a request.
pub(crate) fn request(page: Page, cookie: &str) -> Request {
    let mut request = Request::builder().uri(page.path()).header(HOST, "localhost");
    if page.has_cookie() {
        request = request.header(COOKIE, cookie);
    }
    request.body(Body::empty()).expect("the parts are well-formed")
}

/// Makes one request for each cookie.
pub(crate) fn requests(page: Page, cookies: &[String]) -> Vec<Request> {
    cookies.iter().map(|cookie| request(page, cookie)).collect()
}

/// Answers one request.
pub(crate) async fn answer(app: &mut App, request: Request) -> Response {
    let ready = app.ready().await.unwrap_or_else(|never| match never {});
    ready.call(request).await.unwrap_or_else(|never| match never {})
}

/// Creates so many sessions and gives their `Cookie` headers, of the same length for an app that has none.
pub(crate) async fn cookies(app: &mut App, count: usize) -> Vec<String> {
    let mut cookies = Vec::with_capacity(count);
    for _ in 0..count {
        let mut request = request(Page::Create, "");
        // As in production: ours has seen https then, and looks for it no more.
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let response = answer(app, request).await;
        let set = response.headers().get_all(SET_COOKIE).iter().map(|value| value.as_bytes());
        cookies.push(cookie_header(set).unwrap_or_else(|| format!("__Host-Http-session={}", token())));
    }
    cookies
}

/// Checks that every page does its work.
pub(crate) async fn check(who: Who, sessions: Sessions) {
    let mut app = who.app(sessions).await;
    let [cookie] = cookies(&mut app, 1).await.try_into().expect("it was one");
    for page in Page::ALL.into_iter().filter(|_| !matches!(who, Who::Bare | Who::BareLayer | Who::BareExtension)) {
        let response = answer(&mut app, request(page, &cookie)).await;
        assert_eq!(response.status(), page.status(), "{who:?}, {page}");
        let sets = response.headers().contains_key(SET_COOKIE);
        assert!(sets || !matches!(page, Page::Create | Page::Renew), "{who:?}, {page}");
    }
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("it is one of two")
}

async fn untouched() -> StatusCode {
    StatusCode::OK
}

mod bare {
    use super::*;

    pub(super) fn pages() -> Router {
        let page = get(untouched);
        let [untouched, read, write, create, renew] = [(); 5].map(|()| page.clone());
        Router::new()
            .route("/untouched", untouched)
            .route("/read", read)
            .route("/write", write)
            .route("/create", create)
            .route("/renew", renew)
    }
}

mod ours {
    use session_core::{Session, SessionError};

    use super::*;

    pub(super) fn pages() -> Router {
        Router::new()
            .route("/untouched", get(untouched))
            .route("/read", get(read))
            .route("/write", get(write))
            .route("/create", get(create))
            .route("/renew", get(renew))
    }

    async fn read(session: Session) -> Result<StatusCode, SessionError> {
        Ok(status(found(session.get(NAME)?)))
    }

    async fn write(session: Session) -> Result<StatusCode, SessionError> {
        session.update(VISITS, |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
        Ok(StatusCode::OK)
    }

    async fn create(session: Session) -> Result<StatusCode, SessionError> {
        session.insert(NAME, name())?;
        session.insert(CART, cart())?;
        session.insert(TOKEN, token())?;
        session.insert(VISITS, 1_u64)?;
        Ok(StatusCode::OK)
    }

    async fn renew(session: Session) -> Result<StatusCode, SessionError> {
        session.renew()?;
        Ok(StatusCode::OK)
    }
}

mod tower_sessions {
    use ::tower_sessions::Session;

    use super::*;

    pub(super) fn pages() -> Router {
        Router::new()
            .route("/untouched", get(untouched))
            .route("/read", get(read))
            .route("/write", get(write))
            .route("/create", get(create))
            .route("/renew", get(renew))
    }

    async fn read(session: Session) -> StatusCode {
        status(found(session.get(NAME).await.unwrap()))
    }

    async fn write(session: Session) -> StatusCode {
        let visits: Option<u64> = session.get(VISITS).await.unwrap();
        session.insert(VISITS, visits.unwrap_or(0) + 1).await.unwrap();
        StatusCode::OK
    }

    async fn create(session: Session) -> StatusCode {
        session.insert(NAME, name()).await.unwrap();
        session.insert(CART, cart()).await.unwrap();
        session.insert(TOKEN, token()).await.unwrap();
        session.insert(VISITS, 1_u64).await.unwrap();
        StatusCode::OK
    }

    async fn renew(session: Session) -> StatusCode {
        session.cycle_id().await.unwrap();
        StatusCode::OK
    }
}

mod axum_session {
    pub(super) use ::axum_session::SessionStore;

    use super::*;

    type Session = ::axum_session::Session<SessionNullPool>;

    pub(super) fn pages() -> Router {
        Router::new()
            .route("/untouched", get(untouched))
            .route("/read", get(read))
            .route("/write", get(write))
            .route("/create", get(create))
            .route("/renew", get(renew))
    }

    async fn read(session: Session) -> StatusCode {
        status(found(session.get(NAME)))
    }

    async fn write(session: Session) -> StatusCode {
        let visits: Option<u64> = session.get(VISITS);
        session.set(VISITS, visits.unwrap_or(0) + 1);
        StatusCode::OK
    }

    async fn create(session: Session) -> StatusCode {
        session.create_data();
        session.set(NAME, name());
        session.set(CART, cart());
        session.set(TOKEN, token());
        session.set(VISITS, 1_u64);
        StatusCode::OK
    }

    async fn renew(session: Session) -> StatusCode {
        session.renew();
        StatusCode::OK
    }
}
