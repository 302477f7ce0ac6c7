//! KEYS: signed cookies.

use super::super::case::Case;
use crate::check::{Check, ensure, equal};

// 32 bytes each, in base64url.
const OLD: &str = "b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xkIG9sZCE";
pub(super) const NEW: &str = "bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3IG5ldyE";

/// Checks KEYS-1: with signing keys, a cookie without signature, with a wrong one, or signed by another key is an
/// empty session and costs no read.
pub(super) async fn keys_1_what_is_not_signed_is_empty(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_KEYS", NEW)]).await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    ann.is_signed_in(true).await?;
    let (name, value) = ann.cookie()?;
    let Some((id, signature)) = value.split_once('.') else {
        return crate::check::broken("id, dot and signature", value);
    };
    // Another character in the place of the first, so that not only bits at the end differ that nobody reads.
    let other = |text: &str| format!("{}{}", if text.starts_with('A') { 'B' } else { 'A' }, &text[1..]);
    let mut wrong = vec![
        id.to_owned(),
        format!("{id}."),
        format!("{id}.{}", other(signature)),
        format!("{}.{signature}", other(id)),
        format!("{id}.{signature}{signature}"),
        format!("{id}.{id}"),
    ];
    let mut stranger = site.browser("stranger");
    stranger.add().await?;
    wrong.push(format!("{id}.{}", stranger.cookie()?.1.split_once('.').unwrap_or_default().1));
    let before = site.counts().await?;
    for value in wrong {
        let mut forger = site.browser("forger");
        forger.cookie = Some(format!("{name}={value}"));
        forger.is_signed_in(false).await?;
        forger.get("/").await?.sets_none()?;
    }
    equal("the calls of the store", &before, &site.counts().await?)?;
    site.stop().await?;

    let site = case.start_with(&[("SESSION_KEYS", OLD)]).await?;
    let mut kept = site.browser("by another key").with_cookie(ann.cookie);
    let before = site.counts().await?;
    kept.is_signed_in(false).await?;
    equal("the calls of the store", &before, &site.counts().await?)
}

/// Checks KEYS-2: a new key in front signs, and the old one behind it still verifies; dropped, it does not.
pub(super) async fn keys_2_keys_rotate(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_KEYS", OLD)]).await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    site.stop().await?;

    let site = case.start_with(&[("SESSION_KEYS", &format!("{NEW},{OLD}"))]).await?;
    let mut ann = site.browser("ann").with_cookie(ann.cookie);
    ann.is_signed_in(true).await?;
    let mut bob = site.browser("bob");
    bob.sign_in("Bob").await?;
    site.stop().await?;

    let site = case.start_with(&[("SESSION_KEYS", NEW)]).await?;
    site.browser("bob").with_cookie(bob.cookie).is_signed_in(true).await?;
    let answer = site.browser("ann").with_cookie(ann.cookie).get("/").await?;
    ensure(answer.json()?["user"].is_null(), "nobody is signed in by the key that was dropped", || answer.to_string())?;
    answer.sets_none()
}
