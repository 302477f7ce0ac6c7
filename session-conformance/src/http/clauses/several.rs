//! SEVERAL: two `Sessions` on one route.

use super::super::browser::Answer;
use super::super::case::Case;
use super::super::jar::{Jar, Kept};
use crate::check::{Check, ensure, equal};

fn counted(answer: &Answer, count: u64) -> Check {
    answer.is(200)?;
    ensure(answer.json()?["count"] == count, format!("a counter at {count}"), || answer.to_string())
}

/// Checks SEVERAL-1: of two `Sessions` around an app each sets a cookie of its own and knows its own sessions alone; who
/// names the one is given that, and who names none has the innermost's.
pub(super) async fn several_1_each_has_its_own_sessions(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_SECOND", "second")]).await?;
    let mut ann = Jar::new(site.browser("ann"), []);
    let first = ann.post("/count").await?;
    counted(&first, 1)?;
    let first = first.sets_one()?;
    for count in 1..=2 {
        let second = ann.post("/second").await?;
        counted(&second, count)?;
        if count == 1 {
            equal("the second's cookie", &"__Host-Http-second".to_owned(), &second.sets_one()?.name)?;
        }
    }
    counted(&ann.post("/count").await?, 2)?;
    equal("ann's cookies", &2, &ann.cookies.len())?;
    let mut exchanged = Jar::new(
        site.browser("exchanged"),
        [Kept::new(&first.name, &ann.cookies[1].value), Kept::new("__Host-Http-second", &ann.cookies[0].value)],
    );
    counted(&exchanged.get("/count").await?, 0)?;
    counted(&exchanged.post("/second").await?, 1)?;
    // Signing out of the one leaves the other.
    ann.post("/test/do?steps=end").await?.is(200)?;
    counted(&ann.post("/second").await?, 3)?;
    counted(&ann.get("/count").await?, 0)
}

/// Checks SEVERAL-2: two with cookies of one name are an error, told in the log, and set no cookie; what asks for no
/// session goes on.
pub(super) async fn several_2_two_of_one_name_are_an_error(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_COOKIE_NAME", "shop"), ("SESSION_SECOND", "shop")]).await?;
    let mut visitor = site.browser("visitor");
    for (method, path) in [("GET", "/count"), ("POST", "/count"), ("POST", "/test/do?steps=add")] {
        let answer = visitor.send(method, path, |it| it).await?;
        answer.is(500)?;
        answer.sets_none()?;
    }
    visitor.get("/untouched").await?.is(200)?;
    let log = site.stop().await?;
    ensure(log.contains("__Host-Http-shop"), "the log names the cookie", || log.clone())
}

/// Checks SEVERAL-3: the log is told once that a handler which names none of several has the innermost's.
pub(super) async fn several_3_who_names_none_is_told_once(case: &Case) -> Check {
    let site = case.start_with(&[("SESSION_SECOND", "second")]).await?;
    let mut ann = site.browser("ann");
    ann.post("/second").await?.is(200)?;
    for _ in 0..3 {
        ann.get("/count").await?.is(200)?;
    }
    let log = site.stop().await?;
    let told: Vec<_> = log.lines().filter(|line| line.contains("several_sessions")).collect();
    equal("lines about several_sessions in the log", &1, &told.len())?;
    ensure(!told[0].contains("__Host-Http-second"), "the cookie of the first", || told[0].to_owned())
}
