//! The routes that the HTTP suite asks for, over whatever session a peer has.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::rig::Rig;
use crate::visit::{Done, Refusal, Visit, failed};

/// The keys of what stands in a session.
pub(crate) const OURS: [&str; 5] = ["user", "visits", "count", "cart", "flash"];
const TARGETED: [&str; 3] = ["cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control"];
const ROUTES: [(&str, &[&str]); 12] = [
    ("/", &["GET"]),
    ("/login", &["POST"]),
    ("/logout", &["POST"]),
    ("/cart/empty", &["POST"]),
    ("/count", &["GET", "POST"]),
    ("/second", &["POST"]),
    ("/sessions", &["GET"]),
    ("/sessions/end-others", &["POST"]),
    ("/untouched", &["GET"]),
    ("/test/clock", &["POST"]),
    ("/test/store", &["GET", "POST"]),
    ("/test/gate", &["GET", "POST"]),
];

/// A request, in no framework's words.
#[derive(Debug)]
pub(crate) struct Ask {
    method: &'static str,
    path: String,
    query: HashMap<String, String>,
    form: HashMap<String, String>,
}

impl Ask {
    pub(crate) fn new(method: &str, path: &str, query: Option<&str>, body: &[u8]) -> Self {
        let method = match method {
            "GET" | "HEAD" => "GET",
            "POST" => "POST",
            _ => "another",
        };
        let query = serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
        let form = serde_urlencoded::from_bytes(body).unwrap_or_default();
        Self { method, path: path.to_owned(), query, form }
    }

    fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

/// A response, in no framework's words.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Json(String),
    /// See [`Rig::pieces`].
    Pieces(String),
}

fn answer(status: u16, value: &Value) -> Answer {
    let headers = vec![("content-type", "application/json")];
    Answer { status, headers, body: Body::Json(value.to_string()) }
}

fn refused(status: u16, text: &str) -> Answer {
    answer(status, &json!({ "error": text }))
}

/// Answers a request.
pub(crate) async fn page(rig: &Arc<Rig>, ask: &Ask, visit: &mut impl Visit) -> Answer {
    match routed(rig, ask, visit).await {
        Ok(answer) => answer,
        Err(Refusal::LeftOut(reason)) => refused(501, &format!("left out: {reason}")),
        Err(Refusal::Failed(error)) => refused(500, &error),
    }
}

async fn routed(rig: &Arc<Rig>, ask: &Ask, visit: &mut impl Visit) -> Done<Answer> {
    if ask.path == "/test/do" {
        return steps(rig, ask.query("steps"), visit).await;
    }
    let Some((_, methods)) = ROUTES.iter().find(|(path, _)| *path == ask.path) else {
        return Ok(refused(404, "There is no such page."));
    };
    if !methods.contains(&ask.method) {
        return Ok(refused(405, "No."));
    }
    match (ask.method, &*ask.path) {
        ("GET", "/") => home(visit).await,
        ("POST", "/login") => {
            let name = ask.form.get("name").map_or("", String::as_str);
            visit.log_in(name).await?;
            tell(visit, "Welcome.").await?;
            Ok(answer(200, &json!({ "user": name })))
        }
        ("POST", "/logout") => {
            visit.end().await?;
            tell(visit, "See you.").await?;
            Ok(answer(200, &json!({})))
        }
        ("POST", "/cart/empty") => {
            visit.remove("cart").await?;
            Ok(answer(200, &json!({})))
        }
        ("GET", "/count") => Ok(answer(200, &json!({ "count": count(visit).await? }))),
        ("POST", "/count") => Ok(answer(200, &json!({ "count": add(visit).await? }))),
        ("GET", "/sessions") => Ok(match visit.get("user").await? {
            None => refused(401, "Nobody is signed in."),
            Some(_) => answer(200, &json!([{ "current": true }])),
        }),
        ("POST", "/sessions/end-others") => Err(Refusal::LeftOut("it knows no list of a user's sessions")),
        ("GET", "/untouched") => {
            let mut answer = answer(200, &json!({}));
            answer.headers.push(("cache-control", "public, max-age=60"));
            Ok(answer)
        }
        ("POST", "/second") => Err(Refusal::LeftOut("it has one kind of sessions")),
        (method, path) => test(rig, method, path, ask).await,
    }
}

async fn test(rig: &Arc<Rig>, method: &str, path: &str, ask: &Ask) -> Done<Answer> {
    match (method, path) {
        ("POST", "/test/clock") => {
            let by_ms = ask.query("advance_ms").parse().map_err(failed)?;
            if !rig.advance(by_ms).map_err(failed)? {
                return Err(Refusal::LeftOut("its clock is the system's, and libfaketime is not there to move it"));
            }
        }
        ("POST", "/test/store") => rig.set_store(ask.query("state")),
        ("GET", "/test/store") => return Ok(answer(200, &rig.calls())),
        ("POST", _) => rig.open(ask.query("name")),
        _ => {
            if !rig.held(ask.query("name"), ask.query("held").parse().unwrap_or(1)).await {
                return Ok(refused(504, "nobody came to the gate"));
            }
        }
    }
    Ok(answer(200, &json!({})))
}

async fn steps(rig: &Arc<Rig>, steps: &str, visit: &mut impl Visit) -> Done<Answer> {
    let mut more = serde_json::Map::new();
    let (mut status, mut headers, mut pieces, mut loaded) = (200, Vec::new(), None, false);
    for step in steps.split(',').filter(|step| !step.is_empty()) {
        let (name, value) = step.split_once(':').unwrap_or((step, ""));
        match name {
            "has" => visit.has()?,
            "hold" => rig.pass(value).await,
            "fail" => return Ok(refused(500, "As you wish.")),
            "panic" => panic!("a test asked for it"),
            "redirect" => {
                status = 303;
                headers.push(("location", "/"));
            }
            "not-modified" => status = 304,
            "public" => headers.push(("cache-control", "public, max-age=60, s-maxage=600")),
            "targeted" => headers.extend(TARGETED.map(|name| (name, "max-age=600"))),
            "stream" => pieces = Some(value.to_owned()),
            _ => {
                loaded = true;
                with_session(visit, name, value, &mut more).await?;
            }
        }
    }
    if loaded {
        more.insert("count".to_owned(), count(visit).await?.into());
    }
    let mut answer = answer(status, &more.into());
    answer.headers.extend(headers);
    if let Some(gate) = pieces {
        answer.body = Body::Pieces(gate);
    } else if status == 304 {
        answer.body = Body::Json(String::new());
    }
    Ok(answer)
}

/// Does a step that needs the session, and adds what it has to tell.
async fn with_session(
    visit: &mut impl Visit,
    step: &str,
    value: &str,
    more: &mut serde_json::Map<String, Value>,
) -> Done {
    match step {
        "read" => visit.get("count").await.map(drop),
        "add" => add(visit).await.map(drop),
        "renew" => visit.renew().await,
        "login" => visit.log_in(value).await,
        "end" => visit.end().await,
        "tell" => tell(visit, "As you wish.").await,
        "messages" => {
            more.insert("flash".to_owned(), messages(visit).await?.into());
            Ok(())
        }
        "take" => visit.remove("count").await,
        "commit" => {
            visit.commit().await?;
            more.insert("lost".to_owned(), false.into());
            Ok(())
        }
        "remember" => visit.remember(),
        "wrong" => Err(Refusal::LeftOut("its values are read here as what they are")),
        "fresh" => Err(Refusal::LeftOut("it does not know when a visitor proved who they are")),
        _ => Err(Refusal::Failed(format!("There is no step {step:?}."))),
    }
}

async fn count(visit: &mut impl Visit) -> Done<u64> {
    Ok(visit.get("count").await?.and_then(|count| count.as_u64()).unwrap_or(0))
}

async fn add(visit: &mut impl Visit) -> Done<u64> {
    let count = count(visit).await? + 1;
    visit.set("count", count.into()).await?;
    Ok(count)
}

async fn tell(visit: &mut impl Visit, text: &str) -> Done {
    let mut flash = visit.get("flash").await?.and_then(|flash| flash.as_array().cloned()).unwrap_or_default();
    flash.push(text.into());
    visit.set("flash", flash.into()).await
}

async fn messages(visit: &mut impl Visit) -> Done<Vec<Value>> {
    let flash = visit.get("flash").await?.and_then(|flash| flash.as_array().cloned()).unwrap_or_default();
    if !flash.is_empty() {
        visit.remove("flash").await?;
    }
    Ok(flash)
}

async fn home(visit: &mut impl Visit) -> Done<Answer> {
    let mut some = false;
    for key in OURS {
        some |= visit.get(key).await?.is_some();
    }
    let flash = messages(visit).await?;
    let mut visits = visit.get("visits").await?.and_then(|visits| visits.as_u64()).unwrap_or(0);
    // A visitor without a session is given none.
    if some {
        visits += 1;
        visit.set("visits", visits.into()).await?;
    }
    let user = visit.get("user").await?;
    Ok(answer(200, &json!({ "user": user, "visits": visits, "cart": [], "flash": flash })))
}
