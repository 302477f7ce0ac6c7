//! COOKIE: when one is set, read and removed, and how it is written.

use super::super::browser::SetCookie;
use super::super::case::Case;
use super::super::raw;
use crate::check::{Check, ensure, equal};

/// The attributes of the safe cookie, sorted.
const SAFE: [&str; 4] = ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"];

/// Checks COOKIE-1: no cookie is set until something is written.
pub(super) async fn cookie_1_none_is_set_before_something_is_written(case: &Case) -> Check {
    let site = case.start().await?;
    let mut visitor = site.browser("visitor");
    for path in ["/", "/", "/count", "/sessions", "/untouched", "/nowhere", "/test/do?steps=has", "/test/do?steps=read"]
    {
        visitor.get(path).await?.sets_none()?;
    }
    // Neither is what comes to nothing.
    visitor.post("/test/do?steps=end").await?.sets_none()?;
    visitor.post("/test/do?steps=renew").await?.sets_none()
}

/// Checks COOKIE-2: the first write sets one cookie: `__Host-Http-`, with `HttpOnly`, `Path=/`, `SameSite=Lax`,
/// `Secure` and nothing else.
pub(super) async fn cookie_2_the_first_write_sets_one_with_exact_attributes(case: &Case) -> Check {
    let site = case.start().await?;
    for path in ["/count", "/test/do?steps=add", "/test/do?steps=read,add,add"] {
        let mut visitor = site.browser("visitor");
        let answer = visitor.post(path).await?;
        answer.is(200)?;
        let cookie = answer.sets_one()?;
        let prefixed = cookie.name.starts_with("__Host-Http-");
        ensure(prefixed, "a name that begins with __Host-Http-", || cookie.name.clone())?;
        equal("the attributes", &SAFE.map(str::to_owned).to_vec(), &cookie.attributes)?;
        let id = cookie.value;
        let random = id.len() >= 43 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        ensure(random, "an id of 43 characters of base64url at least", || id.clone())?;
    }
    Ok(())
}

/// Checks COOKIE-3: a request that reads or changes a session whose id stays sets none.
pub(super) async fn cookie_3_none_is_set_where_the_id_stays(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    for path in ["/", "/count", "/sessions", "/untouched", "/nowhere", "/test/do?steps=read"] {
        ann.get(path).await?.sets_none()?;
    }
    for path in ["/count", "/cart/empty", "/test/do?steps=add"] {
        let answer = ann.post(path).await?;
        answer.is(200)?;
        answer.sets_none()?;
    }
    Ok(())
}

/// Checks COOKIE-4: an unknown, malformed or oversized cookie is an empty session, not an error, and sets no cookie.
pub(super) async fn cookie_4_what_makes_no_sense_is_an_empty_session(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    let (name, id) = ann.cookie()?;
    let good = format!("{name}={id}");
    let with = |value: &[u8]| [name.as_bytes(), b"=", value].concat();
    let unknown = "A".repeat(43);
    let cookies = [
        with(unknown.as_bytes()),
        with(b""),
        with(b"short"),
        with(&id.as_bytes()[1..]),
        with(format!("{id}A").as_bytes()),
        with(format!("{id}=").as_bytes()),
        with(format!("{id}.{id}").as_bytes()),
        with(id.to_uppercase().as_bytes()),
        with(b"\xff\xfe\x80"),
        with(b"../../etc/passwd"),
        with(&[b'A'; 8_000]),
        with(format!("%{:02x}{}", id.as_bytes()[0], &id[1..]).as_bytes()),
        [b"=;;; ;=\"".as_slice(), name.as_bytes()].concat(),
        format!("{name} {id}").into_bytes(),
    ];
    for cookie in cookies {
        if cookie == good.as_bytes() {
            continue;
        }
        let answer = raw::get(&site, "/", &[&cookie]).await?;
        let shown = || format!("{answer:?}");
        ensure(answer.status == 200, "200", shown)?;
        ensure(answer.body.contains("\"user\":null"), "an empty session", shown)?;
        ensure(!answer.head.contains("set-cookie"), "no Set-Cookie", shown)?;
    }
    // One that is no session does not spoil the request for others: the good one is read beside other cookies.
    let beside = format!("a=\u{e9}; {good}; b=\"2\"");
    let answer = raw::get(&site, "/", &[beside.as_bytes()]).await?;
    ensure(answer.body.contains("\"user\":\"Ann\""), "Ann's session beside other cookies", || format!("{answer:?}"))
}

/// Checks COOKIE-5: the same cookie twice counts once; of several different ones the one that is live does. Where two are,
/// and somebody's, none does. None is set or removed.
pub(super) async fn cookie_5_of_several_the_live_one_counts(case: &Case) -> Check {
    let site = case.start().await?;
    let (mut ann, mut eve) = (site.browser("ann"), site.browser("eve"));
    ann.sign_in("Ann").await?;
    eve.sign_in("Eve").await?;
    let cookie = |(name, value): (&str, &str)| format!("{name}={value}");
    let (good, other) = (cookie(ann.cookie()?), cookie(eve.cookie()?));
    let unknown = format!("{}={}", ann.cookie()?.0, "A".repeat(43));

    let twice = format!("{good}; {good}");
    for lines in [&[twice.as_bytes()][..], &[good.as_bytes(), good.as_bytes()]] {
        let answer = raw::get(&site, "/", lines).await?;
        ensure(answer.body.contains("\"user\":\"Ann\""), "Ann's session", || format!("{answer:?}"))?;
    }
    for (first, second) in [(&good, &other), (&other, &good)] {
        let joined = format!("{first}; {second}");
        for lines in [&[joined.as_bytes()][..], &[first.as_bytes(), second.as_bytes()]] {
            for path in ["/", "/count", "/test/do?steps=add"] {
                let answer = raw::get(&site, path, lines).await?;
                let shown = || format!("{answer:?}");
                ensure(!answer.head.contains("set-cookie"), "no Set-Cookie", shown)?;
                let empty = path != "/" || answer.body.contains("\"user\":null");
                ensure(empty, "an empty session", shown)?;
            }
        }
    }
    // Nobody's session was written to.
    ann.counts(0).await?;
    eve.counts(0).await?;
    for (first, second) in [(&good, &unknown), (&unknown, &good)] {
        let joined = format!("{first}; {second}");
        for lines in [&[joined.as_bytes()][..], &[first.as_bytes(), second.as_bytes()]] {
            let answer = raw::get(&site, "/", lines).await?;
            let shown = || format!("{answer:?}");
            ensure(answer.body.contains("\"user\":\"Ann\""), "Ann's session beside an unknown id", shown)?;
            ensure(!answer.head.contains("set-cookie"), "no Set-Cookie", shown)?;
        }
    }
    Ok(())
}

/// Checks COOKIE-6: a name padded with Unicode blanks, or in another case, is the name of another cookie.
pub(super) async fn cookie_6_a_padded_name_is_another_name(case: &Case) -> Check {
    let site = case.start().await?;
    let (mut ann, mut eve) = (site.browser("ann"), site.browser("eve"));
    ann.sign_in("Ann").await?;
    eve.sign_in("Eve").await?;
    let (name, id) = ann.cookie()?;
    let planted = eve.cookie()?.1;
    let good = format!("{name}={id}");
    // Sibling domains can set these, since their names do not begin with the prefix.
    for blank in ["\u{a0}", "\u{85}", "\u{2003}", "\u{3000}", "\u{feff}", "\u{2028}", "\u{1680}", "\u{200b}"] {
        for padded in [format!("{blank}{name}={planted}"), format!("{name}{blank}={planted}")] {
            let answer = raw::get(&site, "/", &[padded.as_bytes()]).await?;
            ensure(answer.body.contains("\"user\":null"), "an empty session", || format!("{answer:?}"))?;
            for both in [format!("{padded}; {good}"), format!("{good}; {padded}")] {
                let answer = raw::get(&site, "/", &[both.as_bytes()]).await?;
                ensure(answer.body.contains("\"user\":\"Ann\""), "Ann's session", || format!("{answer:?}"))?;
            }
        }
    }
    for other in [name.to_lowercase(), name.to_uppercase(), format!("{name}s"), format!("x{name}")] {
        let answer = raw::get(&site, "/", &[format!("{other}={planted}").as_bytes()]).await?;
        ensure(answer.body.contains("\"user\":null"), "an empty session", || format!("{answer:?}"))?;
    }
    Ok(())
}

/// Checks COOKIE-7: signing out removes the cookie, with the attributes that it was set with.
pub(super) async fn cookie_7_removal_repeats_the_attributes(case: &Case) -> Check {
    for settings in [&[][..], &[("SESSION_COOKIE", "development")], &[("SESSION_LIFETIME", "persistent")]] {
        let site = case.start_with(settings).await?;
        for path in ["/test/do?steps=read,end", "/test/do?steps=end", "/test/do?steps=add,end"] {
            let mut ann = site.browser("ann");
            let set = ann.sign_in("Ann").await?.sets_one()?;
            let answer = ann.post(path).await?;
            answer.is(200)?;
            let removal = answer.sets_one()?;
            ensure(removal.removes() && removal.value.is_empty(), "an empty value and Max-Age=0", || {
                answer.to_string()
            })?;
            equal("the name", &set.name, &removal.name)?;
            equal("the attributes", &set.lasting(), &removal.lasting())?;
        }
        site.stop().await?;
    }
    Ok(())
}

/// Checks COOKIE-8: a persistent cookie lasts as long as its session, by default or for one session alone; others
/// have neither `Max-Age` nor `Expires`.
pub(super) async fn cookie_8_a_persistent_one_says_until_when(case: &Case) -> Check {
    const DAY: u64 = 24 * 60 * 60;
    let lasts_a_day = |cookie: &SetCookie| {
        let age = cookie.attribute("Max-Age").and_then(|age| age.parse::<u64>().ok());
        let came = || format!("{cookie:?}");
        ensure(age.is_some_and(|age| (DAY - 60..=DAY).contains(&age)), "Max-Age of a day, the idle timeout", came)?;
        equal("the other attributes", &SAFE.to_vec(), &cookie.lasting())
    };
    let site = case.start_with(&[("SESSION_LIFETIME", "persistent")]).await?;
    let mut ann = site.browser("ann");
    lasts_a_day(&ann.post("/count").await?.sets_one()?)?;
    lasts_a_day(&ann.sign_in("Ann").await?.sets_one()?)?;
    site.stop().await?;

    let site = case.start().await?;
    let mut ann = site.browser("ann");
    let of_browser = ann.sign_in("Ann").await?.sets_one()?;
    equal("the attributes", &SAFE.map(str::to_owned).to_vec(), &of_browser.attributes)?;
    lasts_a_day(&ann.post("/test/do?steps=remember").await?.sets_one()?)
}

/// Checks COOKIE-9: the development cookie has neither prefix nor `Secure`.
pub(super) async fn cookie_9_the_development_cookie_is_not_secure(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_COOKIE", "development")]).await?;
    let mut ann = site.browser("ann");
    let cookie = ann.sign_in("Ann").await?.sets_one()?;
    ensure(!cookie.name.starts_with("__"), "a name without prefix", || cookie.name.clone())?;
    equal("the attributes", &SAFE[..3].to_vec(), &cookie.lasting())?;
    ann.is_signed_in(true).await
}

/// Checks COOKIE-10: the development cookie is taken on loopback hosts, `0.0.0.0` and `[::]`; on any other, and behind a
/// proxy that tells of itself, what asks for a session is answered 500, and no cookie is set.
pub(super) async fn cookie_10_the_development_cookie_is_for_this_machine(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_COOKIE", "development")]).await?;
    for host in ["localhost:3000", "127.0.0.1", "[::1]:3000", "0.0.0.0:3000", "[::]"] {
        let answer = site.browser(host).send("POST", "/count", |it| it.header("host", host)).await?;
        ensure(answer.status == 200, format!("200 on {host}"), || answer.to_string())?;
        answer.sets_one()?;
    }
    for (name, value) in [
        ("host", "shop.test:3000"),
        ("host", "192.168.1.20"),
        ("forwarded", "for=192.0.2.60;proto=http"),
        ("x-forwarded-for", "192.0.2.60"),
        ("x-forwarded-proto", "https"),
    ] {
        let mut visitor = site.browser(value);
        for (method, path, status) in [("GET", "/count", 500), ("POST", "/count", 500), ("GET", "/untouched", 200)] {
            let answer = visitor.send(method, path, |it| it.header(name, value)).await?;
            let expected = format!("{status} to {method} {path} with {name}: {value}");
            ensure(answer.status == status, expected, || answer.to_string())?;
            answer.sets_none()?;
        }
    }
    Ok(())
}

/// Checks COOKIE-11: a `Secure` cookie that is set on what looks like plain http from another machine is told once in the
/// log; not on loopback, nor where a proxy says that it was https.
pub(super) async fn cookie_11_a_cookie_that_browsers_drop_is_told(case: &Case) -> Check {
    let (plain, proxied) = (case.start().await?, case.start().await?);
    for (site, proto) in [(&plain, "http"), (&proxied, "https")] {
        site.browser("here").post("/count").await?.sets_one()?;
        for (method, path) in [("GET", "/test/do?steps=add"), ("POST", "/count"), ("POST", "/count")] {
            let from_there =
                |it: reqwest::RequestBuilder| it.header("host", "192.168.1.20:3000").header("x-forwarded-proto", proto);
            site.browser("there").send(method, path, from_there).await?.sets_one()?;
        }
    }
    // Some servers take their time for that.
    let (plain, proxied) = tokio::join!(plain.stop(), proxied.stop());
    for (proto, log, told) in [("http", plain?, 1), ("https", proxied?, 0)] {
        let lines = log.lines().filter(|line| line.contains("plain_http")).count();
        equal(&format!("lines about plain_http in the log, X-Forwarded-Proto: {proto}"), &told, &lines)?;
    }
    Ok(())
}
