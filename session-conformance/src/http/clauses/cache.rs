//! CACHE: what caches are told.

use super::super::browser::Answer;
use super::super::case::Case;
use crate::check::{Check, ensure, equal};

fn varies(answer: &Answer) -> bool {
    answer.words("vary").iter().any(|word| word == "cookie" || word == "*")
}

/// Checks CACHE-1: a response whose handler read the session, or asked for the cookie, says `Vary: Cookie`.
pub(super) async fn cache_1_what_asked_varies_by_cookie(case: &Case) -> Check {
    let site = case.start().await?;
    let visitor = site.browser("visitor");
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    for path in ["/", "/count", "/sessions", "/test/do?steps=has", "/test/do?steps=read", "/test/do?steps=read,fail"] {
        for browser in [&visitor, &ann] {
            let answer = browser.clone().get(path).await?;
            ensure(varies(&answer), format!("Vary: Cookie from {path}"), || answer.to_string())?;
        }
    }
    let answer = ann.get("/").await?;
    let accept = answer.words("vary").iter().any(|word| word == "accept");
    ensure(accept, "what else it varies by stays: Accept", || answer.to_string())?;
    for path in ["/count", "/logout"] {
        let answer = ann.post(path).await?;
        ensure(varies(&answer), format!("Vary: Cookie from {path}"), || answer.to_string())?;
    }
    Ok(())
}

/// Checks CACHE-2: a route that does not ask costs no read, and its response says nothing of cookies.
pub(super) async fn cache_2_what_never_asked_costs_nothing(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let before = site.counts().await?;
    for path in ["/untouched", "/test/do?steps=", "/test/do?steps=has"] {
        let answer = ann.get(path).await?;
        answer.is(200)?;
        answer.sets_none()?;
        let asked = path.ends_with("has");
        ensure(varies(&answer) == asked, format!("Vary: Cookie from {path}: {asked}"), || answer.to_string())?;
    }
    let untouched = ann.get("/untouched").await?;
    equal("Cache-Control", &vec!["public".to_owned(), "max-age=60".to_owned()], &untouched.words("cache-control"))?;
    equal("the calls of the store", &before, &site.counts().await?)
}

/// Checks CACHE-3: a response that sets the cookie is private: `public` and `s-maxage` go.
pub(super) async fn cache_3_what_sets_the_cookie_is_private(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    for path in [
        "/test/do?steps=add,public",
        "/test/do?steps=renew,public",
        "/test/do?steps=remember,public",
        "/login",
        "/test/do?steps=end,public",
    ] {
        let answer = ann.form(path, &[("name", "Ann")]).await?;
        answer.is(200)?;
        answer.sets_one()?;
        let words = answer.words("cache-control");
        let private = words.iter().any(|word| word == "private" || word == "no-store");
        let shared = words.iter().any(|word| word == "public" || word.starts_with("s-maxage"));
        ensure(private && !shared, "private or no-store, and neither public nor s-maxage", || answer.to_string())?;
        ensure(varies(&answer), "Vary: Cookie", || answer.to_string())?;
    }
    Ok(())
}

/// Checks CACHE-4: a response that sets no cookie keeps its `Cache-Control`.
pub(super) async fn cache_4_what_sets_none_stays_as_it_was(case: &Case) -> Check {
    let site = case.start().await?;
    let visitor = site.browser("visitor");
    let mut ann = site.browser("ann");
    ann.add().await?;
    for steps in ["public", "has,public", "read,public"] {
        for browser in [&visitor, &ann] {
            let answer = browser.clone().get(&format!("/test/do?steps={steps}")).await?;
            answer.sets_none()?;
            let expected = ["public", "max-age=60", "s-maxage=600"].map(str::to_owned).to_vec();
            equal(&format!("Cache-Control after {steps}"), &expected, &answer.words("cache-control"))?;
        }
    }
    Ok(())
}

/// Checks CACHE-5: HEAD answers as GET without a body; OPTIONS, and what is not there, read no session and set no
/// cookie.
pub(super) async fn cache_5_head_options_and_404_are_harmless(case: &Case) -> Check {
    let site = case.start().await?;
    let visitor = site.browser("visitor");
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    for browser in [&visitor, &ann] {
        for path in ["/count", "/untouched", "/sessions"] {
            let get = browser.clone().get(path).await?;
            let head = browser.clone().send("HEAD", path, |it| it).await?;
            equal(&format!("the status of HEAD {path}"), &get.status, &head.status)?;
            equal(&format!("the body of HEAD {path}"), &"", &head.body.as_str())?;
            equal(&format!("Vary of HEAD {path}"), &varies(&get), &varies(&head))?;
            head.sets_none()?;
        }
    }
    let before = site.counts().await?;
    for (method, path) in
        [("OPTIONS", "/count"), ("OPTIONS", "/"), ("GET", "/nowhere"), ("POST", "/nowhere"), ("DELETE", "/count")]
    {
        let answer = ann.clone().send(method, path, |it| it).await?;
        answer.sets_none()?;
        ensure(answer.status < 500, format!("no server error from {method} {path}"), || answer.to_string())?;
        ensure(path != "/nowhere" || answer.status == 404, format!("404 from {path}"), || answer.to_string())?;
    }
    equal("the calls of the store", &before, &site.counts().await?)
}
