//! LIVE: responses that outlive their head.

use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::super::browser::Browser;
use super::super::case::Case;
use super::super::site::Site;
use crate::check::{Check, broken, ensure, works};

/// How a session is ended: by its own browser, and from another one.
const ENDS: [&str; 2] = ["/logout", "/sessions/end-others"];

/// Ends the browser's session.
async fn end(site: &Site, browser: &Browser, path: &str) -> Check {
    let mut other = browser.copy("same browser");
    if path != "/logout" {
        other = site.browser("other browser");
        other.sign_in("Ann").await?;
    }
    other.post(path).await?.is(200)
}

/// Checks LIVE-1: server-sent events show changes, and end when the session is ended.
pub(super) async fn live_1_events_end_when_the_session_does(case: &Case) -> Check {
    let site = case.start().await?;
    let answer = site.browser("visitor").get("/live/events").await?;
    answer.is(401)?;
    answer.sets_none()?;
    for path in ENDS {
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        let mut response = works("the events", ann.begin("GET", "/live/events", |it| it).await)?;
        let content_type = response.headers().get("content-type").cloned();
        let events = content_type.as_ref().is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        ensure(events, "text/event-stream", || format!("{} {content_type:?}", response.status()))?;
        let mut seen = String::new();
        let mut read = async |until: &str| -> Check {
            while !seen.contains(until) {
                match works("an event", response.chunk().await)? {
                    Some(piece) => seen.push_str(&String::from_utf8_lossy(&piece)),
                    None => return broken(format!("{until} among the events"), seen.clone()),
                }
            }
            Ok(())
        };
        read("\"count\":0").await?;
        ann.add().await?;
        read("\"count\":1").await?;
        end(&site, &ann, path).await?;
        // Whatever still comes is no sign of life, and then there is an end.
        let before = seen.len();
        while let Some(piece) = works("the end of the events", response.chunk().await)? {
            seen.push_str(&String::from_utf8_lossy(&piece));
        }
        let after = seen[before..].matches("\"count\"").count();
        ensure(after <= 1, "no more events of a session that has ended", || seen.clone())?;
    }
    Ok(())
}

/// Checks LIVE-2: a WebSocket shows changes, and ends when the session is ended.
pub(super) async fn live_2_a_socket_ends_when_the_session_does(case: &Case) -> Check {
    use tokio_stream::StreamExt;

    let site = case.start().await?;
    let connect = async |browser: &Browser| {
        let mut request = format!("{}/live/socket", site.url.replacen("http", "ws", 1)).into_client_request()?;
        if let Some(cookie) = &browser.cookie {
            request.headers_mut().insert("cookie", HeaderValue::from_str(cookie)?);
        }
        connect_async(request).await
    };
    match connect(&site.browser("visitor")).await {
        Err(SocketError::Http(response)) if response.status() == 401 => {}
        other => return broken("401 for who has no session", format!("{:?}", other.map(|(_, response)| response))),
    }
    for path in ENDS {
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        let (mut socket, _) = works("the WebSocket", connect(&ann).await)?;
        for count in 0..2 {
            loop {
                let Some(message) = socket.next().await else { return broken("a message", "the end") };
                let message = works("a message", message)?;
                if message.to_text().is_ok_and(|text| text.contains(&format!("\"count\":{count}"))) {
                    break;
                }
            }
            if count == 0 {
                ann.add().await?;
            }
        }
        end(&site, &ann, path).await?;
        let mut after = 0;
        while let Some(Ok(message)) = socket.next().await {
            after += usize::from(message.to_text().is_ok_and(|text| text.contains("\"count\"")));
        }
        ensure(after <= 1, "no more messages of a session that has ended", || after.to_string())?;
    }
    Ok(())
}
