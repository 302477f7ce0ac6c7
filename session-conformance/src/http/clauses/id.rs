//! ID: which ids are good.

use std::time::Duration;

use super::super::browser::Browser;
use super::super::case::Case;
use crate::check::{Check, ensure, equal};

/// How long after its end an id is a straggler's, and a moment more.
pub(super) const WINDOW: Duration = Duration::from_secs(11);
/// How long an id that was renewed although nothing had changed serves once the new one was presented, and a moment more.
const OVERLAP: Duration = Duration::from_secs(31);
const HOUR: Duration = Duration::from_secs(60 * 60);

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

/// Checks that an id shows nothing, changes nothing, and sets or removes no cookie, as long as it is a straggler's.
pub(super) async fn is_dead(old: &mut Browser) -> Check {
    old.is_signed_in(false).await?;
    old.counts(0).await?;
    for (method, path) in [("GET", "/"), ("GET", "/count"), ("POST", "/count"), ("POST", "/test/do?steps=add")] {
        let answer = old.copy("old id").send(method, path, |request| request).await?;
        ensure(answer.status != 200 || method == "GET", "no change is said to be done", || answer.to_string())?;
        answer.sets_none()?;
    }
    Ok(())
}

/// Checks ID-4: a straggler, which was on its way when its browser signed in or out, or comes within 10 s of that, reads
/// nothing old, writes nothing and sets no cookie, however late; whoever comes later with that id begins a new session.
pub(super) async fn id_4_a_straggler_does_not_disturb_the_new_cookie(case: &Case) -> Check {
    let site = case.start().await?;
    for (round, (after, ends)) in [
        (Duration::ZERO, &["/login"][..]),
        (WINDOW, &["/login"]),
        (WINDOW, &["/logout"]),
        (WINDOW, &["/logout", "/login"]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut ann = site.browser("ann");
        ann.add().await?;
        let mut old = ann.copy("old id");
        let mut stragglers = Vec::new();
        for steps in ["read,hold", "read,hold,add", "add,hold", "hold,read", "hold,add", "read,hold,renew", "hold,end"]
        {
            let mut straggler = ann.copy("straggler");
            let path = format!("/test/do?steps={}", steps.replace("hold", &format!("hold:gate-{round}")));
            // Of those that end the session, the one after a sign-in would end that: see LOGIN-5.
            if steps.contains("end") && ends == ["/login"] {
                continue;
            }
            stragglers.push(tokio::spawn(async move { (steps, straggler.post(&path).await) }));
        }
        site.held(&format!("gate-{round}"), stragglers.len()).await?;
        for path in ends {
            ann.form(path, &[("name", "Ann")]).await?.is(200)?;
        }
        is_dead(&mut old).await?;
        site.advance(after).await?;
        site.open(&format!("gate-{round}")).await?;
        for straggler in stragglers {
            let (steps, answer) = straggler.await.expect("the request does not panic");
            let answer = answer?;
            answer.sets_none()?;
            let writes = steps.contains("add") || steps.contains("renew");
            let done = answer.status == 200 && writes;
            ensure(!done, format!("{steps} with the old id is not said to be done"), || answer.to_string())?;
            if steps == "hold,read" {
                ensure(answer.json()?["count"] == 0, "nothing of the session before", || answer.to_string())?;
            }
        }
        let signed_in = ends.contains(&"/login");
        ann.is_signed_in(signed_in).await?;
        let kept = u64::from(ends == ["/login"]);
        ann.counts(kept).await?;
        if after == WINDOW {
            let before = old.id()?.to_owned();
            equal("the counter of a new session", &1, &old.add().await?)?;
            ensure(old.id()? != before, "another id than the dead one", || "the same".to_owned())?;
            old.is_signed_in(false).await?;
            ann.is_signed_in(signed_in).await?;
            ann.counts(kept).await?;
        }
    }
    Ok(())
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

/// Checks ID-7: where ids are renewed every so often, the old one serves until the new one was presented, whose answer
/// may be lost, and for 30 s more; then it is dead.
pub(super) async fn id_7_an_id_that_is_due_serves_until_the_new_one_came(case: &Case) -> Check {
    let every = HOUR.as_millis().to_string();
    let site = case.start_with(&[("SESSION_RENEW_EVERY_MS", &every)]).await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    ann.add().await?;
    let mut old = ann.copy("old id");
    site.advance(HOUR).await?;
    let answer = ann.get("/count").await?;
    answer.is(200)?;
    let renewed = answer.sets_one()?;
    ensure(old.cookie()?.1 != renewed.value, "another id than before", || answer.to_string())?;
    // The new id is on its way.
    for count in 2..4 {
        site.advance(HOUR / 3).await?;
        let answer = old.get("/sessions").await?;
        answer.is(200)?;
        answer.sets_none()?;
        equal("the counter", &count, &old.add().await?)?;
    }
    // It has arrived.
    ann.counts(3).await?;
    old.is_signed_in(true).await?;
    site.advance(OVERLAP).await?;
    let answer = old.get("/sessions").await?;
    answer.is(401)?;
    answer.sets_none()?;
    ann.is_signed_in(true).await?;

    // The answer is lost: the next one, when it is time, has another.
    let mut bob = site.browser("bob");
    bob.sign_in("Bob").await?;
    site.advance(HOUR).await?;
    bob.copy("lost answer").get("/count").await?.sets_one()?;
    bob.is_signed_in(true).await?;
    site.advance(HOUR).await?;
    bob.get("/count").await?.sets_one()?;
    bob.is_signed_in(true).await
}
