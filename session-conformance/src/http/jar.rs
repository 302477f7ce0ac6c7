//! A browser with several cookies, which it tells apart as browsers do: by name, path and domain.

use reqwest::RequestBuilder;

use super::browser::{Answer, Browser, SetCookie};
use crate::check::{Check, ensure};

/// A cookie, and where it is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) path: String,
    /// The server is taken for one of this domain.
    pub(super) domain: Option<String>,
}

impl Kept {
    /// Makes a cookie as most are: the path `/`, no domain.
    pub(super) fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), path: "/".to_owned(), domain: None }
    }

    pub(super) fn with_path(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    pub(super) fn with_domain(self, domain: &str) -> Self {
        Self { domain: Some(domain.to_owned()), ..self }
    }

    fn of(set: &SetCookie) -> Self {
        let attribute = |name| set.attribute(name).map(str::to_owned);
        let path = attribute("Path").unwrap_or_else(|| "/".to_owned());
        Self { name: set.name.clone(), value: set.value.clone(), path, domain: attribute("Domain") }
    }

    fn replaces(&self, other: &Self) -> bool {
        (&self.name, &self.path, &self.domain) == (&other.name, &other.path, &other.domain)
    }

    fn goes_to(&self, path: &str) -> bool {
        let rest = path.split('?').next().and_then(|path| path.strip_prefix(&self.path));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'))
    }
}

/// A browser, and the cookies in the order in which it sends them.
#[derive(Clone, Debug)]
pub(super) struct Jar {
    browser: Browser,
    pub(super) cookies: Vec<Kept>,
}

impl Jar {
    pub(super) fn name(&self) -> &'static str {
        self.browser.name
    }

    /// Gives another browser with a copy of these cookies.
    pub(super) fn copy(&self, name: &'static str) -> Self {
        Self { browser: self.browser.copy(name), cookies: self.cookies.clone() }
    }

    pub(super) fn new(browser: Browser, cookies: impl Into<Vec<Kept>>) -> Self {
        Self { browser, cookies: cookies.into() }
    }

    /// Sends a request with the cookies that go to the path, and keeps those that come back.
    async fn send(&mut self, method: &str, path: &str) -> Check<Answer> {
        self.send_with(method, path, &[]).await
    }

    /// Sends a request that says more in its headers.
    pub(super) async fn send_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Check<Answer> {
        let sent = self.cookies.iter().filter(|cookie| cookie.goes_to(path));
        let pairs: Vec<_> = sent.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        self.browser.cookie = (!pairs.is_empty()).then(|| pairs.join("; "));
        let and = |request| {
            headers.iter().fold(request, |request: RequestBuilder, (name, value)| request.header(*name, value))
        };
        let answer = self.browser.send(method, path, and).await?;
        for set in answer.cookies() {
            let cookie = Kept::of(&set);
            self.cookies.retain(|other| !cookie.replaces(other));
            if !set.removes() {
                self.cookies.push(cookie);
            }
        }
        Ok(answer)
    }

    pub(super) async fn get(&mut self, path: &str) -> Check<Answer> {
        self.send("GET", path).await
    }

    pub(super) async fn post(&mut self, path: &str) -> Check<Answer> {
        self.send("POST", path).await
    }

    /// Checks that the counter is at `count`, by a request that only reads, and gives the answer.
    pub(super) async fn counts(&mut self, count: u64) -> Check<Answer> {
        let answer = self.get("/test/do?steps=read").await?;
        answer.is(200)?;
        ensure(answer.json()?["count"] == count, format!("{}'s counter is at {count}", self.browser.name), || {
            answer.to_string()
        })?;
        Ok(answer)
    }

    /// Checks that somebody is signed in, or nobody, by a request that only reads, and gives the answer.
    pub(super) async fn is_signed_in(&mut self, signed_in: bool) -> Check<Answer> {
        let answer = self.get("/sessions").await?;
        let status = if signed_in { 200 } else { 401 };
        let expected = format!("{} is signed in: {signed_in}, so {status}", self.browser.name);
        ensure(answer.status == status, expected, || answer.to_string())?;
        Ok(answer)
    }

    /// Checks that the browser has these cookies and no others.
    pub(super) fn has(&self, cookies: &[Kept]) -> Check {
        ensure(self.cookies == cookies, format!("the browser is left with {cookies:?}"), || {
            format!("{:?}", self.cookies)
        })
    }
}
