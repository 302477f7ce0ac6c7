//! Reads a proof: a JWS in its compact form, with the claims of a browser that binds a session.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::key::Jwk;
use super::{DeviceAlgorithm, ProofError};
use crate::payload::DeviceKey;

/// The longest proof that is looked at. The longest that browsers make has an RSA key in it.
const LONGEST: usize = 8 * 1024;

/// A proof as it came. Nothing in it holds before its signature was checked.
pub(crate) struct Proof<'a> {
    header: Header,
    claims: Claims,
    /// What was signed.
    signed: &'a [u8],
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    jwk: Option<Jwk>,
    /// What has to be understood to read it; nothing is.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    /// The challenge.
    jti: String,
}

impl<'a> Proof<'a> {
    /// Reads the value of the header `Secure-Session-Response`: bare, as browsers send it, or in quotes, as the draft has it.
    pub(crate) fn read(value: &'a [u8]) -> Result<Self, ProofError> {
        let text = std::str::from_utf8(value).map_err(|_| ProofError::Malformed)?;
        let text = unquoted(text);
        let mut parts = text.splitn(4, '.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ProofError::Malformed);
        };
        if text.len() > LONGEST {
            return Err(ProofError::Malformed);
        }
        let signed = &text.as_bytes()[..header.len() + 1 + claims.len()];
        let (header, claims): (Header, Claims) = (json(header)?, json(claims)?);
        // Some other token of the same key is no proof.
        if header.typ.as_deref() != Some("dbsc+jwt") || header.crit.is_some() {
            return Err(ProofError::Malformed);
        }
        Ok(Self { header, claims, signed, signature: decoded(signature)? })
    }

    /// Gives the challenge that it answers.
    pub(crate) fn challenge(&self) -> &str {
        &self.claims.jti
    }

    /// Gives the key that it registers, and which has signed it.
    ///
    /// # Errors
    /// `Algorithm` if it is for none of the `offered` ones; `Key`, `Signature`.
    pub(crate) fn registers(&self, offered: &[DeviceAlgorithm]) -> Result<DeviceKey, ProofError> {
        let by = offered.iter().find(|algorithm| algorithm.name() == self.header.alg).ok_or(ProofError::Algorithm)?;
        let key = DeviceKey::of(self.header.jwk.as_ref().ok_or(ProofError::Key)?, *by)?;
        key.verify(self.signed, &self.signature)?;
        Ok(key)
    }

    /// Checks that the key signed it that was registered, by the algorithm that this was registered for.
    ///
    /// # Errors
    /// `Algorithm`, `Key`, `Signature`.
    pub(crate) fn is_by(&self, key: &DeviceKey) -> Result<(), ProofError> {
        if self.header.alg != key.algorithm().name() {
            return Err(ProofError::Algorithm);
        }
        if let Some(named) = &self.header.jwk
            && DeviceKey::of(named, key.algorithm())? != *key
        {
            return Err(ProofError::Key);
        }
        key.verify(self.signed, &self.signature)
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, ProofError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| ProofError::Malformed)
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, ProofError> {
    serde_json::from_slice(&decoded(part)?).map_err(|_| ProofError::Malformed)
}

/// Takes the quotes off a string of structured fields. Neither a token nor an id has anything to escape.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim_matches([' ', '\t']);
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}
