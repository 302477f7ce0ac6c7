//! Sessions on rocket: the routes, and how a handler gets its session. What the pages do is in `examples/demo`.

mod live;

use std::io::Cursor;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use example_demo::{Answer, Ask, BODY_LIMIT, Body, BoxError, Demo, Format, Page, Second};
use rocket::config::LogLevel;
use rocket::data::{Data, ToByteUnit};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::http::{Header, Method, Status};
use rocket::request::FromRequest;
use rocket::response::{Responder, content::RawHtml};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Build, Config, Either, Either::*, Request, Response, Rocket, catch, catchers, tokio};
use session_core::web::rocket::{self as sessions, SessionFairing};
use session_core::web::{SessionOf, SessionRejection};
use session_core::{LazySession, Session};
use tokio_util::io::StreamReader;
use tokio_util::task::TaskTracker;

fn main() -> ExitCode {
    example_demo::main("rocket", |demo| async {
        // It stops by itself on Ctrl-C and SIGTERM. Its log would go to stdout.
        let config = Config { port: demo.free_port()?, log_level: LogLevel::Off, ..Config::default() };
        let under_way = TaskTracker::new();
        let mut answered = pin!(answered(demo.clone(), under_way.clone()));
        let launched = app(rocket::custom(config), demo).attach(track(under_way)).launch();
        tokio::select! {
            launched = launched => match launched {
                // It may stop while requests are still under way.
                Err(error) if matches!(error.kind(), ErrorKind::Shutdown(_, None)) => answered.await,
                done => drop(done?),
            },
            () = &mut answered => {}
        }
        Ok::<_, BoxError>(())
    })
}

/// Tracks the requests under way: each holds a token until its response is written.
fn track(under_way: TaskTracker) -> AdHoc {
    AdHoc::on_request("Under way", move |request, _| {
        request.local_cache(|| under_way.token());
        Box::pin(async {})
    })
}

/// Ends once the server is asked to stop and everybody is answered. Rocket would wait for 2 seconds and more if only one
/// connection is open, whether anything comes over it or not.
async fn answered(demo: Demo, under_way: TaskTracker) {
    demo.asked_to_stop().await;
    under_way.close();
    under_way.wait().await;
    // What is written last is on its way to the socket.
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Puts the app together. The fairing that is attached first sees a response first.
fn app(rocket: Rocket<Build>, demo: Demo) -> Rocket<Build> {
    let look = |path, page| Route::new(Method::Get, path, Does::Show(page));
    let act = |path, page| Route::new(Method::Post, path, Does::Show(page));
    let pages = [
        look("/", Demo::home),
        act("/login", Demo::login),
        act("/logout", Demo::logout),
        act("/cart", Demo::add_to_cart),
        act("/cart/empty", Demo::empty_cart),
        look("/count", Demo::count),
        act("/count", Demo::add_to_count),
        look("/sessions", Demo::list_sessions),
        act("/sessions/<key>/end", Demo::end_session),
        act("/sessions/end-others", Demo::end_other_sessions),
        look("/protection", Demo::protection),
        look("/admin", Demo::admin),
        act("/admin/end-everything", Demo::end_everything),
        Route::new(Method::Post, "/second", Does::Second),
        Route::new(Method::Get, "/live/events", Does::Events),
        Route::new(Method::Get, "/live/socket", Does::Socket),
        Route::ranked(20, Method::Get, "/<path..>", Does::Public),
    ];
    // The catchers answer the sessions' errors as well, wherever they are made; without any, those are a text.
    let catchers = if demo.dresses_errors() { catchers![caught] } else { Vec::new() };
    rocket
        // Most applications have one kind of sessions. The same twice are opened once.
        .attach(SessionFairing::new(demo.second().clone()))
        .attach(SessionFairing::new(demo.sessions().clone()))
        .attach(AdHoc::on_response("Dress", |request, response| Box::pin(async { dress(request, response) })))
        .attach(AdHoc::on_liftoff("Listening", |it| Box::pin(async { Demo::listening(it.config().port) })))
        .manage(demo)
        .mount("/", pages)
        .mount("/test", [Method::Get, Method::Post].map(|method| Route::new(method, "/<path..>", Does::Test)))
        .register("/", catchers)
}

/// What a route does. It is a handler by itself, so that one does for all pages.
#[derive(Clone)]
enum Does {
    Show(Page),
    /// Asks for a session by its name, where there are several.
    Second,
    Events,
    Socket,
    Public,
    Test,
}

#[rocket::async_trait]
impl Handler for Does {
    /// Has the demo answer: a page with the session, which is loaded by being asked for.
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let answer = async {
            let demo = request.rocket().state::<Demo>().expect("it is managed");
            // The request in the demo's words, which refuses a body that is longer than its limit.
            let body = data.open((BODY_LIMIT + 1).bytes()).into_bytes().await.map_err(|_| Status::BadRequest)?;
            let (target, headers) = (request.uri().to_string(), request.headers().iter().map(owned));
            let ask = Ask::new(request.method().as_str(), &target, headers, body.into_inner().into());
            Ok(respond(match self {
                Self::Show(page) => page(demo, &guard::<Session>(request).await?, &ask).await,
                Self::Second => demo.add_to_count(&*guard::<SessionOf<Second>>(request).await?, &ask).await,
                Self::Events => return live::events(request, demo, guard(request).await?, &ask),
                Self::Socket => return live::socket(request, demo, guard(request).await?, &ask).await,
                Self::Public => demo.public(&ask).await,
                Self::Test => match demo.test(&guard::<LazySession>(request).await?, &ask).await {
                    Ok(answer) => answer,
                    Err(error) => return error.respond_to(request),
                },
            }))
        };
        answer.await.map_or_else(Outcome::Error, Outcome::Success)
    }
}

async fn guard<'r, T: FromRequest<'r>>(request: &'r Request<'_>) -> Result<T, Status> {
    request.guard().await.map_error(|(status, _)| status).ok_map_forward(Err)
}

fn owned(header: Header<'_>) -> (String, String) {
    (header.name().to_string(), header.value().to_owned())
}

fn respond<'r>(answer: Answer) -> Response<'r> {
    let (head, body) = answer.into_parts();
    let mut response = Response::build();
    response.status(Status::new(head.status.as_u16()));
    for (name, value) in &head.headers {
        response.raw_header_adjoin(name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    match body {
        Body::Whole(bytes) => response.sized_body(bytes.len(), Cursor::new(bytes)),
        Body::Pieces(pieces) => response.streamed_body(StreamReader::new(pieces)),
    };
    response.finalize()
}

/// Gives errors their form, those of rocket and of the session fairing, too.
fn dress(request: &Request<'_>, response: &mut Response<'_>) {
    let format = Format::accepted(request.headers().get("Accept").map(str::as_bytes));
    let demo = request.rocket().state::<Demo>().expect("it is managed");
    if let Some(problem) = demo.undressed(format, response.status().code, response.headers().iter().map(owned)) {
        *response = respond(problem);
    }
}

/// Answers the sessions' errors as the application likes. What it does not, the fairing dresses.
#[catch(default)]
fn caught(status: Status, request: &Request<'_>) -> (Status, Either<RawHtml<Vec<u8>>, ()>) {
    let demo = request.rocket().state::<Demo>().expect("it is managed");
    match (demo.own_errors(), sessions::error(request)) {
        (Some(own), Some(SessionRejection::Session(error))) => (status, Left(RawHtml(own(error).into_body().into()))),
        _ => (status, Right(())),
    }
}
