//! What an answer to an error keeps of the response whose place it takes.

use rocket::Request;
use rocket::http::Header;
use rocket::http::uncased::UncasedStr;
use rocket::response::Response;
use rocket::shield::{ExpectCt, Frame, Hsts, NoSniff, Permission, Policy, Prefetch, Referrer, XssFilter};

use super::carried::Carried;

/// What rocket's shield sets. It leaves alone what the handler has set.
const SHIELD: [&str; 8] = [
    <XssFilter as Policy>::NAME,
    <NoSniff as Policy>::NAME,
    <Frame as Policy>::NAME,
    <Hsts as Policy>::NAME,
    <ExpectCt as Policy>::NAME,
    <Referrer as Policy>::NAME,
    <Prefetch as Policy>::NAME,
    <Permission as Policy>::NAME,
];

/// What is said of a body, or of what was done: it went with the response.
const OF_THE_ANSWER: [&str; 10] = [
    "Accept-Ranges",
    "Age",
    "Cache-Control",
    "ETag",
    "Expires",
    "Last-Modified",
    "Location",
    "Refresh",
    "Trailer",
    "Transfer-Encoding",
];

/// Puts an answer in the place of a response, with the headers that fairings have set on that since it left its handler:
/// they are not called again. What the handler has set goes.
pub(super) fn take_place<'r>(request: &'r Request<'_>, response: &mut Response<'r>, answer: Response<'r>) {
    let before = std::mem::replace(response, answer);
    for closed in Carried::of(request).told().iter() {
        closed.headers().add_to(response);
    }
    // Between the two, rocket says its name.
    let ident = request.rocket().config().ident.as_str();
    let (mut is_of_fairings, mut is_kept, mut name) = (false, false, String::new());
    for header in before.headers().iter() {
        is_of_fairings |= header.name() == "Server" && Some(header.value()) == ident;
        // The values of one name come one after another.
        if header.name() != name.as_str() {
            name = header.name().to_string();
            is_kept = is_worth_keeping(&header, is_of_fairings) && !response.headers().contains(&name);
        }
        let is_new_cookie = || !response.headers().get("Set-Cookie").any(|cookie| cookie == header.value());
        if is_kept || (is_of_fairings && header.name() == "Set-Cookie" && is_new_cookie()) {
            response.adjoin_raw_header(name.clone(), header.value().to_owned());
        }
    }
}

fn is_worth_keeping(header: &Header<'_>, is_of_fairings: bool) -> bool {
    let is_one_of = |names: &[&str]| names.iter().any(|name| header.name() == UncasedStr::new(name));
    is_one_of(&SHIELD) || (is_of_fairings && !is_one_of(&OF_THE_ANSWER) && !is_of_body(header.name()))
}

/// `Content-…`, but for the policy that a page is shown under.
fn is_of_body(name: &UncasedStr) -> bool {
    let name = name.as_str().to_ascii_lowercase();
    name.starts_with("content-") && !name.starts_with("content-security-policy")
}
