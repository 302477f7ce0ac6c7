//! The suite for web frameworks: numbered clauses about what a browser sees of sessions, checked by a real HTTP client
//! on a running server. The list of clauses is always here; what runs them is behind the feature `http`, on Unix.
//!
//! ```
//! # #[cfg(all(unix, feature = "http"))]
//! # mod tests {
//! // tests/http.rs
//! use std::process::Command;
//!
//! # const MY_SERVER: &str = "my-server";
//! session_conformance::http_suite!(Command::new(MY_SERVER), without { LIVE: "neither events nor sockets" });
//! # }
//! ```
//!
//! Each clause is a `#[test]` of its own, and starts the server anew in a folder of its own. Nothing sleeps: the server's
//! time stands until a clause moves it, and requests wait at gates until they are let go.
//!
//! # What the server has to do
//!
//! The example of any framework in this project's repository does. It is started with these variables besides those
//! of the [`Command`](std::process::Command):
//!
//! | variable | the server |
//! |---|---|
//! | `PORT` | `0`: listens on a free port of 127.0.0.1, and prints a line to stdout: `listening on http://127.0.0.1:PORT` |
//! | `SESSION_TEST` | `1`: has the routes under `/test/`, and a clock that stands until it is moved |
//! | `SESSION_STORE` | `sqlite://sessions.db`, for LIVE-5: stores in that file of the folder, as another server does at the same time; by default in memory |
//! | `SESSION_FILE` | a path at which a store in memory waits while the server is down |
//! | `SESSION_COOKIE` | `development`: [the development cookie](session_core::CookieConfig::development); by default the safe one |
//! | `SESSION_COOKIE_NAME` | the cookie's name without prefix; by default whatever the server likes |
//! | `SESSION_SECOND` | a second kind of `Sessions` around the app, whose cookie is the same but for this name |
//! | `SESSION_SCOPE` | the [scope](session_core::SessionsBuilder::scope); by default the cookie's name |
//! | `SESSION_FORMER_PATH`, `SESSION_FORMER_DOMAIN` | [former attributes](session_core::CookieConfig::with_former_attributes) of the cookie, one each |
//! | `SESSION_FORMER_NAME` | a [former name](session_core::CookieConfig::with_former_name) of the cookie, until `SESSION_CHANGED_AT_MS` |
//! | `SESSION_UNSIGNED` | `set`, or `taken` until `SESSION_CHANGED_AT_MS`: what becomes of [unsigned cookies](session_core::CookieConfig::with_unsigned_cookies) where there are keys; by default they are refused |
//! | `SESSION_CHANGED_AT_MS` | that time, in milliseconds since 1970 |
//! | `SESSION_KEYS` | signs cookies by these keys, in base64url and separated by commas |
//! | `SESSION_BOUND` | DBSC: `refuse`, `step-up` or `log`: sessions are [bound to devices](session_core::DeviceBound), with the keys of `SESSION_KEYS`, and this is what a request without proof gets; by default they are not |
//! | `SESSION_LIFETIME` | `persistent`: cookies are; by default they are not |
//! | `SESSION_ON_FAILURE` | `anonymous`, or `fail-closed`, the default: the failure policy |
//! | `SESSION_ERRORS` | `plain`: the sessions' errors are answered as the adapter does, and nothing is done about it; `own`: the application answers them itself, wherever they are made, with their status and HTML that begins with `<h1>` |
//! | `SESSION_CLEAR_SITE_DATA` | `cache,storage`: what else browsers [forget](session_core::SessionsBuilder::clear_site_data) at a sign-out; `nothing`, the default |
//! | `SESSION_TIMEOUT_MS` | how long the store may take |
//! | `SESSION_MAX_PER_OWNER` | how many sessions a user may have; one more ends the oldest |
//! | `SESSION_RENEW_EVERY_MS` | how often a session gets a new id although nothing has changed; by default never |
//! | `RUST_LOG` | `trace`: logs all it can |
//!
//! All other settings are the defaults: an idle timeout of a day, an absolute one of 30 days, a straggler's window of 10
//! seconds, an overlap of renewals of 30; a device cookie of 10 minutes, which is had under `/dbsc`. It ends on SIGTERM, with
//! success, and its sessions are there when it is started again in the same folder.
//!
//! It answers in JSON, as all requests ask for it by `Accept`; errors are `{error}`. `Cache-Control` is left to the sessions
//! where nothing is said of it here.
//!
//! | route | takes | does | answers |
//! |---|---|---|---|
//! | `GET /` | | hands out the messages, and counts a visit in one transaction with that, if there is a session | `{user, visits, cart, flash}` |
//! | `POST /login` | a form with `name` | signs in by [`log_in`](session_core::Session::log_in), leaves one message | `{user, …}` |
//! | `POST /logout` | | ends the session by [`log_out`](session_core::Session::log_out), leaves one message | 200 |
//! | `POST /cart/empty` | | removes a value | 200 |
//! | `GET /count` | | only reads | `{count}` |
//! | `POST /count` | | adds one by `update` | `{count}` |
//! | `POST /second` | | asks for the second kind of sessions by its name, and adds one to the counter there | `{count}` |
//! | `GET /sessions` | | lists the user's sessions, or without OWNER this one alone | `[{key, current, …}]`, and `bound` for DBSC; 401 if nobody is signed in |
//! | `POST /sessions/{key}/end` | | ends one of them; one's own is destroyed | 200; 404 if the user has none of that key |
//! | `POST /sessions/end-others` | | ends all but this one | 200 |
//! | `GET /untouched` | | never asks for its session | `Cache-Control: public, max-age=60` |
//! | `GET /live/events` | | LIVE: server-sent events with `{count}` in their data, one at the beginning and one for each change, until the session ends | 401 without a session |
//! | `GET /live/socket` | | LIVE: a WebSocket with the same as text messages; a text that comes is use of the session | 401 without a session; 403 if its `Origin` is not that of its `Host` |
//! | `POST /test/clock` | `?advance_ms=` | moves the time on | `{}` |
//! | `POST /test/store` | `?state=` | makes the store `up`, `down` or `slow`: it gives no answer until that changes | `{}` |
//! | `GET /test/store` | | | how often the store was called: `{get, put, touch, …}`; calls that wait count |
//! | `GET /test/gate` | `?name=&held=` | answers once so many requests are held at that gate | `{}` |
//! | `POST /test/gate` | `?name=` | lets those go, and all that come later | `{}` |
//! | any method, `/test/do` | `?steps=` | does these steps, separated by commas, with its session | `{count}`, or as the steps say |
//!
//! A request whose changes were dropped, because its session had ended or it was a straggler, is answered 409, but for GET
//! and HEAD. What is not there is 404. The errors of the sessions in `/test/do` are left to the framework, if it knows any.
//! These are the steps:
//!
//! | step | does |
//! |---|---|
//! | `has` | asks whether there is a cookie, by [`LazySession::has_cookie`](session_core::LazySession::has_cookie) |
//! | `read` | loads the session, as all from `add` to `remember` do |
//! | `add` | adds one to the counter |
//! | `renew` | gives the session a new id |
//! | `login:NAME` | signs in |
//! | `end` | destroys the session |
//! | `tell` | leaves a message |
//! | `messages` | takes the messages out, outside of a transaction, and answers them beside the count: `flash` |
//! | `take` | takes the counter out |
//! | `wrong` | reads the counter as a text |
//! | `commit` | commits; the answer says whether another request was faster, beside the count: `lost` |
//! | `remember` | makes its cookie persistent |
//! | `hold:NAME` | waits at a gate |
//! | `fresh` | DBSC: tells whether the visitor proved who they are within the hour, beside the count: `fresh` |
//! | `fail` | answers 500 |
//! | `panic` | panics |
//! | `redirect` | answers 303 |
//! | `public` | adds `Cache-Control: public, max-age=60, s-maxage=600` |
//! | `targeted` | adds `CDN-Cache-Control`, `Surrogate-Control` and `Cloudflare-CDN-Cache-Control`, each `max-age=600` |
//! | `not-modified` | answers 304 |
//! | `stream:NAME` | answers a body in two pieces, `the first piece` and `the second piece`, of which the second waits at a gate |

mod clause;

// What runs the clauses.
#[cfg(all(unix, feature = "http"))]
mod browser; // a client that keeps its cookie by hand
#[cfg(all(unix, feature = "http"))]
mod case; // one run of a clause
#[cfg(all(unix, feature = "http"))]
mod clauses; // one function each
#[cfg(all(unix, feature = "http"))]
mod device; // a browser that binds its session to its device
#[cfg(all(unix, feature = "http"))]
mod jar; // a browser with several cookies
#[cfg(all(unix, feature = "http"))]
mod raw; // requests that no client sends
#[cfg(all(unix, feature = "http"))]
mod site; // a running server
#[cfg(all(unix, feature = "http"))]
mod steps; // what was done, for a failure to tell
#[cfg(all(unix, feature = "http"))]
mod suite; // the macro, and the runner

pub use clause::{CLAUSES, Capability, Clause, Group};
#[cfg(all(unix, feature = "http"))]
#[doc(hidden)]
pub use suite::__test;
#[cfg(all(unix, feature = "http"))]
pub use suite::run;
