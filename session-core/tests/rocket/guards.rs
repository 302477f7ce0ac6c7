//! Who is signed in, what the others are shown, and how applications answer by themselves.

use std::time::Duration;

use rocket::form::Form;
use rocket::http::{Accept, ContentType, Header, RawStr, Status};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::response::Redirect;
use rocket::{Build, FromForm, Request, Rocket, catch, catchers, get, post, routes};
use session_core::web::rocket::{SessionFairing, error, sign_in_catcher};
use session_core::web::{SessionRejection, SignedIn, SignedInWithin};
use session_core::{LoginPage, ManualClock, Next, Owner, Session, SessionError, SessionKey};

use crate::quiet;
use crate::support::faulty::{Fault, Faulty};
use crate::support::{builder, store};

#[get("/login")]
fn log_in(session: Session) -> Result<(), SessionError> {
    session.log_in(Owner::new("ann")?)
}

#[get("/account")]
fn account(somebody: SignedIn) -> String {
    somebody.owner().as_str().to_owned()
}

#[post("/account")]
fn change(somebody: SignedIn) -> String {
    somebody.owner().as_str().to_owned()
}

#[get("/secret")]
fn secret(somebody: SignedInWithin<300>) -> String {
    somebody.owner().as_str().to_owned()
}

#[get("/who")]
fn who(owner: Owner) -> String {
    owner.as_str().to_owned()
}

#[get("/offer")]
fn offer(owner: Owner) -> String {
    format!("for {}", owner.as_str())
}

#[get("/offer", rank = 2)]
fn offer_to_guests() -> &'static str {
    "for guests"
}

#[get("/gone", rank = 2)]
fn gone() -> Status {
    Status::Gone
}

#[get("/gone")]
fn not_gone(_owner: Owner) {}

#[get("/maybe")]
fn maybe(somebody: Option<SignedIn>) -> (Status, String) {
    match somebody {
        Some(somebody) => (Status::Ok, somebody.owner().as_str().to_owned()),
        None => (Status::Unauthorized, "the handler's own".to_owned()),
    }
}

#[get("/result")]
fn result(found: Result<SignedIn, &SessionRejection>) -> String {
    match found {
        Ok(_) => "somebody".to_owned(),
        Err(rejection) => format!("failed by {}", rejection.http_status()),
    }
}

#[get("/device/<key>")]
fn device(key: SessionKey) -> String {
    key.encode()
}

#[get("/status")]
fn status(session: Session) -> Result<String, Status> {
    Ok(session.get::<String>("n")?.unwrap_or_default())
}

#[get("/number")]
fn number(session: Session) -> Result<(), SessionError> {
    session.insert("n", 1)
}

#[get("/rejected")]
fn rejected() -> Result<(), SessionRejection> {
    Err(SessionError::Gone.into())
}

fn app(sessions: session_core::Sessions) -> Rocket<Build> {
    quiet()
        .attach(SessionFairing::new(sessions))
        .mount("/", routes![log_in, account, change, secret, who, offer, offer_to_guests, maybe, result, device])
        .mount("/", routes![status, number, rejected, gone, not_gone])
        .mount("/orders", routes![account])
}

async fn client_of(change: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> (Client, ManualClock) {
    let (builder, clock) = builder(store());
    let login = LoginPage::at("/login").with_step_up("/confirm");
    let sessions = builder.login_page(login).build().unwrap();
    (Client::tracked(change(app(sessions))).await.unwrap(), clock)
}

/// Goes to a page as a browser does.
async fn browse<'c>(client: &'c Client, path: &'c str) -> LocalResponse<'c> {
    client.get(path).header(Accept::HTML).header(Header::new("Sec-Fetch-Mode", "navigate")).dispatch().await
}

fn led(answer: &LocalResponse<'_>) -> (u16, Option<String>) {
    (answer.status().code, answer.headers().get_one("Location").map(str::to_owned))
}

async fn shown(answer: LocalResponse<'_>) -> (u16, String) {
    (answer.status().code, answer.into_string().await.unwrap_or_default())
}

async fn get(client: &Client, path: &str) -> (u16, String) {
    shown(client.get(path.to_owned()).dispatch().await).await
}

#[tokio::test]
async fn a_program_is_answered_401_and_a_browser_is_sent_to_the_login_page() {
    let (client, _) = client_of(|app| app).await;
    for path in ["/account", "/who", "/secret"] {
        let answer = client.get(path).header(Accept::JSON).dispatch().await;
        assert_eq!(led(&answer), (401, None), "{path}");
        assert_eq!(answer.headers().get_one("Cache-Control"), Some("no-store"));
        assert_eq!(answer.into_string().await.unwrap(), "Sign in to see this, or sign in again.\n");
    }
    let answer = browse(&client, "/orders/account?tab=2&sort=up").await;
    assert_eq!(led(&answer), (303, Some("/login?next=/orders/account%3Ftab%3D2%26sort%3Dup".to_owned())));
    assert_eq!(answer.headers().get_one("Cache-Control"), Some("no-store"));
    assert_eq!(answer.headers().get_one("X-Frame-Options"), Some("SAMEORIGIN"));
    // What was sent is not come back to.
    let form = client.post("/account").header(ContentType::Form).header(Accept::HTML).dispatch().await;
    assert_eq!(led(&form), (303, Some("/login".to_owned())));

    browse(&client, "/login").await;
    for path in ["/account", "/who", "/secret"] {
        assert_eq!(get(&client, path).await, (200, "ann".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn an_old_proof_is_confirmed_where_the_application_says() {
    let (client, clock) = client_of(|app| app).await;
    get(&client, "/login").await;
    clock.advance(Duration::from_secs(301));
    assert_eq!(get(&client, "/account").await.0, 200);
    assert_eq!(get(&client, "/secret").await.0, 401);
    assert_eq!(led(&browse(&client, "/secret").await), (303, Some("/confirm?next=/secret".to_owned())));
}

#[tokio::test]
async fn a_route_of_a_lower_rank_is_for_guests() {
    let (client, _) = client_of(|app| app).await;
    assert_eq!(shown(browse(&client, "/offer").await).await, (200, "for guests".to_owned()));
    get(&client, "/login").await;
    assert_eq!(get(&client, "/offer").await, (200, "for ann".to_owned()));
}

#[tokio::test]
async fn a_handler_that_asks_for_an_option_answers_by_itself() {
    let (client, _) = client_of(|app| app).await;
    assert_eq!(shown(browse(&client, "/maybe").await).await, (401, "the handler's own".to_owned()));
    // A result is no error for that: it forwards.
    assert_eq!(led(&browse(&client, "/result").await), (303, Some("/login?next=/result".to_owned())));
    get(&client, "/login").await;
    assert_eq!(get(&client, "/maybe").await, (200, "ann".to_owned()));
}

#[catch(401)]
fn own_401(request: &Request<'_>) -> String {
    let Some(SessionRejection::Session(SessionError::SignIn(needed))) = error(request) else { panic!("it is told") };
    format!("own, to {:?}", needed.location())
}

#[catch(default)]
fn own_default(status: Status, request: &Request<'_>) -> String {
    format!("own {}, of the session: {}", status.code, error(request).is_some())
}

#[tokio::test]
async fn the_applications_catcher_answers_and_is_told_where_the_browser_is_to_be_sent() {
    let (client, _) = client_of(|app| app.register("/", catchers![own_401])).await;
    assert_eq!(get(&client, "/account").await, (401, "own, to None".to_owned()));
    let told = "own, to Some(\"/login?next=/account\")".to_owned();
    assert_eq!(shown(browse(&client, "/account").await).await, (401, told));
}

#[tokio::test]
async fn beside_a_default_catcher_browsers_are_sent_by_the_catcher_that_we_have() {
    let (client, _) = client_of(|app| app.register("/", catchers![own_default])).await;
    assert_eq!(shown(browse(&client, "/account").await).await, (401, "own 401, of the session: true".to_owned()));
    let with = |app: Rocket<Build>| app.register("/", catchers![own_default]).register("/", vec![sign_in_catcher()]);
    let (client, _) = client_of(with).await;
    assert_eq!(led(&browse(&client, "/account").await), (303, Some("/login?next=/account".to_owned())));
    assert_eq!(get(&client, "/account").await.0, 401);
    assert_eq!(get(&client, "/nowhere").await, (404, "own 404, of the session: false".to_owned()));
    // What a guard said on another route is no reason.
    assert_eq!(get(&client, "/gone").await, (410, "own 410, of the session: false".to_owned()));
}

#[tokio::test]
async fn a_store_that_fails_is_none_to_an_option_and_told_to_a_result() {
    let faulty = Faulty::new(store());
    let sessions = builder(faulty.clone()).0.build().unwrap();
    let client = Client::tracked(app(sessions)).await.unwrap();
    get(&client, "/login").await;
    let mut expected = vec![("/account", 503, SessionError::Indeterminate.http_text())];
    expected.extend([("/maybe", 401, "the handler's own"), ("/result", 200, "failed by 503")]);
    for (path, status, text) in expected {
        faulty.next("get", Fault::Down);
        assert_eq!(get(&client, path).await, (status, text.to_owned()), "{path}");
    }
    assert_eq!(get(&client, "/result").await, (200, "somebody".to_owned()));
}

#[tokio::test]
async fn a_path_names_a_session_and_errors_turn_into_what_handlers_return() {
    let (client, _) = client_of(|app| app).await;
    let key = SessionKey::from_bytes([7; 32]).encode();
    assert_eq!(get(&client, &format!("/device/{key}")).await, (200, key));
    assert_ne!(get(&client, "/device/7").await.0, 200);
    get(&client, "/number").await;
    assert_eq!(get(&client, "/status").await.0, 500);
    assert_eq!(get(&client, "/rejected").await, (409, SessionError::Gone.http_text().to_owned()));
}

#[derive(FromForm)]
struct Field {
    next: Next,
}

#[post("/back", data = "<form>")]
fn back_of_form(form: Form<Field>) -> Redirect {
    Redirect::to(form.into_inner().next)
}

#[get("/back?<next>")]
fn back_of_query(next: Next) -> Redirect {
    Redirect::to(next)
}

#[tokio::test]
async fn the_way_back_is_read_from_queries_and_forms_and_leads_to_no_other_site() {
    let client = Client::untracked(quiet().mount("/", routes![back_of_form, back_of_query])).await.unwrap();
    let every = (0x21..=0x7E).map(char::from).filter(|c| !"\"'<>\\#%".contains(*c)).collect::<String>();
    let odd = every.replace('?', "");
    let escaped =
        odd.replace('^', "%5E").replace('`', "%60").replace('{', "%7B").replace('|', "%7C").replace('}', "%7D");
    let cases = [
        ("/cart?page=2".to_owned(), "/cart?page=2".to_owned()),
        (format!("/a?{every}#end"), format!("/a?{every}#end")),
        (format!("/{odd}"), format!("/{escaped}")),
        ("//evil.example".to_owned(), "/".to_owned()),
        ("https://evil.example".to_owned(), "/".to_owned()),
    ];
    for (next, expected) in cases {
        let field = format!("next={}", RawStr::new(&next).percent_encode());
        let of_query = client.get(format!("/back?{field}")).dispatch().await;
        assert_eq!(led(&of_query), (303, Some(expected.clone())), "{next}");
        let of_form = client.post("/back").header(ContentType::Form).body(field).dispatch().await;
        assert_eq!(led(&of_form), (303, Some(expected)), "{next}");
    }
    for path in ["/back", "/back?next"] {
        assert_eq!(led(&client.get(path).dispatch().await), (303, Some("/".to_owned())), "{path}");
    }
    let empty = client.post("/back").header(ContentType::Form).dispatch().await;
    assert_eq!(led(&empty), (303, Some("/".to_owned())));
}
