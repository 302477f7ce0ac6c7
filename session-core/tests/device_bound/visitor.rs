//! A visitor whose browser binds sessions: a jar, a key, and the proofs that it makes.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use session_core::{Closed, Handled, LazySession, RequestHead, ResponseHeaders, Session, Sessions};

/// A device's key.
pub(crate) struct Device(EcdsaKeyPair);

impl Device {
    pub(crate) fn new() -> Arc<Self> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Arc::new(Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()))
    }

    pub(crate) fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "EC", "crv": "P-256", "x": number(&point[1..33]), "y": number(&point[33..]) })
    }

    /// Signs a token with this header.
    pub(crate) fn sign(&self, header: &Value, challenge: &str) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(&json!({ "jti": challenge })));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Makes the proof by which the key is registered.
    pub(crate) fn registration(&self, challenge: &str) -> String {
        self.sign(&json!({ "alg": "ES256", "typ": "dbsc+jwt", "jwk": self.jwk() }), challenge)
    }

    /// Makes the proof by which the device cookie is renewed.
    pub(crate) fn proof(&self, challenge: &str) -> String {
        self.sign(&json!({ "alg": "ES256", "typ": "dbsc+jwt" }), challenge)
    }
}

/// A visitor. A clone is a thief, with a copy of the jar.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) sessions: Sessions,
    pub(crate) jar: BTreeMap<String, String>,
    /// What is sent beside the cookies.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) method: &'static str,
}

/// What was answered, by header.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: Vec<(String, String)>,
}

impl Visitor {
    pub(crate) fn of(sessions: &Sessions) -> Self {
        Self { sessions: sessions.clone(), jar: BTreeMap::new(), headers: Vec::new(), method: "POST" }
    }

    pub(crate) fn open(&self, path: &str) -> LazySession {
        let cookies = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let header = |name: &str| self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_bytes());
        let lines = (!cookies.is_empty()).then_some(cookies.as_bytes());
        self.sessions.open(RequestHead::new(self.method).with_cookies(lines).with_headers(&header).with_path(path))
    }

    fn take(&mut self, mut said: impl FnMut(&mut Answer), status: u16, body: &str) -> Answer {
        let mut answer = Answer { status, body: body.to_owned(), headers: Vec::new() };
        said(&mut answer);
        for line in answer.all("set-cookie") {
            let (name, rest) = line.split_once('=').unwrap();
            match line.contains("Max-Age=0;") {
                true => drop(self.jar.remove(name)),
                false => drop(self.jar.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned())),
            }
        }
        answer
    }

    /// Has a handler answer, and keeps the cookies.
    pub(crate) async fn visit(&mut self, handler: impl FnOnce(&Session)) -> Answer {
        let lazy = self.open("/page");
        handler(&lazy.load().await.unwrap());
        let closed = self.sessions.close(&lazy, Handled::Completed).await;
        self.keep(closed)
    }

    pub(crate) fn keep(&mut self, mut closed: Closed) -> Answer {
        let status = closed.outcome.as_ref().map_or_else(session_core::SessionError::http_status, |_| 200);
        self.take(|answer| closed.add_to(answer), status, "")
    }

    /// Sends a request that is for no handler.
    pub(crate) async fn send(&mut self, path: &str, headers: &[(&'static str, String)]) -> Answer {
        let before = self.headers.len();
        self.headers.extend_from_slice(headers);
        let lazy = self.open(path);
        self.headers.truncate(before);
        assert!(lazy.is_for_device(), "{path}");
        let mut answer = self.sessions.answer_device(&lazy).await;
        let (status, body) = (answer.status(), answer.body().to_owned());
        self.take(|said| answer.add_to(said), status, &body)
    }

    pub(crate) async fn register(&mut self, token: &str) -> Answer {
        self.send("/dbsc/register", &[("secure-session-response", token.to_owned())]).await
    }

    pub(crate) async fn refresh(&mut self, id: &str, token: Option<String>) -> Answer {
        let mut headers = vec![("sec-secure-session-id", id.to_owned())];
        headers.extend(token.map(|token| ("secure-session-response", token)));
        self.send("/dbsc/refresh", &headers).await
    }

    /// Asks for a challenge and answers it.
    pub(crate) async fn prove(&mut self, id: &str, device: &Device) -> Answer {
        let challenge = self.refresh(id, None).await.challenge();
        self.refresh(id, Some(device.proof(&challenge))).await
    }

    /// Signs in, binds the session, presents the device cookie once, and gives the name of the binding.
    pub(crate) async fn bind(&mut self, name: &str, device: &Device) -> String {
        let offer = self.sign_in(name).await.offered().unwrap();
        let answer = self.register(&device.registration(&offer)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.visit(|session| assert!(session.is_proven())).await;
        answer.id()
    }

    pub(crate) async fn sign_in(&mut self, name: &str) -> Answer {
        self.visit(|session| session.log_in(session_core::Owner::new(name).unwrap()).unwrap()).await
    }

    /// Tells who is signed in.
    pub(crate) async fn who(&mut self) -> Option<String> {
        let mut who = None;
        self.visit(|session| who = session.owner().map(|owner| owner.as_str().to_owned())).await;
        who
    }

    /// Gives what is left of the jar without the device's cookie.
    pub(crate) fn without_device(&self) -> Self {
        let mut thief = self.clone();
        thief.jar.retain(|name, _| !name.ends_with("-device"));
        assert_eq!(thief.jar.len(), 1);
        thief
    }
}

impl Answer {
    fn all(&self, name: &str) -> Vec<String> {
        self.headers.iter().filter(|header| header.0 == name).map(|header| header.1.clone()).collect()
    }

    pub(crate) fn cookies(&self) -> usize {
        self.all("set-cookie").len()
    }

    /// Gives the challenge by which the session is offered to be bound.
    pub(crate) fn offered(&self) -> Option<String> {
        let offer = self.all("secure-session-registration").pop()?;
        let challenge = offer.strip_prefix("(ES256 RS256);path=\"/dbsc/register\";challenge=\"").unwrap();
        Some(challenge.strip_suffix('"').unwrap().to_owned())
    }

    pub(crate) fn challenge(&self) -> String {
        assert_eq!(self.status, 403, "{self:?}");
        let challenge = self.all("secure-session-challenge").pop().unwrap();
        challenge.split('"').nth(1).unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["session_identifier"].as_str().unwrap().to_owned()
    }

    /// Tells whether the browser is told to forget the key.
    pub(crate) fn is_over(&self) -> bool {
        self.status == 200 && serde_json::from_str::<Value>(&self.body).unwrap()["continue"] == false
    }
}

impl ResponseHeaders for Answer {
    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |header| header.0 == name).map(|header| header.1.as_bytes())
    }

    fn names(&self) -> impl Iterator<Item: AsRef<str>> {
        self.headers.iter().map(|header| header.0.as_str())
    }

    fn set(&mut self, name: &str, value: std::borrow::Cow<'static, str>) {
        self.headers.retain(|header| header.0 != name);
        self.headers.push((name.to_owned(), value.into_owned()));
    }

    fn add_cookie(&mut self, value: String) {
        self.headers.push(("set-cookie".to_owned(), value));
    }
}
