//! ID: which ids are good.

use super::super::browser::Browser;
use super::super::case::Case;
use crate::check::{Check, ensure};

/// Checks ID-1: an id that a client made up is never adopted.
pub(super) async fn id_1_an_invented_id_is_never_adopted(case: &Case) -> Check {
    let site = case.start().await?;
    let mut first = site.browser("first");
    first.add().await?;
    let name = first.cookie()?.0;
    for path in ["/login", "/count", "/test/do?steps=add", "/test/do?steps=renew,add", "/test/do?steps=end"] {
        let mut mallory = site.browser("mallory");
        let invented = format!("{name}={}", "A".repeat(43));
        mallory.cookie = Some(invented.clone());
        let answer = mallory.form(path, &[("name", "Mallory")]).await?;
        let adopted = answer.cookies().iter().any(|cookie| format!("{}={}", cookie.name, cookie.value) == invented);
        ensure(!adopted, "another id than the client's", || answer.to_string())?;
        let mut again = site.browser("again");
        again.cookie = Some(invented);
        again.is_signed_in(false).await?;
        again.counts(0).await?;
    }
    Ok(())
}

/// Checks ID-2: signing in, also again, gives a new id and keeps what was in the session.
pub(super) async fn id_2_signing_in_gives_a_new_id(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    for _ in 0..3 {
        let before = ann.id()?.to_owned();
        ann.sign_in("Ann").await?.sets_one()?;
        ensure(ann.id()? != before, "another id than before", || "the same".to_owned())?;
        ann.counts(1).await?;
    }
    Ok(())
}

/// Checks ID-3: after a renewal the old id shows nothing, changes nothing, and sets or removes no cookie.
pub(super) async fn id_3_the_old_id_is_dead(case: &Case) -> Check {
    let site = case.start().await?;
    for path in ["/login", "/test/do?steps=renew", "/test/do?steps=renew,add", "/test/do?steps=add,renew"] {
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        ann.add().await?;
        let mut old = ann.copy("old id");
        ann.form(path, &[("name", "Ann")]).await?.sets_one()?;
        let count = ann.count().await?;
        is_dead(&mut old).await?;
        ann.counts(count).await?;
        ann.is_signed_in(true).await?;
    }
    Ok(())
}

/// Checks that an id shows nothing, changes nothing, and sets or removes no cookie.
async fn is_dead(old: &mut Browser) -> Check {
    old.is_signed_in(false).await?;
    old.counts(0).await?;
    for (method, path) in [("GET", "/"), ("GET", "/count"), ("POST", "/count"), ("POST", "/test/do?steps=add")] {
        let answer = old.copy("old id").send(method, path, |request| request).await?;
        ensure(answer.status != 200 || method == "GET", "no change is said to be done", || answer.to_string())?;
        answer.sets_none()?;
    }
    Ok(())
}

/// Checks ID-4: a request that began with the old id and ends after the renewal leaves the new cookie and session
/// alone.
pub(super) async fn id_4_a_straggler_does_not_disturb_the_new_cookie(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    let mut stragglers = Vec::new();
    for steps in ["read,hold:gate", "read,hold:gate,add", "add,hold:gate", "hold:gate,read", "hold:gate,add"] {
        let mut straggler = ann.copy("straggler");
        stragglers.push(tokio::spawn(async move {
            let answer = straggler.post(&format!("/test/do?steps={steps}")).await;
            (steps, answer)
        }));
    }
    site.held("gate", stragglers.len()).await?;
    ann.sign_in("Ann").await?;
    site.open("gate").await?;
    for straggler in stragglers {
        let (steps, answer) = straggler.await.expect("the request does not panic");
        let answer = answer?;
        answer.sets_none()?;
        let done = answer.status == 200 && steps.contains("add");
        ensure(!done, format!("{steps} with the old id is not said to be done"), || answer.to_string())?;
    }
    ann.is_signed_in(true).await?;
    ann.counts(1).await
}

/// Checks ID-5: after signing out the id is dead.
pub(super) async fn id_5_signing_out_ends_the_id(case: &Case) -> Check {
    let site = case.start().await?;
    for path in ["/logout", "/test/do?steps=end", "/test/do?steps=add,end"] {
        let mut ann = site.browser("ann");
        ann.sign_in("Ann").await?;
        ann.add().await?;
        let mut old = ann.copy("old id");
        ann.post(path).await?.is(200)?;
        is_dead(&mut old).await?;
    }
    Ok(())
}

/// Checks ID-6: a request under way at the sign-out is answered 409, sets no cookie, and brings nothing back.
pub(super) async fn id_6_signing_out_kills_writers_in_flight(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let mut after = ann.copy("after");
    let mut writers = Vec::new();
    for steps in ["read,hold:gate,add", "add,hold:gate", "renew,hold:gate,add"] {
        let mut writer = ann.copy("writer");
        writers.push(tokio::spawn(async move { writer.post(&format!("/test/do?steps={steps}")).await }));
    }
    site.held("gate", writers.len()).await?;
    ann.post("/logout").await?.is(200)?;
    site.open("gate").await?;
    for writer in writers {
        let answer = writer.await.expect("the request does not panic")?;
        answer.is(409)?;
        answer.sets_none()?;
    }
    is_dead(&mut after).await
}
