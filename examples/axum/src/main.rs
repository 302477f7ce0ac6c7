//! Sessions on axum: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

mod live;

use std::process::ExitCode;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Router, serve};
use example_demo::{Ask, BoxError, Demo, Format};
use session_core::web::tower::SessionLayer;
use session_core::{LazySession, Session};
use tower_http::catch_panic::CatchPanicLayer;

fn main() -> ExitCode {
    example_demo::main("axum", |demo| async {
        let (listener, stop) = (demo.listen()?, demo.asked_to_stop());
        Ok::<_, BoxError>(serve(listener, app(demo)).with_graceful_shutdown(stop).await?)
    })
}

/// Puts the app together. What is added last sees a request first.
fn app(demo: Demo) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/cart", post(add_to_cart))
        .route("/cart/empty", post(empty_cart))
        .route("/count", get(count).post(add_to_count))
        .route("/sessions", get(list_sessions))
        .route("/sessions/{key}/end", post(end_one))
        .route("/sessions/end-others", post(end_other_sessions))
        .route("/untouched", get(untouched))
        .route("/live/events", get(live::events))
        .route("/live/socket", get(live::socket))
        .route("/test/{*path}", any(test))
        .fallback(file)
        .layer(CatchPanicLayer::new())
        .layer(SessionLayer::new(demo.sessions().clone()))
        .layer(middleware::from_fn_with_state(demo.clone(), dress))
        .with_state(demo)
}

async fn home(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.home(&session, &ask).await.map(Body::new)
}

async fn login(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.login(&session, &ask).await.map(Body::new)
}

async fn logout(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.logout(&session, &ask).await.map(Body::new)
}

async fn add_to_cart(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.add_to_cart(&session, &ask).await.map(Body::new)
}

async fn empty_cart(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.empty_cart(&session, &ask).await.map(Body::new)
}

async fn count(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.count(&session, &ask).await.map(Body::new)
}

async fn add_to_count(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.add_to_count(&session, &ask).await.map(Body::new)
}

async fn list_sessions(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.list_sessions(&session, &ask).await.map(Body::new)
}

async fn end_one(State(demo): State<Demo>, session: Session, Path(key): Path<String>, Asked(ask): Asked) -> Response {
    demo.end_session(&session, &ask, &key).await.map(Body::new)
}

async fn end_other_sessions(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    demo.end_other_sessions(&session, &ask).await.map(Body::new)
}

async fn untouched(State(demo): State<Demo>, Asked(ask): Asked) -> Response {
    demo.untouched(&ask).await.map(Body::new)
}

async fn file(State(demo): State<Demo>, Asked(ask): Asked) -> Response {
    demo.file(&ask).await.map(Body::new)
}

async fn test(State(demo): State<Demo>, session: LazySession, Asked(ask): Asked) -> Response {
    demo.test(&session, &ask).await.map(Body::new)
}

/// The request in the demo's words.
struct Asked(Ask);

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (head, body) = request.into_parts();
        let body = Bytes::from_request(Request::new(body), state).await.map_err(IntoResponse::into_response)?;
        Ok(Self(Ask::of(&head, body)))
    }
}

/// Gives errors their form, those of axum and of the session layer, too.
async fn dress(State(demo): State<Demo>, request: Request, next: Next) -> Response {
    let format = Format::of(request.headers());
    demo.dress(format, next.run(request).await, Body::new)
}
