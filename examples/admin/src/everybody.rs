//! The sessions of everybody: listed, and ended, in bounded steps.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use serde_json::json;
use session_core::{
    Clock, Codec, Cursor, Page, RecordHead, SessionError, SessionInfo, SessionKey, SessionPage, Sessions, StoreError,
    SystemClock, Timestamp,
};
use tokio::task::JoinSet;

use crate::app::{AppCodec, Names};
use crate::args::{ListAll, RevokeAll};
use crate::backend::{AT_ONCE, Backend, Progress, patiently};
use crate::failure::Failure;
use crate::out;
use crate::report::{Report, described, line};

const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");
/// How often it looks again for sessions that were given another id while others were ended.
const MOST_PASSES: u32 = 100;

/// Prints all live sessions of the app, in the store's order, as they come. It holds a page of them at a time.
pub(crate) async fn list(
    backend: &Backend,
    sessions: &Sessions,
    names: &Names,
    options: &ListAll,
    json: bool,
) -> Result<Report, Failure> {
    let (mut listed, mut next) = (0, Some(cursor(options.after.as_deref())?));
    while let Some(after) = next.take() {
        let left = options.limit.map_or(usize::MAX, |limit| limit.get() - listed);
        let Some(limit) = NonZeroUsize::new(left.min(PAGE.get())) else {
            next = Some(after);
            break;
        };
        let SessionPage { sessions: page, next: more, .. } = patiently(|| sessions.page(after.as_ref(), limit)).await?;
        listed += page.len();
        print(&page, names, json)?;
        next = more.map(Some);
    }
    if listed == 0 && next.is_none() && options.after.is_none() {
        backend.refuse_if_empty().await?;
    }
    let next = next.flatten().map(|cursor| cursor.encode());
    Ok(Report::figures(json!({ "listed": listed, "next": next })))
}

fn print(page: &[SessionInfo], names: &Names, json: bool) -> Result<(), Failure> {
    let shown = |info: &SessionInfo| match (json, names.name(&info.session_key())) {
        (true, name) => {
            let mut described = described(info);
            if let Some(name) = name {
                described.insert("fingerprint".to_owned(), json!(name.to_string()));
            }
            json!({ "command": "list", "session": described }).to_string()
        }
        (false, Some(name)) => format!("{} {name}", line(info)),
        (false, None) => line(info),
    };
    out::write(&page.iter().map(|info| shown(info) + "\n").collect::<String>())
}

/// Ends all sessions of the app, or those from before a time.
pub(crate) async fn revoke(
    backend: &Backend,
    sessions: &Sessions,
    codec: &AppCodec,
    options: &RevokeAll,
    dry: bool,
) -> Result<Report, Failure> {
    let (began, mut after) = (SystemClock.now(), cursor(options.after.as_deref())?);
    let (mut found, mut revoked) = (0, 0);
    backend.scan()?;
    for number in 1..=MOST_PASSES {
        // The clock of the server that made a session may be ahead, so the first pass ends all that it is shown, whatever
        // its time, unless a time was given.
        let before = options.before.unwrap_or(if number == 1 { Timestamp::MAX } else { began });
        let mut pass = Pass { number, backend, sessions, codec, before, dry, found: 0, revoked, unreadable: 0 };
        pass.walk(after.take()).await?;
        (found, revoked) = (found + pass.found, pass.revoked);
        if dry || pass.found == 0 {
            if found == 0 && pass.unreadable == 0 {
                // Else it would be thought, after a break-in, that everybody is out.
                backend.refuse_if_empty().await?;
            }
            let figures = json!({ "found": found, "revoked": revoked, "unreadable": pass.unreadable });
            return Ok(Report::figures(figures).no_if(pass.unreadable > 0));
        }
    }
    Err(Failure::passing("sessions from before came without end"))
}

/// One walk over all sessions.
struct Pass<'a> {
    number: u32,
    backend: &'a Backend,
    sessions: &'a Sessions,
    codec: &'a AppCodec,
    before: Timestamp,
    dry: bool,
    found: u64,
    revoked: u64,
    /// How many are live and cannot be read here, for want of a key or since they are damaged: nobody lists these.
    unreadable: u64,
}

impl Pass<'_> {
    async fn walk(&mut self, after: Option<Cursor>) -> Result<(), Failure> {
        let (mut next, mut progress) = (Some(after), Progress::new());
        while let Some(after) = next.take() {
            let records = self.backend.page(after.as_ref(), PAGE).await?;
            let listed = patiently(|| self.sessions.page(after.as_ref(), PAGE)).await?.sessions;
            let (mut old, others) = self.sort(&records, &listed);
            if !self.dry {
                old.extend(self.moved(others).await?);
            }
            self.found += old.len() as u64;
            if !self.dry {
                self.revoked += self.end(old).await?;
            }
            progress.add(records.records.len());
            if let Some(cursor) = &records.next {
                let Self { number, found, revoked, .. } = self;
                let cursor = cursor.encode();
                let more = format!(
                    " in pass {number}: {found} found, {revoked} revoked in all; goes on with --after={cursor}"
                );
                progress.tell(self.backend, &more).await;
            }
            next = records.next.map(Some);
        }
        Ok(())
    }

    /// Tells which sessions of a page are to be ended, and which of its records are none of those listed: another app's,
    /// or what is left of an id that was replaced. Such a one leads to its session, which may stand where the walk has been
    /// by now; who passes it over misses that.
    fn sort(&mut self, page: &Page, listed: &[SessionInfo]) -> (HashSet<SessionKey>, Vec<SessionKey>) {
        let now = SystemClock.now();
        let known: HashSet<_> = listed.iter().map(SessionInfo::session_key).collect();
        let mut others = Vec::new();
        self.unreadable += page.unreadable.len() as u64;
        for (key, record) in page.records.iter().filter(|(key, record)| !known.contains(key) && record.is_live_at(now))
        {
            match self.codec.decode(&RecordHead::of(key, record, now), &record.payload) {
                Ok(_) => others.push(*key),
                Err(_) => self.unreadable += 1,
            }
        }
        let old = listed.iter().filter(|info| since(info) < self.before).map(SessionInfo::session_key).collect();
        (old, others)
    }

    /// Gives the sessions to be ended that these keys lead to.
    async fn moved(&self, keys: Vec<SessionKey>) -> Result<Vec<SessionKey>, Failure> {
        let look = |sessions: Sessions, key| async move { patiently(|| sessions.get(&key)).await };
        let found = at_once(self.sessions, &keys, look).await?;
        let found = found.into_iter().flatten().filter(|session| since(session.info()) < self.before);
        Ok(found.map(|session| session.info().session_key()).collect())
    }

    /// Ends these sessions, and tells how many lived.
    async fn end(&self, keys: HashSet<SessionKey>) -> Result<u64, Failure> {
        let keys: Vec<_> = keys.into_iter().collect();
        let end = |sessions: Sessions, key| async move {
            match patiently(|| sessions.revoke(&key)).await {
                // It was given new ids faster than they can be followed. The next pass finds it under the last.
                Err(SessionError::Store(StoreError::Corrupt { .. })) => Ok(false),
                ended => ended,
            }
        };
        let ended = at_once(self.sessions, &keys, end).await?;
        Ok(ended.into_iter().map(u64::from).sum())
    }
}

/// Tells since when a session is what it is: `not_before` judges by the same.
fn since(info: &SessionInfo) -> Timestamp {
    info.authenticated_at().map_or(info.created_at(), |proof| proof.max(info.created_at()))
}

/// Makes a call for each of these keys, some at once.
async fn at_once<T, F>(
    sessions: &Sessions,
    keys: &[SessionKey],
    call: impl Fn(Sessions, SessionKey) -> F,
) -> Result<Vec<T>, SessionError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, SessionError>> + Send + 'static,
{
    let mut done = Vec::with_capacity(keys.len());
    for some in keys.chunks(AT_ONCE) {
        let mut calls = JoinSet::new();
        for key in some {
            calls.spawn(call(sessions.clone(), *key));
        }
        for result in calls.join_all().await {
            done.push(result?);
        }
    }
    Ok(done)
}

pub(crate) fn cursor(encoded: Option<&str>) -> Result<Option<Cursor>, Failure> {
    let Some(encoded) = encoded else { return Ok(None) };
    let said = "a cursor is written as this tool prints it";
    Cursor::parse(encoded.as_bytes()).map(Some).ok_or_else(|| Failure::usage(said))
}
