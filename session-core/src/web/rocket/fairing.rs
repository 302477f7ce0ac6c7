//! What opens a session for each request, and closes it before the response leaves.

use rocket::fairing::{Fairing, Info, Kind, Result};
use rocket::response::Response;
use rocket::{Build, Data, Request, Rocket};

use super::super::opened::{Opened, beside};
use super::answer::{Looks, by_catcher, rockets, text};
use super::attached::attach;
use super::carried::{Carried, status};
use super::headers::take_place;
use crate::engine::Sessions;
use crate::request::{CloseOutcome, Handled, LazySession, RequestHead};

/// The fairing that gives each request its session; see the [module page](super).
#[derive(Clone, Debug)]
pub struct SessionFairing {
    sessions: Sessions,
}

impl SessionFairing {
    /// Creates a fairing.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }

    fn open(&self, request: &Request<'_>) -> Option<LazySession> {
        let beside = beside(&self.sessions, request)?;
        let header = |name: &str| request.headers().get_one(name).map(str::as_bytes);
        // HTTP/2 has no Host header but an authority; rocket's local client has neither.
        let (is_local, authority) = (request.remote().is_none(), request.host().map(ToString::to_string));
        let lines = request.headers().get("Cookie").map(str::as_bytes);
        let jar = in_jar(request, is_local);
        let path = request.uri().path();
        let mut head = RequestHead::new(request.method().as_str())
            .with_path(path.as_str())
            .with_cookies(lines.chain(jar.iter().map(String::as_bytes)))
            .with_headers(&header)
            .with_target(authority.as_deref().map(str::as_bytes), request.rocket().config().tls_enabled());
        if is_local {
            head = head.may_lack_host();
        }
        Some(self.sessions.open_beside(head, beside))
    }
}

/// Gives the cookies that are in the jar alone, where the local client puts them. Those of a request that came over a
/// connection are in its headers, as they were sent: what the jar makes of a name that is escaped is another name, and
/// may be one that no other site can set.
fn in_jar(request: &Request<'_>, is_local: bool) -> Vec<String> {
    if !is_local && request.headers().contains("Cookie") {
        return Vec::new();
    }
    request.cookies().iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect()
}

#[rocket::async_trait]
impl Fairing for SessionFairing {
    fn info(&self) -> Info {
        Info { name: "Session", kind: Kind::Ignite | Kind::Request | Kind::Response }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> Result {
        Ok(attach(rocket, &self.sessions))
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if let Some(session) = self.open(request) {
            Carried::of(request).opened().push(Opened::new(session));
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let carried = Carried::of(request);
        let opened = {
            let mut opened = carried.opened();
            let own = opened.iter().position(|opened| opened.session().sessions().is(&self.sessions));
            own.map(|own| opened.remove(own))
        };
        let Some(opened) = opened else { return };
        #[cfg(feature = "device-bound")]
        if opened.session().is_for_device() {
            // Fairings answer here alone. What a catcher has made of a route that is not there goes.
            let mut answer = self.sessions.answer_device(opened.session()).await;
            opened.answered();
            let mut own = Response::build();
            own.status(rocket::http::Status::new(answer.status()));
            let body = answer.body().to_owned();
            let mut own = own.sized_body(body.len(), std::io::Cursor::new(body)).finalize();
            answer.add_to(&mut own);
            take_place(request, response, own);
            return;
        }
        let failed = response.status().code >= 500;
        let handled = if failed { Handled::Failed } else { Handled::Completed };
        let mut closed = opened.close(handled).await;
        match std::mem::replace(&mut closed.outcome, Ok(CloseOutcome::Untouched)) {
            Err(error) => {
                let error = carried.at_close.get_or_init(|| error.into());
                let answer = by_catcher(request, error).await;
                take_place(request, response, answer);
            }
            Ok(_) => {
                if let Some(error) = carried.failure(request).filter(|error| status(error) == response.status()) {
                    // What rocket says by itself gives way to what the visitor can do.
                    if rockets(request, response.status()).await == Some(Looks::of(response)) {
                        take_place(request, response, text(error));
                    }
                    if !response.headers().contains("Cache-Control") {
                        response.set_raw_header("Cache-Control", "no-store");
                    }
                }
            }
        }
        closed.headers().add_to(response);
        // Whoever comes next may put an answer in its place.
        if !carried.opened().is_empty() {
            carried.told().push(closed);
        }
    }
}
