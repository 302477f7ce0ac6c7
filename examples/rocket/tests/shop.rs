//! The shop, by rocket's own client.

#[path = "../examples/shop.rs"]
#[allow(dead_code, unreachable_pub, reason = "tests launch it themselves")]
mod shop;

use std::collections::HashSet;

use rocket::http::{Accept, ContentType, Header, Method, Status};
use rocket::local::blocking::{Client, LocalResponse};
use rocket::{Build, Rocket};
use rocket_cors::{AllowedOrigins, Cors, CorsOptions};
use session_core::{CookieConfig, Sessions};
use session_ets::{EtsStore, Table};

fn app() -> Rocket<Build> {
    shop::app(Sessions::builder(EtsStore::new(Table::private())))
}

fn client(app: Rocket<Build>) -> Client {
    Client::tracked(app).unwrap()
}

/// Goes to a page as a browser does.
fn browse<'c>(client: &'c Client, path: &str) -> LocalResponse<'c> {
    client.get(path.to_owned()).header(Accept::HTML).header(Header::new("User-Agent", "Browser")).dispatch()
}

fn page(client: &Client, path: &str) -> String {
    browse(client, path).into_string().unwrap()
}

fn send<'c>(client: &'c Client, path: &str, form: &str) -> LocalResponse<'c> {
    let request = client.post(path.to_owned()).header(ContentType::Form).header(Accept::HTML);
    request.header(Header::new("User-Agent", "<Browser>")).body(form).dispatch()
}

fn location(answer: &LocalResponse<'_>) -> String {
    assert_eq!(answer.status(), Status::SeeOther);
    answer.headers().get_one("Location").unwrap().to_owned()
}

fn sign_in(client: &Client, name: &str) {
    assert_eq!(location(&send(client, "/login", &format!("name={name}&password=rocket"))), "/");
}

#[test]
fn a_visitor_fills_a_cart_signs_in_on_the_way_to_the_checkout_and_buys() {
    let client = client(app());
    assert_eq!(location(&send(&client, "/cart", "item=%3Cb%3Etea")), "/");
    assert!(page(&client, "/").contains("<li>&lt;b&gt;tea"));
    let to = location(&browse(&client, "/checkout?step=1"));
    assert_eq!(to, "/login?next=/checkout%3Fstep%3D1");
    let form = page(&client, &to);
    assert!(form.contains(r#"name="next" value="/checkout?step=1""#), "{form}");
    // A wrong password is told once, and the way back is kept.
    let again = location(&send(&client, "/login", "name=ann&password=wrong&next=/checkout?step%3D1"));
    assert!(page(&client, &again).contains("not the password") && !page(&client, &again).contains("not the password"));
    assert!(page(&client, &again).contains(r#"value="/checkout?step=1""#));
    let back = location(&send(&client, "/login", "name=ann&password=rocket&next=/checkout?step%3D1"));
    assert_eq!(back, "/checkout?step=1");
    assert!(page(&client, &back).contains("For ann</h1><ul><li>&lt;b&gt;tea"));
    assert_eq!(location(&send(&client, "/checkout", "")), "/");
    assert!(page(&client, "/").contains("Items bought: 1."));
    assert!(!page(&client, "/").contains("tea"));
}

#[test]
fn a_login_leads_to_no_other_site_and_refuses_what_is_no_name() {
    let client = client(app());
    assert_eq!(location(&send(&client, "/login", "name=ann&password=rocket&next=//evil.example")), "/");
    assert_eq!(send(&client, "/login", "name=&password=rocket").status(), Status::UnprocessableEntity);
}

#[test]
fn signing_out_ends_it() {
    let client = client(app());
    sign_in(&client, "ann");
    assert_eq!(browse(&client, "/devices").status(), Status::Ok);
    assert_eq!(location(&send(&client, "/logout", "")), "/");
    assert_eq!(location(&browse(&client, "/devices")), "/login?next=/devices");
    // A program is not sent anywhere.
    assert_eq!(client.get("/devices").header(Accept::JSON).dispatch().status(), Status::Unauthorized);
    assert_eq!(client.post("/checkout").dispatch().status(), Status::Unauthorized);
}

fn keys(page: &str) -> HashSet<String> {
    let actions = page.split(r#"action="/devices/"#).skip(1);
    actions.map(|rest| rest.split('/').next().unwrap().to_owned()).collect()
}

#[test]
fn one_of_two_devices_is_ended_from_the_other_and_nobody_elses() {
    let store = EtsStore::new(Table::private());
    let of = |name| {
        let client = client(shop::app(Sessions::builder(store.clone())));
        sign_in(&client, name);
        client
    };
    let (laptop, phone, bob) = (of("ann"), of("ann"), of("bob"));
    let listed = page(&laptop, "/devices");
    assert!(listed.contains("<li>&lt;Browser&gt;"), "{listed}");
    let both = keys(&listed);
    assert_eq!(both.len(), 2);
    for key in &both {
        assert_eq!(send(&bob, &format!("/devices/{key}/end"), "").status(), Status::NotFound);
    }
    assert_eq!(send(&laptop, "/devices/nonsense/end", "").status(), Status::UnprocessableEntity);
    // Which of the two is the laptop's is seen by what is left once the phone has signed out.
    send(&phone, "/logout", "");
    sign_in(&phone, "ann");
    let laptops = &keys(&page(&phone, "/devices")) & &both;
    assert_eq!(laptops.len(), 1);
    for key in &laptops {
        assert_eq!(location(&send(&phone, &format!("/devices/{key}/end"), "")), "/devices");
    }
    assert_eq!(location(&browse(&laptop, "/devices")), "/login?next=/devices");
    // The one in hand is signed out.
    sign_in(&laptop, "ann");
    for key in &keys(&page(&phone, "/devices")) {
        send(&laptop, &format!("/devices/{key}/end"), "");
    }
    assert_eq!(location(&browse(&laptop, "/devices")), "/login?next=/devices");
    sign_in(&phone, "ann");
    assert_eq!(browse(&phone, "/devices").status(), Status::Ok);
    assert_eq!(browse(&bob, "/devices").status(), Status::Ok);
}

#[test]
fn it_works_with_a_development_cookie() {
    let sessions = Sessions::builder(EtsStore::new(Table::private())).cookie(CookieConfig::development());
    let client = client(shop::app(sessions));
    sign_in(&client, "ann");
    assert_eq!(browse(&client, "/devices").status(), Status::Ok);
}

/// Answers each origin by its name, which is where it sets `Vary`.
fn cors() -> Cors {
    CorsOptions { allowed_origins: AllowedOrigins::all(), allow_credentials: true, ..CorsOptions::default() }
        .to_cors()
        .unwrap()
}

#[test]
fn cors_is_on_every_answer_in_either_order() {
    // The shop attaches its own: for one that comes before, its routes are taken over.
    let before = |cors: Cors| {
        let sessions =
            Sessions::builder(EtsStore::new(Table::private())).login_page(session_core::LoginPage::at("/login"));
        let sessions = sessions.build().unwrap();
        let routes = app().routes().cloned().collect::<Vec<_>>();
        let fairing = session_core::web::rocket::SessionFairing::new(sessions.clone());
        rocket::build().attach(cors).attach(fairing).manage(sessions).mount("/", routes)
    };
    for app in [before(cors()), app().attach(cors())] {
        let client = client(app);
        let origin = || Header::new("Origin", "https://shop.example");
        let of = |answer: &LocalResponse<'_>, name| answer.headers().get(name).collect::<Vec<_>>().join(", ");
        let allowed = |answer: &LocalResponse<'_>| of(answer, "Access-Control-Allow-Origin");

        let preflight = client.req(Method::Options, "/cart").header(origin());
        let preflight = preflight.header(Header::new("Access-Control-Request-Method", "POST")).dispatch();
        assert_eq!((preflight.status(), allowed(&preflight)), (Status::NoContent, "https://shop.example".to_owned()));
        assert_eq!(of(&preflight, "Set-Cookie"), "");

        let refused = client.get("/devices").header(origin()).dispatch();
        assert_eq!((refused.status(), allowed(&refused)), (Status::Unauthorized, "https://shop.example".to_owned()));

        let added = client.post("/cart").header(origin()).header(ContentType::Form).body("item=tea").dispatch();
        assert_eq!((added.status(), allowed(&added)), (Status::SeeOther, "https://shop.example".to_owned()));
        let vary = of(&added, "Vary").to_lowercase();
        assert!(vary.contains("cookie") && vary.contains("origin"), "{vary}");
        assert!(of(&added, "Set-Cookie").starts_with("__Host-Http-session="));
    }
}
