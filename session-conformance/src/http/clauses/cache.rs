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

/// Checks CACHE-6: a response whose session is somebody's is `no-store`, HEAD, redirects and 304 as well, unless the handler
/// set `Cache-Control` itself; of a session of nobody's it is not.
pub(super) async fn cache_6_what_somebody_sees_is_not_stored(case: &Case) -> Check {
    let site = case.start().await?;
    let mut visitor = site.browser("visitor");
    visitor.add().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let no_store = vec!["no-store".to_owned()];
    for (method, steps, status) in [
        ("GET", "read", 200),
        ("HEAD", "read", 200),
        ("GET", "read,redirect", 303),
        ("GET", "read,not-modified", 304),
        ("POST", "add", 200),
        ("POST", "renew", 200),
    ] {
        let path = format!("/test/do?steps={steps}");
        let answer = ann.send(method, &path, |it| it).await?;
        answer.is(status)?;
        equal(&format!("Cache-Control of {method} {path}"), &no_store, &answer.words("cache-control"))?;
        ensure(varies(&answer), "Vary: Cookie", || answer.to_string())?;
        if steps.starts_with("read") {
            let answer = visitor.send(method, &path, |it| it).await?;
            answer.is(status)?;
            equal(&format!("Cache-Control of {method} {path}"), &Vec::new(), &answer.words("cache-control"))?;
        }
    }
    // Neither is the last of it, nor the first.
    let end = ann.copy("leaves").post("/test/do?steps=end").await?;
    equal("Cache-Control of a sign-out", &no_store, &end.words("cache-control"))?;
    let mut again = site.browser("again");
    let login = again.post("/test/do?steps=login:Ann").await?;
    equal("Cache-Control of a sign-in", &no_store, &login.words("cache-control"))?;
    let said = again.get("/test/do?steps=read,public").await?;
    let expected = ["public", "max-age=60", "s-maxage=600"].map(str::to_owned).to_vec();
    equal("Cache-Control that the handler set", &expected, &said.words("cache-control"))
}

/// Checks CACHE-7: headers that tell some caches alone, such as `CDN-Cache-Control`, are `no-store` where the cookie is set,
/// or the handler left `Cache-Control` out and the session is somebody's; else they stay.
pub(super) async fn cache_7_targeted_headers_follow(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut visitor = site.browser("visitor");
    visitor.add().await?;
    let nobody = site.browser("nobody");
    for (browser, steps, expected) in [
        (&nobody, "add,targeted", "no-store"),
        (&nobody, "add,targeted,public", "no-store"),
        (&nobody, "add,targeted,not-modified", "no-store"),
        (&nobody, "add,targeted,redirect", "no-store"),
        (&ann, "read,targeted", "no-store"),
        (&ann, "read,targeted,public", "max-age=600"),
        (&visitor, "read,targeted", "max-age=600"),
        (&nobody, "targeted", "max-age=600"),
    ] {
        for method in ["GET", "HEAD"] {
            let path = format!("/test/do?steps={steps}");
            let answer = browser.copy("tab").send(method, &path, |it| it).await?;
            for name in ["cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control"] {
                let came = answer.words(name);
                equal(&format!("{name} of {method} {path}"), &vec![expected.to_owned()], &came)?;
            }
        }
    }
    Ok(())
}

/// Checks CACHE-8: where that is set, the response that ends a session tells by `Clear-Site-Data` what else to forget, and
/// no other one does.
pub(super) async fn cache_8_browsers_forget_at_the_sign_out(case: &Case) -> Check {
    for (setting, expected) in [("cache,storage", &["\"cache\"", "\"storage\""][..]), ("nothing", &[])] {
        let site = case.start_with(&[("SESSION_CLEAR_SITE_DATA", setting)]).await?;
        let expected: Vec<_> = expected.iter().map(|&it| it.to_owned()).collect();
        for path in ["/logout", "/test/do?steps=end", "/test/do?steps=end,fail", "/test/do?steps=login:Bob"] {
            let mut ann = site.browser("ann");
            let login = ann.sign_in("Ann").await?;
            for answer in [login, ann.get("/").await?, ann.post("/count").await?] {
                equal("Clear-Site-Data where nothing ends", &Vec::new(), &answer.words("clear-site-data"))?;
            }
            let answer = ann.post(path).await?;
            equal(&format!("Clear-Site-Data of {path}"), &expected, &answer.words("clear-site-data"))?;
        }
        site.stop().await?;
    }
    Ok(())
}
