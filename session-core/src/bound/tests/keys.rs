//! Proofs that another implementation has signed: openssl, with keys that were thrown away.

use super::super::{DeviceAlgorithm, Proof, ProofError};

/// Both answer the challenge `c0`.
const ES256: &str = "eyJhbGciOiJFUzI1NiIsImp3ayI6eyJrdHkiOiJFQyIsImNydiI6IlAtMjU2IiwieCI6Imx4SFVTanE0UzR2czA3b0FTekNnR1FEVHg0U2Jpd2RwZmFwTEhKbTlQbUkiLCJ5IjoiajIzcExQTHc3WUNWZTlkcFN4V1VYdnNYazlWZ2lEU2h3aG9zWG0xdHVLSSJ9LCJ0eXAiOiJkYnNjK2p3dCJ9.eyJqdGkiOiJjMCJ9._ALNA7i6Rs91vvyQ8ks0FClzwFUrdGIIxRfU7od341vT3IowUiCJhoaWAMVMtOncw5ChZZjnSYSPL71mwtLDYw";
const RS256: &str = "eyJhbGciOiJSUzI1NiIsImp3ayI6eyJrdHkiOiJSU0EiLCJuIjoieFNQZDV0OVBZRTlvSmJGRVFlMHpxTDBmdlVXN2lTa3E1eE85cy1JdTZOV2cxeE1NVUo2bVpzMHo1UWVPVUFkRV9fbnZKbEJLOGctcnUzQUltM1praTUyV0doanNrOFY2U0Z3Y0pEWlA3a1l3TWlvRXBNTEdjbHI1d1BIcXRXTHltdDZFdERFOEJ4N2ZEeXFfYlBLZXZ5R3JUOUZWVlhhSHpLdi15RHUzTV9fbTZ1aTlhdFFzNHR6YnVLNTdvTUh2WjBQOHUzY19XdDNjSDQ5UmFLQzJfMU5rNUpJaS1hNWxPOFVhVVJTTDR5Mk5oWmU1OGJjUmZyMXJYRTZtMFBPTmloRWJ1dHNkcVJNNmpGZGJ5YmlrcVpPaUdUWXYzc3RzTmhrN21qUk52WTBjWVJEcS1SdTNMQjlJaEpTZzZMNzNGdmdRSFEzWXpKX0M5b0VzUGJQSDl3IiwiZSI6IkFRQUIifSwidHlwIjoiZGJzYytqd3QifQ.eyJqdGkiOiJjMCJ9.mPSv9ZVyH8JU309nhzaP8yd5_0MINtKSmH8opTImz4wpK-IY-bUMhSkGg8Sck1-t4-FfdwyZCdKh1kSjcUgC1x7HVGyC7couSGn_B-EEwKmuNOj7s7b7y3Dpx_N_LRXm4qB4WEg1jEv8jJcDVm-U6IwtwZTEIGXMzgCkUfzLXJBFEnGgfr82px1paa-XtTIUejrhvTMv7Da3S_Zp_vvPKIrzEyCmTUIjFhpp8ADfsfButilwcOrxK_VJv3FA1fG7EL05_kwpK_zkv9sT4Gd4PQuO4zFPQHlucU1hpeDh3uOtPKT9nVdQ72UlIfRV15oKKTHJ9nOV9jNpCsT4CliAVg";

const BOTH: [DeviceAlgorithm; 2] = [DeviceAlgorithm::Es256, DeviceAlgorithm::Rs256];

#[test]
fn keys_of_both_kinds_are_registered_and_know_their_proofs() {
    for (token, alone) in [(ES256, BOTH[0]), (RS256, BOTH[1])] {
        let proof = Proof::read(token.as_bytes()).unwrap();
        assert_eq!(proof.challenge(), "c0");
        let key = proof.registers(&BOTH).unwrap();
        assert_eq!(key.algorithm(), alone);
        assert_eq!(proof.registers(&[alone]).unwrap(), key);
        assert_eq!(proof.is_by(&key), Ok(()));
        let quoted = format!("\"{token}\"");
        assert_eq!(Proof::read(quoted.as_bytes()).unwrap().is_by(&key), Ok(()));
        let stored = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<crate::payload::DeviceKey>(&stored).unwrap(), key);
    }
}

#[test]
fn a_key_is_for_one_algorithm_alone() {
    let (es, rs) = (Proof::read(ES256.as_bytes()).unwrap(), Proof::read(RS256.as_bytes()).unwrap());
    assert_eq!(es.registers(&[DeviceAlgorithm::Rs256]).unwrap_err(), ProofError::Algorithm);
    let (es_key, rs_key) = (es.registers(&BOTH).unwrap(), rs.registers(&BOTH).unwrap());
    assert_eq!(es.is_by(&rs_key), Err(ProofError::Algorithm));
    assert_eq!(rs.is_by(&es_key), Err(ProofError::Algorithm));
}

#[test]
fn a_signature_that_was_changed_anywhere_is_refused() {
    for token in [ES256, RS256] {
        let signature = token.rfind('.').unwrap() + 1;
        for at in [signature, signature + 20, token.len() - 10] {
            let mut bytes = token.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let refused = Proof::read(&bytes).unwrap().registers(&BOTH).unwrap_err();
            assert_eq!(refused, ProofError::Signature, "{at}");
        }
        let cut = Proof::read(&token.as_bytes()[..token.len() - 8]).and_then(|proof| proof.registers(&BOTH));
        // What is cut off within a byte is not even base64.
        assert!(matches!(cut, Err(ProofError::Signature | ProofError::Malformed)), "{cut:?}");
    }
}
