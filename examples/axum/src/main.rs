//! Sessions on axum: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

mod live;

use std::process::ExitCode;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, any, get, on, post};
use axum::{Router, serve};
use example_demo::{Answer, Ask, BoxError, Demo, Format, Page, Second};
use session_core::web::SessionOf;
use session_core::web::axum::SessionLayer;
use session_core::{LazySession, Session, SessionError, Sessions};
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
        .route("/", page(MethodFilter::GET, Demo::home))
        .route("/login", page(MethodFilter::POST, Demo::login))
        .route("/logout", page(MethodFilter::POST, Demo::logout))
        .route("/cart", page(MethodFilter::POST, Demo::add_to_cart))
        .route("/cart/empty", page(MethodFilter::POST, Demo::empty_cart))
        .route("/count", page(MethodFilter::GET, Demo::count))
        .route("/count", page(MethodFilter::POST, Demo::add_to_count))
        .route("/sessions", page(MethodFilter::GET, Demo::list_sessions))
        .route("/sessions/{key}/end", page(MethodFilter::POST, Demo::end_session))
        .route("/sessions/end-others", page(MethodFilter::POST, Demo::end_other_sessions))
        .route("/protection", page(MethodFilter::GET, Demo::protection))
        .route("/admin", page(MethodFilter::GET, Demo::admin))
        .route("/admin/end-everything", page(MethodFilter::POST, Demo::end_everything))
        .route("/second", post(second))
        .route("/untouched", get(public))
        .route("/live/events", get(live::events))
        .route("/live/socket", get(live::socket))
        .route("/test/{*path}", any(test))
        .fallback(public)
        .layer(CatchPanicLayer::new())
        .layer(open(&demo, demo.sessions()))
        // Most applications have one kind of sessions. The same twice are opened once.
        .layer(open(&demo, demo.second()))
        .layer(middleware::from_fn_with_state(demo.clone(), dress))
        .with_state(demo)
}

/// Opens a session for each request. The application may answer its errors, wherever they are made.
fn open(demo: &Demo, sessions: &Sessions) -> SessionLayer {
    let layer = SessionLayer::new(sessions.clone());
    match demo.own_errors() {
        Some(own) => layer.on_error(move |error| own(error).map(Body::from)),
        None => layer,
    }
}

/// Has the demo answer with the session, which is loaded by being asked for.
fn page(method: MethodFilter, page: Page) -> MethodRouter<Demo> {
    on(method, async move |demo: State<Demo>, session: Session, Asked(ask): Asked| page(&demo, &session, &ask).await)
}

async fn public(demo: State<Demo>, Asked(ask): Asked) -> Answer {
    demo.public(&ask).await
}

/// Asks for a session by its name, where there are several.
async fn second(demo: State<Demo>, session: SessionOf<Second>, Asked(ask): Asked) -> Answer {
    demo.add_to_count(&session, &ask).await
}

async fn test(demo: State<Demo>, session: LazySession, Asked(ask): Asked) -> Result<Answer, SessionError> {
    demo.test(&session, &ask).await
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
