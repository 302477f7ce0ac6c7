//! Sessions on actix-web: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

use std::pin::Pin;
use std::process::ExitCode;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, SET_COOKIE, VARY};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Data, Path, ServiceConfig};
use actix_web::{App, Error, FromRequest, HttpRequest, HttpResponse, HttpServer};
use example_demo::{Answer, Ask, BoxError, Demo, Format};
use session_core::web::actix_web::SessionMiddleware;
use session_core::{LazySession, Session};

fn main() -> ExitCode {
    example_demo::main("actix-web", serve)
}

async fn serve(demo: Demo) -> Result<(), BoxError> {
    let (listener, stop) = (demo.listen()?.into_std()?, demo.asked_to_stop());
    let app = move || {
        App::new()
            .app_data(Data::new(demo.clone()))
            .configure(routes)
            .wrap(SessionMiddleware::new(demo.sessions().clone()))
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
    let page = |path| web::resource(path).default_service(web::to(file));
    app.service(page("/").route(web::get().to(home)).route(web::head().to(home)))
        .service(page("/login").route(web::post().to(login)))
        .service(page("/logout").route(web::post().to(logout)))
        .service(page("/cart").route(web::post().to(add_to_cart)))
        .service(page("/cart/empty").route(web::post().to(empty_cart)))
        .service(
            page("/count").route(web::get().to(count)).route(web::head().to(count)).route(web::post().to(add_to_count)),
        )
        .service(page("/sessions").route(web::get().to(list_sessions)).route(web::head().to(list_sessions)))
        .service(page("/sessions/{key}/end").route(web::post().to(end_session)))
        .service(page("/sessions/end-others").route(web::post().to(end_other_sessions)))
        .service(page("/untouched").route(web::get().to(untouched)).route(web::head().to(untouched)))
        .route("/test/{path:.*}", web::to(test))
        .default_service(web::to(file));
}

async fn home(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.home(&session, &ask).await)
}

async fn login(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.login(&session, &ask).await)
}

async fn logout(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.logout(&session, &ask).await)
}

async fn add_to_cart(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.add_to_cart(&session, &ask).await)
}

async fn empty_cart(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.empty_cart(&session, &ask).await)
}

async fn count(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.count(&session, &ask).await)
}

async fn add_to_count(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.add_to_count(&session, &ask).await)
}

async fn list_sessions(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.list_sessions(&session, &ask).await)
}

async fn end_session(demo: Data<Demo>, session: Session, key: Path<String>, Asked(ask): Asked) -> HttpResponse {
    respond(demo.end_session(&session, &ask, &key).await)
}

async fn end_other_sessions(demo: Data<Demo>, session: Session, Asked(ask): Asked) -> HttpResponse {
    respond(demo.end_other_sessions(&session, &ask).await)
}

async fn untouched(demo: Data<Demo>, Asked(ask): Asked) -> HttpResponse {
    respond(demo.untouched(&ask).await)
}

async fn file(demo: Data<Demo>, Asked(ask): Asked) -> HttpResponse {
    respond(demo.file(&ask).await)
}

async fn test(demo: Data<Demo>, session: LazySession, Asked(ask): Asked) -> HttpResponse {
    respond(demo.test(&session, &ask).await)
}

/// The request in the demo's words.
struct Asked(Ask);

impl FromRequest for Asked {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), Bytes::from_request(request, payload));
        Box::pin(async move {
            let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
            Ok(Self(Ask::new(request.method().as_str(), &request.uri().to_string(), headers, body.await?)))
        })
    }
}

/// The demo's answer in actix's words.
fn respond(answer: Answer) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).expect("it is one");
    let mut response = HttpResponse::build(status);
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    match body {
        example_demo::Body::Whole(bytes) => response.body(bytes),
        example_demo::Body::Pieces(pieces) => response.streaming(pieces),
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
    let status = response.status().as_u16().try_into().expect("it is one");
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let Some(problem) = demo.undressed(format, status, content_type) else { return Ok(response) };
    let mut problem = respond(problem);
    for name in [ALLOW, CACHE_CONTROL, SET_COOKIE, VARY] {
        for value in response.headers().get_all(&name) {
            problem.headers_mut().append(name.clone(), value.clone());
        }
    }
    Ok(response.into_response(problem))
}
