//! A server of one version of the crates, for the rolling upgrade of `.ci/upgrade`, which compiles this file against two
//! of them. So it uses what both have, and is given what one of them lacks.
//!
//! ```text
//! upgrade_server sqlite:///tmp/sessions.db
//! ```
//!
//! It reads requests and writes responses, one a line, in whatever order they come to their end:
//!
//! ```text
//! NUMBER COOKIE OPERATION [ARGUMENT]      7 - login ann
//! NUMBER STATUS OWNER COUNT WORD FLASHES [SET-COOKIE]      7 200 ann 0 - - __Host-session=…; …
//! ```
//!
//! What is not there is `-`. A response shows the session as its handler left it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use session_core::cookie::CookiePrefix;
use session_core::{
    CookieConfig, FlashLevel, Handled, LazySession, Owner, Session, SessionError, SessionStore, Sessions,
};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{SqlConfig, SqliteStore};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};
use tokio::sync::mpsc;

/// Longer than any machine is busy: what ends a request here is to be a fault of the versions.
const PATIENCE: Duration = Duration::from_secs(60);

/// What versions call by different names.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// Opens a request, given its cookie.
    pub(crate) open: fn(&Sessions, Option<&[u8]>) -> LazySession,
    /// Logs somebody in.
    pub(crate) log_in: LogIn,
}

type LogIn = fn(&Session, Owner) -> Result<(), SessionError>;

#[tokio::main]
pub(crate) async fn serve(words: Words) -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("the URL of a store is missing")?;
    let store = store(&url)?;
    store.init().await?;
    // The older version's default: each has to set what the other takes, and the name is not what is shown here.
    let cookie = CookieConfig::default().with_prefix(CookiePrefix::Host);
    let sessions = Sessions::builder(store).cookie(cookie).operation_timeout(PATIENCE).build()?;
    let (answers, mut answered) = mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        while let Some(answer) = answered.recv().await {
            // Nobody reads any more: the program is about to end.
            if stdout().write_all(answer.as_bytes()).await.is_err() || stdout().flush().await.is_err() {
                return;
            }
        }
    });
    let mut requests = BufReader::new(stdin()).lines();
    while let Some(request) = requests.next_line().await? {
        let (sessions, answers) = (sessions.clone(), answers.clone());
        tokio::spawn(async move {
            let _ = answers.send(answer(&sessions, words, &request).await);
        });
    }
    Ok(())
}

fn store(url: &str) -> Result<Arc<dyn SessionStore>, Box<dyn Error>> {
    Ok(match url.starts_with("sqlite:") {
        true => Arc::new(SqliteStore::from_url_with(url, SqlConfig::default().with_acquire_timeout(PATIENCE))?),
        false => {
            let config = RedisConfig::default().with_response_timeout(PATIENCE).with_connect_timeout(PATIENCE);
            Arc::new(RedisStore::from_url(url, config)?)
        }
    })
}

/// What a page shows of its session: owner, count, word and flashes.
type Shown = [String; 4];

async fn answer(sessions: &Sessions, Words { open, log_in }: Words, request: &str) -> String {
    let mut words = request.split(' ');
    let number = words.next().unwrap_or_default();
    let cookie = words.next().filter(|cookie| *cookie != "-");
    let (operation, argument) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());

    let lazy = open(sessions, cookie.map(str::as_bytes));
    let handled = match lazy.load().await {
        Ok(session) => handle(&session, log_in, operation, argument),
        Err(error) => Err(error),
    };
    let closed = sessions.close(&lazy, if handled.is_ok() { Handled::Completed } else { Handled::Failed }).await;
    let set_cookie = closed.set_cookie.as_deref().unwrap_or_default();
    match handled.and_then(|shown| closed.outcome.map(|_| shown)) {
        Ok(shown) => format!("{number} 200 {} {set_cookie}\n", shown.join(" ")),
        Err(error) => format!("{number} {} - - - - {set_cookie}\n", error.http_status()),
    }
}

/// Does what a page does; each operation is one that a version may get wrong with what another wrote.
fn handle(session: &Session, log_in: LogIn, operation: &str, argument: &str) -> Result<Shown, SessionError> {
    let mut flashes = Vec::new();
    match operation {
        "look" => {}
        "count" => drop(session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)?),
        "set" => session.insert("word", argument)?,
        "flash" => session.flash(FlashLevel::Warning, argument)?,
        "take" => flashes = session.take_flash()?,
        "login" => log_in(session, Owner::new(argument)?)?,
        "renew" => session.renew()?,
        "destroy" => {
            session.destroy();
            return Ok(["-", "-", "-", "-"].map(str::to_owned));
        }
        other => unreachable!("the driver asks for {other}"),
    }
    let or_nothing = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let flashes: Vec<_> = flashes.into_iter().map(|flash| flash.message).collect();
    Ok([
        or_nothing(session.owner().map(|owner| owner.as_str().to_owned()).unwrap_or_default()),
        session.get::<u64>("count")?.unwrap_or(0).to_string(),
        or_nothing(session.get::<String>("word")?.unwrap_or_default()),
        or_nothing(flashes.join(",")),
    ])
}
