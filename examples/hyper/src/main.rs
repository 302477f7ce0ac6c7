//! Sessions on hyper: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

mod live;

use std::convert::Infallible;
use std::process::ExitCode;

use example_demo::{Answer, Ask, BODY_LIMIT, BoxError, Demo, Format, Page};
use http_body_util::{BodyExt, Either, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use session_core::web::tower::SessionLayer;
use session_core::{LazySession, Sessions};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

fn main() -> ExitCode {
    example_demo::main("hyper", serve)
}

async fn serve(demo: Demo) -> Result<(), BoxError> {
    let (mut connections, graceful) = (demo.connections()?, GracefulShutdown::new());
    let handling = demo.clone();
    // What is added first sees a request first.
    let app = ServiceBuilder::new()
        // Most applications have one kind of sessions. The same twice are opened once.
        .layer(open(&demo, demo.second()))
        .layer(open(&demo, demo.sessions()))
        .layer(CatchPanicLayer::new())
        .service(service_fn(move |request| handle(handling.clone(), request)));
    let dressed = service_fn(move |request: Request<Incoming>| {
        let format = Format::of(request.headers());
        let (demo, answering) = (demo.clone(), app.clone().oneshot(request));
        async move { answering.await.map(|response| dress(&demo, format, response)) }
    });

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

/// Finds the route. A page has the demo answer with the session, which is loaded by being asked for.
async fn handle(demo: Demo, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let mut session = head.extensions.get::<LazySession>().expect("the layer has opened it").clone();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Ok(status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(_) => return Ok(status(StatusCode::BAD_REQUEST)),
    };
    let ask = Ask::of(&head, body);
    let page: Page = match (&head.method, head.uri.path()) {
        (&Method::GET | &Method::HEAD, "/") => Demo::home,
        (&Method::POST, "/login") => Demo::login,
        (&Method::POST, "/logout") => Demo::logout,
        (&Method::POST, "/cart") => Demo::add_to_cart,
        (&Method::POST, "/cart/empty") => Demo::empty_cart,
        (&Method::GET | &Method::HEAD, "/count") => Demo::count,
        (&Method::POST, "/count") => Demo::add_to_count,
        (&Method::GET | &Method::HEAD, "/sessions") => Demo::list_sessions,
        (&Method::POST, "/sessions/end-others") => Demo::end_other_sessions,
        (&Method::POST, path) if path.starts_with("/sessions/") && path.ends_with("/end") => Demo::end_session,
        (&Method::GET | &Method::HEAD, "/protection") => Demo::protection,
        (&Method::GET | &Method::HEAD, "/admin") => Demo::admin,
        (&Method::POST, "/admin/end-everything") => Demo::end_everything,
        (&Method::POST, "/second") => {
            // Where there are several, each can be found.
            session = demo.second().find(&head.extensions).expect("its layer has opened it");
            Demo::add_to_count
        }
        (&Method::GET, "/live/events") => Demo::events,
        (&Method::GET, "/live/socket") => {
            return Ok(match session.load().await {
                Ok(session) => live::socket(&demo, session, &ask, head),
                Err(error) => demo.failed(&ask, error),
            });
        }
        (_, path) if path.starts_with("/test/") => {
            return Ok(demo.test(&session, &ask).await.unwrap_or_else(|error| demo.failed(&ask, error)));
        }
        _ => return Ok(demo.public(&ask).await),
    };
    Ok(match session.load().await {
        Ok(session) => page(&demo, &session, &ask).await,
        Err(error) => demo.failed(&ask, error),
    })
}

fn status(status: StatusCode) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    answer
}

/// Gives errors their form, those of the session layer, too.
fn dress<B>(demo: &Demo, format: Format, response: Response<B>) -> Response<Either<example_demo::Body, B>> {
    match demo.undressed(format, response.status().as_u16(), response.headers()) {
        Some(problem) => problem.map(Either::Left),
        None => response.map(Either::Right),
    }
}
