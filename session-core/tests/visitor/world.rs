//! The browser, and what was before its requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::{ManualClock, SessionId, Sessions};

use super::act::{Act, log_in, mark};
use super::request::Request;
use super::scene::{Accident, Beside, Caches, Scene, Start};
use super::site::{FORMER_PATH, Renewed, Site};
use super::told::{Told, ids};
use crate::support::stepped::{Run, Stepped, Steps, Task, now};
use crate::support::{Browser, MINUTE, START, store};

/// What the requests share, and what is known of them.
pub(crate) struct World {
    pub(crate) scene: Scene,
    /// Calls the store without steps, and has all keys.
    pub(crate) sessions: Sessions,
    pub(crate) clock: ManualClock,
    pub(crate) browser: Browser,
    pub(crate) had: Had,
    pub(crate) told: Arc<Mutex<Vec<Told>>>,
    pub(crate) renewed: Renewed,
}

/// The ids that there were before the first request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Had {
    /// In the browser's cookie.
    pub(crate) first: Option<SessionId>,
    /// In its second one.
    pub(crate) beside: Option<SessionId>,
    /// In another browser, of Ann's.
    pub(crate) elsewhere: Option<SessionId>,
}

impl Had {
    pub(crate) fn all(&self) -> impl Iterator<Item = &SessionId> {
        [&self.first, &self.beside, &self.elsewhere].into_iter().flatten()
    }
}

/// Makes a world, and the tasks of a run in it: each request has a process of its own.
pub(crate) fn begin(scene: Scene) -> (World, Run) {
    let store = store();
    let clock = ManualClock::new(START);
    let site = Site::of(&scene, clock.clone());
    let plain = site.sessions(store.clone(), None);
    let mut browser = Browser::on(&format!("https://example.org{FORMER_PATH}/"));
    let had = now(prepare(&scene, &plain, &clock, &mut browser));
    let (steps, told) = (Steps::new(clock.clone()), Arc::default());
    let task = |(number, act): (usize, &Act)| {
        let stepped = match site.has_limit || act.is_outside() || act.is_of_owner() {
            // Who counts or ends the sessions of an owner reads all of them.
            true => Stepped::new(store.clone(), steps.clone()),
            false => Stepped::for_request(store.clone(), steps.clone(), 1 + usize::from(scene.beside.is_some())),
        };
        let sessions = site.sessions(stepped.clone(), Some(number));
        let mut tab = if *act == Act::Evict { Browser::default() } else { browser.tab() };
        if scene.caches != Caches::No {
            now(browser.open(&sessions).load()).unwrap();
            stepped.forget();
            tab = if *act == Act::Write { tab } else { tab.by("GET") };
        }
        let request = Request {
            act: *act,
            number,
            sessions,
            steps: steps.clone(),
            browser: tab,
            first: had.first.clone(),
            told: Arc::clone(&told),
            answer_is_lost: scene.accident == Accident::LostAnswer && number == 0,
        };
        Box::pin(request.run()) as Task
    };
    let tasks = scene.acts.iter().enumerate().map(task).collect();
    let crash = match scene.accident {
        Accident::Crash(after) => Some((0, after)),
        _ => None,
    };
    let renewed = site.renewed;
    let world = World { scene, sessions: plain, clock, browser, had, told, renewed };
    (world, Run { tasks, steps, crash })
}

async fn prepare(scene: &Scene, sessions: &Sessions, clock: &ManualClock, browser: &mut Browser) -> Had {
    let mut had = Had::default();
    let next = || {
        clock.advance(Duration::from_millis(1));
        Browser::default()
    };
    if scene.has(Act::is_of_owner) {
        let mut elsewhere = next();
        elsewhere.request(sessions, |session| log_in(session, "ann", 98).unwrap()).await;
        had.elsewhere = ids(&elsewhere).pop();
    }
    if scene.beside.is_some() && scene.beside != Some(Beside::Newer) {
        had.beside = prepare_beside(scene, sessions, next()).await;
    }
    clock.advance(Duration::from_millis(1));
    prepare_first(scene.start, sessions, clock, browser).await;
    if scene.beside == Some(Beside::Newer) {
        had.beside = prepare_beside(scene, sessions, next()).await;
    }
    if scene.beside == Some(Beside::Before) {
        had.beside = ids(browser).pop();
        clock.advance(MINUTE * 60);
        browser.request(sessions, |_| {}).await;
    }
    had.first = ids(browser).pop();
    if let Some(beside) = &had.beside {
        let cookie = format!("{}={}; Path={FORMER_PATH}; Secure", sessions.cookie_name(), beside.encode());
        browser.plant(&cookie).unwrap();
    }
    // Longer than a straggler may be under way.
    let is_long_ago = matches!(scene.start, Start::Old | Start::LoggedOutBefore);
    clock.advance(if is_long_ago { MINUTE / 2 } else { Duration::from_millis(1) });
    had
}

async fn prepare_first(start: Start, sessions: &Sessions, clock: &ManualClock, browser: &mut Browser) {
    if start == Start::NoCookie {
        return;
    }
    browser.request(sessions, |session| mark(session, "cart")).await;
    if start == Start::Nobody {
        return;
    }
    browser.request(sessions, |session| log_in(session, "ann", 99).unwrap()).await;
    match start {
        Start::Due => clock.advance(MINUTE * 60),
        Start::Old => {
            clock.advance(MINUTE * 60);
            drop(browser.answer(sessions, |_| {}).await);
        }
        Start::Revoked => {
            sessions.revoke(&ids(browser)[0].key()).await.unwrap();
        }
        Start::LoggedOut | Start::LoggedOutBefore => {
            drop(browser.answer(sessions, |session| session.log_out()).await);
        }
        _ => {}
    }
}

/// Gives the id of the second cookie, from a browser that has it alone.
async fn prepare_beside(scene: &Scene, sessions: &Sessions, mut browser: Browser) -> Option<SessionId> {
    let who = match scene.beside? {
        Beside::Before => return None,
        Beside::Unknown => return Some(SessionId::parse(&[b'A'; SessionId::ENCODED_LEN]).unwrap()),
        Beside::Nobody | Beside::Newer => None,
        Beside::Bob => Some("bob"),
        Beside::Ann | Beside::LoggedOut | Beside::Revoked => Some("ann"),
    };
    browser
        .request(sessions, |session| match who {
            None => mark(session, "wishes"),
            Some(who) => log_in(session, who, 97).unwrap(),
        })
        .await;
    let id = ids(&browser).pop()?;
    match scene.beside? {
        Beside::LoggedOut => drop(browser.answer(sessions, |session| session.log_out()).await),
        Beside::Revoked => drop(sessions.revoke(&id.key()).await.unwrap()),
        _ => {}
    }
    Some(id)
}
