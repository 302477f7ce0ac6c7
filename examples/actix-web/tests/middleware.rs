//! The usual middleware of actix-web and its friends, outside of the session middleware and inside.

use std::io::{Read, Write};
use std::net::TcpStream;

use actix_cors::Cors;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ACCEPT_ENCODING, CONTENT_ENCODING, COOKIE, HeaderName, SET_COOKIE, VARY};
use actix_web::middleware::{Compress, Condition, ErrorHandlerResponse, ErrorHandlers, Logger, NormalizePath};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{get, post};
use actix_web::{App, Error, HttpResponse, HttpServer};
use session_core::web::SignedIn;
use session_core::web::actix_web::SessionMiddleware;
use session_core::{Handled, LoginPage, RequestHead, Session, SessionError, Sessions};
use session_ets::{EtsStore, Table};

async fn add(session: Session) -> Result<String, SessionError> {
    let n = session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    Ok(format!("{n}{}", " ".repeat(2_000)))
}

async fn mistyped(session: Session) -> Result<String, SessionError> {
    Ok(session.get::<String>("n")?.unwrap_or_default())
}

async fn account(user: SignedIn) -> String {
    user.owner().as_str().to_owned()
}

async fn panics(session: Session) -> Result<String, SessionError> {
    add(session).await?;
    panic!("a handler's bug");
}

fn app() -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()> + use<>,
> {
    App::new()
        .route("/add", get().to(add))
        .route("/add", post().to(add))
        .route("/mistyped", get().to(mistyped))
        .route("/account", get().to(account))
        .route("/panics", get().to(panics))
}

fn sessions() -> Sessions {
    Sessions::builder(EtsStore::new(Table::private())).login_page(LoginPage::at("/login")).build().unwrap()
}

/// Gives the body twice: with the middleware outside of the sessions', and inside.
macro_rules! in_both_orders {
    ($middleware:expr, |$sessions:ident, $app:ident, $order:ident| $body:block) => {{
        for $order in ["outside", "inside"] {
            let $sessions = sessions();
            if $order == "outside" {
                let $app = init_service(app().wrap(SessionMiddleware::new($sessions.clone())).wrap($middleware)).await;
                $body
            } else {
                let $app = init_service(app().wrap($middleware).wrap(SessionMiddleware::new($sessions.clone()))).await;
                $body
            }
        }
    }};
}

fn all<B>(response: &ServiceResponse<B>, name: HeaderName) -> String {
    let lines: Vec<_> = response.headers().get_all(name).map(|value| value.to_str().unwrap()).collect();
    lines.join(", ").to_ascii_lowercase()
}

fn cookie<B>(response: &ServiceResponse<B>) -> String {
    let set = response.headers().get(SET_COOKIE).expect("a cookie is set").to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn body(response: ServiceResponse<impl MessageBody>) -> String {
    let bytes = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("the body fails"));
    String::from_utf8(bytes.to_vec()).unwrap().trim().to_owned()
}

#[actix_web::test]
async fn compressed_pages_vary_by_both_and_keep_the_session() {
    in_both_orders!(Compress::default(), |_sessions, app, order| {
        let request = TestRequest::get().uri("/add").insert_header((ACCEPT_ENCODING, "gzip"));
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(all(&answer, CONTENT_ENCODING), "gzip", "{order}");
        let vary = all(&answer, VARY);
        assert!(vary.contains("cookie") && vary.contains("accept-encoding"), "{order}: {vary}");
        let again = TestRequest::get().uri("/add").insert_header((COOKIE, cookie(&answer)));
        assert_eq!(body(call_service(&app, again.to_request()).await).await, "2", "{order}");
    });
}

#[actix_web::test]
async fn another_origin_sees_pages_and_refusals_and_its_preflight_begins_no_session() {
    let cors = || Cors::default().allowed_origin("https://app.example").supports_credentials().allowed_methods(["GET"]);
    in_both_orders!(cors(), |_sessions, app, order| {
        let origin = ("origin", "https://app.example");
        let first = call_service(&app, TestRequest::get().uri("/add").insert_header(origin).to_request()).await;
        let with = |path| TestRequest::get().uri(path).insert_header(origin).insert_header((COOKIE, cookie(&first)));
        for (path, status) in [("/add", 200), ("/mistyped", 500), ("/account", 401)] {
            let answer = call_service(&app, with(path).to_request()).await;
            assert_eq!(answer.status().as_u16(), status, "{order} {path}");
            assert_eq!(all(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN), "https://app.example", "{order} {path}");
            let vary = all(&answer, VARY);
            assert!(vary.contains("cookie") && vary.contains("origin"), "{order} {path}: {vary}");
        }
        let preflight = with("/add").method(actix_web::http::Method::OPTIONS);
        let preflight = preflight.insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "GET")).to_request();
        let answer = call_service(&app, preflight).await;
        assert_eq!((answer.status(), all(&answer, SET_COOKIE)), (StatusCode::OK, String::new()), "{order}");
        assert!(!all(&answer, VARY).contains("cookie"), "{order}");
    });
}

#[actix_web::test]
async fn a_log_of_requests_and_a_condition_change_nothing() {
    in_both_orders!(Condition::new(true, Logger::default()), |_sessions, app, order| {
        let answer = call_service(&app, TestRequest::get().uri("/add").to_request()).await;
        assert!(!cookie(&answer).is_empty(), "{order}");
        assert_eq!(body(answer).await, "1", "{order}");
    });
}

#[actix_web::test]
async fn sessions_under_a_condition_are_there_where_it_holds_and_missed_where_not() {
    for (holds, status) in [(true, 200), (false, 500)] {
        let app = init_service(app().wrap(Condition::new(holds, SessionMiddleware::new(sessions())))).await;
        let answer = call_service(&app, TestRequest::get().uri("/add").to_request()).await;
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key(SET_COOKIE)), (status, holds));
    }
}

#[actix_web::test]
async fn a_normalized_path_is_the_way_back() {
    in_both_orders!(NormalizePath::trim(), |_sessions, app, order| {
        let answer = call_service(&app, TestRequest::get().uri("/add/").to_request()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{order}");
        let wanted = TestRequest::get().uri("//account/?tab=2").insert_header(("sec-fetch-mode", "navigate"));
        let answer = call_service(&app, wanted.to_request()).await;
        assert_eq!(all(&answer, header::LOCATION), "/login?next=/account%3ftab%3d2", "{order}");
    });
}

fn dress<B>(response: ServiceResponse<B>) -> Result<ErrorHandlerResponse<B>, Error> {
    let (request, response) = response.into_parts();
    let dressed = response.set_body("a page of this application");
    Ok(ErrorHandlerResponse::Response(
        ServiceResponse::new(request, dressed).map_into_boxed_body().map_into_right_body(),
    ))
}

#[actix_web::test]
async fn error_handlers_outside_see_every_error_and_inside_those_of_handlers() {
    in_both_orders!(ErrorHandlers::new().default_handler(dress), |sessions, app, order| {
        let first = call_service(&app, TestRequest::get().uri("/add").to_request()).await;
        let with = |request: TestRequest| request.insert_header((COOKIE, cookie(&first))).to_request();
        let answer = call_service(&app, with(TestRequest::get().uri("/mistyped"))).await;
        assert!(all(&answer, VARY).contains("cookie"), "{order}");
        assert_eq!(body(answer).await, "a page of this application", "{order}");

        // A refusal that the session middleware itself makes: the session ends while the handler runs.
        end(&sessions, &cookie(&first)).await;
        let answer = call_service(&app, with(TestRequest::post().uri("/add"))).await;
        assert_eq!(answer.status(), StatusCode::CONFLICT, "{order}");
        let expected =
            if order == "outside" { "a page of this application" } else { SessionError::Gone.http_text().trim() };
        assert_eq!(body(answer).await, expected, "{order}");
    });
}

/// Ends the session of a cookie, so that who comes with it is a straggler.
async fn end(sessions: &Sessions, cookie: &str) {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies([cookie.as_bytes()]));
    lazy.load().await.unwrap().destroy();
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
}

#[actix_web::test]
async fn a_panic_ends_its_connection_and_saves_nothing_and_the_worker_goes_on() {
    let sessions = sessions();
    let served = sessions.clone();
    let app = move || app().wrap(SessionMiddleware::new(served.clone()));
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let ask = move |path: &'static str, cookie: String| {
        actix_web::rt::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n")
                .unwrap();
            let mut answer = String::new();
            // Where the server hangs up at once, that may be an error.
            let _ = stream.read_to_string(&mut answer);
            answer
        })
    };
    let first = ask("/add", String::new()).await.unwrap();
    let cookie = first.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(ask("/panics", cookie.clone()).await.unwrap(), "", "it is answered by nothing");
    let after = ask("/add", cookie).await.unwrap();
    assert!(after.starts_with("HTTP/1.1 200") && after.trim_end().ends_with('2'), "{after}");
    handle.stop(true).await;
}

#[actix_web::test]
async fn an_answer_of_no_session_is_left_alone() {
    let app =
        init_service(app().route("/plain", get().to(HttpResponse::Ok)).wrap(SessionMiddleware::new(sessions()))).await;
    let answer = call_service(&app, TestRequest::get().uri("/plain").to_request()).await;
    assert_eq!((all(&answer, VARY), all(&answer, SET_COOKIE)), (String::new(), String::new()));
}
