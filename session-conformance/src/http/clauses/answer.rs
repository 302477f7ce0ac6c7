//! ANSWER: who is refused where something was lost, and how the sessions' errors look.

use serde_json::json;
use session_core::SessionError;

use super::super::browser::{Answer, Browser};
use super::super::case::Case;
use super::super::site::Site;
use crate::check::{Check, ensure, equal};

/// Sends a request of `browser` that does these steps, and holds at a gate in their midst.
fn sends(
    browser: &Browser,
    method: &'static str,
    steps: String,
) -> tokio::task::JoinHandle<Check<(&'static str, String, Answer)>> {
    let mut tab = browser.copy("tab");
    tokio::spawn(async move {
        let answer = tab.send(method, &format!("/test/do?steps={steps}"), |it| it).await?;
        Ok((method, steps, answer))
    })
}

/// Ends the session while requests wait that do these steps, each by each of the methods, and gives their answers.
async fn while_it_ends(
    site: &Site,
    steps: &[&str],
    methods: &[&'static str],
) -> Check<Vec<(&'static str, String, Answer)>> {
    let mut ann = site.browser("ann");
    ann.sign_in("Ann").await?;
    ann.add().await?;
    let all = steps.iter().flat_map(|steps| methods.iter().map(move |method| (method, steps)));
    let requests: Vec<_> = all.map(|(method, steps)| sends(&ann, method, (*steps).to_owned())).collect();
    site.held("gate", requests.len()).await?;
    ann.copy("leaves").post("/test/do?steps=end").await?.is(200)?;
    site.open("gate").await?;
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.await.expect("the request does not panic")?);
    }
    ann.is_signed_in(false).await?;
    ann.counts(0).await?;
    Ok(answers)
}

fn is_answered(method: &str, steps: &str, status: u16, answer: &Answer) -> Check {
    ensure(answer.status == status, format!("{status} to {method} of {steps}"), || answer.to_string())?;
    answer.sets_none()
}

/// Checks ANSWER-1: where a session ended meanwhile, GET and HEAD are answered, and what they changed is dropped; other
/// methods are answered 409.
pub(super) async fn answer_1_a_page_is_shown_although_it_lost_something(case: &Case) -> Check {
    let site = case.start().await?;
    let steps = ["read,hold:gate,add", "read,hold:gate,tell", "messages,hold:gate"];
    for (method, steps, answer) in while_it_ends(&site, &steps, &["GET", "HEAD", "POST"]).await? {
        is_answered(method, &steps, if method == "POST" { 409 } else { 200 }, &answer)?;
    }
    Ok(())
}

/// Checks ANSWER-2: a `take` that another request won, or whose session ended meanwhile, and a renewal of one that ended
/// are answered 409, whatever the method.
pub(super) async fn answer_2_what_was_handed_out_once_is_refused(case: &Case) -> Check {
    let site = case.start().await?;
    for (method, steps, answer) in
        while_it_ends(&site, &["take,hold:gate", "renew,hold:gate"], &["GET", "HEAD", "POST"]).await?
    {
        is_answered(method, &steps, 409, &answer)?;
    }
    for method in ["GET", "HEAD", "POST"] {
        let mut ann = site.browser("ann");
        ann.add().await?;
        let requests = [(); 3].map(|()| sends(&ann, method, format!("take,hold:{method}")));
        site.held(method, requests.len()).await?;
        site.open(method).await?;
        let mut statuses = Vec::new();
        for request in requests {
            let (.., answer) = request.await.expect("the request does not panic")?;
            answer.sets_none()?;
            statuses.push(answer.status);
        }
        statuses.sort_unstable();
        equal(&format!("the answers to {method} that take one value"), &vec![200, 409, 409], &statuses)?;
        ann.counts(0).await?;
    }
    Ok(())
}

/// Checks ANSWER-3: a handler that commits is told that its `take` was lost, and may answer otherwise.
pub(super) async fn answer_3_a_handler_may_decide_what_a_lost_take_comes_to(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.add().await?;
    let requests = ["GET", "POST", "POST"].map(|method| sends(&ann, method, "take,hold:gate,commit,tell".to_owned()));
    site.held("gate", requests.len()).await?;
    site.open("gate").await?;
    let mut lost = Vec::new();
    for request in requests {
        let (method, steps, answer) = request.await.expect("the request does not panic")?;
        is_answered(method, &steps, 200, &answer)?;
        lost.push(answer.json()?["lost"] == true);
    }
    lost.sort_unstable();
    equal("of three that take one value, who was told that it lost", &vec![false, true, true], &lost)?;
    // What they did then is done.
    let page = ann.get("/").await?;
    equal("messages of all three", &Some(3), &page.json()?["flash"].as_array().map(Vec::len))
}

/// Has an extractor, a handler and the layer meet the errors, and gives their answers, each with who made it.
async fn errors(case: &Case, settings: &[(&str, &str)]) -> Check<Vec<(&'static str, SessionError, Answer)>> {
    let site = case.start_with(settings).await?;
    let mut errors = Vec::new();
    let late = while_it_ends(&site, &["read,hold:gate,add", "read,hold:gate,add,commit"], &["POST"]).await?;
    for ((.., answer), made) in late.into_iter().zip(["the layer", "a handler"]) {
        errors.push((made, SessionError::Gone, answer));
    }
    let mut ann = site.browser("ann");
    ann.add().await?;
    errors.push(("a handler", SessionError::ResponseSent, ann.get("/test/do?steps=wrong").await?));
    let writing = sends(&ann, "POST", "add,hold:second".to_owned());
    site.held("second", 1).await?;
    site.store("down").await?;
    site.open("second").await?;
    let (.., written) = writing.await.expect("the request does not panic")?;
    errors.push(("the layer", SessionError::Indeterminate, written));
    errors.push(("an extractor", SessionError::Indeterminate, ann.get("/count").await?));
    errors.push(("a handler", SessionError::Indeterminate, ann.get("/test/do?steps=read").await?));
    for (made, error, answer) in &errors {
        ensure(answer.status == error.http_status(), format!("{} from {made}", error.http_status()), || {
            answer.to_string()
        })?;
        answer.sets_none()?;
        equal("Cache-Control of an error", &vec!["no-store".to_owned()], &answer.words("cache-control"))?;
    }
    Ok(errors)
}

/// Checks ANSWER-4: an error of the sessions is answered by a text that says what to do, the same wherever it is made.
pub(super) async fn answer_4_an_error_says_what_to_do(case: &Case) -> Check {
    for (made, error, answer) in errors(case, &[("SESSION_ERRORS", "plain")]).await? {
        let expected = format!("{:?} from {made}, as plain text", error.http_text());
        let plain = answer.header("content-type").iter().any(|it| it.starts_with("text/plain"));
        let came = || format!("{answer}, content-type: {:?}", answer.header("content-type"));
        ensure(plain && answer.body == error.http_text(), expected, came)?;
    }
    Ok(())
}

/// Checks ANSWER-5: the application may answer these errors itself, wherever they are made.
pub(super) async fn answer_5_the_application_may_answer_errors_itself(case: &Case) -> Check {
    for (made, _, answer) in errors(case, &[("SESSION_ERRORS", "own")]).await? {
        let expected = format!("the application's own answer to an error from {made}, which begins with <h1>");
        ensure(answer.body.starts_with("<h1>"), expected, || answer.to_string())?;
    }
    Ok(())
}

/// Checks ANSWER-6: of pages that hand out messages at once, all show them and are answered.
pub(super) async fn answer_6_two_pages_at_once_show_a_message(case: &Case) -> Check {
    let site = case.start().await?;
    let mut ann = site.browser("ann");
    ann.post("/test/do?steps=add,tell").await?.sets_one()?;
    let pages = ["GET", "GET", "POST"].map(|method| sends(&ann, method, "messages,hold:gate".to_owned()));
    site.held("gate", pages.len()).await?;
    site.open("gate").await?;
    for page in pages {
        let (method, steps, answer) = page.await.expect("the request does not panic")?;
        is_answered(method, &steps, 200, &answer)?;
        equal("the messages of a page", &Some(1), &answer.json()?["flash"].as_array().map(Vec::len))?;
    }
    let after = ann.get("/test/do?steps=messages").await?;
    equal("the messages after that", &json!([]), &after.json()?["flash"])
}
