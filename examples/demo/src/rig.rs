//! Routes for tests alone: time that stands still, a store that fails, requests that wait.
//!
//! | route | does |
//! |---|---|
//! | `POST /test/clock?advance_ms=` | moves the time on |
//! | `POST /test/store?state=` | makes the store `up`, `down` or `slow` |
//! | `GET /test/store` | tells how often each verb of the store was called |
//! | `GET /test/gate?name=&held=` | answers once so many requests are held at that gate, one unless told |
//! | `POST /test/gate?name=` | lets those go that are held there, and all that come later |
//! | `/test/do?steps=` | does these steps with the session, see [`Step`] |

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use session_core::{CookieLifetime, FlashLevel, LazySession, ManualClock, Owner, Session, SessionError};
use tokio::sync::watch;
use tokio_stream::StreamExt;

use crate::answer::{Answer, Body};
use crate::ask::Ask;
use crate::demo::{Demo, json};
use crate::errors::{Refusal, refuse, see_other};
use crate::pages::COUNT;
use crate::watch::StoreState;

/// How long a request waits at a gate, or for one there: for ever would hide what hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a proof of who a visitor is counts as fresh.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// Headers by which some caches alone are told what they may keep.
const TARGETED: [&str; 3] = ["cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control"];

#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) clock: ManualClock,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
}

/// Where requests wait until they are let go.
#[derive(Debug, Default)]
struct Gate {
    held: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Waits here until the gate is opened.
    async fn pass(&self) -> Result<(), Refusal> {
        self.held.send_modify(|held| *held += 1);
        in_time("nobody opened the gate", self.open.subscribe().wait_for(|open| *open)).await
    }
}

async fn in_time<T>(otherwise: &str, what: impl Future<Output = T>) -> Result<(), Refusal> {
    let waited = tokio::time::timeout(PATIENCE, what).await;
    waited.map(drop).map_err(|_| refuse(StatusCode::GATEWAY_TIMEOUT, otherwise))
}

impl Rig {
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self { clock, gates: Mutex::default() }
    }

    fn gate(&self, name: &str) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(name.to_owned()).or_default())
    }
}

#[derive(Deserialize)]
struct Advance {
    advance_ms: u64,
}

#[derive(Deserialize)]
struct SetStore {
    state: StoreState,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default = "one")]
    held: usize,
}

fn one() -> usize {
    1
}

#[derive(Deserialize)]
struct Steps {
    #[serde(default)]
    steps: String,
}

/// One of the steps of `/test/do`, in the words of its address.
enum Step<'a> {
    /// `has`: asks whether there is a cookie.
    Has,
    /// `read`: loads the session. All that follow do, too.
    Read,
    /// `add`: adds one to the counter.
    Add,
    /// `renew`: gives the session a new id.
    Renew,
    /// `login:NAME`: signs in.
    Login(&'a str),
    /// `end`: ends the session.
    End,
    /// `tell`: leaves a message.
    Tell,
    /// `messages`: hands out the messages, as `flash` beside the count.
    Messages,
    /// `take`: takes the counter out.
    Take,
    /// `wrong`: reads the counter as what it is not.
    Wrong,
    /// `commit`: writes what was changed so far; where another request was faster the answer says so: `lost`.
    Commit,
    /// `remember`: makes its cookie persistent.
    Remember,
    /// `hold:NAME`: waits at a gate.
    Hold(&'a str),
    /// `fresh`: tells whether the visitor proved who they are within the hour, as `fresh` beside the count.
    Fresh,
    /// `fail`: answers 500.
    Fail,
    /// `panic`: panics.
    Panic,
    /// `redirect`: answers 303 to the page.
    Redirect,
    /// `public`: allows caches to keep the answer for everybody.
    Public,
    /// `targeted`: allows some caches to keep the answer, by headers for those alone.
    Targeted,
    /// `not-modified`: answers 304.
    NotModified,
    /// `stream:NAME`: answers a body in two pieces, of which the second waits at a gate.
    Stream(&'a str),
}

impl<'a> Step<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        Some(match text.split_once(':').unwrap_or((text, "")) {
            ("has", "") => Self::Has,
            ("read", "") => Self::Read,
            ("add", "") => Self::Add,
            ("renew", "") => Self::Renew,
            ("login", name) => Self::Login(name),
            ("end", "") => Self::End,
            ("tell", "") => Self::Tell,
            ("messages", "") => Self::Messages,
            ("take", "") => Self::Take,
            ("wrong", "") => Self::Wrong,
            ("commit", "") => Self::Commit,
            ("remember", "") => Self::Remember,
            ("hold", name) => Self::Hold(name),
            ("fresh", "") => Self::Fresh,
            ("fail", "") => Self::Fail,
            ("panic", "") => Self::Panic,
            ("redirect", "") => Self::Redirect,
            ("public", "") => Self::Public,
            ("targeted", "") => Self::Targeted,
            ("not-modified", "") => Self::NotModified,
            ("stream", name) => Self::Stream(name),
            _ => return None,
        })
    }
}

impl Demo {
    pub(crate) async fn rigged(&self, session: &LazySession, ask: &Ask) -> Result<Answer, Refusal> {
        let not_found = || refuse(StatusCode::NOT_FOUND, "There is no such page.");
        let rig = self.rig().ok_or_else(not_found)?;
        match (&ask.method, ask.path.as_str()) {
            (&Method::POST, "/test/clock") => {
                rig.clock.advance(Duration::from_millis(ask.query::<Advance>()?.advance_ms));
                Ok(json(&json!({})))
            }
            (&Method::POST, "/test/store") => {
                self.watched().set(ask.query::<SetStore>()?.state);
                Ok(json(&json!({})))
            }
            (&Method::GET, "/test/store") => Ok(json(&self.watched().counts())),
            (&Method::GET, "/test/gate") => {
                let wanted: Named = ask.query()?;
                let mut held = rig.gate(&wanted.name).held.subscribe();
                in_time("nobody came to the gate", held.wait_for(|held| *held >= wanted.held)).await?;
                Ok(json(&json!({})))
            }
            (&Method::POST, "/test/gate") => {
                rig.gate(&ask.query::<Named>()?.name).open.send_replace(true);
                Ok(json(&json!({})))
            }
            (_, "/test/do") => step_by_step(rig, session, &ask.query::<Steps>()?.steps).await,
            _ => Err(not_found()),
        }
    }
}

async fn step_by_step(rig: &Rig, lazy: &LazySession, steps: &str) -> Result<Answer, Refusal> {
    let mut loaded = None;
    let mut answer = None;
    let mut headers = HeaderMap::new();
    let mut more = serde_json::Map::new();
    for text in steps.split(',').filter(|text| !text.is_empty()) {
        let unknown = || refuse(StatusCode::BAD_REQUEST, format!("There is no step {text:?}."));
        let step = Step::parse(text).ok_or_else(unknown)?;
        match step {
            Step::Has => drop(lazy.has_cookie()),
            Step::Hold(name) => rig.gate(name).pass().await?,
            Step::Fail => return Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, "As you wish.")),
            Step::Panic => panic!("a test asked for it"),
            Step::Redirect => answer = Some(see_other("/")),
            Step::NotModified => {
                let not_modified = answer.insert(Answer::default());
                *not_modified.status_mut() = StatusCode::NOT_MODIFIED;
            }
            Step::Public => {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60, s-maxage=600"));
            }
            Step::Targeted => {
                for name in TARGETED {
                    headers.insert(name, HeaderValue::from_static("max-age=600"));
                }
            }
            Step::Stream(name) => answer = Some(Answer::new(in_pieces(rig.gate(name)))),
            step => {
                let session = lazy.load().await?;
                with_session(&session, &step, &mut more).await?;
                loaded = Some(session);
            }
        }
    }
    if let Some(session) = &loaded {
        more.insert("count".to_owned(), session.get(COUNT)?.unwrap_or(0).into());
    }
    let mut answer = answer.unwrap_or_else(|| json(&more));
    answer.headers_mut().extend(headers);
    Ok(answer)
}

/// Does a step that needs the session, and adds what it has to tell.
async fn with_session(
    session: &Session,
    step: &Step<'_>,
    more: &mut serde_json::Map<String, Value>,
) -> Result<(), Refusal> {
    match step {
        Step::Add => drop(session.update(COUNT, |count| count.unwrap_or(0) + 1)?),
        Step::Renew => session.renew()?,
        Step::Login(name) => session.log_in(Owner::new(*name)?)?,
        Step::End => session.destroy(),
        Step::Tell => session.flash(FlashLevel::Info, "As you wish.")?,
        Step::Messages => drop(more.insert("flash".to_owned(), json!(session.take_flash()?))),
        Step::Take => drop(session.take(COUNT)?),
        Step::Wrong => drop(session.get::<String>(COUNT.name())?),
        Step::Commit => {
            let lost = match session.commit().await {
                Ok(()) => false,
                Err(SessionError::Conflict) => true,
                Err(error) => return Err(error.into()),
            };
            more.insert("lost".to_owned(), lost.into());
        }
        Step::Fresh => {
            more.insert("fresh".to_owned(), session.is_authenticated_within(FRESH).into());
        }
        Step::Remember => session.set_cookie_lifetime(CookieLifetime::Persistent)?,
        _ => {}
    }
    Ok(())
}

/// Makes a body of two pieces, of which the second waits.
fn in_pieces(gate: Arc<Gate>) -> Body {
    let first = tokio_stream::once(Ok(Bytes::from_static(b"the first piece\n")));
    let second = tokio_stream::once(gate).then(async |gate| match gate.pass().await {
        Ok(()) => Ok(Bytes::from_static(b"the second piece\n")),
        Err(_) => Err(io::Error::other("nobody opened the gate")),
    });
    Body::Pieces(Box::pin(first.chain(second)))
}
