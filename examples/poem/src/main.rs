//! Sessions on poem: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

use std::process::ExitCode;
use std::time::Duration;

use example_demo::{Answer, Ask, BODY_LIMIT, BoxError, Demo, Format};
use poem::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, SET_COOKIE, VARY};
use poem::listener::TcpAcceptor;
use poem::middleware::{AddData, CatchPanic};
use poem::web::{Data, Path};
use poem::{
    Body, Endpoint, EndpointExt, FromRequest, IntoResponse, Request, RequestBody, Response, Result, Route, Server, get,
    handler, post,
};
use session_core::web::poem::SessionMiddleware;
use session_core::{LazySession, Session};

fn main() -> ExitCode {
    example_demo::main("poem", |demo| async {
        let (listener, stop) = (demo.listen()?, demo.asked_to_stop());
        let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
        Ok::<_, BoxError>(server.run_with_graceful_shutdown(app(demo), stop, Some(Duration::from_secs(5))).await?)
    })
}

/// Puts the app together. What is added last sees a request first.
fn app(demo: Demo) -> impl Endpoint {
    Route::new()
        .at("/", get(home))
        .at("/login", post(login))
        .at("/logout", post(logout))
        .at("/cart", post(add_to_cart))
        .at("/cart/empty", post(empty_cart))
        .at("/count", get(count).post(add_to_count))
        .at("/sessions", get(list_sessions))
        .at("/sessions/:key/end", post(end_session))
        .at("/sessions/end-others", post(end_other_sessions))
        .at("/untouched", get(untouched))
        .at("/test/*path", test)
        .at("/:file", file)
        .with(CatchPanic::new())
        .with(SessionMiddleware::new(demo.sessions().clone()))
        .around(dress)
        .with(AddData::new(demo))
}

#[handler]
async fn home(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.home(&session, &ask).await)
}

#[handler]
async fn login(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.login(&session, &ask).await)
}

#[handler]
async fn logout(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.logout(&session, &ask).await)
}

#[handler]
async fn add_to_cart(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.add_to_cart(&session, &ask).await)
}

#[handler]
async fn empty_cart(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.empty_cart(&session, &ask).await)
}

#[handler]
async fn count(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.count(&session, &ask).await)
}

#[handler]
async fn add_to_count(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.add_to_count(&session, &ask).await)
}

#[handler]
async fn list_sessions(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.list_sessions(&session, &ask).await)
}

#[handler]
async fn end_session(demo: Data<&Demo>, session: Session, Path(key): Path<String>, Asked(ask): Asked) -> Response {
    respond(demo.end_session(&session, &ask, &key).await)
}

#[handler]
async fn end_other_sessions(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    respond(demo.end_other_sessions(&session, &ask).await)
}

#[handler]
async fn untouched(demo: Data<&Demo>, Asked(ask): Asked) -> Response {
    respond(demo.untouched(&ask).await)
}

#[handler]
async fn file(demo: Data<&Demo>, Asked(ask): Asked) -> Response {
    respond(demo.file(&ask).await)
}

#[handler]
async fn test(demo: Data<&Demo>, session: LazySession, Asked(ask): Asked) -> Response {
    respond(demo.test(&session, &ask).await)
}

/// The request in the demo's words.
struct Asked(Ask);

impl<'a> FromRequest<'a> for Asked {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let body = body.take()?.into_bytes_limit(BODY_LIMIT).await?;
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        Ok(Self(Ask::new(request.method().as_str(), &request.original_uri().to_string(), headers, body)))
    }
}

/// The demo's answer in poem's words.
fn respond(answer: Answer) -> Response {
    let (head, body) = answer.into_parts();
    let mut response = Response::from(match body {
        example_demo::Body::Whole(bytes) => Body::from_bytes(bytes),
        example_demo::Body::Pieces(pieces) => Body::from_bytes_stream(pieces),
    });
    response.set_status(head.status);
    *response.headers_mut() = head.headers;
    response
}

/// Gives errors their form, those of poem and of the session middleware, too.
async fn dress<E: Endpoint>(next: E, request: Request) -> Result<Response> {
    let demo = Data::<&Demo>::from_request_without_body(&request).await?.0.clone();
    let format = Format::of(request.headers());
    let response = next.call(request).await?.into_response();
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let Some(problem) = demo.undressed(format, response.status(), content_type) else { return Ok(response) };
    let mut problem = respond(problem);
    for name in [ALLOW, CACHE_CONTROL, SET_COOKIE, VARY] {
        for value in response.headers().get_all(&name) {
            problem.headers_mut().append(&name, value.clone());
        }
    }
    Ok(problem)
}
