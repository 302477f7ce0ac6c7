//! Sessions on salvo: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

use std::process::ExitCode;
use std::time::Duration;

use example_demo::{Answer, Ask, BODY_LIMIT, Body, BoxError, Demo, Format, Page};
use salvo::affix_state;
use salvo::catch_panic::CatchPanic;
use salvo::conn::tcp::TcpAcceptor;
use salvo::http::{ParseError, ReqBody, ResBody};
use salvo::prelude::{Depot, FlowCtrl, Request, Response, Router, Server, Service, TowerLayerCompat, handler};
use session_core::web::tower::SessionLayer;
use session_core::{LazySession, Sessions};

fn main() -> ExitCode {
    example_demo::main("salvo", |demo| async {
        let (listener, stop) = (demo.listen()?, demo.asked_to_stop());
        let server = Server::new(TcpAcceptor::try_from(listener)?);
        let handle = server.handle();
        tokio::spawn(async move {
            stop.await;
            handle.stop_graceful(Duration::from_secs(5));
        });
        Ok::<_, BoxError>(server.try_serve(app(demo)).await?)
    })
}

/// Puts the app together. What is added first sees a request first.
fn app(demo: Demo) -> Service {
    // Most applications have one kind of sessions. The same twice are opened once.
    let [first, second] = [demo.sessions(), demo.second()].map(|sessions| open(&demo, sessions).compat::<ReqBody>());
    let look = |path, page| Router::with_path(path).get(Show(page)).head(Show(page));
    let act = |path, page| Router::with_path(path).post(Show(page));
    let routes = Router::new()
        .get(Show(Demo::home))
        .head(Show(Demo::home))
        .push(act("login", Demo::login))
        .push(act("logout", Demo::logout))
        .push(act("cart", Demo::add_to_cart))
        .push(act("cart/empty", Demo::empty_cart))
        .push(look("count", Demo::count))
        .push(act("count", Demo::add_to_count))
        .push(look("sessions", Demo::list_sessions))
        .push(act("sessions/{key}/end", Demo::end_session))
        .push(act("sessions/end-others", Demo::end_other_sessions))
        .push(Router::with_path("second").post(add_to_second))
        .push(Router::with_path("test/{**rest}").goal(test))
        .push(Router::with_path("{**rest}").goal(public));
    Service::new(routes).hoop(affix_state::inject(demo)).hoop(dress).hoop(second).hoop(first).hoop(CatchPanic::new())
}

/// Opens a session for each request. The application may answer its errors, wherever they are made.
fn open(demo: &Demo, sessions: &Sessions) -> SessionLayer {
    let layer = SessionLayer::new(sessions.clone());
    match demo.own_errors() {
        Some(own) => layer.on_error(own),
        None => layer,
    }
}

/// Has the demo answer with the session, which is loaded by being asked for.
struct Show(Page);

#[handler]
impl Show {
    async fn handle(&self, req: &mut Request, depot: &Depot, res: &mut Response) -> Result<(), ParseError> {
        let (demo, ask) = (demo(depot), ask(req).await?);
        respond(show(self.0, demo, session(req), &ask).await, res);
        Ok(())
    }
}

async fn show(page: Page, demo: &Demo, session: LazySession, ask: &Ask) -> Answer {
    match session.load().await {
        Ok(session) => page(demo, &session, ask).await,
        Err(error) => demo.failed(ask, error),
    }
}

/// Finds a session where there are several.
#[handler]
async fn add_to_second(req: &mut Request, depot: &Depot, res: &mut Response) -> Result<(), ParseError> {
    let (demo, ask) = (demo(depot), ask(req).await?);
    let session = demo.second().find(req.extensions()).expect("its layer has opened it");
    respond(show(Demo::add_to_count, demo, session, &ask).await, res);
    Ok(())
}

#[handler]
async fn public(req: &mut Request, depot: &Depot, res: &mut Response) -> Result<(), ParseError> {
    respond(demo(depot).public(&ask(req).await?).await, res);
    Ok(())
}

#[handler]
async fn test(req: &mut Request, depot: &Depot, res: &mut Response) -> Result<(), ParseError> {
    let (demo, ask) = (demo(depot), ask(req).await?);
    respond(demo.test(&session(req), &ask).await.unwrap_or_else(|error| demo.failed(&ask, error)), res);
    Ok(())
}

fn demo(depot: &Depot) -> &Demo {
    depot.get_typed().expect("it is injected")
}

fn session(req: &Request) -> LazySession {
    req.extensions().get().cloned().expect("the layer has opened it")
}

/// The request in the demo's words.
async fn ask(req: &mut Request) -> Result<Ask, ParseError> {
    let body = req.payload_with_max_size(BODY_LIMIT).await?.clone();
    Ok(Ask::new(req.method().as_str(), &req.uri().to_string(), req.headers(), body))
}

/// The demo's answer in salvo's words.
fn respond(answer: Answer, res: &mut Response) {
    *res = Response::from(answer.map(|body| match body {
        Body::Whole(bytes) => ResBody::from(bytes),
        Body::Pieces(pieces) => ResBody::stream(pieces),
    }));
}

/// Gives errors their form, those of salvo and of the session layer, too.
#[handler]
async fn dress(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    let format = Format::of(req.headers());
    ctrl.call_next(req, depot, res).await;
    let status = res.status_code.map_or(404, |status| status.as_u16());
    if let Some(problem) = demo(depot).undressed(format, status, res.headers()) {
        respond(problem, res);
    }
}
