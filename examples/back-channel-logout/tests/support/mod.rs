//! A provider that signs what it is told to, and browsers.

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use axum::http::{Request, StatusCode};
use data_encoding::BASE64URL_NOPAD;
use example_back_channel_logout::{App, BACK_CHANNEL, Provider, UsedTokens, app};
use http_body_util::BodyExt;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use session_core::{Clock, SessionId, SessionStore, Sessions, SystemClock};
use session_ets::{EtsStore, Table};
use tower::ServiceExt;

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const CLIENT: &str = "shop";

/// The provider, from its own side.
pub(crate) struct Signer {
    key: EncodingKey,
    pub(crate) public: Jwk,
}

impl Signer {
    pub(crate) fn new(kid: &str) -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = EncodingKey::from_ec_der(&key.serialize_der());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        public.common.key_id = Some(kid.to_owned());
        Self { key, public }
    }

    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: self.public.common.key_id.clone(),
            ..Header::new(Algorithm::ES256)
        };
        encode(&header, claims, &self.key).unwrap()
    }

    /// A logout token for these, besides what each one has.
    pub(crate) fn logout(&self, names: &Value) -> String {
        self.sign("logout+jwt", &with(&logout_claims(), names))
    }
}

/// What a logout token has but for whom it names.
pub(crate) fn logout_claims() -> Value {
    let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    with(&claims(120), &json!({ "jti": unique(), "events": event }))
}

/// What any token has that expires in so many seconds.
pub(crate) fn claims(expires_in: i64) -> Value {
    let now = i64::try_from(SystemClock.now().as_millis() / 1_000).unwrap();
    json!({ "iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + expires_in })
}

/// Puts the second's members over the first's; `null` takes one out.
pub(crate) fn with(claims: &Value, others: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in others.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

pub(crate) fn unique() -> String {
    SessionId::random().unwrap().key().encode()
}

/// A token whose header and signature are whatever one likes.
pub(crate) fn raw(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = BASE64URL_NOPAD.encode(&sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The application, as a provider and browsers reach it.
pub(crate) struct Site {
    router: Router,
    pub(crate) provider: Signer,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::on(EtsStore::new(Table::private()))
    }

    pub(crate) fn on(store: impl SessionStore) -> Self {
        let provider = Signer::new("1");
        // A provider has several keys while it changes them.
        let keys = JwkSet { keys: vec![Signer::new("0").public, provider.public.clone()] };
        let router = app(App {
            sessions: Sessions::builder(store).build().unwrap(),
            provider: Provider::new(ISSUER, CLIENT, Algorithm::ES256, keys),
            used: UsedTokens::new(EtsStore::new(Table::private())),
        });
        Self { router, provider }
    }

    /// Sends a logout token, as the provider does.
    pub(crate) async fn send(&self, token: &str) -> (StatusCode, String) {
        let response = self.answer(Request::post(BACK_CHANNEL), &format!("logout_token={token}")).await;
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(!response.headers().contains_key(SET_COOKIE));
        let status = response.status();
        (status, text(response).await)
    }

    /// Signs a user in by an ID token, in a browser of its own.
    pub(crate) async fn browser(&self, sub: &str, sid: Option<&str>) -> Browser {
        let mut browser = Browser(String::new());
        browser.sign_in(self, sub, sid).await;
        browser
    }

    async fn answer(&self, request: axum::http::request::Builder, form: &str) -> axum::response::Response {
        let request = request.header(HOST, "shop.example").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.router.clone().oneshot(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap()
    }
}

/// A browser, which is its cookie.
pub(crate) struct Browser(String);

impl Browser {
    async fn answer(&mut self, site: &Site, request: axum::http::request::Builder, form: &str) -> (StatusCode, String) {
        let response = site.answer(request.header(COOKIE, &self.0), form).await;
        if let Some(set) = response.headers().get(SET_COOKIE) {
            self.0 = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        (response.status(), text(response).await)
    }

    /// Begins to sign in, and gives the nonce.
    pub(crate) async fn begin(&mut self, site: &Site) -> String {
        self.answer(site, Request::get("/sign-in"), "").await.1
    }

    pub(crate) async fn finish(&mut self, site: &Site, id_token: &str) -> StatusCode {
        self.answer(site, Request::post("/sign-in"), &format!("id_token={id_token}")).await.0
    }

    pub(crate) async fn sign_in(&mut self, site: &Site, sub: &str, sid: Option<&str>) {
        let nonce = self.begin(site).await;
        let claims = with(&claims(300), &json!({ "sub": sub, "sid": sid, "nonce": nonce }));
        assert_eq!(self.finish(site, &site.provider.sign("JWT", &claims)).await, StatusCode::NO_CONTENT);
    }

    pub(crate) async fn is_signed_in(&mut self, site: &Site) -> bool {
        self.answer(site, Request::get("/"), "").await.1.starts_with("signed in")
    }
}

async fn text(response: axum::response::Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}
