//! DBSC: sessions that are bound to a device.

use std::time::Duration;

use super::super::browser::Answer;
use super::super::case::Case;
use super::super::device::{Bound, Device, is_over, is_refused, offered};
use super::super::jar::Jar;
use super::super::site::Site;
use super::keys::NEW;
use crate::check::{Check, ensure, equal};

/// Longer than what comes without the device cookie is taken for a request that was on its way.
pub(super) const LATER: Duration = Duration::from_secs(11);

pub(super) async fn start(case: &Case, policy: &'static str) -> Check<Site> {
    case.start_with(&[("SESSION_BOUND", policy), ("SESSION_KEYS", NEW)]).await
}

fn offers_nothing(answer: &Answer) -> Check {
    let offers = answer.headers.contains_key("secure-session-registration");
    ensure(!offers, "no Secure-Session-Registration", || format!("one after {answer}"))
}

/// Checks DBSC-1: a sign-in offers the browser to bind the session to its device, and nothing else does; one that does not
/// go into it notices nothing.
pub(super) async fn dbsc_1_a_sign_in_offers_to_bind_the_session(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let mut ann = Jar::new(site.browser("ann"), []);
    offers_nothing(&ann.post("/count").await?)?;
    offers_nothing(&ann.get("/").await?)?;
    let first = offered(&ann.sign_in("Ann").await?)?;
    for path in ["/count", "/", "/untouched", "/test/do?steps=renew"] {
        offers_nothing(&ann.get(path).await?)?;
    }
    let second = offered(&ann.sign_in("Ann").await?)?;
    ensure(first != second, "another challenge for another sign-in", || first.clone())?;
    site.advance(LATER).await?;
    ann.is_signed_in(true).await?;
    ann.counts(1).await?;
    let sessions = ann.get("/sessions").await?;
    ensure(sessions.json()?[0]["bound"] == false, "a session that is bound to nothing", || sessions.to_string())?;
    offers_nothing(&ann.post("/logout").await?)
}

/// Checks DBSC-2: who registers a key is given the device cookie, `HttpOnly`, `Path=/`, `SameSite=Lax`, `Secure` and for 10
/// minutes, and told its name, its attributes and where it is refreshed; the session is listed as bound.
pub(super) async fn dbsc_2_a_key_is_registered_for_a_cookie_with_exact_attributes(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let device = Device::new()?;
    let mut ann = Jar::new(site.browser("ann"), []);
    let challenge = offered(&ann.sign_in("Ann").await?)?;
    let answer = ann.register(&device.registration(&challenge)?).await?;
    answer.is(200)?;
    let cookie = answer.sets_one()?;
    // Browsers bind no cookie of the prefix `__Host-Http-`.
    let name = ann.cookies[0].name.replacen("__Host-Http-", "__Host-", 1);
    equal("the name", &format!("{name}-device"), &cookie.name)?;
    equal("the attributes", &vec!["HttpOnly", "Path=/", "SameSite=Lax", "Secure"], &cookie.lasting())?;
    equal("the age", &Some("600"), &cookie.attribute("Max-Age"))?;
    let told = answer.json()?;
    equal("the refresh_url", &Some("/dbsc/refresh"), &told["refresh_url"].as_str())?;
    equal("the site", &Some(false), &told["scope"]["include_site"].as_bool())?;
    let credential = &told["credentials"][0];
    equal("the credential", &Some(cookie.name.as_str()), &credential["name"].as_str())?;
    let mut attributes: Vec<_> = credential["attributes"].as_str().unwrap_or_default().split("; ").collect();
    attributes.sort_unstable();
    equal("the attributes that are told", &cookie.lasting(), &attributes)?;
    let sessions = ann.get("/sessions").await?;
    ensure(sessions.json()?[0]["bound"] == true, "a session that is listed as bound", || sessions.to_string())
}

/// Checks DBSC-4: a copy of the session cookie is an empty session elsewhere, once its browser has presented the device
/// cookie, and the visitor's own goes on.
pub(super) async fn dbsc_4_a_stolen_cookie_is_refused(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let mut ann = Bound::sign_in(&site, "ann").await?;
    ann.jar.post("/count").await?.is(200)?;
    site.advance(LATER).await?;
    let mut thief = ann.stolen()?;
    thief.is_signed_in(false).await?.sets_none()?;
    thief.counts(0).await?.sets_none()?;
    let written = thief.post("/count").await?;
    written.is(409)?;
    written.sets_none()?;
    ann.jar.is_signed_in(true).await?;
    ann.jar.counts(1).await.map(drop)
}

/// Checks DBSC-5: a copy of all cookies is of use until the device cookie runs out; who has the key goes on, by a refresh
/// that writes nothing.
pub(super) async fn dbsc_5_all_cookies_are_of_use_for_ten_minutes(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let mut ann = Bound::sign_in(&site, "ann").await?;
    site.advance(LATER).await?;
    let mut thief = ann.jar.copy("thief");
    thief.is_signed_in(true).await?;
    site.advance(Duration::from_secs(610)).await?;
    thief.is_signed_in(false).await?;
    let before = site.counts().await?;
    ann.prove().await?;
    let after = site.counts().await?;
    equal("the writes of a refresh", &(before.put, before.touch), &(after.put, after.touch))?;
    ann.jar.is_signed_in(true).await?;
    thief.is_signed_in(false).await.map(drop)
}

/// Checks DBSC-8: a session that others write while it is bound, and one that is given a new id, stays bound, and what
/// they wrote is kept.
pub(super) async fn dbsc_8_the_binding_survives_what_writes_meanwhile(case: &Case) -> Check {
    const WRITERS: usize = 8;
    let site = start(case, "refuse").await?;
    let device = Device::new()?;
    let mut jar = Jar::new(site.browser("ann"), []);
    let challenge = offered(&jar.sign_in("Ann").await?)?;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let mut writer = jar.copy("writer");
            tokio::spawn(async move { writer.post("/test/do?steps=read,hold:bound,add").await })
        })
        .collect();
    site.held("bound", WRITERS).await?;
    let answer = jar.register(&device.registration(&challenge)?).await?;
    answer.is(200)?;
    site.open("bound").await?;
    for writer in writers {
        crate::check::works("a writer", writer.await)??.is(200)?;
    }
    let id = super::super::device::identifier(&answer)?;
    let mut ann = Bound { jar, device, id };
    ann.jar.counts(WRITERS as u64).await?;
    site.advance(LATER).await?;
    ann.stolen()?.is_signed_in(false).await?;
    ann.jar.post("/test/do?steps=renew").await?.is(200)?;
    site.advance(LATER).await?;
    ann.stolen()?.is_signed_in(false).await?;
    ann.jar.is_signed_in(true).await?;
    ann.prove().await?;
    ann.jar.counts(WRITERS as u64).await.map(drop)
}

/// Checks DBSC-9: who signs in over another user's bound session has one of their own, bound to nothing; the first one's
/// key gets nothing there.
pub(super) async fn dbsc_9_the_binding_passes_to_nobody_else(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let mut ann = Bound::sign_in(&site, "ann").await?;
    let proof_of_ann = ann.jar.cookies.clone();
    offered(&ann.jar.sign_in("Bob").await?)?;
    let sessions = ann.jar.get("/sessions").await?;
    ensure(sessions.json()?[0]["bound"] == false, "bob's session, bound to nothing", || sessions.to_string())?;
    site.advance(LATER).await?;
    ann.stolen()?.is_signed_in(true).await?;
    is_over(&ann.jar.refresh(&ann.id, None).await?)?;
    // Bob binds it to a device of his own, and hers proves nothing there.
    let device = Device::new()?;
    let challenge = offered(&ann.jar.sign_in("Bob").await?)?;
    is_refused("the first user's key", &ann.jar.register(&ann.device.registration("c0")?).await?)?;
    ann.jar.register(&device.registration(&challenge)?).await?.is(200)?;
    ann.jar.is_signed_in(true).await?;
    site.advance(LATER).await?;
    let mut mixed = ann.stolen()?;
    mixed.cookies.extend(proof_of_ann.into_iter().filter(|cookie| cookie.name.ends_with("-device")));
    mixed.is_signed_in(false).await.map(drop)
}

/// Checks DBSC-10: signing out removes the device cookie; a refresh after that, or after the session was ended from
/// elsewhere, tells the browser to forget the key.
pub(super) async fn dbsc_10_the_end_of_a_session_ends_the_binding(case: &Case) -> Check {
    let site = start(case, "refuse").await?;
    let mut ann = Bound::sign_in(&site, "ann").await?;
    let mut before = ann.jar.copy("ann, before");
    ann.jar.post("/test/do?steps=end").await?.is(200)?;
    ann.jar.has(&[])?;
    site.advance(LATER).await?;
    is_over(&before.refresh(&ann.id, None).await?)?;

    let mut phone = Bound::sign_in(&site, "ann").await?;
    let mut laptop = Bound::sign_in(&site, "ann").await?;
    laptop.jar.post("/sessions/end-others").await?.is(200)?;
    site.advance(LATER).await?;
    is_over(&phone.jar.refresh(&phone.id, None).await?)?;
    let left = &phone.jar.cookies;
    ensure(!left.iter().any(|it| it.name.ends_with("-device")), "no device cookie after the end", || {
        format!("{left:?}")
    })?;
    laptop.prove().await.map(drop)
}

/// Checks DBSC-11: the application may have what comes without proof go on: with `step-up` no proof of identity counts as
/// fresh before the next sign-in, with `log` all is as ever.
pub(super) async fn dbsc_11_what_comes_without_proof_may_go_on(case: &Case) -> Check {
    for (policy, fresh) in [("step-up", false), ("log", true)] {
        let site = start(case, policy).await?;
        let mut ann = Bound::sign_in(&site, "ann").await?;
        site.advance(LATER).await?;
        let mut other = ann.stolen()?;
        let is_fresh = async |jar: &mut Jar, fresh: bool| {
            let answer = jar.post("/test/do?steps=add,fresh").await?;
            answer.is(200)?;
            let expected = format!("with {policy}, {:?} from {}", fresh, jar.name());
            ensure(answer.json()?["fresh"] == fresh, expected, || answer.to_string())
        };
        is_fresh(&mut ann.jar, true).await?;
        is_fresh(&mut other, fresh).await?;
        other.is_signed_in(true).await?;
        offered(&other.sign_in("ann").await?)?;
        is_fresh(&mut other, true).await?;
    }
    Ok(())
}
