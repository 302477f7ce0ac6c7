//! The browser, what was before its requests, and the steps that these are made in.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::{
    Event, EventKind, Handled, ManualClock, OwnerLimitAction, SessionId, SessionKey, SessionStore, Sessions,
};

use super::act::{Act, log_in, mark};
use super::told::{Cookie, Told, id};
use crate::support::seeded::Seeded;
use crate::support::stepped::{Kind, Run, Stepped, Steps, Task, now};
use crate::support::{Browser, MINUTE, START, builder, store};

/// What the browser has when its requests begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    NoCookie,
    /// A session of nobody's.
    Nobody,
    /// A session of Ann's.
    Ann,
    /// A session of Ann's whose id is due to be renewed.
    Due,
    /// The id that a session of Ann's had before it was renewed, by an answer that was lost.
    Old,
    /// The id of a session of Ann's that was revoked.
    Revoked,
    /// The id of a session of Ann's that it ended a moment ago, in an answer that was lost.
    LoggedOut,
    /// The same, longer ago than a straggler is under way.
    LoggedOutBefore,
}

impl Start {
    pub(crate) const ALL: [Self; 8] = [
        Self::NoCookie,
        Self::Nobody,
        Self::Ann,
        Self::Due,
        Self::Old,
        Self::Revoked,
        Self::LoggedOut,
        Self::LoggedOutBefore,
    ];

    /// Tells whether the browser's id opens nothing.
    pub(crate) fn is_newcomer(self) -> bool {
        !matches!(self, Self::Nobody | Self::Ann | Self::Due | Self::Old)
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accident {
    No,
    /// The process that serves the first request dies after so many of its steps.
    Crash(usize),
    /// The answer to the first request never reaches the browser.
    LostAnswer,
}

/// What the requests share, and what is known of them.
pub(crate) struct World {
    pub(crate) start: Start,
    pub(crate) acts: Vec<Act>,
    pub(crate) accident: Accident,
    /// Calls the store without steps.
    pub(crate) sessions: Sessions,
    pub(crate) clock: ManualClock,
    pub(crate) browser: Browser,
    /// The id that the browser began with.
    pub(crate) first: Option<SessionId>,
    pub(crate) told: Arc<Mutex<Vec<Told>>>,
    /// From which key to which sessions were renewed.
    pub(crate) renewed: Renewed,
}

type Renewed = Arc<Mutex<Vec<(SessionKey, SessionKey)>>>;

/// What the processes that serve the requests have in common.
struct Site {
    clock: ManualClock,
    /// A run must be the same every time.
    random: Seeded,
    renews: bool,
    has_limit: bool,
    renewed: Renewed,
}

impl Site {
    fn sessions(&self, store: impl SessionStore) -> Sessions {
        let mut builder = builder(store).0.clock(self.clock.clone()).random(self.random.clone());
        if self.renews {
            builder = builder.renew_every(MINUTE * 60);
        }
        if self.has_limit {
            builder = builder.max_sessions_per_owner(NonZeroUsize::MIN, OwnerLimitAction::EvictOldest);
        }
        let renewed = Arc::clone(&self.renewed);
        let note = move |event: &Event<'_>| {
            if let (EventKind::Renewed { from, .. }, Some(to)) = (event.kind(), event.session_key()) {
                renewed.lock().unwrap().push((from, to));
            }
        };
        builder.on_event(note).build().unwrap()
    }
}

/// Makes a world, and the tasks of a run in it: each request has a process of its own.
pub(crate) fn begin(start: Start, acts: &[Act], accident: Accident) -> (World, Run) {
    let store = store();
    let clock = ManualClock::new(START);
    let site = Site {
        clock: clock.clone(),
        random: Seeded::new(0),
        renews: matches!(start, Start::Due | Start::Old),
        has_limit: acts.contains(&Act::Evict),
        renewed: Renewed::default(),
    };
    let plain = site.sessions(store.clone());
    let mut browser = Browser::default();
    now(prepare(start, &plain, &clock, &mut browser));
    let (steps, told) = (Steps::new(clock.clone()), Arc::default());
    let first = id(&browser);
    let task = |(number, act): (usize, &Act)| {
        let stepped = match site.has_limit || act.is_outside() {
            // Who counts the sessions of an owner reads all of them.
            true => Stepped::new(store.clone(), steps.clone()),
            false => Stepped::for_request(store.clone(), steps.clone()),
        };
        let request = Request {
            act: *act,
            number,
            sessions: site.sessions(stepped),
            steps: steps.clone(),
            browser: if *act == Act::Evict { Browser::default() } else { browser.tab() },
            first: first.clone(),
            told: Arc::clone(&told),
            answer_is_lost: accident == Accident::LostAnswer && number == 0,
        };
        Box::pin(request.run()) as Task
    };
    let tasks = acts.iter().enumerate().map(task).collect();
    let crash = match accident {
        Accident::Crash(after) => Some((0, after)),
        _ => None,
    };
    let acts = acts.to_vec();
    let renewed = site.renewed;
    let world = World { start, acts, accident, sessions: plain, clock, browser, first, told, renewed };
    (world, Run { tasks, steps, crash })
}

async fn prepare(start: Start, sessions: &Sessions, clock: &ManualClock, browser: &mut Browser) {
    if start == Start::NoCookie {
        return;
    }
    browser.request(sessions, |session| mark(session, "cart")).await;
    if start == Start::Nobody {
        return;
    }
    browser.request(sessions, |session| log_in(session, "ann", 99)).await;
    match start {
        Start::Due => clock.advance(MINUTE * 60),
        Start::Old => {
            clock.advance(MINUTE * 60);
            drop(browser.answer(sessions, |_| {}).await);
        }
        Start::Revoked => {
            sessions.revoke(&id(browser).unwrap().key()).await.unwrap();
        }
        Start::LoggedOut | Start::LoggedOutBefore => {
            drop(browser.answer(sessions, |session| session.log_out()).await);
        }
        _ => {}
    }
    // Longer than a straggler may be under way.
    let is_long_ago = matches!(start, Start::Old | Start::LoggedOutBefore);
    clock.advance(if is_long_ago { MINUTE / 2 } else { Duration::from_millis(1) });
}

/// One task of a run.
struct Request {
    act: Act,
    number: usize,
    sessions: Sessions,
    steps: Steps,
    browser: Browser,
    first: Option<SessionId>,
    told: Arc<Mutex<Vec<Told>>>,
    answer_is_lost: bool,
}

impl Request {
    async fn run(mut self) {
        match self.act {
            Act::Revoke => {
                let Some(id) = &self.first else { return };
                self.sessions.revoke(&id.key()).await.unwrap();
                let (act, number, answered) = (self.act, self.number, self.steps.count());
                self.told.lock().unwrap().push(Told::of_revocation(act, number, id.key(), answered));
                return;
            }
            Act::Evict => self.steps.step(Kind::Outside).await,
            _ => self.steps.step(Kind::Open).await,
        }
        let presented = id(&self.browser).map(|id| id.key());
        let lazy = self.browser.open(&self.sessions);
        let session = lazy.load().await.unwrap();
        let (was, loaded) = (session.owner().map(|owner| owner.as_str().to_owned()), self.steps.count());
        match self.act {
            Act::Evict => log_in(&session, "ann", self.number),
            act => act.handle(self.number, &session),
        }
        let closed = self.sessions.close(&lazy, Handled::Completed).await;
        let cookie = Cookie::of(&closed);
        let index = {
            let mut told = self.told.lock().unwrap();
            told.push(Told {
                act: self.act,
                number: self.number,
                presented,
                was,
                loaded,
                answered: self.steps.count(),
                delivered: None,
                outcome: closed.outcome,
                key: session.session_key(),
                cookie,
            });
            told.len() - 1
        };
        if self.answer_is_lost || self.act == Act::Evict {
            return;
        }
        self.steps.step(Kind::Deliver).await;
        self.told.lock().unwrap()[index].delivered = Some(self.steps.count());
        if let Some(set_cookie) = closed.set_cookie {
            let _ = self.browser.plant(&set_cookie);
        }
    }
}
