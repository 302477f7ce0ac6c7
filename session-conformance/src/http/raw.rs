//! Requests that no client library sends.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::site::Site;
use crate::check::{Check, broken, works};

/// Sends `GET path` with these `Cookie` lines, byte for byte, and gives status, head and body.
pub(super) async fn get(site: &Site, path: &str, cookies: &[&[u8]]) -> Check<Raw> {
    let address = site.url.strip_prefix("http://").unwrap_or(&site.url).trim_end_matches('/');
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n").into_bytes();
    for cookie in cookies {
        request.extend_from_slice(b"Cookie: ");
        request.extend_from_slice(cookie);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"Connection: close\r\n\r\n");
    let exchanged = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&request).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = works(&format!("GET {path} by hand"), exchanged.await)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let shown = cookies.iter().map(|it| it[..it.len().min(100)].escape_ascii().to_string());
    site.steps.add(format!("by hand: GET {path}, cookies {:?}", shown.collect::<Vec<_>>()));
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    match (status, answer.split_once("\r\n\r\n")) {
        (Some(status), Some((head, body))) => {
            Ok(Raw { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
        }
        _ => broken("an answer in HTTP", answer),
    }
}

/// An answer, as it came.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) status: u16,
    /// In lower case.
    pub(super) head: String,
    pub(super) body: String,
}
