//! A server that serves the demo by an adapter written here, in which each fault is one wrong thing.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::borrow::Cow;
use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::Once;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, serve};
use example_demo::{Answer, Ask, Demo, Format};
use session_conformance::session_core::{
    BoxError, Closed, Handled, LazySession, RequestHead, ResponseHeaders, SessionError, Sessions,
};

use crate::catalogue::{NONE, faults};
use crate::routes;

/// The environment's variable that says which fault to serve.
pub const FAULT: &str = "SESSION_CONFORMANCE_FAULT";

/// A request, as the faults see it.
#[derive(Debug)]
pub struct Incoming {
    pub head: Parts,
    pub body: Bytes,
}

impl Incoming {
    pub fn method(&self) -> &str {
        self.head.method.as_str()
    }

    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    pub fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    pub fn ask(&self) -> Ask {
        Ask::of(&self.head, self.body.clone())
    }

    /// Gives the cookies, each with its name, as they came.
    pub fn cookies(&self) -> Vec<(String, String)> {
        let lines = self.head.headers.get_all(COOKIE).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
        let cookies = lines.flat_map(|line| line.split(';').map(str::to_owned).collect::<Vec<_>>());
        cookies.filter_map(|it| it.split_once('=').map(|(name, value)| (name.into(), value.trim().into()))).collect()
    }

    /// Puts these cookies in the place of those that came.
    pub fn set_cookies(&mut self, cookies: &[(String, String)]) {
        let line =
            cookies.iter().map(|(name, value)| format!("{}={value}", name.trim())).collect::<Vec<_>>().join("; ");
        self.head.headers.remove(COOKIE);
        if let Ok(line) = HeaderValue::from_bytes(line.as_bytes()) {
            self.head.headers.insert(COOKIE, line);
        }
    }
}

pub type Handling = std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What an adapter does, one after the other. A fault replaces one of them.
#[derive(Clone, Copy)]
pub struct Adapter {
    /// Starts the server with other settings than it was given; `None` to start it with those.
    pub settings: Option<fn(&mut Command)>,
    /// Looks at a request before its session is opened, and may answer in place of everything else.
    pub before: fn(&mut Incoming) -> Option<StatusCode>,
    /// By which method a session is opened.
    pub method: fn(&Incoming) -> &str,
    /// Tells that a handler which named none of two sessions was given the first's.
    pub several: fn(),
    /// Looks at what answers a browser that binds its session, or proves that it has the key.
    pub device: fn(&Seen, &mut axum::http::Response<Bytes>),
    /// Which of two sessions, the first and the second, a handler is given that names the second.
    pub named: fn([LazySession; 2]) -> LazySession,
    /// Whether two with cookies of one name are let pass.
    pub lets_clash: bool,
    /// Whether the session is read before a handler asks for it.
    pub reads_early: fn(&Incoming) -> bool,
    pub handle: fn(Demo, LazySession, Incoming) -> Handling,
    /// How a response, or `None` for a panic, is closed; `None` to not close it.
    pub handled: fn(&Seen, Option<StatusCode>) -> Option<Handled>,
    /// Whether the response waits for the end of closing.
    pub waits: fn(&Seen) -> bool,
    /// What closing says, before the response is told.
    pub closed: fn(&mut Closed),
    /// Looks at the response.
    pub after: fn(&Seen, &mut Response),
    /// Whether live responses end once their session has: events, and sockets.
    pub live_ends: [fn() -> bool; 2],
    /// Which headers of a socket's request are looked at.
    pub socket_head: fn(&mut HeaderMap),
    /// What over a socket counts as use of the session.
    pub socket_use: Use,
}

/// What over a socket is use of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// What the visitor sends.
    Messages,
    Nothing,
    /// That it is open.
    Watching,
}

/// What is kept of a request for its response.
#[derive(Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub cookies: Vec<(String, String)>,
    /// What proves that the request comes from the session's device.
    pub proof: Option<String>,
    /// By what name the browser knows the session.
    pub binding: Option<String>,
    /// What the handler said of caches.
    pub cache_control: Option<HeaderValue>,
}

/// The adapter without a fault.
pub const RIGHT: Adapter = Adapter {
    settings: None,
    before: |_| None,
    method: Incoming::method,
    several: tells_once,
    device: |_, _| (),
    named: |[_, second]| second,
    lets_clash: false,
    reads_early: |_| false,
    handle: |demo, session, incoming| Box::pin(routes::handle(demo, session, incoming)),
    handled: right_handled,
    waits: |_| true,
    closed: |_| (),
    after: |_, _| (),
    live_ends: [|| true; 2],
    socket_head: |_| (),
    socket_use: Use::Messages,
};

pub fn right_handled(_: &Seen, status: Option<StatusCode>) -> Option<Handled> {
    Some(if status.is_none_or(|it| it.is_server_error()) { Handled::Failed } else { Handled::Completed })
}

/// Serves, if the environment names a fault; `None` if it does not.
pub fn serve_if_asked() -> Option<ExitCode> {
    let name = env::var(FAULT).ok()?;
    let fault = [&NONE].into_iter().chain(faults()).find(|fault| fault.name == name)?;
    if let Some(change) = fault.adapter.settings {
        let mut command = Command::new(env::current_exe().ok()?);
        change(command.env(FAULT, NONE.name));
        // In the place of this process, so that it is the one that is asked to stop. It comes back only if that fails.
        eprintln!("cannot start with other settings: {}", command.exec());
        return Some(ExitCode::FAILURE);
    }
    Some(example_demo::main("faulty", |demo| async {
        let (listener, stop) = (demo.listen()?, demo.asked_to_stop());
        let app = Router::new()
            .route("/live/events", get(routes::events))
            .route("/live/socket", get(routes::socket))
            .fallback(answer)
            .with_state((demo, fault.adapter));
        Ok::<_, BoxError>(serve(listener, app).with_graceful_shutdown(stop).await?)
    }))
}

async fn answer(State((demo, adapter)): State<(Demo, Adapter)>, request: Request) -> Response {
    let format = Format::of(request.headers());
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 1 << 20).await else { return status(StatusCode::BAD_REQUEST) };
    let mut incoming = Incoming { head, body };
    let mut seen = Seen {
        method: incoming.method().to_owned(),
        path: incoming.path().to_owned(),
        query: incoming.query().to_owned(),
        cookies: incoming.cookies(),
        proof: incoming.header("secure-session-response"),
        binding: incoming.header("sec-secure-session-id"),
        cache_control: None,
    };
    if let Some(refused) = (adapter.before)(&mut incoming) {
        return status(refused);
    }
    let method = (adapter.method)(&incoming);
    let [first, second] =
        [demo.sessions(), demo.second()].map(|it| open(it, method, incoming.path(), &incoming.head.headers));
    if first.is_for_device() {
        let mut answer = answer_device(demo.sessions(), &first).await;
        (adapter.device)(&seen, &mut answer);
        return demo.dress(format, answer.map(Body::from), Body::new);
    }
    if (adapter.reads_early)(&incoming) {
        let _ = first.load().await;
    }
    // In a task of its own, so that a panic ends that.
    let handling = handle(demo.clone(), adapter, [first.clone(), second.clone()], incoming);
    let handled = tokio::spawn(handling).await.ok();
    let close = (adapter.handled)(&seen, handled.as_ref().map(Response::status));
    let response = handled.map_or_else(|| status(StatusCode::INTERNAL_SERVER_ERROR), |it| it.map(Body::new));
    seen.cache_control = response.headers().get(CACHE_CONTROL).cloned();
    let mut response = match close {
        None => response,
        Some(close) => {
            let closing = demo.sessions().close(&first, close);
            if (adapter.waits)(&seen) {
                let mut closed = closing.await;
                (adapter.closed)(&mut closed);
                let response = tell(&demo, response, closed);
                if is_second() { tell(&demo, response, demo.second().close(&second, close).await) } else { response }
            } else {
                tokio::spawn(closing);
                response
            }
        }
    };
    (adapter.after)(&seen, &mut response);
    demo.dress(format, response, Body::new)
}

/// Gives a handler the session that it means.
fn handle(demo: Demo, adapter: Adapter, [first, second]: [LazySession; 2], mut incoming: Incoming) -> Handling {
    let names = incoming.path() == "/second";
    if is_second() && incoming.path() != "/untouched" {
        let name = demo.sessions().cookie_name().to_owned();
        if name == demo.second().cookie_name() && !adapter.lets_clash {
            return Box::pin(async move { demo.failed(&incoming.ask(), SessionError::SameCookie { name }) });
        }
        if !names {
            (adapter.several)();
        }
    }
    if !names {
        return (adapter.handle)(demo, first, incoming);
    }
    // It is the same with another session.
    incoming.head.uri = Uri::from_static("/count");
    let session = if is_second() { (adapter.named)([first, second]) } else { first };
    (adapter.handle)(demo, session, incoming)
}

/// Tells whether there is a second kind of sessions.
fn is_second() -> bool {
    env::var_os("SESSION_SECOND").is_some()
}

pub fn tells_once() {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| eprintln!("several_sessions: a handler named none, and was given the first"));
}

async fn answer_device(sessions: &Sessions, session: &LazySession) -> axum::http::Response<Bytes> {
    let mut answer = sessions.answer_device(session).await;
    let mut response = axum::http::Response::new(Bytes::copy_from_slice(answer.body().as_bytes()));
    *response.status_mut() = StatusCode::from_u16(answer.status()).expect("it is one of a few");
    answer.add_to(&mut Lines(response.headers_mut()));
    response
}

pub fn open(sessions: &Sessions, method: &str, path: &str, headers: &HeaderMap) -> LazySession {
    let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let cookies = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    sessions.open(RequestHead::new(method).with_path(path).with_cookies(cookies).with_headers(&header))
}

pub fn status(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// Adds to the response what closing says.
fn tell(demo: &Demo, mut response: Response, mut closed: Closed) -> Response {
    if let Err(error) = &closed.outcome {
        response = error_answer(demo, error).map(Body::from);
    }
    closed.add_to(&mut Lines(response.headers_mut()));
    if let Ok(outcome) = closed.outcome {
        response.extensions_mut().insert(outcome);
    }
    response
}

/// Answers an error of the sessions by its text, or as the application does.
pub fn error_answer(demo: &Demo, error: &SessionError) -> axum::http::Response<Bytes> {
    let mut answer = match demo.own_errors() {
        Some(own) => own(error),
        None => {
            let mut answer = axum::http::Response::new(Bytes::from_static(error.http_text().as_bytes()));
            *answer.status_mut() = StatusCode::from_u16(error.http_status()).expect("it is one of a few");
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
            answer
        }
    };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The headers of a response.
struct Lines<'a>(&'a mut HeaderMap);

impl ResponseHeaders for Lines<'_> {
    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.get_all(name).iter().map(HeaderValue::as_bytes)
    }

    fn names(&self) -> impl Iterator<Item: AsRef<str>> {
        self.0.keys().map(HeaderName::as_str)
    }

    fn set(&mut self, name: &str, value: Cow<'static, str>) {
        let name = HeaderName::try_from(name).expect("it is the name of a header");
        self.0.insert(name, HeaderValue::try_from(&*value).expect("it can stand in a header"));
    }

    fn add_cookie(&mut self, value: String) {
        self.0.append(SET_COOKIE, HeaderValue::try_from(value).expect("it can stand in a header"));
    }
}
