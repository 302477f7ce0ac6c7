//! The provider: whose signatures are believed, for whom, and by which algorithm.

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header};
use serde::de::DeserializeOwned;

/// A provider that this application is registered with.
#[derive(Clone, Debug)]
pub struct Provider {
    issuer: String,
    client_id: String,
    algorithm: Algorithm,
    keys: JwkSet,
}

impl Provider {
    /// Names the provider as its tokens do (`iss`), this application as it is registered there (`aud`), the algorithm that
    /// was registered, and the provider's public keys (what is at its `jwks_uri`).
    ///
    /// The algorithm is this application's to say and never a token's: one that says `none`, or has a public key pass for a
    /// secret (`HS256`), is refused before its signature is looked at.
    #[must_use]
    pub fn new(issuer: &str, client_id: &str, algorithm: Algorithm, keys: JwkSet) -> Self {
        Self { issuer: issuer.to_owned(), client_id: client_id.to_owned(), algorithm, keys }
    }

    /// Returns the provider's name.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Reads a token that the provider has signed for this application, and that has not expired.
    ///
    /// # Errors
    /// If it is anything else. No error shows the token.
    pub fn read<C: DeserializeOwned>(&self, token: &str) -> Result<TokenData<C>, Error> {
        let header = decode_header(token)?;
        let mut candidates = self.keys.keys.iter().filter(|key| {
            let common = &key.common;
            common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
                // Who has one key need not name it.
                && header.kid.as_ref().is_none_or(|kid| common.key_id.as_ref() == Some(kid))
        });
        let (Some(key), None) = (candidates.next(), candidates.next()) else {
            return Err(ErrorKind::InvalidKeyFormat.into());
        };
        let mut validation = Validation::new(self.algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.client_id]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        decode(token, &DecodingKey::from_jwk(key)?, &validation)
    }
}
