//! What all handlers share.

use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use http::header::{CONTENT_TYPE, HeaderValue, VARY};
use http::{Response, StatusCode};
use serde::Serialize;
use session_core::{Clock, Owner, Sessions, SystemClock, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::answer::Answer;
use crate::ask::{Ask, BODY_LIMIT, Format};
use crate::assets::protect;
use crate::csrf;
use crate::errors::{Errors, Refusal, refuse, see_other};
use crate::protection::Measures;
use crate::rig::Rig;
use crate::watch::Watched;

/// Holds what all handlers share: the sessions, and what the pages say of where they run. Clones share it.
#[derive(Clone, Debug)]
pub struct Demo(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) framework: &'static str,
    pub(crate) store: &'static str,
    pub(crate) sessions: Sessions,
    pub(crate) second: Sessions,
    pub(crate) errors: Errors,
    pub(crate) watched: Watched,
    pub(crate) measures: Measures,
    /// `None` if nobody is.
    pub(crate) administrator: Option<String>,
    /// `None` unless `SESSION_TEST` is set.
    pub(crate) rig: Option<Rig>,
    /// Until somebody serves.
    pub(crate) listener: Mutex<Option<TcpListener>>,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Names the second kind of sessions, for those who ask for one of them.
#[derive(Debug)]
pub struct Second;

impl Demo {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Gives the sessions, for the framework's layer, middleware or fairing.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Gives a second kind of sessions, with a cookie of their own, for a layer around the first's: those that
    /// `SESSION_SECOND` names. Without it they are the first, which are opened once although they have two layers.
    #[must_use]
    pub fn second(&self) -> &Sessions {
        &self.0.second
    }

    pub(crate) fn errors(&self) -> Errors {
        self.0.errors
    }

    pub(crate) fn framework(&self) -> &'static str {
        self.0.framework
    }

    pub(crate) fn store(&self) -> &'static str {
        self.0.store
    }

    pub(crate) fn watched(&self) -> &Watched {
        &self.0.watched
    }

    pub(crate) fn measures(&self) -> Measures {
        self.0.measures
    }

    pub(crate) fn has_administrator(&self) -> bool {
        self.0.administrator.is_some()
    }

    pub(crate) fn is_administrator(&self, user: &Owner) -> bool {
        self.0.administrator.as_deref() == Some(user.as_str())
    }

    /// Tells the time by which sessions are judged.
    pub(crate) fn now(&self) -> Timestamp {
        self.rig().map_or_else(|| SystemClock.now(), |rig| rig.clock.now())
    }

    pub(crate) fn rig(&self) -> Option<&Rig> {
        self.0.rig.as_ref()
    }

    /// Gives the socket to serve on, and prints its address: `listening on http://…`.
    ///
    /// # Errors
    /// If it has no address, or was given before.
    pub fn listen(&self) -> std::io::Result<TcpListener> {
        let listener = self.take_listener()?;
        Self::listening(listener.local_addr()?.port());
        Ok(listener)
    }

    /// Frees the port to serve on and gives it, for a framework that makes its socket itself. Once that is there, call
    /// [`listening`](Self::listening).
    ///
    /// # Errors
    /// As [`listen`](Self::listen).
    pub fn free_port(&self) -> std::io::Result<u16> {
        Ok(self.take_listener()?.local_addr()?.port())
    }

    /// Prints the address that is served.
    pub fn listening(port: u16) {
        println!("listening on http://127.0.0.1:{port}");
    }

    fn take_listener(&self) -> std::io::Result<TcpListener> {
        let listener = self.0.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        listener.ok_or_else(|| std::io::Error::other("the socket was given already"))
    }

    /// Ends when the server is asked to stop: by Ctrl-C, or on Unix by SIGTERM.
    pub fn asked_to_stop(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.0.stopping.clone();
        async move {
            // Whoever would say so is gone only if the program is.
            let _ = stopping.wait_for(|asked| *asked).await;
        }
    }

    /// Does what a handler does, unless the request is not to be answered at all, and gives errors their form.
    pub(crate) async fn answer(&self, ask: &Ask, handler: impl Future<Output = Result<Answer, Refusal>>) -> Answer {
        let answered = async {
            csrf::check(ask)?;
            if ask.body.len() > BODY_LIMIT {
                return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "That is too much."));
            }
            handler.await
        };
        let mut answer = answered.await.unwrap_or_else(|refusal| self.refusal(ask.format(), refusal));
        protect(&mut answer);
        answer
    }

    /// Answers a request for something that has a page of its own.
    pub(crate) fn show(&self, format: Format, what: &(impl Template + Serialize)) -> Answer {
        match format {
            Format::Json => json(what),
            Format::Page => match what.render() {
                Ok(page) => answer("text/html; charset=utf-8", page),
                Err(error) => {
                    let mut failed = answer("text/plain; charset=utf-8", error.to_string());
                    *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    failed
                }
            },
        }
    }

    /// Answers a request for something that is seen on `page`, or that was done there.
    pub(crate) fn done(&self, format: Format, page: &str, state: &impl Serialize) -> Answer {
        match format {
            Format::Json => json(state),
            Format::Page => see_other(page),
        }
    }
}

pub(crate) fn json(what: &impl Serialize) -> Answer {
    answer("application/json", serde_json::to_vec(what).expect("what the demo shows has names for keys"))
}

fn answer(content_type: &'static str, body: impl Into<bytes::Bytes>) -> Answer {
    let mut answer = Response::new(body.into().into());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Caches are told that it has two forms.
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    answer
}
