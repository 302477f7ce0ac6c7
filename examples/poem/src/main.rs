//! Sessions on poem: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

mod live;

use std::process::ExitCode;
use std::time::Duration;

use example_demo::{Ask, BODY_LIMIT, Body, BoxError, Demo, Format, Page, Second};
use poem::listener::TcpAcceptor;
use poem::middleware::{AddData, CatchPanic};
use poem::web::Data;
use poem::{Endpoint, EndpointExt, FromRequest, IntoResponse, Request, RequestBody, Response, Result, Route, Server};
use poem::{get, handler, post};
use session_core::web::SessionOf;
use session_core::web::poem::SessionMiddleware;
use session_core::{LazySession, Session, Sessions};

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
        .at("/", get(page(Demo::home)))
        .at("/login", post(page(Demo::login)))
        .at("/logout", post(page(Demo::logout)))
        .at("/cart", post(page(Demo::add_to_cart)))
        .at("/cart/empty", post(page(Demo::empty_cart)))
        .at("/count", get(page(Demo::count)).post(page(Demo::add_to_count)))
        .at("/sessions", get(page(Demo::list_sessions)))
        .at("/sessions/:key/end", post(page(Demo::end_session)))
        .at("/sessions/end-others", post(page(Demo::end_other_sessions)))
        .at("/protection", get(page(Demo::protection)))
        .at("/admin", get(page(Demo::admin)))
        .at("/admin/end-everything", post(page(Demo::end_everything)))
        .at("/second", post(second))
        .at("/untouched", get(public))
        .at("/live/events", get(live::events))
        .at("/live/socket", get(live::socket))
        .at("/test/*path", test)
        .at("/:file", public)
        .with(CatchPanic::new())
        .with(open(&demo, demo.sessions()))
        // Most applications have one kind of sessions. The same twice are opened once.
        .with(open(&demo, demo.second()))
        .around(dress)
        .with(AddData::new(demo))
}

/// Opens a session for each request. The application may answer its errors, wherever they are made.
fn open(demo: &Demo, sessions: &Sessions) -> SessionMiddleware {
    let middleware = SessionMiddleware::new(sessions.clone());
    match demo.own_errors() {
        Some(own) => middleware.on_error(move |error| Response::from(own(error).map(Body::from))),
        None => middleware,
    }
}

/// Has the demo answer so.
fn page(page: Page) -> impl Endpoint {
    answer.data(page)
}

/// Answers with the session, which is loaded by being asked for.
#[handler]
async fn answer(demo: Data<&Demo>, page: Data<&Page>, session: Session, Asked(ask): Asked) -> Response {
    page(&demo, &session, &ask).await.into()
}

#[handler]
async fn public(demo: Data<&Demo>, Asked(ask): Asked) -> Response {
    demo.public(&ask).await.into()
}

/// Asks for a session by its name, where there are several.
#[handler]
async fn second(demo: Data<&Demo>, session: SessionOf<Second>, Asked(ask): Asked) -> Response {
    demo.add_to_count(&session, &ask).await.into()
}

#[handler]
async fn test(demo: Data<&Demo>, session: LazySession, Asked(ask): Asked) -> Result<Response> {
    Ok(demo.test(&session, &ask).await?.into())
}

/// The request in the demo's words.
struct Asked(Ask);

impl<'a> FromRequest<'a> for Asked {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let body = body.take()?.into_bytes_limit(BODY_LIMIT).await?;
        let target = request.original_uri().to_string();
        Ok(Self(Ask::new(request.method().as_str(), &target, request.headers(), body)))
    }
}

/// Gives errors their form, those of poem and of the session middleware, too.
async fn dress<E: Endpoint>(next: E, request: Request) -> Result<Response> {
    let demo = Data::<&Demo>::from_request_without_body(&request).await?.0.clone();
    let format = Format::of(request.headers());
    let response = next.call(request).await?.into_response();
    Ok(match demo.undressed(format, response.status().as_u16(), response.headers()) {
        Some(problem) => problem.into(),
        None => response,
    })
}
