//! A browser that binds its session to its device: it keeps a key, and makes the proofs.

use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::browser::Answer;
use super::jar::Jar;
use super::site::Site;
use crate::check::{Check, broken, ensure, works};

/// Where browsers register and refresh.
const REGISTER: &str = "/dbsc/register";
pub(super) const REFRESH: &str = "/dbsc/refresh";

/// A device's key on P-256.
#[derive(Clone)]
pub(super) struct Device(Arc<EcdsaKeyPair>);

impl Device {
    pub(super) fn new() -> Check<Self> {
        let random = SystemRandom::new();
        let drawn = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let drawn = works("a key", drawn.map_err(|error| error.to_string()))?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, drawn.as_ref(), &random);
        Ok(Self(Arc::new(works("a key", key.map_err(|error| error.to_string()))?)))
    }

    pub(super) fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let number = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        json!({ "kty": "EC", "crv": "P-256", "x": number(&point[1..33]), "y": number(&point[33..]) })
    }

    /// Signs a token with this header over a challenge.
    pub(super) fn sign(&self, header: &Value, challenge: &str) -> Check<String> {
        let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header.clone()), part(json!({ "jti": challenge })));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|error| error.to_string());
        Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(works("a signature", signature)?.as_ref())))
    }

    /// Makes the proof by which the key is registered.
    pub(super) fn registration(&self, challenge: &str) -> Check<String> {
        self.sign(&json!({ "alg": "ES256", "typ": "dbsc+jwt", "jwk": self.jwk() }), challenge)
    }

    /// Makes the proof by which the device cookie is renewed.
    pub(super) fn proof(&self, challenge: &str) -> Check<String> {
        self.sign(&json!({ "alg": "ES256", "typ": "dbsc+jwt" }), challenge)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device(secret)")
    }
}

/// A session that was bound: its browser, its key, and its name.
pub(super) struct Bound {
    pub(super) jar: Jar,
    pub(super) device: Device,
    pub(super) id: String,
}

impl Bound {
    /// Signs somebody in, binds their session, and presents the device cookie once.
    pub(super) async fn sign_in(site: &Site, name: &'static str) -> Check<Self> {
        let device = Device::new()?;
        let mut jar = Jar::new(site.browser(name), []);
        let challenge = offered(&jar.sign_in(name).await?)?;
        let answer = jar.register(&device.registration(&challenge)?).await?;
        answer.is(200)?;
        let id = identifier(&answer)?;
        jar.is_signed_in(true).await?;
        Ok(Self { jar, device, id })
    }

    /// Asks for a challenge.
    pub(super) async fn challenge(&mut self) -> Check<String> {
        challenge(&self.jar.refresh(&self.id, None).await?)
    }

    /// Answers a challenge.
    pub(super) async fn answer(&mut self, challenge: &str) -> Check<Answer> {
        let proof = self.device.proof(challenge)?;
        self.jar.refresh(&self.id, Some(proof)).await
    }

    /// Asks for a challenge, answers it, and has a new device cookie.
    pub(super) async fn prove(&mut self) -> Check<Answer> {
        let challenge = self.challenge().await?;
        let answer = self.answer(&challenge).await?;
        answer.is(200)?;
        answer.sets_one()?;
        Ok(answer)
    }

    /// Gives a copy of the cookies without the device's.
    pub(super) fn stolen(&self) -> Check<Jar> {
        let mut thief = self.jar.copy("thief");
        thief.cookies.retain(|cookie| !cookie.name.ends_with("-device"));
        ensure(thief.cookies.len() == 1, "one cookie beside the device's", || format!("{:?}", thief.cookies))?;
        Ok(thief)
    }
}

impl Jar {
    /// Signs somebody in.
    pub(super) async fn sign_in(&mut self, name: &str) -> Check<Answer> {
        let answer = self.post(&format!("/test/do?steps=login:{name}")).await?;
        answer.is(200)?;
        Ok(answer)
    }

    pub(super) async fn register(&mut self, token: &str) -> Check<Answer> {
        self.send_with("POST", REGISTER, &[("secure-session-response", token.to_owned())]).await
    }

    pub(super) async fn refresh(&mut self, id: &str, token: Option<String>) -> Check<Answer> {
        let mut headers = vec![("sec-secure-session-id", id.to_owned())];
        headers.extend(token.map(|token| ("secure-session-response", token)));
        self.send_with("POST", REFRESH, &headers).await
    }
}

/// Gives the challenge by which a response offers to bind the session.
pub(super) fn offered(answer: &Answer) -> Check<String> {
    let offer = answer.header("secure-session-registration").join(", ");
    let is_one = offer.starts_with('(') && offer.contains("ES256") && offer.contains("path=\"/dbsc/register\"");
    match offer.split_once("challenge=\"").and_then(|(_, rest)| rest.split_once('"')) {
        Some((challenge, _)) if is_one => Ok(challenge.to_owned()),
        _ => {
            broken("Secure-Session-Registration: (ES256 …);path=\"/dbsc/register\";challenge=\"…\"", answer.to_string())
        }
    }
}

/// Gives the challenge with which a refresh is answered that showed no proof.
pub(super) fn challenge(answer: &Answer) -> Check<String> {
    answer.is(403)?;
    let said = answer.header("secure-session-challenge").join(", ");
    match said.strip_prefix('"').and_then(|rest| rest.split_once("\";id=\"")) {
        Some((challenge, _)) => Ok(challenge.to_owned()),
        None => broken("Secure-Session-Challenge: \"…\";id=\"…\"", format!("{answer}, {said}")),
    }
}

/// Gives the name by which the browser is to know the session.
pub(super) fn identifier(answer: &Answer) -> Check<String> {
    match answer.json()?["session_identifier"].as_str() {
        Some(id) => Ok(id.to_owned()),
        None => broken("a session_identifier", answer.to_string()),
    }
}

/// Checks that the browser is told to forget the key.
pub(super) fn is_over(answer: &Answer) -> Check {
    answer.is(200)?;
    ensure(answer.json()?["continue"] == false, "\"continue\": false", || answer.to_string())
}

/// Checks that a proof was refused.
pub(super) fn is_refused(what: &str, answer: &Answer) -> Check {
    let refused = answer.status == 403 && answer.cookies().is_empty();
    ensure(refused, format!("403 without a cookie for {what}"), || answer.to_string())
}
