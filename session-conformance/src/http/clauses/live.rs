//! LIVE: responses that outlive their head.

use std::time::Duration;

use futures_util::SinkExt;
use reqwest::Response;
use tokio::net::TcpStream;
use tokio_stream::StreamExt;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::super::browser::Browser;
use super::super::case::Case;
use super::super::site::Site;
use crate::check::{Check, broken, ensure, works};

/// How a session is ended: by its own browser, and from another one.
const ENDS: [&str; 2] = ["/logout", "/sessions/end-others"];

/// How long a response may outlive its session: no time that a page would promise, but an end.
const PATIENCE: Duration = Duration::from_secs(5);

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Waits for the end of what should have one.
async fn in_time<T>(what: &str, end: impl Future<Output = Check<T>>) -> Check<T> {
    tokio::time::timeout(PATIENCE, end).await.unwrap_or_else(|_| broken(what, format!("none within {PATIENCE:?}")))
}

/// Ends the browser's session, by a server that may be another one than its own.
async fn end(at: &Site, browser: &Browser, path: &str) -> Check {
    let mut other = at.browser("same browser").with_cookie(browser.cookie.clone());
    if path != "/logout" {
        other = at.browser("other browser");
        other.sign_in("Ann").await?;
    }
    other.post(path).await?.is(200)
}

/// Server-sent events, and all that came.
struct Events {
    response: Response,
    seen: String,
}

impl Events {
    async fn open(browser: &Browser) -> Check<Self> {
        let response = works("the events", browser.begin("GET", "/live/events", |it| it).await)?;
        let content_type = response.headers().get("content-type").cloned();
        let events = content_type.as_ref().is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        ensure(events, "text/event-stream", || format!("{} {content_type:?}", response.status()))?;
        Ok(Self { response, seen: String::new() })
    }

    async fn show(&mut self, count: u64) -> Check {
        let until = format!("\"count\":{count}");
        while !self.seen.contains(&until) {
            match works("an event", self.response.chunk().await)? {
                Some(piece) => self.seen.push_str(&String::from_utf8_lossy(&piece)),
                None => return broken(format!("{until} among the events"), self.seen.clone()),
            }
        }
        Ok(())
    }

    /// Checks that they end. Whatever still comes is no sign of life, and then there is an end.
    async fn end(mut self) -> Check {
        let before = self.seen.len();
        in_time("the end of the events", async {
            while let Some(piece) = works("the end of the events", self.response.chunk().await)? {
                self.seen.push_str(&String::from_utf8_lossy(&piece));
            }
            Ok(())
        })
        .await?;
        let after = self.seen[before..].matches("\"count\"").count();
        ensure(after <= 1, "no more events of a session that has ended", || self.seen.clone())
    }
}

/// A WebSocket.
struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Asks for one with the browser's cookie and these headers.
    async fn ask(site: &Site, browser: &Browser, headers: &[(&'static str, &str)]) -> Result<Self, SocketError> {
        let mut request = format!("{}/live/socket", site.url.replacen("http", "ws", 1)).into_client_request()?;
        let cookie = browser.cookie.as_deref().map(|cookie| ("cookie", cookie));
        for (name, value) in cookie.iter().chain(headers) {
            request.headers_mut().insert(*name, HeaderValue::from_str(value)?);
        }
        let opened = connect_async(request).await;
        let came = opened.as_ref().map_or_else(ToString::to_string, |_| "open".to_owned());
        let with = headers.iter().map(|(name, value)| format!(" {name}: {value}")).collect::<String>();
        site.steps.add(format!("{}: WebSocket{with} → {came}", browser.name));
        opened.map(|(socket, _)| Self(socket))
    }

    async fn open(site: &Site, browser: &Browser) -> Check<Self> {
        works("the WebSocket", Self::ask(site, browser, &[]).await)
    }

    async fn show(&mut self, count: u64) -> Check {
        loop {
            let Some(message) = self.0.next().await else { return broken("a message", "the end") };
            let message = works("a message", message)?;
            if message.to_text().is_ok_and(|text| text.contains(&format!("\"count\":{count}"))) {
                return Ok(());
            }
        }
    }

    async fn say(&mut self, text: &'static str) -> Check {
        works("a message to the server", self.0.send(Message::text(text)).await)
    }

    /// Checks that it ends. A message may have been on its way.
    async fn end(mut self) -> Check {
        let after = in_time("the end of the socket", async {
            let mut after = 0;
            while let Some(Ok(message)) = self.0.next().await {
                after += usize::from(message.to_text().is_ok_and(|text| text.contains("\"count\"")));
            }
            Ok(after)
        })
        .await?;
        ensure(after <= 1, "no more messages of a session that has ended", || after.to_string())
    }
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
        let mut events = Events::open(&ann).await?;
        events.show(0).await?;
        ann.add().await?;
        events.show(1).await?;
        end(&site, &ann, path).await?;
        events.end().await?;
    }
    Ok(())
}

/// Checks LIVE-2: a WebSocket shows changes, and ends when the session is ended.
pub(super) async fn live_2_a_socket_ends_when_the_session_does(case: &Case) -> Check {
    let site = case.start().await?;
    match Socket::ask(&site, &site.browser("visitor"), &[]).await {
        Err(SocketError::Http(response)) if response.status() == 401 => {}
        other => return broken("401 for who has no session", came(&other)),
    }
    for path in ENDS {
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        let mut socket = Socket::open(&site, &ann).await?;
        socket.show(0).await?;
        ann.add().await?;
        socket.show(1).await?;
        end(&site, &ann, path).await?;
        socket.end().await?;
    }
    Ok(())
}

/// Checks LIVE-3: a WebSocket is opened for pages of the same origin, and for programs, but for no other page.
pub(super) async fn live_3_a_socket_is_for_the_sites_own_pages(case: &Case) -> Check {
    const HOST: &str = "shop.example.org";
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    for origin in [
        // What is sent from these has the cookie: to `SameSite` they are no other site.
        "http://blog.example.org",
        "http://example.org",
        "http://x.shop.example.org",
        "http://shop.example.org:8080",
        "http://other.example",
        "http://shop.example.org.other.example",
        // A page in a frame without an origin.
        "null",
    ] {
        match Socket::ask(&site, &ann, &[("host", HOST), ("origin", origin)]).await {
            Err(SocketError::Http(response)) if response.status() == 403 => {
                ensure(!response.headers().contains_key("set-cookie"), "no Set-Cookie", || origin.to_owned())?;
            }
            other => return broken(format!("403 for a page of {origin} at {HOST}"), came(&other)),
        }
    }
    let own: [&[_]; 3] = [&[("host", HOST), ("origin", "http://shop.example.org")], &[("origin", &site.url)], &[]];
    for headers in own {
        let mut socket = works("the WebSocket for an own page, or a program", Socket::ask(&site, &ann, headers).await)?;
        socket.show(0).await?;
    }
    Ok(())
}

/// Checks LIVE-4: what comes over a socket is use of the session, and being watched is none.
pub(super) async fn live_4_messages_are_use_and_being_watched_is_none(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut socket = Socket::open(&site, &ann).await?;
    socket.show(0).await?;

    site.advance(23 * HOUR).await?;
    let before = site.counts().await?;
    socket.say("I am here").await?;
    in_time("a touch for what came over the socket", async {
        while site.counts().await?.touch == before.touch {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    })
    .await?;
    site.advance(23 * HOUR).await?;
    ann.is_signed_in(true).await?;
    ann.add().await?;
    socket.show(1).await?;

    site.advance(13 * HOUR).await?;
    let before = site.counts().await?;
    // What a look does is done by then. A server to which changes are pushed does not look.
    let _ = in_time("two looks", async {
        while site.counts().await?.get < before.get + 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    })
    .await;
    site.advance(12 * HOUR).await?;
    socket.end().await?;
    ann.is_signed_in(false).await
}

/// Checks LIVE-5: events and sockets show what another server did to the session, and end when it was ended there.
pub(super) async fn live_5_they_end_when_another_server_ends_the_session(case: &Case) -> Check {
    let settings = [("SESSION_STORE", "sqlite://sessions.db")];
    let (here, there) = (case.start_with(&settings).await?, case.start_with(&settings).await?);
    for path in ENDS {
        let mut ann = here.browser("ann");
        ann.sign_in("Ann").await?;
        let (mut events, mut socket) = (Events::open(&ann).await?, Socket::open(&here, &ann).await?);
        events.show(0).await?;
        socket.show(0).await?;
        there.browser("same browser").with_cookie(ann.cookie.clone()).add().await?;
        events.show(1).await?;
        socket.show(1).await?;
        end(&there, &ann, path).await?;
        socket.end().await?;
        events.end().await?;
    }
    Ok(())
}

fn came(opened: &Result<Socket, SocketError>) -> String {
    opened.as_ref().map_or_else(ToString::to_string, |_| "a socket".to_owned())
}
