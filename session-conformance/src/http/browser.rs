//! A browser with one cookie, which it keeps by hand: libraries send no `Secure` cookie over plain http, as browsers
//! do on loopback.

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde_json::Value;

use super::steps::Steps;
use crate::check::{Check, broken, ensure, with_causes, works};

/// A page's own limit is shorter. It ends what hangs.
const PATIENCE: Duration = Duration::from_secs(40);

pub(super) fn client() -> reqwest::Result<Client> {
    Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(PATIENCE).build()
}

#[derive(Clone, Debug)]
pub(super) struct Browser {
    pub(super) name: &'static str,
    client: Client,
    url: String,
    steps: Steps,
    /// The cookie, as `name=value`.
    pub(super) cookie: Option<String>,
}

impl Browser {
    pub(super) fn new(name: &'static str, url: &str, client: Client, steps: Steps) -> Self {
        Self { name, client, url: url.to_owned(), steps, cookie: None }
    }

    /// Gives another browser with this one's cookie.
    pub(super) fn copy(&self, name: &'static str) -> Self {
        Self { name, ..self.clone() }
    }

    pub(super) fn with_cookie(self, cookie: Option<String>) -> Self {
        Self { cookie, ..self }
    }

    /// Gives the name of its cookie, and the value.
    pub(super) fn cookie(&self) -> Check<(&str, &str)> {
        match self.cookie.as_deref().and_then(|cookie| cookie.split_once('=')) {
            Some(cookie) => Ok(cookie),
            None => broken(format!("{} has a cookie", self.name), "it has none"),
        }
    }

    /// Gives the id, without a signature.
    pub(super) fn id(&self) -> Check<&str> {
        self.cookie().map(|(_, value)| value.split('.').next().unwrap_or(value))
    }

    /// Sends a request, and gives the response when its head is there.
    pub(super) async fn begin(
        &self,
        method: &str,
        path: &str,
        and: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> reqwest::Result<Response> {
        let method = Method::from_bytes(method.as_bytes()).expect("clauses know the methods");
        let mut request = self.client.request(method, format!("{}{path}", self.url)).header(ACCEPT, "application/json");
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).expect("cookies are text"));
        }
        and(request).send().await
    }

    /// Sends a request, and keeps the cookie that comes back.
    pub(super) async fn send(
        &mut self,
        method: &str,
        path: &str,
        and: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Check<Answer> {
        match self.try_send(method, path, and).await {
            Ok(answer) => Ok(answer),
            Err(error) => broken(format!("an answer to {method} {path}"), with_causes(&error)),
        }
    }

    /// Sends a request that may be answered by the end of the connection.
    pub(super) async fn try_send(
        &mut self,
        method: &str,
        path: &str,
        and: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> reqwest::Result<Answer> {
        let answered = async {
            let response = self.begin(method, path, and).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok::<_, reqwest::Error>(Answer { status, headers, body: response.text().await? })
        };
        let answered = answered.await;
        let came = answered.as_ref().map_or_else(|_| "no answer".to_owned(), ToString::to_string);
        self.steps.add(format!("{}: {method} {path} → {came}", self.name));
        if let Ok(answer) = &answered {
            for set in answer.cookies() {
                if !set.removes() {
                    self.cookie = Some(format!("{}={}", set.name, set.value));
                } else if self.cookie().is_ok_and(|(name, _)| name == set.name) {
                    self.cookie = None;
                }
            }
        }
        answered
    }

    pub(super) async fn get(&mut self, path: &str) -> Check<Answer> {
        self.send("GET", path, |request| request).await
    }

    pub(super) async fn post(&mut self, path: &str) -> Check<Answer> {
        self.send("POST", path, |request| request).await
    }

    /// Sends a form, and is answered in JSON.
    pub(super) async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Check<Answer> {
        self.send("POST", path, |request| request.form(fields)).await
    }

    pub(super) async fn sign_in(&mut self, name: &str) -> Check<Answer> {
        let answer = self.form("/login", &[("name", name)]).await?;
        answer.is(200)?;
        let user = answer.json()?["user"].clone();
        ensure(user == name, format!("the user is {name}"), || answer.to_string())?;
        Ok(answer)
    }

    /// Adds one to the counter, and gives what it comes to.
    pub(super) async fn add(&mut self) -> Check<u64> {
        let answer = self.post("/count").await?;
        answer.is(200)?;
        answer.count()
    }

    /// Reads the counter: a request that only reads.
    pub(super) async fn count(&mut self) -> Check<u64> {
        let answer = self.get("/count").await?;
        answer.is(200)?;
        answer.count()
    }

    /// Checks that the counter is at `count`.
    pub(super) async fn counts(&mut self, count: u64) -> Check {
        let came = self.count().await?;
        ensure(came == count, format!("{}'s counter is at {count}", self.name), || came.to_string())
    }

    /// Checks that somebody is signed in, or nobody, by a request that only reads.
    pub(super) async fn is_signed_in(&mut self, signed_in: bool) -> Check {
        let answer = self.get("/sessions").await?;
        let status = if signed_in { 200 } else { 401 };
        ensure(answer.status == status, format!("{} is signed in: {signed_in}, so {status}", self.name), || {
            answer.to_string()
        })
    }
}

/// What a server answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Check<Value> {
        works("reading JSON", serde_json::from_str(&self.body))
    }

    fn count(&self) -> Check<u64> {
        match self.json()?["count"].as_u64() {
            Some(count) => Ok(count),
            None => broken("{\"count\": a number}", self.to_string()),
        }
    }

    pub(super) fn header(&self, name: &str) -> Vec<String> {
        let value = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.headers.get_all(name).iter().map(value).collect()
    }

    /// Gives the words of a header that is a list, without their case.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let lines = self.header(name).join(",").to_ascii_lowercase();
        lines.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn cookies(&self) -> Vec<SetCookie> {
        self.header(SET_COOKIE.as_str()).iter().map(|line| SetCookie::parse(line)).collect()
    }

    pub(super) fn is(&self, status: u16) -> Check {
        ensure(self.status == status, status.to_string(), || self.to_string())
    }

    /// Checks that it neither sets nor removes a cookie.
    pub(super) fn sets_none(&self) -> Check {
        ensure(self.cookies().is_empty(), "no Set-Cookie", || self.to_string())
    }

    /// Gives the one cookie that it sets or removes.
    pub(super) fn sets_one(&self) -> Check<SetCookie> {
        match <[SetCookie; 1]>::try_from(self.cookies()) {
            Ok([cookie]) => Ok(cookie),
            Err(_) => broken("one Set-Cookie", self.to_string()),
        }
    }
}

/// Shows the status, what it says of cookies and caches, and the beginning of the body.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for name in ["location", "set-cookie", "vary", "cache-control", "clear-site-data"] {
            for value in self.header(name) {
                write!(f, ", {name}: {value}")?;
            }
        }
        let body: String = self.body.chars().take(120).collect();
        if body.is_empty() { Ok(()) } else { write!(f, ", {body}") }
    }
}

/// A cookie as it is set.
#[derive(Clone, Debug)]
pub(super) struct SetCookie {
    pub(super) name: String,
    pub(super) value: String,
    /// As they are written, sorted.
    pub(super) attributes: Vec<String>,
}

impl SetCookie {
    fn parse(line: &str) -> Self {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap_or((line, ""));
        let mut attributes: Vec<_> = parts.map(str::to_owned).collect();
        attributes.sort_unstable();
        Self { name: name.to_owned(), value: value.to_owned(), attributes }
    }

    /// Gives the value of an attribute; `None` if it is not there.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let pairs = self.attributes.iter().map(|it| it.split_once('=').unwrap_or((it, "")));
        pairs.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Tells whether browsers remove it.
    pub(super) fn removes(&self) -> bool {
        self.attribute("Max-Age").is_some_and(|age| age.parse::<i64>().is_ok_and(|age| age <= 0))
    }

    /// Gives the attributes that browsers know a cookie by, and that keep it safe: all but how long it lasts.
    pub(super) fn lasting(&self) -> Vec<&str> {
        let is_time = |it: &&str| {
            ["max-age", "expires"].contains(&it.split('=').next().unwrap_or(it).to_ascii_lowercase().as_str())
        };
        self.attributes.iter().map(String::as_str).filter(|it| !is_time(it)).collect()
    }
}
