//! A connection that is kept.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How long an app may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// What was answered.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The number that is the body; `None` if it is none.
    pub(crate) count: Option<u64>,
    /// The cookies that were set, as a browser sends them.
    pub(crate) cookies: String,
}

impl Connection {
    pub(crate) async fn open(port: u16) -> Result<Self> {
        let began = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)).await {
                Ok(stream) => break stream,
                Err(_) if began.elapsed() < PATIENCE => sleep(Duration::from_millis(20)).await,
                Err(error) => return Err(error.into()),
            }
        };
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::new(), answer: Vec::new() })
    }

    /// Sends a request and gives the answer.
    pub(crate) async fn send(&mut self, method: &str, path: &str, cookies: &str) -> Result<Answer> {
        self.request.clear();
        for part in [method, " ", path, " HTTP/1.1\r\nhost: localhost\r\nuser-agent: browser\r\n"] {
            self.request.extend_from_slice(part.as_bytes());
        }
        if method == "POST" {
            self.request.extend_from_slice(b"origin: https://localhost\r\ncontent-length: 0\r\n");
        }
        if cookies.is_empty() {
            // As in production: ours has seen https then, and looks for it no more.
            self.request.extend_from_slice(b"x-forwarded-proto: https\r\n");
        } else {
            for part in ["cookie: ", cookies, "\r\n"] {
                self.request.extend_from_slice(part.as_bytes());
            }
        }
        self.request.extend_from_slice(b"\r\n");
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the app hung up");
            }
            if let Some(answer) = read(&self.answer)? {
                return Ok(answer);
            }
        }
    }
}

/// Reads an answer; `None` if there is more to come.
fn read(bytes: &[u8]) -> Result<Option<Answer>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes)? else { return Ok(None) };
    let mut answer = Answer { status: head.code.context("it is whole")?, ..Answer::default() };
    let mut body = None;
    for header in head.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            body = Some(str::from_utf8(header.value)?.parse::<usize>()?);
        } else if header.name.eq_ignore_ascii_case("set-cookie") {
            set(&mut answer.cookies, str::from_utf8(header.value)?);
        }
    }
    let body = body.context("an app says how long its answers are")?;
    let Some(body) = bytes.get(length..length + body) else { return Ok(None) };
    answer.count = str::from_utf8(body)?.parse().ok();
    Ok(Some(answer))
}

/// Adds a cookie that is set to those that are sent; one that is removed is not.
fn set(cookies: &mut String, header: &str) {
    let pair = header.split(';').next().unwrap_or_default();
    if pair.ends_with('=') || header.to_ascii_lowercase().contains("max-age=0") {
        return;
    }
    if !cookies.is_empty() {
        cookies.push_str("; ");
    }
    cookies.push_str(pair);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\n17";
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).unwrap().is_none(), "{length}");
        }
        let answer = read(whole).unwrap().unwrap();
        assert_eq!((answer.status, answer.count, &*answer.cookies), (200, Some(17), "a=1; b=2"));
    }

    #[test]
    fn a_cookie_that_is_removed_is_not_sent() {
        let mut cookies = String::new();
        set(&mut cookies, "a=; Path=/");
        set(&mut cookies, "b=x; Max-Age=0");
        assert_eq!(cookies, "");
    }
}
