//! Sessions on salvo: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

mod live;

use std::process::ExitCode;
use std::time::Duration;

use example_demo::{Answer, Ask, BODY_LIMIT, Body, BoxError, Demo, Format, Page, Second};
use salvo::affix_state;
use salvo::catch_panic::CatchPanic;
use salvo::catcher::Catcher;
use salvo::conn::tcp::TcpAcceptor;
use salvo::extract::{Extractible, Metadata};
use salvo::http::{ParseError, ResBody};
use salvo::prelude::{Depot, FlowCtrl, Request, Response, Router, Scribe, Server, Service, Writer, handler};
use session_core::web::SessionOf;
use session_core::web::salvo::SessionHoop;
use session_core::{LazySession, Session, SessionError, Sessions};

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
    let [first, second] = [demo.sessions(), demo.second()].map(|sessions| open(&demo, sessions));
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
        .push(look("protection", Demo::protection))
        .push(look("admin", Demo::admin))
        .push(act("admin/end-everything", Demo::end_everything))
        .push(Router::with_path("second").post(add_to_second))
        .push(Router::with_path("live/events").get(live::events))
        .push(Router::with_path("live/socket").get(live::socket))
        .push(Router::with_path("test/{**rest}").goal(test))
        .push(Router::with_path("{**rest}").goal(public));
    let service = Service::new(routes).catcher(Catcher::default().hoop(dress));
    service.hoop(affix_state::inject(demo)).hoop(second).hoop(first).hoop(CatchPanic::new())
}

/// Opens a session for each request. The application may answer its errors, wherever they are made.
fn open(demo: &Demo, sessions: &Sessions) -> SessionHoop {
    let hoop = SessionHoop::new(sessions.clone());
    match demo.own_errors() {
        Some(own) => hoop.on_error(move |error| Told(own(error).map(Body::from))),
        None => hoop,
    }
}

/// Has the demo answer with the session, which is loaded by being asked for.
struct Show(Page);

#[handler]
impl Show {
    async fn handle(&self, session: Session, asked: Asked, depot: &Depot) -> Told {
        Told(self.0(demo(depot), &session, &asked.0).await)
    }
}

/// Asks for a session by its name, where there are several.
#[handler]
async fn add_to_second(session: SessionOf<Second>, asked: Asked, depot: &Depot) -> Told {
    Told(demo(depot).add_to_count(&session, &asked.0).await)
}

#[handler]
async fn public(asked: Asked, depot: &Depot) -> Told {
    Told(demo(depot).public(&asked.0).await)
}

#[handler]
async fn test(session: LazySession, asked: Asked, depot: &Depot) -> Result<Told, SessionError> {
    demo(depot).test(&session, &asked.0).await.map(Told)
}

fn demo(depot: &Depot) -> &Demo {
    depot.get_typed().expect("it is injected")
}

/// The request in the demo's words.
struct Asked(Ask);

impl<'ex> Extractible<'ex> for Asked {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("");
        &METADATA
    }

    #[expect(refining_impl_trait, reason = "its error is no secret")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, ParseError> {
        let body = req.payload_with_max_size(BODY_LIMIT).await?.clone();
        Ok(Self(Ask::new(req.method().as_str(), &req.uri().to_string(), req.headers(), body)))
    }
}

/// The demo's answer, in salvo's words.
struct Told(Answer);

impl Scribe for Told {
    fn render(self, res: &mut Response) {
        let (head, body) = self.0.into_parts();
        res.status_code(head.status).headers_mut().extend(head.headers);
        res.body(match body {
            Body::Whole(bytes) => ResBody::from(bytes),
            Body::Pieces(pieces) => ResBody::stream(pieces),
        });
    }
}

/// Gives errors their form, those of salvo and of the session hoop, too.
#[handler]
async fn dress(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    let status = res.status_code.map_or(404, |status| status.as_u16());
    match (demo(depot).undressed(Format::of(req.headers()), status, res.headers()), res.take_body()) {
        (Some(problem), _) => {
            // What is kept of them is in the problem.
            res.headers_mut().clear();
            res.render(Told(problem));
        }
        (None, ResBody::Error(error)) => res.render(error.brief),
        (None, body) => drop(res.replace_body(body)),
    }
    ctrl.skip_rest();
}
