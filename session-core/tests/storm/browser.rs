//! A browser, what its user knows, and one request of it.

use std::collections::BTreeSet;

use session_core::{CloseOutcome, FlashLevel, Handled, Owner, RequestHead, Session, SessionError, Sessions, Timestamp};

/// A browser with one cookie, and what its user knows.
pub(crate) struct Browser {
    pub(crate) name: &'static str,
    /// The value of its session cookie.
    pub(crate) jar: Option<String>,
    /// What it was told is written, since it last signed in or out.
    pub(crate) written: BTreeSet<String>,
    /// Somebody may have ended its session: it may be out at any time.
    pub(crate) may_be_out: bool,
}

impl Browser {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, jar: None, written: BTreeSet::new(), may_be_out: true }
    }

    pub(crate) fn deliver(&mut self, answer: &Answer) {
        if let Some(set_cookie) = &answer.set_cookie {
            self.jar = value_of(set_cookie);
        }
    }
}

/// Gives the cookie's value; `None` if it is removed.
fn value_of(set_cookie: &str) -> Option<String> {
    let pair = set_cookie.split(';').next().unwrap_or_default();
    pair.split_once('=').map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
}

/// What a request does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Read,
    Write(String),
    LogIn(&'static str),
    LogOut,
    LogOutAndSay,
}

/// What a request came to.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) act: Act,
    pub(crate) presented: Option<String>,
    pub(crate) outcome: Result<CloseOutcome, SessionError>,
    pub(crate) set_cookie: Option<String>,
}

impl Answer {
    pub(crate) fn given_id(&self) -> Option<String> {
        self.set_cookie.as_deref().and_then(value_of)
    }

    pub(crate) fn is_acknowledged(&self) -> bool {
        self.outcome.is_ok()
    }
}

/// Sends a request to a process.
pub(crate) async fn request(sessions: Sessions, presented: Option<String>, act: Act) -> Answer {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies(header(&presented).iter().map(String::as_bytes)));
    let session = match lazy.load().await {
        Ok(session) => session,
        Err(error) => return Answer { act, presented, outcome: Err(error), set_cookie: None },
    };
    see(&session);
    match &act {
        Act::Read => {}
        Act::Write(token) => session.insert(token.as_str(), whose(&session)).unwrap(),
        // Where the store failed and the policy says to go on without, it is refused.
        Act::LogIn(who) => {
            session.log_in(Owner::new(*who).unwrap()).unwrap();
            let number = session.keys().len();
            session.insert(format!("login {number}").as_str(), *who).unwrap();
        }
        Act::LogOut => session.log_out(),
        Act::LogOutAndSay => {
            session.log_out();
            session.flash(FlashLevel::Info, "nobody").unwrap();
        }
    }
    let closed = sessions.close(&lazy, Handled::Completed).await;
    Answer { act, presented, outcome: closed.outcome, set_cookie: closed.set_cookie }
}

fn header(cookie: &Option<String>) -> Option<String> {
    cookie.as_ref().map(|value| format!("__Host-Http-session={value}"))
}

/// What a cookie opens.
pub(crate) struct Seen {
    pub(crate) whose: String,
    pub(crate) keys: BTreeSet<String>,
    /// When the session began: what tells it from another one, also where it has a new id.
    pub(crate) began: Timestamp,
}

/// Looks what a cookie opens; `None` if it is nothing.
pub(crate) async fn look(sessions: &Sessions, cookie: &Option<String>) -> Option<Seen> {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies(header(cookie).iter().map(String::as_bytes)));
    let session = lazy.load().await.expect("a page is shown while the store is sound");
    see(&session);
    let began = session.created_at()?;
    Some(Seen { whose: whose(&session), keys: session.keys().into_iter().collect(), began })
}

/// No value passes from one owner to another, whoever looks.
fn see(session: &Session) {
    let owner = whose(session);
    for key in session.keys() {
        let was: String = session.get(key.as_str()).unwrap().unwrap();
        assert!(was == "nobody" || was == owner, "a value of {was}'s has passed on to {owner}");
    }
}

pub(crate) fn whose(session: &Session) -> String {
    session.owner().map_or_else(|| "nobody".to_owned(), |owner| owner.as_str().to_owned())
}
