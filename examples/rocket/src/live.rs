//! Responses that outlive their head: they end when the session does.

use example_demo::{Ask, Demo};
use rocket::Request;
use rocket::futures::{SinkExt, StreamExt};
use rocket::http::Status;
use rocket::response::stream::{Event, EventStream};
use rocket::response::{Responder, Response};
use rocket_ws::{Message, WebSocket};
use session_core::Session;

use crate::{guard, respond};

/// Sends the counter as server-sent events, now and whenever it changes.
pub(crate) fn events<'r>(
    request: &'r Request<'_>,
    demo: &Demo,
    session: Session,
    ask: &Ask,
) -> Result<Response<'r>, Status> {
    match demo.live(session, ask) {
        Ok(counts) => EventStream::from(counts.map(Event::data)).respond_to(request),
        Err(refused) => Ok(respond(*refused)),
    }
}

/// Sends the same over a WebSocket.
pub(crate) async fn socket<'r>(
    request: &'r Request<'_>,
    demo: &Demo,
    session: Session,
    ask: &Ask,
) -> Result<Response<'r>, Status> {
    let mut counts = match demo.live(session, ask) {
        Ok(counts) => counts,
        Err(refused) => return Ok(respond(*refused)),
    };
    let channel = guard::<WebSocket>(request).await?.channel(move |mut socket| {
        Box::pin(async move {
            // Until the session has ended, or the visitor has left.
            while let Some(count) = counts.next().await {
                socket.send(Message::text(count)).await?;
            }
            socket.close(None).await
        })
    });
    channel.respond_to(request)
}
