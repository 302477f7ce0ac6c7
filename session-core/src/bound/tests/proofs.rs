//! What is taken for a proof, and what is not, whatever its signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::{DeviceAlgorithm, Proof, ProofError};

const BOTH: [DeviceAlgorithm; 2] = [DeviceAlgorithm::Es256, DeviceAlgorithm::Rs256];
const CLAIMS: &str = r#"{"jti":"c0"}"#;

fn token(header: &str, claims: &str) -> String {
    [header, claims, "signature"].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

fn read(header: &str, claims: &str) -> Result<(), ProofError> {
    Proof::read(token(header, claims).as_bytes()).map(drop)
}

fn registered(header: &str) -> ProofError {
    Proof::read(token(header, CLAIMS).as_bytes()).and_then(|proof| proof.registers(&BOTH)).unwrap_err()
}

#[test]
fn what_is_no_proof_of_a_browsers_is_malformed() {
    let good = r#"{"alg":"ES256","typ":"dbsc+jwt"}"#;
    assert_eq!(read(good, CLAIMS), Ok(()));
    assert_eq!(read(good, r#"{"jti":"c0","aud":"https://example.org","iat":1}"#), Ok(()));
    for (header, claims) in [
        (r#"{"alg":"ES256"}"#, CLAIMS),
        (r#"{"alg":"ES256","typ":"JWT"}"#, CLAIMS),
        (r#"{"alg":"ES256","typ":"dbsc+jwt","crit":["b64"]}"#, CLAIMS),
        (r#"{"alg":"ES256","alg":"none","typ":"dbsc+jwt"}"#, CLAIMS),
        (r#"{"typ":"dbsc+jwt"}"#, CLAIMS),
        ("[]", CLAIMS),
        ("", CLAIMS),
        (good, "{}"),
        (good, r#"{"jti":1}"#),
        (good, r#"{"jti":"a","jti":"b"}"#),
    ] {
        assert_eq!(read(header, claims), Err(ProofError::Malformed), "{header} {claims}");
    }
    let whole = token(good, CLAIMS);
    let long = format!("{whole}{}", "A".repeat(9_000));
    for text in ["", ".", "..", "a.b", "a.b.c.d", &format!("{whole}."), &whole.replace('.', " "), &long, "\u{e9}"] {
        assert!(matches!(Proof::read(text.as_bytes()), Err(ProofError::Malformed)), "{text:.20}");
    }
    assert!(matches!(Proof::read(b"\xff"), Err(ProofError::Malformed)));
}

#[test]
fn an_algorithm_that_was_not_offered_is_refused_whatever_the_key() {
    for algorithm in ["none", "None", "", "HS256", "ES384", "RS512", "PS256", "EdDSA", "es256"] {
        let jwk = r#"{"kty":"oct","k":"AAAA"}"#;
        let header = format!(r#"{{"alg":"{algorithm}","typ":"dbsc+jwt","jwk":{jwk}}}"#);
        assert_eq!(registered(&header), ProofError::Algorithm, "{algorithm}");
    }
}

#[test]
fn a_key_that_is_not_of_its_algorithm_or_cannot_be_one_is_refused() {
    let b32 = "A".repeat(43);
    let (short, long) = (format!("\"{}\"", "A".repeat(320)), format!("\"{}\"", "A".repeat(700)));
    for (algorithm, jwk) in [
        ("ES256", "{}".to_owned()),
        ("ES256", format!(r#"{{"kty":"EC","crv":"P-384","x":"{b32}","y":"{b32}"}}"#)),
        ("ES256", format!(r#"{{"kty":"EC","crv":"P-256","x":"{b32}"}}"#)),
        ("ES256", format!(r#"{{"kty":"EC","crv":"P-256","x":"AAAA","y":"{b32}"}}"#)),
        ("ES256", format!(r#"{{"kty":"EC","crv":"P-256","x":"{b32}=","y":"{b32}"}}"#)),
        ("ES256", format!(r#"{{"kty":"RSA","n":{long},"e":"AQAB"}}"#)),
        ("RS256", format!(r#"{{"kty":"RSA","n":{short},"e":"AQAB"}}"#)),
        ("RS256", format!(r#"{{"kty":"RSA","n":{long},"e":"AQAB"}}"#)),
        ("RS256", r#"{"kty":"RSA","e":"AQAB"}"#.to_owned()),
    ] {
        let header = format!(r#"{{"alg":"{algorithm}","typ":"dbsc+jwt","jwk":{jwk}}}"#);
        let refused = Proof::read(token(&header, CLAIMS).as_bytes()).and_then(|proof| proof.registers(&BOTH));
        // A JWK that lacks its type is no header at all.
        assert!(matches!(refused, Err(ProofError::Key | ProofError::Malformed)), "{jwk:.60}: {refused:?}");
    }
    assert_eq!(registered(r#"{"alg":"ES256","typ":"dbsc+jwt"}"#), ProofError::Key);
    // A point that is on no curve has the right length, and verifies nothing.
    let nowhere = format!(r#"{{"kty":"EC","crv":"P-256","x":"{b32}","y":"{b32}"}}"#);
    assert_eq!(registered(&format!(r#"{{"alg":"ES256","typ":"dbsc+jwt","jwk":{nowhere}}}"#)), ProofError::Signature);
}
