//! What goes on after the response's head has left, for server-sent events and WebSockets.

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
use crate::demo::Demo;
use crate::errors::refuse;
use crate::pages::{Answering, COUNT};

/// How often a session is looked at again. Whoever was signed out elsewhere sees no more after this time.
const PERIOD: Duration = Duration::from_millis(250);

impl Demo {
    /// Gives the counter in JSON, now and whenever it changes, until the session ends or the server stops.
    ///
    /// It reads the session again and again, since a connection that stays open outlives every check that was made when
    /// it was opened. Being watched is no use of a session: it ends when nobody asks for anything else.
    ///
    /// # Errors
    /// An answer in its place, where there is no session to watch.
    pub fn live(
        &self,
        session: Session,
        ask: &Ask,
    ) -> Result<impl Stream<Item = String> + Send + Sync + use<>, Box<Answer>> {
        if session.is_new() {
            let refusal = refuse(StatusCode::UNAUTHORIZED, "There is no session to watch.");
            return Err(Box::new(self.refusal(ask.format(), refusal)));
        }
        let (tell, told) = mpsc::channel(1);
        let stop = self.asked_to_stop();
        tokio::spawn(async move {
            tokio::select! {
                () = tell.closed() => {}
                () = stop => {}
                () = watch(&session, &tell) => {}
            }
        });
        Ok(ReceiverStream::new(told))
    }

    /// Answers with the same as server-sent events, where the framework has none: `GET /live/events`.
    pub fn events<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(async {
            let counts = match self.live(session.clone(), ask) {
                Ok(counts) => counts,
                Err(refusal) => return *refusal,
            };
            let events = counts.map(|count| Ok(Bytes::from(format!("data: {count}\n\n"))));
            let mut answer = Response::new(Body::Pieces(Box::pin(events)));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            answer
        })
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
            Err(error @ (SessionError::Store(_) | SessionError::Timeout { .. })) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::warn!(error, "a session that is watched could not be read; trying again");
            }
            // It has ended, or was renewed: the browser opens the connection again with its new id.
            Err(_) => return,
        }
        tokio::time::sleep(PERIOD).await;
    }
}
