//! LEAK: where no id may stand.

use super::super::case::Case;
use crate::check::{Check, ensure};

/// Checks LEAK-1: no id stands in a body, in a `Location`, or in any header but `Set-Cookie`.
pub(super) async fn leak_1_no_id_in_a_body_or_a_header(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    let mut ids = vec![ann.id()?.to_owned()];
    let requests = [
        ("POST", "/login"),
        ("GET", "/"),
        ("GET", "/count"),
        ("GET", "/sessions"),
        ("POST", "/count"),
        ("POST", "/cart/empty"),
        ("POST", "/sessions/end-others"),
        ("POST", "/test/do?steps=renew"),
        ("GET", "/nowhere"),
        ("POST", "/test/do?steps=add,redirect"),
        ("POST", "/test/do?steps=add,fail"),
        ("POST", "/logout"),
    ];
    for (method, path) in requests {
        for accept in ["application/json", "text/html"] {
            let mut page = if path == "/logout" { ann.copy("signs out") } else { ann.clone() };
            let answer = page
                .send(method, path, |it| {
                    let it = it.header("accept", accept);
                    if path == "/login" { it.form(&[("name", "Ann")]) } else { it }
                })
                .await?;
            if path != "/logout" {
                ann = page;
                ids.push(ann.id()?.to_owned());
            }
            for id in &ids {
                let came = || format!("{method} {path} shows it: {answer}");
                ensure(!answer.body.contains(id), "no id in a body", came)?;
                for (name, value) in &answer.headers {
                    let shown = name != "set-cookie" && String::from_utf8_lossy(value.as_bytes()).contains(id);
                    ensure(!shown, format!("no id in {name}"), came)?;
                }
            }
        }
    }
    Ok(())
}

/// Checks LEAK-2: no id stands in the log, at its most talkative, and neither does what a client sent for one.
pub(super) async fn leak_2_no_id_in_the_log(case: &Case) -> Check {
    let site = case.start_with(&[("RUST_LOG", "trace")]).await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    let mut ids = vec![ann.id()?.to_owned()];
    let name = ann.cookie()?.0.to_owned();
    ann.sign_in("Ann").await?;
    ids.push(ann.id()?.to_owned());
    let mut other = site.browser("other");
    other.sign_in("Ann").await?;
    ids.push(other.id()?.to_owned());
    for path in ["/test/do?steps=renew", "/test/do?steps=add,fail", "/sessions/end-others", "/test/do?steps=add"] {
        ann.post(path).await?;
        ids.push(ann.id()?.to_owned());
    }
    other.post("/count").await?;
    for sent in ["Q".repeat(43), "Q".repeat(42), "QQ-not-an-id-QQ".to_owned()] {
        let mut stranger = site.browser("stranger");
        stranger.cookie = Some(format!("{name}={sent}"));
        stranger.get("/").await?;
        ids.push(sent);
    }
    let mut several = ann.copy("several");
    several.cookie = Some(format!("{name}={}; {name}={}", ids[0], ids[1]));
    several.get("/").await?;
    site.store("down").await?;
    ann.get("/").await?;
    ann.post("/logout").await?;
    site.store("up").await?;
    let log = site.stop().await?;
    ensure(!log.is_empty(), "a log at RUST_LOG=trace, on stderr or stdout", || "nothing".to_owned())?;
    for id in ids {
        if let Some(line) = log.lines().find(|line| line.contains(&id)) {
            return crate::check::broken("no id in the log", line);
        }
    }
    Ok(())
}
