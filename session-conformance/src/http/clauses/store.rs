//! STORE: what is answered when the store fails.

use super::super::case::Case;
use crate::check::{Check, ensure};

/// Checks STORE-1: while the store is down, what needs a session is answered 503 and sets no cookie; the rest goes
/// on.
pub(super) async fn store_1_down_is_503_without_a_cookie(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    site.store("down").await?;
    for (method, path) in
        [("GET", "/"), ("GET", "/count"), ("POST", "/count"), ("GET", "/sessions"), ("POST", "/test/do?steps=add")]
    {
        let answer = ann.clone().send(method, path, |it| it).await?;
        answer.is(503)?;
        answer.sets_none()?;
    }
    // A visitor without a cookie has nothing to read, and something to write.
    let mut visitor = site.browser("visitor");
    visitor.get("/").await?.is(200)?;
    let answer = visitor.post("/count").await?;
    answer.is(503)?;
    answer.sets_none()?;
    ann.get("/untouched").await?.is(200)?;
    ann.get("/test/do?steps=has").await?.is(200)
}

/// Checks STORE-2: where the store fails after the handler, its response is not sent, but 503 without a cookie.
pub(super) async fn store_2_down_at_the_write_is_503(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let visitor = site.browser("visitor");
    let mut requests = Vec::new();
    for browser in [&ann, &visitor] {
        for steps in ["add,hold:gate", "read,hold:gate,add,redirect", "add,hold:gate,public"] {
            let mut writer = browser.copy("writer");
            requests.push(tokio::spawn(async move { writer.post(&format!("/test/do?steps={steps}")).await }));
        }
    }
    site.held("gate", requests.len()).await?;
    site.store("down").await?;
    site.open("gate").await?;
    for request in requests {
        let answer = request.await.expect("the request does not panic")?;
        answer.is(503)?;
        answer.sets_none()?;
        let words = answer.words("cache-control");
        ensure(!words.iter().any(|word| word == "public"), "not public", || answer.to_string())?;
        ensure(!answer.body.contains("count"), "not the handler's body", || answer.to_string())?;
    }
    site.store("up").await?;
    ann.counts(0).await
}

/// Checks STORE-3: a store that does not answer is 503 when the time is up.
pub(super) async fn store_3_slow_is_503_in_time(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_TIMEOUT_MS", "1000")]).await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    site.store("slow").await?;
    for (method, path) in [("GET", "/count"), ("POST", "/count")] {
        let answer = ann.send(method, path, |it| it).await?;
        answer.is(503)?;
        answer.sets_none()?;
    }
    ann.get("/untouched").await?.is(200)?;
    site.store("up").await?;
    ann.is_signed_in(true).await
}

/// Checks STORE-4: with `anonymous`, requests go on with an empty session, no new one begins, and nothing is ever written
/// over the real one.
pub(super) async fn store_4_anonymous_is_empty_and_never_written(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_ON_FAILURE", "anonymous")]).await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    ann.add().await?;
    site.store("down").await?;
    let mut during = ann.copy("during");
    during.is_signed_in(false).await?;
    during.counts(0).await?;
    let renewed = ann.copy("renews").post("/test/do?steps=renew").await?;
    ensure(renewed.status >= 400, "an error: nothing was renewed", || renewed.to_string())?;
    renewed.sets_none()?;
    let writing = |steps: &'static str| {
        let mut writer = ann.copy("writer");
        tokio::spawn(async move { writer.post(&format!("/test/do?steps={steps}")).await })
    };
    let requests = ["add,hold:gate", "add,hold:gate,redirect", "read,hold:gate,add"].map(writing);
    site.held("gate", requests.len()).await?;
    // They write once the store is back, and had an empty session before.
    site.store("up").await?;
    site.open("gate").await?;
    for request in requests {
        // Pages that can do without a session go on, so it may be answered as if it were done.
        request.await.expect("the request does not panic")?.sets_none()?;
    }
    ann.is_signed_in(true).await?;
    ann.counts(1).await
}

/// Checks STORE-5: once the store is back, the same cookies work and nothing is lost.
pub(super) async fn store_5_all_is_well_once_it_is_back(case: &Case) -> Check {
    for policy in ["fail-closed", "anonymous"] {
        let site = case.start_with(&[("SESSION_ON_FAILURE", policy)]).await?;
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        ann.add().await?;
        let cookie = ann.cookie.clone();
        for _ in 0..3 {
            site.store("down").await?;
            for (method, path) in [("GET", "/"), ("POST", "/count"), ("GET", "/count")] {
                ann.send(method, path, |it| it).await?.sets_none()?;
            }
            site.store("up").await?;
            ann.is_signed_in(true).await?;
        }
        ensure(ann.cookie == cookie, "the same cookie as before", || "another".to_owned())?;
        ann.counts(1).await?;
        crate::check::equal("the counter", &2, &ann.add().await?)?;
        site.stop().await?;
    }
    Ok(())
}

/// Checks STORE-6: where the store fails while a session is ended, the answer is 503, the cookie is removed all the same,
/// and the id opens nothing once the store is back.
pub(super) async fn store_6_signing_out_while_down_removes_the_cookie(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut leaving = ann.copy("leaving");
    let going = tokio::spawn(async move { leaving.post("/test/do?steps=end,hold:gate").await });
    site.held("gate", 1).await?;
    site.store("down").await?;
    site.open("gate").await?;
    let answer = going.await.expect("the request does not panic")?;
    answer.is(503)?;
    ensure(answer.sets_one()?.removes(), "the cookie is removed", || answer.to_string())?;
    // Whether the server has tried again by then or not.
    site.store("up").await?;
    ann.copy("old id").is_signed_in(false).await?;
    ann.sign_in("Ann").await?;
    ann.is_signed_in(true).await
}
