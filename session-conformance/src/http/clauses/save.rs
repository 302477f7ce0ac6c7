//! SAVE: what is stored, and when.

use serde_json::json;

use super::super::browser::Answer;
use super::super::case::Case;
use crate::check::{Check, ensure, equal, works};

/// Checks SAVE-1: of updates that all read before any wrote, every one counts.
pub(super) async fn save_1_parallel_updates_all_count(case: &Case) -> Check {
    const REQUESTS: usize = 40;
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut requests = Vec::new();
    for _ in 0..REQUESTS {
        let mut tab = ann.copy("tab");
        requests.push(tokio::spawn(async move { tab.post("/test/do?steps=read,hold:gate,add").await }));
    }
    site.held("gate", REQUESTS).await?;
    site.open("gate").await?;
    let mut answers = Vec::new();
    for request in requests {
        let answer = request.await.expect("the request does not panic")?;
        answer.is(200)?;
        answers.push(answer);
    }
    ann.counts(REQUESTS as u64).await?;
    answers.iter().try_for_each(Answer::sets_none)
}

/// Checks SAVE-2: of pages opened at once all count, and one shows the message.
pub(super) async fn save_2_a_message_is_shown_once(case: &Case) -> Check {
    const PAGES: usize = 20;
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut pages = Vec::new();
    for _ in 0..PAGES {
        let mut tab = ann.copy("tab");
        pages.push(tokio::spawn(async move { tab.get("/").await }));
    }
    let mut shown = Vec::new();
    for page in pages {
        let answer = page.await.expect("the request does not panic")?;
        answer.is(200)?;
        let flash = answer.json()?["flash"].clone();
        if flash != json!([]) {
            shown.push(flash);
        }
    }
    equal("the pages with a message", &1, &shown.len())?;
    let page = ann.get("/").await?.json()?;
    equal("visits", &json!(PAGES + 1), &page["visits"])?;
    equal("messages", &json!([]), &page["flash"])
}

/// Checks SAVE-3: a redirect leaves only after what was written is stored.
pub(super) async fn save_3_a_redirect_leaves_after_the_save(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    let before = site.counts().await?;
    let mut writer = ann.copy("writer");
    let writing = tokio::spawn(async move { writer.post("/test/do?steps=read,hold:gate,add,redirect").await });
    site.held("gate", 1).await?;
    // From here on, the store takes the write and does not answer.
    site.store("slow").await?;
    site.open("gate").await?;
    while site.counts().await?.put == before.put {}
    // A redirect that did not wait has had the time of these to arrive.
    for _ in 0..10 {
        site.browser("meanwhile").get("/untouched").await?.is(200)?;
    }
    let left_early = writing.is_finished();
    site.store("up").await?;
    let answer = writing.await.expect("the request does not panic")?;
    ensure(!left_early, "no answer before the store has answered", || answer.to_string())?;
    answer.is(303)?;
    ann.counts(2).await
}

/// Checks SAVE-4: with a streaming body, cookie and session are there before the body's end.
pub(super) async fn save_4_a_streaming_body_comes_after_the_save(case: &Case) -> Check {
    let site = case.start().await?;
    let visitor = site.browser("visitor");
    let mut response =
        works("the head of a stream", visitor.begin("POST", "/test/do?steps=add,stream:gate", |it| it).await)?;
    ensure(response.status() == 200, "200", || response.status().to_string())?;
    let cookie = response.headers().get("set-cookie").and_then(|value| value.to_str().ok());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
    ensure(cookie.is_some(), "Set-Cookie in the head", || format!("{:?}", response.headers()))?;
    let first = works("the first piece", response.chunk().await)?.unwrap_or_default();
    ensure(first.starts_with(b"the first piece"), "the first piece", || format!("{first:?}"))?;
    // The second one waits, and the session is there.
    let mut meanwhile = site.browser("meanwhile");
    meanwhile.cookie = cookie;
    meanwhile.counts(1).await?;
    site.open("gate").await?;
    let rest = works("the second piece", response.text().await)?;
    ensure(rest.ends_with("the second piece\n"), "the second piece", || rest.clone())
}

/// Checks SAVE-5: a response of 500 saves nothing and sets no cookie.
pub(super) async fn save_5_a_server_error_saves_nothing(case: &Case) -> Check {
    let site = case.start().await?;
    for steps in ["add,fail", "add,renew,fail", "renew,fail", "remember,fail"] {
        let answer = site.browser("visitor").post(&format!("/test/do?steps={steps}")).await?;
        answer.is(500)?;
        answer.sets_none()?;
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        ann.add().await?;
        let answer = ann.post(&format!("/test/do?steps={steps}")).await?;
        answer.is(500)?;
        answer.sets_none()?;
        ann.counts(1).await?;
        ann.is_signed_in(true).await?;
    }
    Ok(())
}

/// Checks SAVE-6: a panic saves nothing, sets no cookie, and ends neither the session nor the server.
pub(super) async fn save_6_a_panic_saves_nothing(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    ann.add().await?;
    for (mut browser, steps) in
        [(site.browser("visitor"), "add,panic"), (ann.copy("panics"), "add,panic"), (ann.copy("panics"), "renew,panic")]
    {
        // Some servers answer, some close the connection.
        if let Ok(answer) = browser.try_send("POST", &format!("/test/do?steps={steps}"), |it| it).await {
            answer.is(500)?;
            answer.sets_none()?;
        }
    }
    ann.counts(1).await?;
    ann.is_signed_in(true).await?;
    equal("the counter", &2, &ann.add().await?)
}

/// Checks SAVE-7: a session that is ended by a request which then fails is ended.
pub(super) async fn save_7_signing_out_is_done_in_spite_of_an_error(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut old = ann.copy("old id");
    let answer = ann.post("/test/do?steps=end,fail").await?;
    answer.is(500)?;
    ensure(answer.sets_one()?.removes(), "the cookie is removed", || answer.to_string())?;
    old.is_signed_in(false).await
}
