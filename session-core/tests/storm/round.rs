//! Requests at once, and what is judged once they are answered.

use std::time::Duration;

use session_core::{CloseOutcome, ManualClock, Owner, SessionError, Sessions};

use super::MOST;
use super::browser::{Act, Answer, Browser, Seen, look, request};
use super::seeded::Seeded;
use super::shaky::Shaky;

const USERS: [&str; 2] = ["ann", "bob"];

/// Two processes on one store, and what they are held to.
pub(crate) struct Site {
    pub(crate) processes: [Sessions; 2],
    pub(crate) shaky: [Shaky; 2],
    pub(crate) clock: ManualClock,
    pub(crate) chance: Seeded,
    /// Ids of sessions that have ended.
    pub(crate) over: Vec<String>,
    pub(crate) round: usize,
    pub(crate) seed: u64,
}

/// What happened beside the requests of a browser.
struct Beside {
    /// All sessions of this user's were ended, from elsewhere.
    revoked: Option<&'static str>,
    /// Who logged in at any browser.
    logins: Vec<&'static str>,
}

impl Beside {
    /// Tells whether something other than these requests of its browser may have ended a user's session.
    fn hits(&self, user: &str, own: &[Answer]) -> bool {
        let logins = self.logins.iter().filter(|who| **who == user).count();
        let own = own.iter().filter(|answer| login(&answer.act) == Some(user)).count();
        self.revoked == Some(user) || logins > own
    }
}

impl Site {
    /// Sends some requests of each browser at once, delivers their answers in any order, some never, and judges.
    pub(crate) async fn run_a_round(&mut self, browsers: &mut [Browser]) {
        self.round += 1;
        let chance = self.chance.clone();
        self.clock.advance([1, 20, 5_000, 40_000, 3_600_000].map(Duration::from_millis)[chance.below(5)]);
        let mut before = Vec::new();
        for browser in &*browsers {
            before.push(self.look(browser).await);
        }
        let (failing, refusing) = [(0, 0), (0, 0), (100, 0), (300, 0), (0, 1_000)][chance.below(5)];
        self.shaky.iter().for_each(|shaky| shaky.fails(failing, refusing));
        let user = USERS[chance.below(2)];
        let mut tasks = Vec::new();
        for browser in &*browsers {
            let quiet = chance.below(3) == 0;
            let acts: Vec<_> = (0..chance.below(4)).map(|number| self.choose(browser, number, quiet, user)).collect();
            let send = |act| {
                let process = self.processes[chance.below(2)].clone();
                tokio::spawn(request(process, browser.jar.clone(), act))
            };
            tasks.push(acts.into_iter().map(send).collect::<Vec<_>>());
        }
        let revoked = (chance.below(12) == 0).then(|| USERS[chance.below(2)]);
        let revocation = revoked.map(|who| {
            let process = self.processes[chance.below(2)].clone();
            tokio::spawn(async move { process.revoke_all(&Owner::new(who).unwrap(), None).await })
        });
        let mut all = Vec::new();
        for tasks in tasks {
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(task.await.unwrap());
            }
            all.push(answers);
        }
        let was_revoked = match revocation {
            Some(revocation) => revocation.await.unwrap().is_ok(),
            None => false,
        };
        self.shaky.iter().for_each(|shaky| shaky.fails(0, 0));
        let logins: Vec<_> = all.iter().flatten().filter_map(|answer: &Answer| login(&answer.act)).collect();
        let beside = Beside { revoked, logins };
        for (browser, (was, answers)) in browsers.iter_mut().zip(before.into_iter().zip(all)) {
            self.judge(browser, was, answers, &beside).await;
        }
        if let (true, Some(who)) = (was_revoked, revoked)
            && !beside.logins.contains(&who)
        {
            let listed = self.processes[0].list(&Owner::new(who).unwrap()).await.unwrap();
            assert!(listed.is_empty(), "a revocation was acknowledged, and is undone: {}", self.place());
        }
        self.what_is_over_opens_nothing().await;
    }

    /// Chooses what a request does. Most who log in at once are the same user.
    fn choose(&self, browser: &Browser, number: usize, quiet: bool, user: &'static str) -> Act {
        match self.chance.below(if quiet { 6 } else { 12 }) {
            0..3 => Act::Read,
            3..6 => Act::Write(format!("{} {} {number}", self.round, browser.name)),
            6..9 => Act::LogIn(user),
            9 => Act::LogIn(USERS[self.chance.below(2)]),
            10 => Act::LogOut,
            _ => Act::LogOutAndSay,
        }
    }

    fn place(&self) -> String {
        format!("round {} of STORM_SEED={}", self.round, self.seed)
    }

    /// Delivers the answers of a browser, and judges what it sees then.
    async fn judge(&mut self, browser: &mut Browser, was: Option<Seen>, mut answers: Vec<Answer>, beside: &Beside) {
        // It was there when the requests were sent, and nobody elsewhere ended it meanwhile.
        let stood = was.as_ref().is_some_and(|was| !beside.hits(&was.whose, &answers));
        for at in (1..answers.len()).rev() {
            answers.swap(at, self.chance.below(at + 1));
        }
        let lost = (!answers.is_empty() && self.chance.below(4) == 0).then(|| self.chance.below(answers.len()));
        for (number, answer) in answers.iter().enumerate() {
            self.an_error_is_for_something(answer, beside);
            if lost != Some(number) {
                browser.deliver(answer);
            }
        }
        self.note_what_is_over(&answers);
        let seen = self.look(browser).await;
        self.the_last_login_is_in_effect(&answers, lost, beside, stood, &seen);

        let signs = answers.iter().any(|answer| !matches!(answer.act, Act::Read | Act::Write(_)));
        // The limit may have put it out, or somebody else.
        let hit = [&was, &seen].into_iter().flatten().any(|seen| beside.hits(&seen.whose, &answers));
        if signs {
            // Which of them came last, and what was written before, is not to be told.
            browser.written = seen.as_ref().map(|seen| seen.keys.clone()).unwrap_or_default();
            // An end that failed is made later.
            browser.may_be_out = hit || seen.is_none() || answers.iter().any(|answer| !answer.is_acknowledged());
            return;
        }
        let written = answers.iter().filter_map(|answer| match &answer.act {
            Act::Write(token) if answer.is_acknowledged() => Some(token.clone()),
            _ => None,
        });
        browser.may_be_out |= hit;
        let Some(was) = was else {
            // Without a session each write begins one, and the answer that comes last wins.
            browser.written = seen.as_ref().map(|seen| seen.keys.clone()).unwrap_or_default();
            browser.may_be_out |= seen.is_none();
            return;
        };
        browser.written.extend(written);
        match seen {
            Some(seen) if seen.began == was.began => {
                let missing = browser.written.difference(&seen.keys).next();
                assert_eq!(missing, None, "what was acknowledged is not there, for {}", self.at(browser));
            }
            seen => {
                assert!(browser.may_be_out, "signed out for nothing: {}", self.at(browser));
                browser.written = seen.map(|seen| seen.keys).unwrap_or_default();
            }
        }
    }

    fn at(&self, browser: &Browser) -> String {
        format!("{}, {}", browser.name, self.place())
    }

    /// Looks what a browser sees; each process sees the same, but what one of them is still to end.
    async fn look(&self, browser: &Browser) -> Option<Seen> {
        look(&self.processes[self.chance.below(2)], &browser.jar).await
    }

    fn an_error_is_for_something(&self, answer: &Answer, beside: &Beside) {
        let Err(error) = &answer.outcome else { return };
        if error.http_status() == 503 {
            return;
        }
        let fits = match &answer.act {
            Act::LogIn(_) => matches!(error, SessionError::TooManySessions { .. }) && beside.logins.len() > 1,
            Act::Write(_) => matches!(error, SessionError::Gone | SessionError::ReadOnly(_)),
            _ => false,
        };
        assert!(fits, "{answer:?}: {}", self.place());
    }

    /// Takes note of the ids whose sessions a logout has ended, where no login came beside it.
    fn note_what_is_over(&mut self, answers: &[Answer]) {
        if answers.iter().any(|answer| login(&answer.act).is_some()) {
            return;
        }
        let ends = |answer: &&Answer| matches!(answer.act, Act::LogOut | Act::LogOutAndSay) && answer.is_acknowledged();
        let Some(end) = answers.iter().find(ends) else { return };
        self.over.extend(end.presented.clone());
        // What it was renewed to meanwhile.
        let renewed = answers.iter().filter(|answer| matches!(answer.outcome, Ok(CloseOutcome::Renewed)));
        self.over.extend(renewed.filter_map(Answer::given_id));
    }

    async fn what_is_over_opens_nothing(&mut self) {
        // Those of long ago have been looked at often enough.
        let old = self.over.len().saturating_sub(20);
        self.over.drain(..old);
        for id in &self.over {
            for process in &self.processes {
                let seen = look(process, &Some(id.clone())).await;
                assert!(seen.is_none(), "a logout was acknowledged, and is undone: {}", self.place());
            }
        }
    }

    /// A login is in effect whose answer came last, if nothing came between: see `visitor_races`.
    fn the_last_login_is_in_effect(
        &self,
        answers: &[Answer],
        lost: Option<usize>,
        beside: &Beside,
        stood: bool,
        seen: &Option<Seen>,
    ) {
        let Some(last) = answers.iter().rposition(|answer| login(&answer.act).is_some()) else { return };
        let who = login(&answers[last].act);
        let all_the_same = answers.iter().all(|answer| match &answer.act {
            Act::LogIn(user) => Some(*user) == who && answer.is_acknowledged(),
            Act::LogOut | Act::LogOutAndSay => false,
            _ => true,
        });
        let of_who = beside.logins.iter().filter(|user| Some(**user) == who).count();
        let own = answers.iter().filter(|answer| login(&answer.act).is_some()).count();
        let disturbed = beside.revoked == who || of_who > own || (own > 1 && !stood);
        // What neither could know of the other, and what the network has turned around.
        let after = answers[last + 1..].iter().any(|answer| match answer.outcome {
            Ok(CloseOutcome::Created) => !stood,
            Ok(CloseOutcome::Renewed) => true,
            _ => false,
        });
        let is_lost = lost.is_some_and(|lost| login(&answers[lost].act).is_some());
        if all_the_same && !disturbed && !after && !is_lost {
            let whose = seen.as_ref().map(|seen| seen.whose.as_str());
            assert_eq!(whose, who, "a login is undone: {}, {answers:?}, {lost:?} lost", self.place());
        }
    }

    /// Once nothing fails any more, everybody can go on.
    pub(crate) async fn calms_down(&mut self, browsers: &mut [Browser]) {
        for browser in &mut *browsers {
            for (act, whose) in [(Act::Read, None), (Act::LogIn("ann"), Some("ann")), (Act::LogIn("bob"), Some("bob"))]
            {
                let process = self.processes[self.chance.below(2)].clone();
                // Of those who log in at one moment, the limit may refuse one.
                self.clock.advance(Duration::from_millis(1));
                let answer = request(process, browser.jar.clone(), act).await;
                assert!(answer.is_acknowledged(), "stuck: {answer:?} for {}", self.at(browser));
                browser.deliver(&answer);
                let seen = self.look(browser).await;
                assert!(whose.is_none() || seen.is_some_and(|seen| Some(seen.whose.as_str()) == whose), "{answer:?}");
            }
        }
        for user in USERS {
            let user = Owner::new(user).unwrap();
            let listed = async || self.processes[0].list(&user).await.unwrap().len();
            let settled = async {
                while listed().await > MOST.get() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            let settled = tokio::time::timeout(Duration::from_secs(60), settled).await;
            assert!(settled.is_ok(), "ghosts: {} sessions of {user:?}, {}", listed().await, self.place());
        }
    }
}

fn login(act: &Act) -> Option<&'static str> {
    match act {
        Act::LogIn(who) => Some(who),
        _ => None,
    }
}
