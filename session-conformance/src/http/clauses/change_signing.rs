//! CHANGE: signing is introduced while sessions live.

use super::super::case::Case;
use super::super::jar::{Jar, Kept};
use super::change::{HOUR, in_an_hour};
use super::keys::NEW;
use crate::check::{Check, broken, ensure, equal};

/// Checks CHANGE-5: while signing is introduced, servers of the first step set unsigned cookies and take both kinds; those
/// of the second sign, and give the session that comes unsigned its signed cookie at once, with the id that it has.
pub(super) async fn change_5_signing_is_introduced_in_steps(case: &Case) -> Check {
    let changed_at = in_an_hour();
    let set = [("SESSION_KEYS", NEW), ("SESSION_UNSIGNED", "set")];
    let taken = [("SESSION_KEYS", NEW), ("SESSION_UNSIGNED", "taken"), ("SESSION_CHANGED_AT_MS", changed_at.as_str())];

    let site = case.start_with(&set).await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let (name, unsigned) = ann.cookie()?;
    ensure(!unsigned.contains('.'), "an id without signature", || unsigned.to_owned())?;
    ann.clone().is_signed_in(true).await?;
    site.stop().await?;

    let site = case.start_with(&taken).await?;
    let mut jar = Jar::new(site.browser("ann"), [Kept::new(name, unsigned)]);
    let answer = jar.is_signed_in(true).await?;
    let signed = answer.sets_one()?;
    equal("the name", &name, &signed.name.as_str())?;
    ensure(signed.value.starts_with(&format!("{unsigned}.")), "the same id, signed", || answer.to_string())?;
    jar.has(&[Kept::new(name, &signed.value)])?;
    jar.is_signed_in(true).await?.sets_none()?;
    // Both kinds at once are one session.
    let both = [Kept::new(name, unsigned), Kept::new(name, &signed.value)];
    Jar::new(site.browser("ann, twice"), both).is_signed_in(true).await?;
    let mut bob = site.browser("bob");
    bob.sign_in("Bob").await?;
    ensure(bob.cookie()?.1.contains('.'), "an id with signature", || bob.cookie.clone().unwrap_or_default())?;
    site.stop().await?;

    // A server of the first step that still runs.
    let site = case.start_with(&set).await?;
    for value in [unsigned, &signed.value, bob.cookie()?.1] {
        Jar::new(site.browser("ann and bob"), [Kept::new(name, value)]).is_signed_in(true).await?;
    }
    Ok(())
}

/// Checks CHANGE-6: a forged signature never counts; from the time on that was named an unsigned cookie does not either,
/// and costs no read.
pub(super) async fn change_6_unsigned_ones_are_taken_until_then(case: &Case) -> Check {
    let changed_at = in_an_hour();
    let taken = [("SESSION_KEYS", NEW), ("SESSION_UNSIGNED", "taken"), ("SESSION_CHANGED_AT_MS", changed_at.as_str())];
    let site = case.start_with(&taken).await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let (name, signed) = ann.cookie()?;
    let Some((id, signature)) = signed.split_once('.') else { return broken("id, dot and signature", signed) };
    // Another character in the place of the first, so that not only bits at the end differ that nobody reads.
    let wrong = format!("{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    let with = |who, value: &str| Jar::new(site.browser(who), [Kept::new(name, value)]);
    with("ann", id).is_signed_in(true).await?.sets_one()?;
    for after in [false, true] {
        if after {
            site.advance(2 * HOUR).await?;
        }
        let before = site.counts().await?;
        for forged in [format!("{id}.{wrong}"), format!("{id}."), format!("{id}.{id}")] {
            with("forger", &forged).is_signed_in(false).await?.sets_none()?;
        }
        if after {
            with("ann", id).is_signed_in(false).await?.sets_none()?;
        }
        equal("the calls of the store", &before, &site.counts().await?)?;
        with("ann", signed).is_signed_in(true).await?.sets_none()?;
    }
    Ok(())
}
