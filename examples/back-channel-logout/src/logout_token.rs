//! The logout token: what it has to be, by section 2.6 of OpenID Connect Back-Channel Logout 1.0.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use session_core::{Owner, OwnerError, Timestamp};
use thiserror::Error;

use crate::provider::Provider;

/// What the claim `events` of a logout token has, and no other token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How far the provider's clock may be ahead.
const LEEWAY: Duration = Duration::from_secs(60);

/// A logout token that was checked: it names a user, a session of the provider's, or both.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogoutToken {
    /// Whose sessions end; of nobody else's, in any case.
    pub subject: Option<Owner>,
    /// Which of them; all, if it names none.
    pub sid: Option<String>,
    /// What no other token of the provider's has.
    pub id: String,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    sid: Option<String>,
    jti: String,
    iat: u64,
    exp: u64,
    events: HashMap<String, Map<String, Value>>,
    nonce: Option<Value>,
}

/// Says why a token ends nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refused {
    /// The provider has not signed it for this application, or not now.
    #[error("it is no token of the provider's for this application, or has expired")]
    Untrusted(#[from] jsonwebtoken::errors::Error),
    /// The provider has signed it for something else, such as to sign in.
    #[error("it is no logout token: {0}")]
    OfAnotherKind(&'static str),
    /// It says of no session that it is to end.
    #[error("it names neither a user nor a session")]
    NamesNothing,
    /// It names a user whom nothing can belong to.
    #[error("its user cannot be an owner")]
    Owner(#[from] OwnerError),
    /// It has been received before, and has done its work.
    #[error("it was received before")]
    Replayed,
}

impl LogoutToken {
    /// Reads a token that the provider has sent.
    ///
    /// # Errors
    /// [`Refused`] if it is none of the provider's, or no logout token. That it was not received before it does not check.
    pub fn read(provider: &Provider, token: &str, now: Timestamp) -> Result<Self, Refused> {
        let read = provider.read::<Claims>(token)?;
        let kind = read.header.typ.as_deref().map(str::to_ascii_lowercase);
        // A provider should say `logout+jwt`, and need not.
        if !matches!(kind.as_deref(), None | Some("jwt" | "logout+jwt" | "application/logout+jwt")) {
            return Err(Refused::OfAnotherKind("its type is another"));
        }
        let Claims { sub, sid, jti, iat, exp, events, nonce } = read.claims;
        if !events.contains_key(EVENT) {
            return Err(Refused::OfAnotherKind("it tells of another event"));
        }
        // An ID token that has the claim `events`, too, has this one besides.
        if nonce.is_some() {
            return Err(Refused::OfAnotherKind("it has a nonce"));
        }
        let since_epoch = |seconds: u64| Timestamp::MIN + Duration::from_secs(seconds);
        if since_epoch(iat) > now + LEEWAY {
            return Err(Refused::OfAnotherKind("it was issued in the future"));
        }
        if sub.is_none() && sid.is_none() {
            return Err(Refused::NamesNothing);
        }
        let subject = sub.map(Owner::new).transpose()?;
        // It is taken for as long after as the clocks may differ.
        Ok(Self { subject, sid, id: jti, expires_at: since_epoch(exp) + LEEWAY })
    }
}
