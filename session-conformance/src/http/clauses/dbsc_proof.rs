//! DBSC: what is taken for a proof.

use std::time::Duration;

use serde_json::json;

use super::super::case::Case;
use super::super::device::{Bound, Device, challenge, is_refused, offered};
use super::super::jar::Jar;
use super::dbsc::{LATER, start};
use crate::check::{Check, works};

/// Checks DBSC-3: the challenge of a sign-in registers one key, once, within two minutes, for that session alone.
pub(super) async fn dbsc_3_the_challenge_of_a_sign_in_registers_one_key(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let (device, other) = (Device::new()?, Device::new()?);
    let mut ann = Jar::new(site.browser("ann"), []);
    let mut bob = Jar::new(site.browser("bob"), []);
    let challenge = offered(&ann.sign_in("Ann").await?)?;
    let bobs = offered(&bob.sign_in("Bob").await?)?;
    for (what, token) in [
        ("another session's challenge", device.registration(&bobs)?),
        ("a challenge that was made up", device.registration("c0")?),
        ("a key that has not signed", {
            device.sign(&json!({ "alg": "ES256", "typ": "dbsc+jwt", "jwk": other.jwk() }), &challenge)?
        }),
        ("no key", device.proof(&challenge)?),
        ("no signature", unsigned(&device.registration(&challenge)?)),
    ] {
        is_refused(what, &ann.register(&token).await?)?;
    }
    ann.register(&device.registration(&challenge)?).await?.is(200)?;
    for (what, again) in [("the same key again", &device), ("another key after it", &other)] {
        is_refused(what, &ann.register(&again.registration(&challenge)?).await?)?;
    }
    site.advance(Duration::from_secs(120)).await?;
    is_refused("a challenge that is too old", &bob.register(&device.registration(&bobs)?).await?)
}

/// Checks DBSC-6: of several refreshes at once all go well, whichever challenge came last; each challenge is taken once,
/// and who has the key is given another.
pub(super) async fn dbsc_6_several_refreshes_go_well_and_each_challenge_once(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let mut ann = Bound::sign_in(&site, "ann").await?;
    site.advance(LATER).await?;
    let mut challenges = Vec::new();
    for _ in 0..6 {
        challenges.push(ann.challenge().await?);
    }
    let refreshes: Vec<_> = challenges
        .iter()
        .rev()
        .map(|challenge| {
            let (mut jar, id, proof) = (ann.jar.copy("tab"), ann.id.clone(), ann.device.proof(challenge));
            tokio::spawn(async move { jar.refresh(&id, Some(proof?)).await })
        })
        .collect();
    for refresh in refreshes {
        works("a refresh", refresh.await)??.is(200)?;
    }
    for before in &challenges {
        let again = ann.answer(before).await?;
        is_refused("a challenge that was answered", &again)?;
        ann.answer(&challenge(&again)?).await?.is(200)?;
    }
    ann.jar.is_signed_in(true).await.map(drop)
}

/// Checks DBSC-7: a proof by another key, without a signature, by another algorithm, or over another session's challenge
/// gives no cookie.
pub(super) async fn dbsc_7_only_the_key_that_was_registered_refreshes(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let mut ann = Bound::sign_in(&site, "ann").await?;
    let mut bob = Bound::sign_in(&site, "bob").await?;
    // So that there is something that a server which takes anything might give.
    ann.prove().await?;
    bob.prove().await?;
    site.advance(LATER).await?;
    let (challenge, bobs) = (ann.challenge().await?, bob.challenge().await?);
    let by = |alg: &str| json!({ "alg": alg, "typ": "dbsc+jwt" });
    let swapped = json!({ "alg": "ES256", "typ": "dbsc+jwt", "jwk": bob.device.jwk() });
    for (what, token) in [
        ("a token without a signature", unsigned(&ann.device.sign(&by("none"), &challenge)?)),
        ("another session's key", bob.device.proof(&challenge)?),
        ("a key that the token names", bob.device.sign(&swapped, &challenge)?),
        ("another session's proof", bob.device.proof(&bobs)?),
        ("a signature that was cut off", unsigned(&ann.device.proof(&challenge)?)),
        ("another algorithm", ann.device.sign(&by("RS256"), &challenge)?),
        ("a symmetric algorithm", ann.device.sign(&by("HS256"), &challenge)?),
        ("another session's challenge", ann.device.proof(&bobs)?),
        ("a challenge that was made up", ann.device.proof("c0")?),
    ] {
        is_refused(what, &ann.jar.refresh(&ann.id, Some(token)).await?)?;
    }
    ann.answer(&challenge).await?.is(200)
}

/// Gives a token without its signature.
fn unsigned(token: &str) -> String {
    token.rsplit_once('.').map(|(signed, _)| format!("{signed}.")).unwrap_or_default()
}
