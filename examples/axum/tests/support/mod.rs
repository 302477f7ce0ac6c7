//! Is a browser to the real server.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub, unused_imports)]

pub use example_checks::{Home, PATIENCE, Server, Signal, in_time};
use reqwest::header::{ACCEPT, COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};

pub const JSON: &str = "application/json";

/// Makes a home for this example.
pub fn home() -> Home {
    Home::new(env!("CARGO_BIN_EXE_example-axum"))
}

/// A browser with one cookie. It keeps that by hand: libraries send no `Secure` cookie over plain http, as
/// browsers do on loopback.
#[derive(Clone, Debug)]
pub struct Browser {
    client: reqwest::Client,
    url: String,
    pub cookie: Option<String>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.expect("the body is text") }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("it is ASCII")).collect()
    }

    /// Gives the one error that a JSON client is told.
    pub fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.json()["error"].as_str().expect("an error is a text").to_owned()
    }
}

impl Browser {
    pub fn new(server: &Server) -> Self {
        let client = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(PATIENCE);
        Self { client: client.build().expect("it has no settings"), url: server.url().to_owned(), cookie: None }
    }

    /// Goes on at another server with the cookie it has.
    pub fn at(&self, server: &Server) -> Self {
        Self { cookie: self.cookie.clone(), ..Self::new(server) }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    /// Sends a request, and keeps the cookie that comes back.
    pub async fn send(&mut self, request: RequestBuilder) -> Answer {
        let answer = Answer::of(request.send().await.expect("the server answers")).await;
        for line in answer.header(SET_COOKIE.as_str()) {
            self.cookie = match line.to_ascii_lowercase().contains("max-age=0") {
                true => None,
                false => line.split(';').next().map(str::to_owned),
            };
        }
        answer
    }

    /// Looks at something as a program does.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(ACCEPT, JSON)).await
    }

    /// Sends JSON, and is answered in JSON.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).header(ACCEPT, JSON).json(body)).await
    }

    /// Looks at a page as a person does.
    pub async fn page(&mut self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(ACCEPT, "text/html,*/*;q=0.8")).await
    }

    /// Sends a form, as a page does.
    pub async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).header(ACCEPT, "text/html,*/*;q=0.8").form(fields)).await
    }

    pub async fn sign_in(&mut self, name: &str) {
        let answer = self.post("/login", &json!({ "name": name })).await;
        assert_eq!((answer.status, &answer.json()["user"]), (StatusCode::OK, &json!(name)));
    }

    pub async fn user(&mut self) -> Value {
        self.get("/").await.json()["user"].clone()
    }

    pub async fn count(&mut self) -> Value {
        self.get("/count").await.json()["count"].clone()
    }
}
