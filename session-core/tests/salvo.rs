//! The hoop and the extractors for salvo.
#![cfg(feature = "salvo")]

mod adapter;
mod support;

use std::slice::from_ref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapter::{Answer, Client, Shop, adapter_tests, own, wants_own_answers};
use http_body_util::BodyExt;
use salvo_core::ConnCtrl;
use salvo_core::catcher::Catcher;
use salvo_core::conn::SocketAddr;
use salvo_core::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE, VARY};
use salvo_core::http::uri::Scheme;
use salvo_core::http::{HeaderValue, ReqBody, ResBody, StatusCode, StatusError, cookie};
use salvo_core::prelude::{Depot, FlowCtrl, Request, Response, Router, Service, Text, Writer, handler};
use session_core::web::salvo::{SessionDepotExt, SessionHoop};
use session_core::web::{SessionOf, SignedIn, SignedInWithin};
use session_core::{CloseOutcome, CookieConfig, LazySession, LoginPage, Owner, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};

#[handler]
async fn add(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

#[handler]
async fn named(session: SessionOf<Shop>) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

#[handler]
async fn read(session: Session) -> Result<String, SessionError> {
    Ok(format!("{:?}", session.get::<u64>("n")?))
}

#[handler]
async fn tested(lazy: LazySession) -> String {
    lazy.has_cookie().to_string()
}

#[handler]
async fn redirect(session: Session, res: &mut Response) {
    count(&session);
    res.status_code(StatusCode::SEE_OTHER).headers_mut().insert(LOCATION, HeaderValue::from_static("/read"));
}

#[handler]
async fn stream(session: Session, res: &mut Response) {
    count(&session);
    let chunks = ["one ", "two"].map(Ok::<_, std::io::Error>);
    res.stream(tokio_stream::iter(chunks));
}

#[handler]
async fn cached(session: Session, res: &mut Response) {
    count(&session);
    res.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    res.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    res.render("cached");
}

#[handler]
async fn fail(session: Session) -> StatusCode {
    count(&session);
    StatusCode::BAD_GATEWAY
}

#[handler]
async fn broken(session: Session) -> Result<String, StatusError> {
    count(&session);
    Err(StatusError::bad_gateway())
}

#[handler]
async fn refused(session: Session) -> Result<String, StatusError> {
    count(&session);
    Err(StatusError::unprocessable_entity())
}

#[handler]
async fn logout_and_fail(session: Session) -> StatusCode {
    session.destroy();
    StatusCode::INTERNAL_SERVER_ERROR
}

#[handler]
async fn wrong_type(session: Session) -> Result<String, SessionError> {
    session.get::<String>("n").map(Option::unwrap_or_default)
}

#[handler]
async fn end_wrongly(session: Session) -> Result<String, SessionError> {
    session.destroy();
    Err(SessionError::ResponseSent)
}

/// Has the outermost sessions, and asks for their session by its depot and by its extensions.
struct Both(Sessions);

#[handler]
impl Both {
    async fn handle(&self, inner: Session, req: &mut Request, depot: &mut Depot) -> Result<(), SessionError> {
        count(&inner);
        let outermost = self.0.find(depot).expect("its hoop is there").load().await?;
        outermost.insert("n", 39)?;
        let same = self.0.find(req.extensions()).expect("it is left for services further in").load().await?;
        same.insert("n", 40)
    }
}

#[handler]
async fn panics(session: Session) {
    count(&session);
    panic!("a handler's bug");
}

#[handler]
async fn hangs(session: Session) {
    session.destroy();
    std::future::pending().await
}

#[handler]
async fn untouched() -> &'static str {
    "nothing"
}

/// Changes the sessions of all hoops, and sets cookies in both ways.
struct SetsCookies(Vec<Sessions>);

#[handler]
impl SetsCookies {
    async fn handle(&self, depot: &mut Depot, res: &mut Response) {
        for sessions in &self.0 {
            count(&sessions.find(depot).expect("its hoop is there").load().await.unwrap());
        }
        set_cookies(res);
    }
}

fn set_cookies(res: &mut Response) {
    res.add_cookie(cookie::Cookie::new("saved", "yes"));
    res.headers_mut().append(SET_COOKIE, HeaderValue::from_static("too=yes"));
    res.render("saved");
}

/// Makes a plain text of what is left to the catcher.
#[handler]
async fn in_words(res: &mut Response, ctrl: &mut FlowCtrl) {
    if let ResBody::Error(error) = res.take_body() {
        res.render(error.brief);
        ctrl.skip_rest();
    }
}

fn app(sessions: &[Sessions]) -> Service {
    let at = |path: &str| Router::with_path(path);
    let routes = Router::new()
        .push(at("add").goal(add))
        .push(at("named").goal(named))
        .push(at("read").goal(read))
        .push(at("tested").goal(tested))
        .push(at("redirect").goal(redirect))
        .push(at("stream").goal(stream))
        .push(at("cached").goal(cached))
        .push(at("fail").goal(fail))
        .push(at("broken").goal(broken))
        .push(at("refused").goal(refused))
        .push(at("logout-and-fail").goal(logout_and_fail))
        .push(at("wrong-type").goal(wrong_type))
        .push(at("end-wrongly").goal(end_wrongly))
        .push(at("panics").goal(panics))
        .push(at("hangs").goal(hangs))
        .push(at("untouched").goal(untouched));
    let routes = match sessions.first() {
        Some(outermost) => routes.push(at("both").goal(Both(outermost.clone()))),
        None => routes,
    };
    let service = Service::new(routes).catcher(Catcher::default().hoop(in_words));
    sessions.iter().fold(service, |service, sessions| service.hoop(hoop(sessions)))
}

fn hoop(sessions: &Sessions) -> SessionHoop {
    let hoop = SessionHoop::new(sessions.clone());
    if wants_own_answers(sessions) { hoop.on_error(|error| Text::Plain(own(error.http_status()))) } else { hoop }
}

/// Sends a request as a server does.
async fn send(app: &Service, method: &str, path: &str, headers: &[(&'static str, String)]) -> Response {
    let request = http::Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let request = Request::from_hyper(request.body(ReqBody::None).unwrap(), Scheme::HTTP);
    let (local, remote) = (SocketAddr::Unknown, SocketAddr::Unknown);
    app.hyper_handler(local, remote, Scheme::HTTP, None, ConnCtrl::new(), None).handle(request).await
}

struct Site(Service);

async fn start(sessions: Vec<Sessions>) -> Site {
    Site(app(&sessions))
}

impl Client for Site {
    async fn send(&self, method: &str, path: &str, headers: &[(&'static str, String)]) -> Answer {
        let (head, body) = send(&self.0, method, path, headers).await.into_hyper().into_parts();
        let headers = head.headers.iter();
        Answer {
            status: head.status.as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
            body: String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap(),
        }
    }
}

adapter_tests!(start);

#[tokio::test]
async fn what_is_outside_finds_the_outcome_or_the_error() {
    let faulty = Faulty::new(store());
    let app = app(&[sessions(faulty.clone()).0]);
    let answer = send(&app, "GET", "/read", &[]).await;
    assert_eq!(answer.extensions.get::<CloseOutcome>(), None);
    let answer = send(&app, "GET", "/add", &[]).await;
    assert_eq!(answer.extensions.get(), Some(&CloseOutcome::Created));
    faulty.next("put", Fault::Down);
    let answer = send(&app, "GET", "/add", &[]).await;
    assert!(matches!(**answer.extensions.get::<Arc<SessionError>>().unwrap(), SessionError::Store(_)));
}

/// Notes what a catcher finds, and writes.
struct Look(Arc<Mutex<Vec<String>>>);

#[handler]
impl Look {
    async fn handle(&self, depot: &mut Depot, res: &mut Response) {
        if let ResBody::Error(error) = &res.body
            && let Some(error) = error.downcast_origin::<Arc<SessionError>>()
        {
            self.0.lock().unwrap().push(error.http_status().to_string());
        }
        let session = depot.session().await.unwrap();
        self.0.lock().unwrap().push(format!("{:?}", session.get::<u64>("n").unwrap()));
        session.insert("n", 7).unwrap();
    }
}

#[tokio::test]
async fn a_catcher_finds_the_error_and_reads_the_session_which_is_stored() {
    let (sessions, _) = sessions(store());
    let found = Arc::new(Mutex::new(Vec::new()));
    let site = Site(app(from_ref(&sessions)).catcher(Catcher::default().hoop(Look(Arc::clone(&found)))));
    let mut browser = Browser::default();
    browser.get(&site, "/refused").await;
    browser.get(&site, "/wrong-type").await;
    assert_eq!(*found.lock().unwrap(), ["Some(1)", "500", "Some(1)"]);
    assert_eq!(browser.read(&sessions, "n").await, Some(1), "what it writes takes a commit");
}

#[tokio::test]
async fn an_answer_that_is_not_sent_takes_the_handlers_cookies_with_it() {
    /// A hoop further out, which sets cookies in both ways.
    #[handler]
    async fn counts(res: &mut Response) {
        res.add_cookie(cookie::Cookie::new("visit", "1"));
        res.headers_mut().append(SET_COOKIE, HeaderValue::from_static("theme=dark"));
    }
    let faulty = Faulty::new(store());
    let outer = sessions(faulty.clone()).0;
    let inner = builder(store()).0.cookie(CookieConfig::new("other")).build().unwrap();
    let goal = SetsCookies(vec![outer.clone(), inner.clone()]);
    let app = Service::new(Router::new().goal(goal)).hoop(counts).hoop(hoop(&outer)).hoop(hoop(&inner));
    let names = |answer: Response| {
        let hyper = answer.into_hyper();
        let lines = hyper.headers().get_all(SET_COOKIE).iter();
        let mut names: Vec<_> =
            lines.map(|line| line.to_str().unwrap().split('=').next().unwrap().to_owned()).collect();
        names.sort();
        (hyper.status().as_u16(), names)
    };
    let all = ["__Host-Http-other", "__Host-Http-session", "saved", "theme", "too", "visit"];
    assert_eq!(names(send(&app, "GET", "/", &[]).await), (200, all.map(str::to_owned).to_vec()));
    faulty.next("put", Fault::Down);
    assert_eq!(
        names(send(&app, "GET", "/", &[]).await),
        (503, ["__Host-Http-other", "theme", "visit"].map(str::to_owned).to_vec())
    );
}

#[handler]
async fn account(ann: SignedIn) -> String {
    ann.owner().as_str().to_owned()
}

#[handler]
async fn vault(ann: SignedInWithin<300>) -> String {
    ann.owner().as_str().to_owned()
}

#[handler]
async fn who(owner: Owner) -> String {
    owner.as_str().to_owned()
}

#[handler]
async fn log_in(session: Session, req: &mut Request) -> Result<(), SessionError> {
    session.log_in(Owner::new(req.query::<String>("name").unwrap_or_default())?)
}

#[tokio::test]
async fn a_browser_is_sent_to_where_it_can_sign_in_and_a_program_is_told_that_it_must() {
    for name in ["session", "own"] {
        let (builder, clock) = builder(store());
        let login = LoginPage::at("/login").with_step_up("/confirm");
        let sessions = builder.cookie(CookieConfig::new(name)).login_page(login).build().unwrap();
        let at = |path: &str| Router::with_path(path);
        let routes = Router::new()
            .push(at("account").get(account).post(account))
            .push(at("vault").get(vault))
            .push(at("who").get(who))
            .push(at("login").get(log_in));
        let site = Site(Service::new(routes).catcher(Catcher::default().hoop(in_words)).hoop(hoop(&sessions)));
        let page = [("accept", "text/html".to_owned())];
        for path in ["/account", "/vault", "/who"] {
            let sent = site.send("GET", &format!("{path}?a=1"), &page).await;
            let to = format!("/login?next={path}%3Fa%3D1");
            assert_eq!(
                (sent.status, sent.one("location"), sent.one("cache-control")),
                (303, Some(&*to), Some("no-store"))
            );
            assert_eq!(sent.one("vary"), Some("Cookie"));
            let told = site.send("GET", path, &[]).await;
            assert_eq!((told.status, told.one("location"), told.one("cache-control")), (401, None, Some("no-store")));
            assert_eq!(told.body.starts_with("own"), name == "own", "{told:?}");
        }
        assert_eq!(site.send("POST", "/account", &page).await.one("location"), Some("/login"), "a form is sent again");

        let mut ann = Browser::default();
        assert_eq!(ann.get(&site, "/login?name=").await.status, 422);
        assert_eq!(ann.get(&site, "/login?name=ann").await.status, 200);
        for path in ["/account", "/vault", "/who"] {
            assert_eq!(ann.get(&site, path).await.body, "ann", "{path}");
        }
        clock.advance(Duration::from_secs(301));
        assert_eq!((ann.get(&site, "/account").await.status, ann.get(&site, "/vault").await.status), (200, 401));
        let headers = [("cookie", ann.cookie().unwrap()), ("sec-fetch-mode", "navigate".to_owned())];
        assert_eq!(site.send("GET", "/vault", &headers).await.one("location"), Some("/confirm?next=/vault"));
    }
}

#[tokio::test]
async fn a_missing_hoop_is_named() {
    let answer = start(Vec::new()).await.send("GET", "/read", &[]).await;
    assert!(answer.body.contains("SessionHoop"), "{answer:?}");
}

#[tokio::test]
async fn a_panic_saves_nothing() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let (app, cookie) = (app(from_ref(&sessions)), browser.cookie().unwrap());
    let panicked = tokio::spawn(async move { send(&app, "GET", "/panics", &[("cookie", cookie)]).await.status_code });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_its_handler_and_its_logout_is_done() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let (app, cookie) = (app(from_ref(&sessions)), browser.cookie().unwrap());
    faulty.calls();
    let hanging = tokio::spawn(async move { send(&app, "GET", "/hangs", &[("cookie", cookie)]).await.status_code });
    let limit = Duration::from_secs(10);
    let loaded = async {
        while faulty.calls().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(limit, loaded).await.expect("the handler runs");
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    let ended = async {
        while browser.is_known(&sessions).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(limit, ended).await.expect("the logout is done");
}
