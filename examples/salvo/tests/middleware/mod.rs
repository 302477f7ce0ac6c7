//! salvo's middleware around the sessions, in both orders.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use salvo::catcher::Catcher;
use salvo::cors::{AllowOrigin, Cors};
use salvo::http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, COOKIE, LOCATION, ORIGIN, SET_COOKIE, VARY,
};
use salvo::http::{ReqBody, ResBody};
use salvo::prelude::*;
use salvo::test::{ResponseExt, TestClient};
use salvo::trailing_slash::add_slash;
use session_core::web::SignedIn;
use session_core::web::salvo::{SessionDepotExt, SessionHoop};
use session_core::{LoginPage, Owner, Session, SessionError, Sessions};
use session_ets::{EtsStore, Table};
use tower::layer::util::Identity;

#[handler]
async fn add(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

#[handler]
async fn leave(session: Session) {
    session.log_out();
}

#[handler]
async fn leave_and_panic(session: Session) {
    session.log_out();
    panic!("a handler's bug");
}

#[handler]
async fn fail(_session: Session) -> Result<(), StatusError> {
    Err(StatusError::bad_gateway())
}

#[handler]
async fn log_in(session: Session) -> Result<&'static str, SessionError> {
    session.log_in(Owner::new("ann")?)?;
    Ok("welcome")
}

#[handler]
async fn long(session: Session) -> Result<String, SessionError> {
    session.insert("seen", true)?;
    Ok("word ".repeat(1000))
}

/// A guard for all routes under it.
#[handler]
async fn members_only(_user: SignedIn) {}

#[handler]
async fn club(owner: Owner) -> String {
    format!("hello, {}", owner.as_str())
}

fn routes() -> Router {
    let at = |path: &str| Router::with_path(path);
    Router::new()
        .push(at("add").get(add).post(add))
        .push(at("leave").post(leave))
        .push(at("leave-and-panic").post(leave_and_panic))
        .push(at("fail").get(fail))
        .push(at("login").get(log_in))
        .push(at("long").get(long))
        .push(at("club").hoop(members_only).get(club))
}

fn sessions() -> Sessions {
    Sessions::builder(EtsStore::new(Table::private())).login_page(LoginPage::at("/login")).build().unwrap()
}

/// The app with one hoop, outside of the sessions and inside of them.
fn in_both_orders<H: Handler>(hoop: impl Fn() -> H) -> [Service; 2] {
    let outside = Service::new(routes()).hoop(hoop()).hoop(SessionHoop::new(sessions()));
    let inside = Service::new(routes()).hoop(SessionHoop::new(sessions())).hoop(hoop());
    [outside, inside]
}

fn all(answer: &Response, name: impl salvo::http::header::AsHeaderName) -> String {
    let lines: Vec<_> = answer.headers().get_all(name).iter().map(|line| line.to_str().unwrap()).collect();
    lines.join(", ").to_ascii_lowercase()
}

/// Gives the cookie of a visitor whose session has ended meanwhile.
async fn straggler(app: &Service) -> String {
    let answer = TestClient::get("http://localhost/add").send(app).await;
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    TestClient::post("http://localhost/leave").add_header(COOKIE, &cookie, true).send(app).await;
    cookie
}

async fn too_late(app: &Service, headers: &[(&'static str, &str)]) -> Response {
    let request = TestClient::post("http://localhost/add").add_header(COOKIE, straggler(app).await, true);
    let request = headers.iter().fold(request, |request, (name, value)| request.add_header(*name, *value, true));
    request.send(app).await
}

#[tokio::test]
async fn compression_goes_either_way() {
    for app in in_both_orders(Compression::new) {
        let request = TestClient::get("http://localhost/long").add_header(ACCEPT_ENCODING, "gzip", true);
        let mut answer = request.send(&app).await;
        assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(answer.headers().get_all(SET_COOKIE).iter().count(), 1);
        let vary = all(&answer, VARY);
        assert!(vary.contains("cookie") && vary.contains("accept-encoding"), "{vary}");
        assert!(answer.take_string().await.unwrap().starts_with("word word"));
    }
}

#[tokio::test]
async fn cors_goes_either_way_and_is_on_the_answers_of_the_sessions_too() {
    for app in in_both_orders(|| Cors::new().allow_origin(AllowOrigin::mirror_request()).into_handler()) {
        let answer =
            TestClient::get("http://localhost/add").add_header(ORIGIN, "https://app.example", true).send(&app).await;
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        let vary = all(&answer, VARY);
        assert!(vary.contains("cookie") && vary.contains("origin"), "{vary}");
        let refused = too_late(&app, &[("origin", "https://app.example")]).await;
        assert_eq!(refused.status_code, Some(StatusCode::CONFLICT));
        assert_eq!(refused.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        let vary = all(&refused, VARY);
        assert!(vary.contains("cookie") && vary.contains("origin"), "{vary}");
    }
}

#[tokio::test]
async fn a_trailing_slash_is_added_either_way() {
    for app in in_both_orders(add_slash) {
        let answer = TestClient::get("http://localhost/add").send(&app).await;
        assert_eq!(answer.status_code, Some(StatusCode::MOVED_PERMANENTLY));
        assert!(answer.headers()[LOCATION].to_str().unwrap().ends_with("/add/"));
        assert_eq!((all(&answer, VARY), all(&answer, SET_COOKIE)), (String::new(), String::new()));
    }
}

#[tokio::test]
async fn a_panic_is_caught_either_way_and_inside_its_answer_has_the_headers() {
    let [outside, inside] = in_both_orders(CatchPanic::new);
    for (app, removed) in [(outside, 0), (inside, 1)] {
        let answer = TestClient::get("http://localhost/add").send(&app).await;
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let request = TestClient::post("http://localhost/leave-and-panic").add_header(COOKIE, cookie, true);
        let answer = request.send(&app).await;
        assert_eq!(answer.status_code, Some(StatusCode::INTERNAL_SERVER_ERROR));
        assert_eq!(answer.headers().get_all(SET_COOKIE).iter().count(), removed);
    }
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_logger_sees_the_final_status_either_way_and_outside_its_span_has_what_the_session_did() {
    let [outside, inside] = in_both_orders(Logger::new);
    for (app, is_outside) in [(outside, true), (inside, false)] {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
        let guard = tracing::subscriber::set_default(subscriber.with_max_level(tracing::Level::DEBUG).finish());
        assert_eq!(too_late(&app, &[]).await.status_code, Some(StatusCode::CONFLICT));
        drop(guard);
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = log.lines().filter(|line| line.contains("path=/add")).collect();
        assert!(lines.iter().any(|line| line.contains("409")), "{log}");
        let created = log.lines().find(|line| line.contains("created")).unwrap();
        assert_eq!(created.contains("path=/add"), is_outside, "{log}");
    }
}

/// A catcher's page, for errors of the sessions.
#[handler]
async fn sorry(res: &mut Response, ctrl: &mut FlowCtrl) {
    if let ResBody::Error(error) = &res.body
        && let Some(error) = error.downcast_origin::<Arc<SessionError>>()
    {
        let page = format!("<h1>Sorry</h1>{}", error.http_text());
        res.render(Text::Html(page));
        ctrl.skip_rest();
    }
}

#[tokio::test]
async fn catchers_make_the_pages_of_errors_and_the_headers_of_the_session_stay() {
    for (catcher, title) in
        [(Catcher::default(), "<title>409: Conflict"), (Catcher::default().hoop(sorry), "<h1>Sorry")]
    {
        let app = Service::new(routes()).catcher(catcher).hoop(SessionHoop::new(sessions()));
        let mut page = TestClient::get("http://localhost/fail").add_header(ACCEPT, "text/html", true).send(&app).await;
        assert_eq!(all(&page, VARY), "cookie");
        assert!(page.take_string().await.unwrap().contains("<title>502: Bad Gateway"));
        let mut page = TestClient::get("http://localhost/none").add_header(ACCEPT, "text/html", true).send(&app).await;
        assert!(page.take_string().await.unwrap().contains("<title>404: Not Found"));
        let mut page = too_late(&app, &[("accept", "text/html")]).await;
        assert_eq!((all(&page, "cache-control").as_str(), all(&page, VARY).as_str()), ("no-store", "cookie"));
        let page = page.take_string().await.unwrap();
        assert!(page.contains(title) && page.contains(SessionError::Gone.http_text().trim_end()), "{page}");
    }
}

#[tokio::test]
async fn under_a_layer_of_tower_no_catcher_makes_a_page_whatever_the_layer_does() {
    let nothing = Identity::new().compat::<ReqBody>();
    let app = Service::new(routes()).hoop(nothing).hoop(SessionHoop::new(sessions()));
    let mut page = TestClient::get("http://localhost/fail").add_header(ACCEPT, "text/html", true).send(&app).await;
    assert_eq!(page.status_code, Some(StatusCode::BAD_GATEWAY));
    assert_eq!(page.take_string().await.unwrap_or_default(), "");
}

#[tokio::test]
async fn a_hoop_guards_all_routes_under_it() {
    let app = Service::new(routes()).hoop(SessionHoop::new(sessions()));
    let program = TestClient::get("http://localhost/club").send(&app).await;
    assert_eq!(program.status_code, Some(StatusCode::UNAUTHORIZED));
    let browser = TestClient::get("http://localhost/club?tab=2").add_header(ACCEPT, "text/html", true).send(&app).await;
    assert_eq!(browser.status_code, Some(StatusCode::SEE_OTHER));
    assert_eq!(browser.headers()[LOCATION], "/login?next=/club%3Ftab%3D2");
    let answer = TestClient::get("http://localhost/login").send(&app).await;
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut member = TestClient::get("http://localhost/club").add_header(COOKIE, cookie, true).send(&app).await;
    assert_eq!(member.take_string().await.unwrap(), "hello, ann");
}

#[tokio::test]
async fn a_hoop_of_the_applications_has_the_session_from_the_depot() {
    /// Counts visits, and turns the tenth away.
    #[handler]
    async fn nine_times(depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) -> Result<(), SessionError> {
        let visits = match depot.session().await {
            Ok(session) => session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?,
            Err(_) => 0,
        };
        if visits > 9 {
            res.status_code(StatusCode::TOO_MANY_REQUESTS);
            ctrl.skip_rest();
        }
        Ok(())
    }
    let app = Service::new(routes()).hoop(SessionHoop::new(sessions())).hoop(nine_times);
    let answer = TestClient::get("http://localhost/add").send(&app).await;
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    for visit in 2..=10 {
        let answer = TestClient::get("http://localhost/add").add_header(COOKIE, &cookie, true).send(&app).await;
        let expected = if visit < 10 { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(answer.status_code, Some(expected), "{visit}");
    }
}
