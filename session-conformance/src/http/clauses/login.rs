//! LOGIN: signing in and out.

use std::time::Duration;

use serde_json::json;

use super::super::browser::{Answer, Browser};
use super::super::case::Case;
use super::id::{WINDOW, is_dead};
use crate::check::{Check, ensure, equal};

/// How long a session lasts that nobody uses, and a moment more.
const IDLE: Duration = Duration::from_secs(24 * 60 * 60 + 1);

/// Checks that a cookie is set, of another id than `before`, and with no lifetime of its own.
fn begins(answer: &Answer, before: &Browser) -> Check {
    answer.is(200)?;
    let set = answer.sets_one()?;
    ensure(!set.removes(), "a cookie is set", || answer.to_string())?;
    ensure(set.value != before.cookie()?.1, "another id than before", || answer.to_string())?;
    ensure(set.attribute("Max-Age").is_none(), "a cookie without the Max-Age of the one before", || answer.to_string())
}

/// Opens the page, and checks who is signed in, that it is the first visit, and how many messages it shows.
async fn first_page(browser: &mut Browser, user: Option<&str>, messages: usize) -> Check {
    let page = browser.get("/").await?.json()?;
    equal("the user", &json!(user), &page["user"])?;
    equal("the visits", &json!(1), &page["visits"])?;
    equal("the messages", &messages, &page["flash"].as_array().map_or(0, Vec::len))
}

/// Makes a session that its user would not show: with a value, a message and a lifetime.
async fn settles_in(browser: &mut Browser, user: &str) -> Check {
    browser.sign_in(user).await?;
    browser.add().await?;
    browser.post("/test/do?steps=tell,remember").await?.is(200)
}

/// Checks LOGIN-1: who signs in over another user's session gets a new one, with no value, message or lifetime of the
/// first, which has ended.
pub(super) async fn login_1_another_user_sees_nothing_of_the_first(case: &Case) -> Check {
    let site = case.start().await?;
    let mut shared = site.browser("shared");
    settles_in(&mut shared, "Ann").await?;
    let mut anns = shared.copy("Ann's id");
    let mut slow = shared.copy("Ann's slow request");
    let writing = tokio::spawn(async move { slow.post("/test/do?steps=read,hold:gate,add").await });
    site.held("gate", 1).await?;

    let answer = shared.sign_in("Bob").await?;
    begins(&answer, &anns)?;
    site.open("gate").await?;
    let late = writing.await.expect("the request does not panic")?;
    late.is(409)?;
    late.sets_none()?;
    shared.counts(0).await?;
    first_page(&mut shared, Some("Bob"), 1).await?;
    is_dead(&mut anns).await?;
    // And back: what Ann left has ended with her session.
    let bobs = shared.copy("Bob's id");
    let answer = shared.sign_in("Ann").await?;
    begins(&answer, &bobs)?;
    shared.counts(0).await?;
    first_page(&mut shared, Some("Ann"), 1).await
}

/// Checks LOGIN-2: of two sign-ins with one cookie, at once or one after the other, both are answered, either cookie works
/// whichever comes last, and the values are kept.
pub(super) async fn login_2_a_double_click_signs_in(case: &Case) -> Check {
    let site = case.start().await?;
    for at_once in [false, true] {
        let mut visitor = site.browser("visitor");
        visitor.add().await?;
        let (mut first, mut second) = (visitor.copy("first click"), visitor.copy("second click"));
        if at_once {
            let click = |mut browser: Browser| {
                tokio::spawn(async move {
                    browser.post("/test/do?steps=read,hold:gate,login:Ann").await.map(|it| (browser, it))
                })
            };
            let clicks = [click(first), click(second)];
            site.held("gate", 2).await?;
            site.open("gate").await?;
            let mut signed_in = Vec::new();
            for click in clicks {
                let (browser, answer) = click.await.expect("the request does not panic")?;
                begins(&answer, &visitor)?;
                signed_in.push(browser);
            }
            [first, second] = signed_in.try_into().expect("two clicks");
        } else {
            for browser in [&mut first, &mut second] {
                let answer = browser.sign_in("Ann").await?;
                begins(&answer, &visitor)?;
            }
        }
        for browser in [&mut first, &mut second] {
            browser.is_signed_in(true).await?;
            browser.counts(1).await?;
        }
        is_dead(&mut visitor).await?;
        if !at_once {
            site.advance(WINDOW).await?;
            second.is_signed_in(true).await?;
            first.is_signed_in(false).await?;
        }
    }
    Ok(())
}

/// Checks LOGIN-3: signing out with a message shows it on the next page, once, under a new id, and nothing else of the old
/// session.
pub(super) async fn login_3_signing_out_may_leave_a_message(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    settles_in(&mut ann, "Ann").await?;
    let mut old = ann.copy("old id");
    let answer = ann.post("/logout").await?;
    begins(&answer, &old)?;
    first_page(&mut ann, None, 1).await?;
    let again = ann.get("/").await?;
    equal("the messages, a second time", &json!([]), &again.json()?["flash"])?;
    ann.counts(0).await?;
    ann.is_signed_in(false).await?;
    is_dead(&mut old).await?;
    ann.sign_in("Bob").await?;
    ann.counts(0).await?;
    is_dead(&mut old).await
}

/// Checks LOGIN-4: signing out of a session that has ended is no error, and sets and removes no cookie: it may be that of
/// a later sign-in.
pub(super) async fn login_4_signing_out_of_what_has_ended_sets_nothing(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut old = ann.copy("old id");
    let mut slow = Vec::new();
    for steps in ["read,hold:gate,end", "hold:gate,end", "read,hold:gate,end,tell", "hold:gate,end,tell"] {
        let mut tab = ann.copy("slow tab");
        slow.push(tokio::spawn(async move { tab.post(&format!("/test/do?steps={steps}")).await }));
    }
    site.held("gate", slow.len()).await?;
    ann.post("/logout").await?.is(200)?;
    let answer = old.post("/logout").await?;
    answer.is(200)?;
    answer.sets_none()?;
    ann.sign_in("Bob").await?;
    let answer = old.post("/logout").await?;
    answer.is(200)?;
    answer.sets_none()?;
    site.open("gate").await?;
    for tab in slow {
        let answer = tab.await.expect("the request does not panic")?;
        answer.is(200)?;
        answer.sets_none()?;
    }
    ann.is_signed_in(true).await
}

/// Checks LOGIN-5: signing out with the id from before a sign-in ends the session under its new id.
pub(super) async fn login_5_signing_out_with_an_old_id_ends_the_session(case: &Case) -> Check {
    let site = case.start().await?;
    for (round, before) in ["read", "read,hold:NAME", "hold:NAME"].into_iter().enumerate() {
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        let gate = format!("gate-{round}");
        let path = format!("/test/do?steps={},end", before.replace("NAME", &gate));
        let mut leaving = ann.copy("leaving");
        let sign_in = async {
            ann.sign_in("Ann").await?;
            site.open(&gate).await
        };
        let answer = if before.contains("hold") {
            let going = tokio::spawn(async move { leaving.post(&path).await });
            site.held(&gate, 1).await?;
            sign_in.await?;
            going.await.expect("the request does not panic")?
        } else {
            sign_in.await?;
            leaving.post(&path).await?
        };
        answer.is(200)?;
        ensure(answer.sets_one()?.removes(), "the cookie is removed", || answer.to_string())?;
        is_dead(&mut ann).await?;
    }
    Ok(())
}

/// Checks LOGIN-6: who signs in with the id of a session that has ended, or while it ends, is signed in, and sees nothing
/// of it.
pub(super) async fn login_6_who_comes_with_an_id_that_is_dead_can_sign_in(case: &Case) -> Check {
    let site = case.start().await?;
    for (after, path) in [
        (None, "/logout"),
        (Some(WINDOW), "/logout"),
        (None, "/test/do?steps=end"),
        (Some(WINDOW), "/test/do?steps=end"),
        (Some(IDLE), "/count"),
    ] {
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        ann.add().await?;
        let mut old = ann.copy("old id");
        ann.post(path).await?.is(200)?;
        if let Some(after) = after {
            site.advance(after).await?;
        }
        let before = old.copy("before");
        let answer = old.sign_in("Bob").await?;
        begins(&answer, &before)?;
        old.is_signed_in(true).await?;
        old.counts(0).await?;
    }

    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    ann.add().await?;
    for (gate, steps) in [("loaded", "read,hold:loaded,login:Bob"), ("opened", "hold:opened,login:Bob")] {
        let mut tab = ann.copy("tab");
        let signing_in = tokio::spawn(async move {
            let answer = tab.post(&format!("/test/do?steps={steps}")).await;
            answer.map(|answer| (tab, answer))
        });
        site.held(gate, 1).await?;
        ann.copy("leaving").post("/logout").await?.is(200)?;
        site.open(gate).await?;
        let (mut tab, answer) = signing_in.await.expect("the request does not panic")?;
        begins(&answer, &ann)?;
        tab.is_signed_in(true).await?;
        tab.counts(0).await?;
    }
    Ok(())
}
