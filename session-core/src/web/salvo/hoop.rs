//! The hoop that opens a session and closes it.

use std::sync::Arc;

use async_trait::async_trait;
use http::header::{HeaderValue, LOCATION, SET_COOKIE};
use http::uri::Scheme;
use salvo_core::{Depot, FlowCtrl, Handler, Request, Response, Writer};

use super::carried;
use super::errors::{left_in, render};
use crate::engine::{SessionError, Sessions};
use crate::request::{CloseOutcome, Handled};
use crate::web::exchange;
use crate::web::opened::Opened;
use crate::web::own::Own;

/// The hoop that gives each request its session; see the [module page](super).
#[derive(Clone, Debug)]
pub struct SessionHoop {
    sessions: Sessions,
    own: Own<Box<dyn Answer>>,
}

impl SessionHoop {
    /// Creates a hoop.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions, own: Own::NONE }
    }

    /// Sets how [`SessionError`]s are answered, those of this hoop, and those that handlers and extractors left to the
    /// catcher. The default is a `StatusError` with [`SessionError::http_text`], of which the catcher makes a page.
    ///
    /// An answer that sets no status has that of the error. It is told to no cache, and has the headers of the session.
    ///
    /// ```
    /// # use salvo_core as salvo;
    /// use salvo::writing::Text;
    /// # use session_core::web::salvo::SessionHoop;
    ///
    /// # fn run(hoop: SessionHoop) -> SessionHoop {
    /// hoop.on_error(|error| Text::Html(format!("<h1>{}</h1>", error.http_text())))
    /// # }
    /// ```
    #[must_use]
    pub fn on_error<W: Writer + Send + 'static>(
        mut self,
        answer: impl Fn(&SessionError) -> W + Send + Sync + 'static,
    ) -> Self {
        self.own = Own::by(move |error| Box::new(answer(error)) as Box<dyn Answer>);
        self
    }

    /// Answers an error that was left to the catcher: as the application does, if it does; and a browser that is to sign in
    /// is sent to where it can. That could not be said before: salvo makes a 400 of an extractor's redirect.
    async fn answer(&self, error: &SessionError, req: &mut Request, depot: &mut Depot, res: &mut Response) {
        let (own, status) = (self.own.to(error), exchange::status(error));
        if own.is_none() && !status.is_redirection() {
            return;
        }
        res.take_body();
        res.status_code(status);
        if let Some(own) = own {
            own.answer(req, depot, res).await;
        }
        exchange::lead(error, res.status_code.unwrap_or(status), res.headers_mut());
        exchange::keep_from_caches(res.headers_mut());
    }
}

#[async_trait]
impl Handler for SessionHoop {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
        let Some(opened) = self.open(req, depot) else {
            // What is left of the chain runs by itself.
            return;
        };
        #[cfg(feature = "device-bound")]
        if opened.session().is_for_device() {
            let (head, body) = exchange::answer_device(opened.session()).await.into_parts();
            opened.answered();
            ctrl.skip_rest();
            res.status_code(head.status);
            res.headers_mut().extend(head.headers);
            // An empty one would have the catcher make a page.
            res.body(body);
            return;
        }
        let before = Before::of(res);
        ctrl.call_next(req, depot, res).await;
        let is_failed = res.status_code.is_some_and(|status| status.is_server_error());
        if let Some(error) = left_in(res) {
            self.answer(&error, req, depot, res).await;
        }
        if !opened.session().was_asked_for() {
            return;
        }
        let mut closed = opened.close(if is_failed { Handled::Failed } else { Handled::Completed }).await;
        match std::mem::replace(&mut closed.outcome, Ok(CloseOutcome::Untouched)) {
            Ok(outcome) => exchange::note(Ok(outcome), &mut res.extensions),
            Err(error) => {
                before.restore(res);
                let error = Arc::new(error);
                render(&error, res);
                self.answer(&error, req, depot, res).await;
            }
        }
        closed.add_to(res.headers_mut());
    }
}

impl SessionHoop {
    fn open(&self, req: &mut Request, depot: &mut Depot) -> Option<Opened> {
        let is_https = *req.scheme() == Scheme::HTTPS;
        let session =
            exchange::open(&self.sessions, (req.method(), req.uri(), req.version()), is_https, req.headers(), depot)?;
        carried::put(session.clone(), depot);
        // Here as well, for services of tower and axum that are mounted further in.
        Some(exchange::leave(session, req.extensions_mut()))
    }
}

/// The cookies that hoops further out had set before the session was opened. They stay where an error takes the place of
/// the handler's answer.
struct Before {
    jar: Vec<cookie::Cookie<'static>>,
    lines: Vec<HeaderValue>,
}

impl Before {
    fn of(res: &Response) -> Self {
        Self { jar: res.cookies.delta().cloned().collect(), lines: lines(res).cloned().collect() }
    }

    /// Takes back where the handler's answer leads to and the cookies that were set since, but for those of other
    /// sessions, which are closed. Headers that tell of a policy stay, as with every `StatusError`.
    fn restore(self, res: &mut Response) {
        // Sessions alone mark their cookies as secret.
        let is_kept = |line: &&HeaderValue| line.is_sensitive() || self.lines.contains(line);
        let kept: Vec<_> = lines(res).filter(is_kept).cloned().collect();
        res.headers.remove(SET_COOKIE);
        for line in kept {
            res.headers.append(SET_COOKIE, line);
        }
        res.headers.remove(LOCATION);
        res.cookies.reset_delta();
        for cookie in self.jar {
            res.cookies.add(cookie);
        }
    }
}

fn lines(res: &Response) -> impl Iterator<Item = &HeaderValue> {
    res.headers.get_all(SET_COOKIE).iter()
}

/// A `Writer` in a box.
#[async_trait]
pub(super) trait Answer: Send {
    async fn answer(self: Box<Self>, req: &mut Request, depot: &mut Depot, res: &mut Response);
}

#[async_trait]
impl<W: Writer + Send> Answer for W {
    async fn answer(self: Box<Self>, req: &mut Request, depot: &mut Depot, res: &mut Response) {
        self.write(req, depot, res).await;
    }
}
