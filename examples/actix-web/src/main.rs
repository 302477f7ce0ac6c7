//! Sessions on actix-web: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

mod live;

use std::pin::Pin;
use std::process::ExitCode;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::guard::{Any, Get, Head};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{App, Error, FromRequest, Handler, HttpRequest, HttpResponse, HttpServer};
use example_demo::{Answer, Ask, Body, BoxError, Demo, Format, Page, Second};
use session_core::web::SessionOf;
use session_core::web::actix_web::SessionMiddleware;
use session_core::{LazySession, Session, SessionError, Sessions};

fn main() -> ExitCode {
    example_demo::main("actix-web", serve)
}

async fn serve(demo: Demo) -> Result<(), BoxError> {
    let (listener, stop) = (demo.listen()?.into_std()?, demo.asked_to_stop());
    let app = move || {
        App::new()
            .app_data(Data::new(demo.clone()))
            .configure(routes)
            .wrap(open(&demo, demo.sessions()))
            // Most applications have one kind of sessions. The same twice are opened once.
            .wrap(open(&demo, demo.second()))
            .wrap(from_fn(dress))
    };
    let server = HttpServer::new(app).disable_signals().shutdown_timeout(5).listen(listener)?.run();
    let handle = server.handle();
    tokio::spawn(async move {
        stop.await;
        handle.stop(true).await;
    });
    Ok(server.await?)
}

fn routes(app: &mut ServiceConfig) {
    let look = || web::route().guard(Any(Get()).or(Head()));
    app.route("/", look().to(page(Demo::home)))
        .route("/login", web::post().to(page(Demo::login)))
        .route("/logout", web::post().to(page(Demo::logout)))
        .route("/cart", web::post().to(page(Demo::add_to_cart)))
        .route("/cart/empty", web::post().to(page(Demo::empty_cart)))
        .route("/count", look().to(page(Demo::count)))
        .route("/count", web::post().to(page(Demo::add_to_count)))
        .route("/sessions", look().to(page(Demo::list_sessions)))
        .route("/sessions/{key}/end", web::post().to(page(Demo::end_session)))
        .route("/sessions/end-others", web::post().to(page(Demo::end_other_sessions)))
        .route("/protection", look().to(page(Demo::protection)))
        .route("/admin", look().to(page(Demo::admin)))
        .route("/admin/end-everything", web::post().to(page(Demo::end_everything)))
        .route("/second", web::post().to(second))
        .route("/untouched", look().to(public))
        .route("/live/events", look().to(page(Demo::events)))
        .route("/live/socket", web::get().to(live::socket))
        .route("/test/{path:.*}", web::to(test))
        .default_service(web::to(public));
}

/// Opens a session for each request. The application may answer its errors, wherever they are made.
fn open(demo: &Demo, sessions: &Sessions) -> SessionMiddleware {
    let middleware = SessionMiddleware::new(sessions.clone());
    match demo.own_errors() {
        Some(own) => middleware.on_error(move |error| respond(own(error).map(Body::from))),
        None => middleware,
    }
}

/// Has the demo answer with the session, which is loaded by being asked for.
fn page(page: Page) -> impl Handler<(Data<Demo>, Session, Asked), Output = HttpResponse> {
    move |demo: Data<Demo>, session: Session, Asked(ask): Asked| async move { respond(page(&demo, &session, &ask).await) }
}

async fn public(demo: Data<Demo>, Asked(ask): Asked) -> HttpResponse {
    respond(demo.public(&ask).await)
}

/// Asks for a session by its name, where there are several.
async fn second(demo: Data<Demo>, session: SessionOf<Second>, Asked(ask): Asked) -> HttpResponse {
    respond(demo.add_to_count(&session, &ask).await)
}

async fn test(demo: Data<Demo>, session: LazySession, Asked(ask): Asked) -> Result<HttpResponse, SessionError> {
    demo.test(&session, &ask).await.map(respond)
}

/// The request in the demo's words.
struct Asked(Ask);

impl FromRequest for Asked {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), Bytes::from_request(request, payload));
        Box::pin(async move {
            let body = body.await?;
            Ok(Self(asked(&request, body)))
        })
    }
}

fn asked(request: &HttpRequest, body: Bytes) -> Ask {
    Ask::new(request.method().as_str(), &request.uri().to_string(), request.headers(), body)
}

/// The demo's answer in actix's words.
fn respond(answer: Answer) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let mut response = HttpResponse::build(StatusCode::from_u16(head.status.as_u16()).expect("it is one"));
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    match body {
        Body::Whole(bytes) => response.body(bytes),
        Body::Pieces(pieces) => response.streaming(pieces),
    }
}

/// Gives errors their form, those of actix and of the session middleware, too.
async fn dress(
    demo: Data<Demo>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let format = Format::accepted(request.headers().get_all(ACCEPT).map(HeaderValue::as_bytes));
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(match demo.undressed(format, response.status().as_u16(), response.headers()) {
        Some(problem) => response.into_response(respond(problem)),
        None => response,
    })
}
