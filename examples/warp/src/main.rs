//! Sessions on warp: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

mod live;

use std::convert::Infallible;
use std::process::ExitCode;

use example_demo::{Answer, Ask, BODY_LIMIT, Body, BoxError, Demo, Format, Page};
use http_body_util::Either;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use session_core::web::tower::SessionLayer;
use session_core::{LazySession, Session, SessionError, Sessions};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer};
use warp::http::{self, HeaderMap, Method, Request};
use warp::{Filter, Rejection, Reply, body, ext, get, head, header, method, path, post, query, reply};

fn main() -> ExitCode {
    example_demo::main("warp", serve)
}

async fn serve(demo: Demo) -> Result<(), BoxError> {
    let (mut connections, graceful) = (demo.connections()?, GracefulShutdown::new());
    // What is added first sees a request first.
    let app = ServiceBuilder::new()
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        // Most applications have one kind of sessions. The same twice are opened once.
        .layer(open(&demo, demo.second()))
        .layer(open(&demo, demo.sessions()))
        .map_request(keep_second(&demo))
        .layer(CatchPanicLayer::new())
        .service(warp::service(routes(&demo)));
    let dressed = service_fn(move |request: Request<Incoming>| {
        let format = Format::of(request.headers());
        let (demo, answering) = (demo.clone(), app.clone().oneshot(request));
        async move { answering.await.map(|response| dress(&demo, format, response)) }
    });

    // What warp's own server does, for a service that is no filter any more.
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    while let Some(stream) = connections.next().await {
        let service = TowerToHyperService::new(dressed.clone());
        let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        tokio::spawn(graceful.watch(connection));
    }
    graceful.shutdown().await;
    Ok(())
}

/// Opens a session for each request. The application may answer its errors, wherever they are made.
fn open(demo: &Demo, sessions: &Sessions) -> SessionLayer {
    let layer = SessionLayer::new(sessions.clone());
    match demo.own_errors() {
        Some(own) => layer.on_error(own),
        None => layer,
    }
}

fn routes(demo: &Demo) -> impl Filter<Extract = (impl Reply + use<>,), Error = Infallible> + Clone + use<> {
    let look = get().or(head()).unify();
    let page = |page: Page| with(demo).and(with(&page)).and(session()).and(ask()).then(answer).boxed();
    let count: Page = Demo::add_to_count;
    let home = path::end().and(look).and(page(Demo::home));
    home.or(path!("login").and(post()).and(page(Demo::login)))
        .or(path!("logout").and(post()).and(page(Demo::logout)))
        .or(path!("cart").and(post()).and(page(Demo::add_to_cart)))
        .or(path!("cart" / "empty").and(post()).and(page(Demo::empty_cart)))
        .or(path!("count").and(look).and(page(Demo::count)))
        .or(path!("count").and(post()).and(page(Demo::add_to_count)))
        .or(path!("sessions").and(look).and(page(Demo::list_sessions)))
        .or(path!("sessions" / "end-others").and(post()).and(page(Demo::end_other_sessions)))
        .or(path!("sessions" / String / "end").map(drop).untuple_one().and(post()).and(page(Demo::end_session)))
        .or(path!("protection").and(look).and(page(Demo::protection)))
        .or(path!("admin").and(look).and(page(Demo::admin)))
        .or(path!("admin" / "end-everything").and(post()).and(page(Demo::end_everything)))
        .or(path!("second").and(post()).and(with(demo)).and(with(&count)).and(second()).and(ask()).then(answer))
        .or(path!("live" / "events").and(get()).and(with(demo)).and(session()).and(ask()).then(live::events))
        .or(path!("live" / "socket").and(with(demo)).and(warp::ws()).and(session()).and(ask()).then(live::socket))
        .or(path!("test" / ..).and(with(demo)).and(ext::get()).and(ask()).then(test))
        .or(with(demo).and(ask()).then(public))
}

/// Has the demo answer with the session.
async fn answer(demo: Demo, page: Page, session: Result<Session, SessionError>, ask: Ask) -> reply::Response {
    match session {
        Ok(session) => respond(page(&demo, &session, &ask).await),
        Err(error) => respond(demo.failed(&ask, error)),
    }
}

async fn public(demo: Demo, ask: Ask) -> reply::Response {
    respond(demo.public(&ask).await)
}

async fn test(demo: Demo, session: LazySession, ask: Ask) -> reply::Response {
    respond(demo.test(&session, &ask).await.unwrap_or_else(|error| demo.failed(&ask, error)))
}

/// Hands a value to a handler.
fn with<T: Clone + Send>(value: &T) -> impl Filter<Extract = (T,), Error = Infallible> + Clone + use<T> {
    let value = value.clone();
    warp::any().map(move || value.clone())
}

/// Extracts the session, which is loaded by being asked for. An error is no rejection: warp would try the other routes.
fn session() -> impl Filter<Extract = (Result<Session, SessionError>,), Error = Rejection> + Copy {
    ext::get().then(async |session: LazySession| session.load().await)
}

/// Where there are several sessions: one that is not the innermost. A filter finds it by a type of its own.
#[derive(Clone)]
struct InSecond(LazySession);

fn keep_second<B>(demo: &Demo) -> impl Fn(Request<B>) -> Request<B> + Clone + use<B> {
    let second = demo.second().clone();
    move |mut request| {
        let session = second.find(request.extensions()).expect("its layer has opened it");
        request.extensions_mut().insert(InSecond(session));
        request
    }
}

fn second() -> impl Filter<Extract = (Result<Session, SessionError>,), Error = Rejection> + Copy {
    ext::get().then(async |InSecond(session)| session.load().await)
}

/// Extracts the request in the demo's words.
fn ask() -> impl Filter<Extract = (Ask,), Error = Infallible> + Copy {
    let query = query::raw().or(warp::any().map(String::new)).unify();
    // One that cannot be read is longer than the limit, and the demo refuses it.
    let body = body::bytes().or(warp::any().map(|| Bytes::from_static(&[0; BODY_LIMIT + 1]))).unify();
    let parts = method().and(path::full()).and(query).and(header::headers_cloned()).and(body);
    parts.map(|method: Method, path: path::FullPath, query: String, headers: HeaderMap, body: Bytes| {
        Ask::new(method.as_str(), &format!("{}?{query}", path.as_str()), &headers, body)
    })
}

/// The demo's answer in warp's words.
fn respond(answer: Answer) -> reply::Response {
    answer.map(|body| match body {
        Body::Whole(bytes) => bytes.into(),
        Body::Pieces(pieces) => reply::stream(pieces).into_response().into_body(),
    })
}

/// Gives errors their form, those of warp and of the session layer, too.
fn dress<B>(demo: &Demo, format: Format, response: http::Response<B>) -> http::Response<Either<Body, B>> {
    match demo.undressed(format, response.status().as_u16(), response.headers()) {
        Some(problem) => problem.map(Either::Left),
        None => response.map(Either::Right),
    }
}
