//! OWNER: a user's sessions.

use std::time::Duration;

use serde_json::Value;

use super::super::browser::Browser;
use super::super::case::Case;
use super::super::site::Site;
use crate::check::{Check, broken, ensure, equal};

const SECOND: Duration = Duration::from_secs(1);

/// Lists a browser's sessions.
async fn list(browser: &mut Browser) -> Check<Vec<Value>> {
    let answer = browser.get("/sessions").await?;
    answer.is(200)?;
    match answer.json()? {
        Value::Array(sessions) => Ok(sessions),
        other => broken("a list", other.to_string()),
    }
}

/// Gives the key of the session that a browser is in.
async fn key(browser: &mut Browser) -> Check<String> {
    let sessions = list(browser).await?;
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
    match current[..] {
        [only] if only["key"].is_string() => Ok(only["key"].as_str().unwrap_or_default().to_owned()),
        _ => broken("one session that is the current one, with its key", format!("{sessions:?}")),
    }
}

async fn signed_in(site: &Site, name: &'static str, user: &str) -> Check<Browser> {
    let mut browser = site.browser(name);
    browser.sign_in(user).await?;
    Ok(browser)
}

/// Checks OWNER-1: a user sees all their sessions, with the one they are in, and nobody else's.
pub(super) async fn owner_1_a_user_sees_their_sessions_alone(case: &Case) -> Check {
    let site = case.start().await?;
    let mut browsers = Vec::new();
    for name in ["laptop", "phone", "tablet"] {
        browsers.push(signed_in(&site, name, "Ann").await?);
    }
    let mut bob = signed_in(&site, "bob", "Bob").await?;
    let mut keys = Vec::new();
    for browser in &mut browsers {
        keys.push(key(browser).await?);
    }
    keys.sort_unstable();
    keys.dedup();
    equal("the keys of Ann's", &3, &keys.len())?;
    for browser in &mut browsers {
        let mut listed: Vec<_> =
            list(browser).await?.iter().map(|it| it["key"].as_str().unwrap_or_default().to_owned()).collect();
        listed.sort_unstable();
        equal("Ann's sessions", &keys, &listed)?;
    }
    equal("Bob's sessions", &1, &list(&mut bob).await?.len())?;
    site.browser("visitor").is_signed_in(false).await
}

/// Checks OWNER-2: ending one of one's own sessions ends it at once, and no other; somebody else's is not found.
pub(super) async fn owner_2_one_session_is_ended_from_another(case: &Case) -> Check {
    let site = case.start().await?;
    let mut laptop = signed_in(&site, "laptop", "Ann").await?;
    let mut phone = signed_in(&site, "phone", "Ann").await?;
    let mut tablet = signed_in(&site, "tablet", "Ann").await?;
    let mut bob = signed_in(&site, "bob", "Bob").await?;
    let phones = format!("/sessions/{}/end", key(&mut phone).await?);
    bob.post(&phones).await?.is(404)?;
    phone.is_signed_in(true).await?;

    let answer = laptop.post(&phones).await?;
    answer.is(200)?;
    answer.sets_none()?;
    phone.is_signed_in(false).await?;
    laptop.post(&phones).await?.is(404)?;
    for browser in [&mut laptop, &mut tablet, &mut bob] {
        browser.is_signed_in(true).await?;
    }
    equal("Ann's sessions", &2, &list(&mut laptop).await?.len())
}

/// Checks OWNER-3: ending all others ends all of that user but this one, and nobody else's.
pub(super) async fn owner_3_all_others_are_ended(case: &Case) -> Check {
    let site = case.start().await?;
    let mut laptop = signed_in(&site, "laptop", "Ann").await?;
    let mut others = Vec::new();
    for name in ["phone", "tablet", "library"] {
        others.push(signed_in(&site, name, "Ann").await?);
    }
    let mut bob = signed_in(&site, "bob", "Bob").await?;
    let answer = laptop.post("/sessions/end-others").await?;
    answer.is(200)?;
    for other in &mut others {
        other.is_signed_in(false).await?;
    }
    laptop.is_signed_in(true).await?;
    equal("Ann's sessions", &1, &list(&mut laptop).await?.len())?;
    bob.is_signed_in(true).await?;
    answer.sets_none()
}

/// Checks OWNER-4: ending all others and then one's own leaves no session of that user, and removes the cookie.
pub(super) async fn owner_4_all_are_ended(case: &Case) -> Check {
    let site = case.start().await?;
    let mut laptop = signed_in(&site, "laptop", "Ann").await?;
    let mut phone = signed_in(&site, "phone", "Ann").await?;
    let mut old = laptop.copy("old id");
    laptop.post("/sessions/end-others").await?.is(200)?;
    let own = format!("/sessions/{}/end", key(&mut laptop).await?);
    let answer = laptop.post(&own).await?;
    answer.is(200)?;
    ensure(answer.sets_one()?.removes(), "the cookie is removed", || answer.to_string())?;
    phone.is_signed_in(false).await?;
    old.is_signed_in(false).await?;
    let mut again = signed_in(&site, "again", "Ann").await?;
    equal("Ann's sessions", &1, &list(&mut again).await?.len())
}

/// Checks OWNER-5: a request under way in a session that another ends is answered 409, and brings nothing back.
pub(super) async fn owner_5_a_revoked_session_is_not_brought_back(case: &Case) -> Check {
    let site = case.start().await?;
    let mut laptop = signed_in(&site, "laptop", "Ann").await?;
    let mut phone = signed_in(&site, "phone", "Ann").await?;
    let mut writers = Vec::new();
    for steps in ["read,hold:gate,add", "add,hold:gate", "renew,hold:gate"] {
        let mut writer = phone.copy("writer");
        writers.push(tokio::spawn(async move { writer.post(&format!("/test/do?steps={steps}")).await }));
    }
    site.held("gate", writers.len()).await?;
    laptop.post("/sessions/end-others").await?.is(200)?;
    site.open("gate").await?;
    for writer in writers {
        let answer = writer.await.expect("the request does not panic")?;
        answer.is(409)?;
        answer.sets_none()?;
    }
    phone.is_signed_in(false).await?;
    equal("Ann's sessions", &1, &list(&mut laptop).await?.len())
}

/// Checks OWNER-6: with a maximum per owner, one sign-in too many ends the session that signed in first.
pub(super) async fn owner_6_there_is_a_maximum(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_MAX_PER_OWNER", "2")]).await?;
    let mut browsers = Vec::new();
    for name in ["first", "second", "third", "fourth"] {
        browsers.push(signed_in(&site, name, "Ann").await?);
        // Who signed in first is told by the time.
        site.advance(SECOND).await?;
        let mut bob = signed_in(&site, "bob", "Bob").await?;
        bob.post("/logout").await?.is(200)?;
        let at = browsers.len();
        for (number, browser) in browsers.iter_mut().enumerate() {
            browser.is_signed_in(number + 2 >= at).await?;
        }
    }
    let [.., last] = &mut browsers[..] else { return Ok(()) };
    equal("Ann's sessions", &2, &list(last).await?.len())
}

/// Checks OWNER-7: with the id of a session that was ended from another one, what writes, signs in or signs out works at
/// once; one request begins a new session, and a second one with that id is not let into it.
pub(super) async fn owner_7_who_was_ended_from_elsewhere_begins_anew(case: &Case) -> Check {
    for limit in [None, Some(("SESSION_MAX_PER_OWNER", "2"))] {
        let site = case.start_with(limit.as_slice()).await?;
        let ended = async |name| -> Check<Browser> {
            // Who came first is told by the time.
            let sign_in = async |name| {
                site.advance(SECOND).await?;
                signed_in(&site, name, "Ann").await
            };
            let mut phone = sign_in(name).await?;
            phone.add().await?;
            match limit {
                None => sign_in("laptop").await?.post("/sessions/end-others").await?.is(200)?,
                Some(_) => {
                    sign_in("laptop").await?;
                    sign_in("tablet").await?;
                }
            }
            site.advance(SECOND).await?;
            phone.get("/").await?.sets_none()?;
            phone.is_signed_in(false).await?;
            Ok(phone)
        };

        let mut phone = ended("phone that writes").await?;
        let mut tab = phone.copy("a second tab");
        let id = phone.id()?.to_owned();
        equal("the counter of a new session", &1, &phone.add().await?)?;
        ensure(phone.id()? != id, "another id than the dead one", || "the same".to_owned())?;
        phone.is_signed_in(false).await?;
        let answer = tab.post("/count").await?;
        answer.is(409)?;
        answer.sets_none()?;
        phone.counts(1).await?;
        phone.sign_in("Ann").await?;
        phone.counts(1).await?;

        let mut phone = ended("phone that signs in").await?;
        phone.sign_in("Ann").await?;
        phone.counts(0).await?;
        phone.is_signed_in(true).await?;

        let answer = ended("phone that signs out").await?.post("/logout").await?;
        answer.is(200)?;
        answer.sets_none()?;
        site.stop().await?;
    }
    Ok(())
}

/// Checks OWNER-8: who signs in with such an id is let into nothing that somebody else began from it.
pub(super) async fn owner_8_nobody_signs_in_to_what_another_began(case: &Case) -> Check {
    let site = case.start().await?;
    let mut laptop = signed_in(&site, "laptop", "Ann").await?;
    let mut phone = signed_in(&site, "phone", "Ann").await?;
    // Why Ann ends it: somebody else knows its id.
    let mut thief = phone.copy("thief");
    laptop.post("/sessions/end-others").await?.is(200)?;
    thief.add().await?;
    phone.sign_in("Ann").await?;
    phone.counts(0).await?;
    phone.is_signed_in(true).await?;
    thief.is_signed_in(false).await?;
    thief.counts(0).await?;
    phone.counts(0).await
}
