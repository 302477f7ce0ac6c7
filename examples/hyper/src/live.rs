//! What outlives a response's head, over a WebSocket: it ends when the session does.

use example_demo::{Answer, Ask, Demo};
use futures_util::SinkExt;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, StatusCode, http};
use hyper_util::rt::TokioIo;
use session_core::Session;
use tokio_stream::StreamExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Sends the counter, now and whenever it changes, to the site's own pages. What they send is use of the session.
pub(crate) fn socket(demo: &Demo, session: Session, ask: &Ask, mut head: http::request::Parts) -> Answer {
    let mut live = match demo.socket(session, ask) {
        Ok(live) => live,
        Err(refusal) => return *refusal,
    };
    let upgrade = head.extensions.remove::<OnUpgrade>();
    let (Ok(response), Some(upgrade)) = (create_response(&Request::from_parts(head, ())), upgrade) else {
        return crate::status(StatusCode::BAD_REQUEST);
    };
    tokio::spawn(async move {
        // Whoever asked may be gone before the response is there.
        let Ok(connection) = upgrade.await else { return };
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, None).await;
        // Until the session has ended, or the visitor has left.
        loop {
            tokio::select! {
                count = live.next() => match count {
                    Some(count) => if socket.send(Message::text(count)).await.is_err() { return },
                    None => break,
                },
                message = socket.next() => match message {
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => live.heard().await,
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => return,
                },
            }
        }
        // Nobody may be there any more to hear it.
        let _ = socket.close(None).await;
    });
    response.map(|()| example_demo::Body::default())
}
