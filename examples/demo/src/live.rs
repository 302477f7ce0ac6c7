//! What goes on after the response's head has left, for server-sent events and WebSockets.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;
use session_core::{Session, SessionError};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};

use crate::answer::{Answer, Body};
use crate::ask::Ask;
use crate::csrf;
use crate::demo::Demo;
use crate::errors::refuse;
use crate::pages::{Answering, COUNT};

/// How often the counter is looked at. Stores push no changes yet, so what is to be shown has to be looked for; a
/// connection that shows what comes from elsewhere, as a chat does, needs nothing but [`Session::ended`].
const PERIOD: Duration = Duration::from_millis(250);

/// A connection that stays open: gives the counter in JSON, now and whenever it changes, until the session ends or the
/// server stops.
///
/// Being watched is no use of a session: it ends when nobody asks for anything else, nor is [heard](Self::heard).
#[derive(Debug)]
pub struct Live {
    session: Session,
    counts: ReceiverStream<String>,
}

impl Demo {
    /// Begins to watch the session, for server-sent events.
    ///
    /// # Errors
    /// An answer in its place, where there is no session to watch.
    pub fn live(&self, session: Session, ask: &Ask) -> Result<Live, Box<Answer>> {
        if session.is_new() {
            let refusal = refuse(StatusCode::UNAUTHORIZED, "There is no session to watch.");
            return Err(Box::new(self.refusal(ask.format(), refusal)));
        }
        let (tell, told) = mpsc::channel(1);
        let stop = self.asked_to_stop();
        let watched = session.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = tell.closed() => {}
                () = stop => {}
                () = watch(&watched, &tell) => {}
            }
        });
        Ok(Live { session, counts: ReceiverStream::new(told) })
    }

    /// Begins to watch the session over a WebSocket.
    ///
    /// # Errors
    /// An answer in its place, where a page of another site asks for it, or there is no session to watch.
    pub fn socket(&self, session: Session, ask: &Ask) -> Result<Live, Box<Answer>> {
        csrf::check_upgrade(ask).map_err(|refusal| Box::new(self.refusal(ask.format(), refusal)))?;
        self.live(session, ask)
    }

    /// Answers with the same as server-sent events, where the framework has none: `GET /live/events`.
    pub fn events<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(async {
            let live = match self.live(session.clone(), ask) {
                Ok(live) => live,
                Err(refusal) => return *refusal,
            };
            let events = live.map(|count| Ok(Bytes::from(format!("data: {count}\n\n"))));
            let mut answer = Response::new(Body::Pieces(Box::pin(events)));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            answer
        })
    }
}

impl Live {
    /// Takes note that the visitor has sent a message. That is use of the session, as a request is.
    pub async fn heard(&self) {
        match self.session.touch().await {
            // What has ended ends the connection, too.
            Ok(()) | Err(SessionError::Gone) => {}
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::warn!(error, "a session that is used could not be kept alive; its next use tries again");
            }
        }
    }
}

impl Stream for Live {
    type Item = String;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<String>> {
        Pin::new(&mut self.counts).poll_next(cx)
    }
}

/// Tells of changes until the session ends.
async fn watch(session: &Session, tell: &mpsc::Sender<String>) {
    let mut before = None;
    loop {
        match session.reload().await {
            Ok(()) => {
                let count = session.get(COUNT).ok().flatten().unwrap_or(0);
                if before.replace(count) != Some(count)
                    && tell.send(json!({ "count": count }).to_string()).await.is_err()
                {
                    return;
                }
            }
            // The end, or a new id after a sign-in, with which the browser opens the connection again.
            Err(SessionError::Gone) => {}
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::warn!(error, "a session that is watched could not be read; trying again");
            }
        }
        // It is ready at once where the look above has found the end, and looks itself now and then where none succeeds.
        tokio::select! {
            () = session.ended() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}
