//! CHANGE: the cookie's attributes, name and scope change while sessions live.

use std::time::Duration;

use session_core::{Clock, SystemClock};

use super::super::browser::Answer;
use super::super::case::Case;
use super::super::jar::{Jar, Kept};
use crate::check::{Check, broken, ensure, equal};

pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
const PATH: &str = "/test";
const DOMAIN: &str = "example.org";

/// A cookie that may have any attributes, and has had others.
const FORMER_ATTRIBUTES: [(&str, &str); 3] =
    [("SESSION_COOKIE", "development"), ("SESSION_FORMER_PATH", PATH), ("SESSION_FORMER_DOMAIN", DOMAIN)];

/// An id that nobody was given.
fn unknown() -> String {
    "A".repeat(43)
}

/// Gives the time in an hour, in milliseconds since 1970. A server that is started next begins an hour before it, or
/// little less.
pub(super) fn in_an_hour() -> String {
    (SystemClock.now() + HOUR).as_millis().to_string()
}

/// Checks that the answer removes the cookies of that name with these paths and domains, and no others.
fn removes(answer: &Answer, name: &str, attributes: &[(&str, Option<&str>)]) -> Check {
    let cookies = answer.cookies();
    let removed: Vec<_> = cookies.iter().filter(|cookie| cookie.removes() && cookie.value.is_empty()).collect();
    let came: Vec<_> = removed.iter().map(|it| (it.attribute("Path").unwrap_or(""), it.attribute("Domain"))).collect();
    let named = removed.iter().all(|cookie| cookie.name == name);
    let all = came.len() == attributes.len() && attributes.iter().all(|it| came.contains(it));
    ensure(named && all, format!("{name} is removed with path and domain {attributes:?}"), || answer.to_string())
}

/// Checks CHANGE-1: with former attributes named, who has the cookie under those, too, is shown the session that
/// lives; its cookie is set as it is now, and the former ones are removed with the attributes that they had.
pub(super) async fn change_1_of_two_attributes_the_former_is_removed(case: &Case) -> Check {
    let site = case.start_with(&FORMER_ATTRIBUTES).await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    let before_sign_in = ann.id()?.to_owned();
    let set = ann.sign_in("Ann").await?.sets_one()?;
    let present = Kept::new(&set.name, &set.value);
    for stale in [&unknown(), &before_sign_in] {
        for former in [
            Kept::new(&set.name, stale).with_path(PATH),
            Kept::new(&set.name, stale).with_domain(DOMAIN),
            // As where a server of the old kind was asked between two of the new.
            Kept::new(&set.name, &set.value).with_domain(DOMAIN),
        ] {
            for both in [[former.clone(), present.clone()], [present.clone(), former]] {
                let mut jar = Jar::new(site.browser("ann, twice"), both);
                let answer = jar.counts(1).await?;
                removes(&answer, &set.name, &[(PATH, None), ("/", Some(DOMAIN))])?;
                let again: Vec<_> = answer.cookies().into_iter().filter(|it| !it.removes()).collect();
                let [again] = &again[..] else {
                    return broken("the cookie is set once", answer.to_string());
                };
                equal("the value", &set.value, &again.value)?;
                equal("the attributes", &set.lasting(), &again.lasting())?;
                jar.has(std::slice::from_ref(&present))?;
                jar.is_signed_in(true).await?.sets_none()?;
            }
        }
    }
    // Alone it is the session's, since it does not say where it stands; signing out removes it wherever that is.
    let mut jar = Jar::new(site.browser("ann, once"), [present.with_domain(DOMAIN)]);
    jar.counts(1).await?.sets_none()?;
    let answer = jar.post("/test/do?steps=end").await?;
    answer.is(200)?;
    removes(&answer, &set.name, &[("/", None), (PATH, None), ("/", Some(DOMAIN))])?;
    jar.has(&[])
}

/// Checks CHANGE-2: who has two that open sessions, one of them somebody's, is shown neither, and is left with the
/// present one; a sign-in with both works, and ends them.
pub(super) async fn change_2_who_has_two_that_live_is_left_with_one(case: &Case) -> Check {
    let site = case.start_with(&FORMER_ATTRIBUTES).await?;
    let (mut ann, mut visitor) = (site.browser("ann"), site.browser("visitor"));
    ann.add().await?;
    ann.sign_in("Ann").await?;
    visitor.add().await?;
    visitor.add().await?;
    let (name, id) = visitor.cookie()?;
    let (present, of_ann) = (Kept::new(name, id), Kept::new(name, ann.cookie()?.1).with_domain(DOMAIN));
    let both = [of_ann, present.clone()];
    let formers = [(PATH, None), ("/", Some(DOMAIN))];

    let mut jar = Jar::new(site.browser("both"), both.clone());
    let answer = jar.counts(0).await?;
    removes(&answer, name, &formers)?;
    ensure(answer.cookies().len() == formers.len(), "no cookie is set", || answer.to_string())?;
    jar.has(&[present])?;
    jar.counts(2).await?.sets_none()?;

    let mut jar = Jar::new(site.browser("both"), both);
    let answer = jar.post("/test/do?steps=login:Eve").await?;
    answer.is(200)?;
    removes(&answer, name, &formers)?;
    ensure(jar.cookies.len() == 1, "the browser is left with one cookie", || format!("{:?}", jar.cookies))?;
    jar.is_signed_in(true).await?;
    jar.counts(0).await?;
    ann.is_signed_in(false).await?;
    visitor.counts(0).await
}

/// Checks CHANGE-3: a session from before the change that comes under a former name is given a new id under the present
/// one at once, and the former cookie is removed; so it is by a sign-in, and a sign-out removes both.
pub(super) async fn change_3_a_session_moves_from_the_former_name_at_once(case: &Case) -> Check {
    let weak = case.start_with(&[("SESSION_COOKIE", "development")]).await?;
    let (mut ann, mut bob, mut eve) = (weak.browser("ann"), weak.browser("bob"), weak.browser("eve"));
    for visitor in [&mut ann, &mut bob, &mut eve] {
        visitor.add().await?;
    }
    ann.sign_in("Ann").await?;
    let (name, id) = ann.cookie()?;
    let former = |value: &str| [Kept::new(name, value)];
    weak.stop().await?;

    let changed_at = in_an_hour();
    let strong = case.start_with(&[("SESSION_FORMER_NAME", name), ("SESSION_CHANGED_AT_MS", &changed_at)]).await?;
    let mut jar = Jar::new(strong.browser("ann"), former(id));
    moved(&jar.counts(1).await?, &jar, name, id)?;
    jar.counts(1).await?.sets_none()?;
    jar.is_signed_in(true).await?.sets_none()?;
    // The old id is dead, once the new one was presented and the overlap is over.
    strong.advance(Duration::from_secs(31)).await?;
    Jar::new(strong.browser("ann, late"), former(id)).is_signed_in(false).await?;

    let id = bob.cookie()?.1;
    let mut jar = Jar::new(strong.browser("bob"), former(id));
    let answer = jar.post("/test/do?steps=login:Bob").await?;
    answer.is(200)?;
    moved(&answer, &jar, name, id)?;
    jar.counts(1).await?.sets_none()?;
    jar.is_signed_in(true).await?;

    let mut jar = Jar::new(strong.browser("eve"), former(eve.cookie()?.1));
    let answer = jar.post("/test/do?steps=end").await?;
    answer.is(200)?;
    ensure(answer.cookies().iter().all(|cookie| cookie.removes()), "no cookie is set", || answer.to_string())?;
    jar.has(&[])?;
    Jar::new(strong.browser("eve, late"), former(eve.cookie()?.1)).counts(0).await.map(drop)
}

/// Checks that the answer sets a cookie of the present name with a new id, and removes the former one.
fn moved(answer: &Answer, jar: &Jar, name: &str, id: &str) -> Check {
    removes(answer, name, &[("/", None)])?;
    let is_moved = matches!(&jar.cookies[..], [one] if one.name == format!("__Host-Http-{name}") && one.value != id);
    ensure(is_moved, format!("one cookie, __Host-Http-{name}, with a new id"), || answer.to_string())
}

/// Checks CHANGE-4: a former name does not count for a session that began, or was signed in to, after the change, nor
/// beside a cookie of the present name.
pub(super) async fn change_4_the_former_name_does_not_always_count(case: &Case) -> Check {
    let changed_at = in_an_hour();
    let weak = case.start_with(&[("SESSION_COOKIE", "development")]).await?;
    let (mut old, mut young, mut signed_in) = (weak.browser("old"), weak.browser("young"), weak.browser("signed in"));
    old.add().await?;
    signed_in.add().await?;
    weak.advance(2 * HOUR).await?;
    young.add().await?;
    signed_in.sign_in("Ann").await?;
    let (name, id) = old.cookie()?;
    let former = Kept::new(name, id);
    weak.stop().await?;

    let strong = case.start_with(&[("SESSION_FORMER_NAME", name), ("SESSION_CHANGED_AT_MS", &changed_at)]).await?;
    strong.advance(3 * HOUR).await?;
    for planted in [&young, &signed_in] {
        let planted = Kept::new(name, planted.cookie()?.1);
        let mut visitor = Jar::new(strong.browser("visitor"), [planted.clone()]);
        visitor.counts(0).await?.sets_none()?;
        visitor.is_signed_in(false).await?.sets_none()?;
        // Who begins a session there begins one of their own, under the present name.
        visitor.post("/count").await?.is(200)?;
        let own =
            visitor.cookies.iter().find(|it| it.name == format!("__Host-Http-{name}") && it.value != planted.value);
        ensure(own.is_some(), "a cookie of the present name with a new id", || format!("{:?}", visitor.cookies))?;
        visitor.counts(1).await?;
    }

    let mut bob = strong.browser("bob");
    bob.add().await?;
    bob.add().await?;
    let (present, own) = bob.cookie()?;
    for (value, count) in [(unknown().as_str(), 0), ("", 0), ("malformed", 0), (own, 2)] {
        let present = Kept::new(present, value);
        for both in [[former.clone(), present.clone()], [present, former.clone()]] {
            Jar::new(strong.browser("both"), both).counts(count).await?;
        }
    }
    // Alone it counts.
    Jar::new(strong.browser("old"), [former]).counts(1).await.map(drop)
}

/// Checks CHANGE-7: who changes the cookie's name and keeps the scope keeps the sessions; `Sessions` of another scope on
/// the same store know none of them, end none of them, and are not known there.
pub(super) async fn change_7_the_scope_says_whose_sessions_they_are(case: &Case) -> Check {
    let shop = case.start_with(&[("SESSION_COOKIE_NAME", "shop")]).await?;
    let mut ann = shop.browser("ann");
    ann.sign_in("Ann").await?;
    let of_shop = ann.id()?.to_owned();
    equal("the name", &"__Host-Http-shop", &ann.cookie()?.0)?;
    shop.stop().await?;

    // By its name it has a scope of its own.
    let admin = case.start_with(&[("SESSION_COOKIE_NAME", "admin")]).await?;
    let mut visitor = admin.browser("with the shop's id").with_cookie(Some(format!("__Host-Http-admin={of_shop}")));
    visitor.is_signed_in(false).await?;
    visitor.get("/").await?.sets_none()?;
    visitor.sign_in("Ann").await?;
    let of_admin = visitor.id()?.to_owned();
    ensure(of_admin != of_shop, "a new id", || "the shop's".to_owned())?;
    // It is the same user, where there is a list by user.
    visitor.post("/sessions/end-others").await?;
    visitor.is_signed_in(true).await?;
    admin.stop().await?;

    let renamed = case.start_with(&[("SESSION_COOKIE_NAME", "store"), ("SESSION_SCOPE", "shop")]).await?;
    let with = |id: &str| Some(format!("__Host-Http-store={id}"));
    renamed.browser("ann").with_cookie(with(&of_shop)).is_signed_in(true).await?;
    renamed.browser("with the admin's id").with_cookie(with(&of_admin)).is_signed_in(false).await
}
