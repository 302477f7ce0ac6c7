//! The device's public key: read from a JWK, and asked whether it signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use super::{DeviceAlgorithm, ProofError};
use crate::payload::DeviceKey;

/// How many bytes the modulus of an RSA key may have: 2048 to 4096 bits. It is stored with the session.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;
/// How many bytes its exponent may have.
const MOST_EXPONENT: usize = 4;
/// How many a coordinate on P-256 has.
const COORDINATE: usize = 32;

/// A key as the header of a proof has it. What else a JWK may say is not looked at.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl DeviceKey {
    /// Reads the key that is registered for an algorithm.
    pub(super) fn of(jwk: &Jwk, algorithm: DeviceAlgorithm) -> Result<Self, ProofError> {
        let key = match (algorithm, jwk) {
            (DeviceAlgorithm::Es256, Jwk { kty, crv: Some(crv), x: Some(x), y: Some(y), .. })
                if kty == "EC" && crv == "P-256" =>
            {
                Self::ES256 { x: x.into(), y: y.into() }
            }
            (DeviceAlgorithm::Rs256, Jwk { kty, n: Some(n), e: Some(e), .. }) if kty == "RSA" => {
                Self::RS256 { n: n.into(), e: e.into() }
            }
            _ => return Err(ProofError::Key),
        };
        key.numbers().map(|_| key)
    }

    pub(super) fn algorithm(&self) -> DeviceAlgorithm {
        match self {
            Self::ES256 { .. } => DeviceAlgorithm::Es256,
            Self::RS256 { .. } => DeviceAlgorithm::Rs256,
        }
    }

    /// Checks a signature over `signed`.
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), ProofError> {
        let (first, second) = self.numbers()?;
        let verified = match self {
            Self::ES256 { .. } => {
                let point = [&[4], &*first, &*second].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Self::RS256 { .. } => {
                RsaPublicKeyComponents { n: first, e: second }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
        };
        verified.map_err(|_| ProofError::Signature)
    }

    /// Gives the two numbers that it consists of.
    fn numbers(&self) -> Result<(Vec<u8>, Vec<u8>), ProofError> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| ProofError::Key);
        let (first, second) = match self {
            Self::ES256 { x, y } => (decode(x)?, decode(y)?),
            Self::RS256 { n, e } => (decode(n)?, decode(e)?),
        };
        let fits = match self {
            Self::ES256 { .. } => first.len() == COORDINATE && second.len() == COORDINATE,
            Self::RS256 { .. } => MODULUS.contains(&first.len()) && second.len() <= MOST_EXPONENT,
        };
        if fits { Ok((first, second)) } else { Err(ProofError::Key) }
    }
}
