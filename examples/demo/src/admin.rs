//! What an administrator does: looks how many sessions there are, and ends them all.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use askama::Template;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use session_core::{FlashLevel, Session, SessionError, SessionInfo, SessionKey, Sessions, Timestamp};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::demo::Demo;
use crate::errors::{Refusal, refuse};
use crate::pages::{Answering, user};

const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// How many sessions are counted for the page: it shows whether there are more.
const MOST_COUNTED: usize = 10_000;

/// How often it looks again for sessions that were given another id while others were ended.
const MOST_PASSES: usize = 100;

/// How long ago the administrator may have signed in who ends everything.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// The administrator's page.
#[derive(Serialize, Template)]
#[template(path = "admin.html")]
struct Admin {
    #[serde(skip)]
    framework: &'static str,
    #[serde(skip)]
    user: String,
    #[serde(skip)]
    is_fresh: bool,
    sessions: usize,
    users: usize,
    /// There are more sessions than were counted.
    more: bool,
}

#[derive(Serialize)]
struct Ended {
    ended: u64,
}

#[derive(Deserialize)]
struct Confirm {
    #[serde(default)]
    confirm: String,
}

impl Demo {
    /// Shows the administrator how many sessions there are: `GET /admin`.
    pub fn admin<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, admin(self, session, ask)))
    }

    /// Ends everybody's sessions: `POST /admin/end-everything`.
    pub fn end_everything<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, end_everything(self, session, ask)))
    }
}

async fn admin(demo: &Demo, session: &Session, ask: &Ask) -> Result<Answer, Refusal> {
    let (user, framework) = (administrator(demo, session)?, demo.framework());
    let is_fresh = session.is_authenticated_within(FRESH);
    let (sessions, users, more) = counted(demo.sessions()).await?;
    Ok(demo.show(ask.format(), &Admin { framework, user, is_fresh, sessions, users, more }))
}

/// Ends the sessions of everybody, the administrator's last: who ended it is told so in a new one.
///
/// That a page of another site has not sent this is checked as for every form.
async fn end_everything(demo: &Demo, session: &Session, ask: &Ask) -> Result<Answer, Refusal> {
    administrator(demo, session)?;
    if !session.is_authenticated_within(FRESH) {
        return Err(refuse(StatusCode::FORBIDDEN, "You signed in more than ten minutes ago. Sign in again first."));
    }
    let Confirm { confirm } = ask.input()?;
    if confirm != "everything" {
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "Tick the box first: this signs out everybody."));
    }
    // A task, so that a browser that hangs up does not leave half of them.
    let (all, own) = (demo.clone(), session.session_key());
    let ended = tokio::spawn(async move { end_all(&all, own).await });
    let ended = ended.await.map_err(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "That went wrong."))?? + 1;
    session.log_out();
    session.flash(FlashLevel::Warning, format!("Everything has ended: {ended} sessions. You are signed out, too."))?;
    Ok(demo.done(ask.format(), "/", &Ended { ended }))
}

/// Gives the name of the administrator, if that is who is signed in.
fn administrator(demo: &Demo, session: &Session) -> Result<String, Refusal> {
    if !demo.has_administrator() {
        return Err(refuse(StatusCode::NOT_FOUND, "There is no such page."));
    }
    let owner = user(session)?;
    match demo.is_administrator(&owner) {
        true => Ok(owner.as_str().to_owned()),
        false => Err(refuse(StatusCode::FORBIDDEN, "This is for the administrator.")),
    }
}

/// Counts sessions, and the users who have them; and tells whether there are more.
async fn counted(sessions: &Sessions) -> Result<(usize, usize, bool), SessionError> {
    let (mut number, mut users, mut after) = (0, HashSet::new(), None);
    loop {
        let page = sessions.page(after.as_ref(), PAGE).await?;
        number += page.sessions.len();
        users.extend(page.sessions.iter().filter_map(|info| info.owner().cloned()));
        after = page.next;
        if after.is_none() || number >= MOST_COUNTED {
            return Ok((number, users.len(), after.is_some()));
        }
    }
}

/// Ends all sessions of both kinds but `own`, and tells how many.
async fn end_all(demo: &Demo, own: Option<SessionKey>) -> Result<u64, SessionError> {
    let began = demo.now();
    let mut ended = 0;
    for sessions in [demo.sessions(), demo.second()] {
        ended += end_begun_by(began, sessions, own).await?;
    }
    Ok(ended)
}

/// Walks over all sessions and ends them, until a walk finds none from before it began: one that is given a new id
/// meanwhile may stand where the walk has been. Whoever signs in meanwhile may stay.
async fn end_begun_by(began: Timestamp, sessions: &Sessions, own: Option<SessionKey>) -> Result<u64, SessionError> {
    let mut ended = 0;
    for pass in 0..MOST_PASSES {
        // The clock of the server that made a session may be ahead, so the first walk ends all that it is shown.
        let is_old = |info: &SessionInfo| pass == 0 || since(info) < began;
        let (mut found, mut after) = (false, None);
        loop {
            let page = sessions.page(after.as_ref(), PAGE).await?;
            for info in page.sessions.iter().filter(|info| is_old(info) && own != Some(info.session_key())) {
                found = true;
                ended += u64::from(sessions.revoke(&info.session_key()).await?);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if !found {
            return Ok(ended);
        }
    }
    Err(SessionError::Conflict)
}

/// Tells since when a session is what it is.
fn since(info: &SessionInfo) -> Timestamp {
    info.authenticated_at().map_or(info.created_at(), |proof| proof.max(info.created_at()))
}
