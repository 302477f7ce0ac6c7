//! A browser with one cookie, and what it knows of its session.

use std::iter::Sum;

use crate::server::{Answer, Server};

pub(crate) struct Browser {
    number: u64,
    cookie: Option<String>,
    session: Expected,
    /// Cookies of sessions that ended, and of ids that were renewed: none of them opens anything any more.
    dead: Vec<String>,
    random: u64,
    pub(crate) tally: Tally,
}

/// What the pages have to show.
#[derive(Default)]
struct Expected {
    owner: Option<String>,
    count: u64,
    word: Option<String>,
    flashes: Vec<String>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) logins: u64,
    pub(crate) logouts: u64,
    pub(crate) dead: u64,
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, one| Self {
            requests: sum.requests + one.requests,
            logins: sum.logins + one.logins,
            logouts: sum.logouts + one.logouts,
            dead: sum.dead + one.dead,
        })
    }
}

/// How many ended ids a browser remembers, and tries again.
const REMEMBERED: usize = 50;

impl Browser {
    pub(crate) fn new(number: u64, seed: u64) -> Self {
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd134_2543_de82_ef95);
        let (session, dead, tally) = (Expected::default(), Vec::new(), Tally::default());
        Self { number, cookie: None, session, dead, random, tally }
    }

    /// Does one thing, on a server that is drawn.
    pub(crate) fn step(&mut self, servers: &[&Server]) -> Result<(), String> {
        let (first, second) = (servers[self.below(servers.len())], servers[self.below(servers.len())]);
        match self.below(100) {
            0..30 => self.page(first, "look"),
            30..50 => {
                self.session.count += 1;
                self.page(first, "count")
            }
            50..60 => {
                let word = format!("word-{}", self.below(1_000));
                self.session.word = Some(word.clone());
                self.page(first, &format!("set {word}"))
            }
            60..68 => {
                let message = format!("message-{}", self.below(1_000));
                self.session.flashes.push(message.clone());
                self.page(first, &format!("flash {message}"))
            }
            68..75 => self.take(first),
            75..80 => self.login(first),
            80..85 => self.renew(first),
            85..90 => self.count_twice_at_once(first, second),
            90..94 => self.log_out(first),
            94..96 => self.log_out_while_counting(first, second),
            _ => self.try_what_is_dead(first),
        }
    }

    /// Sends a request whose page shows the session as it is expected to be.
    fn page(&mut self, server: &Server, operation: &str) -> Result<(), String> {
        let expected = self.session.shown("-");
        let answer = self.ask(server, operation)?;
        self.shows(&answer, &expected, server, operation)
    }

    fn take(&mut self, server: &Server) -> Result<(), String> {
        let flashes = std::mem::take(&mut self.session.flashes).join(",");
        let expected = self.session.shown(if flashes.is_empty() { "-" } else { &flashes });
        let answer = self.ask(server, "take")?;
        self.shows(&answer, &expected, server, "take")
    }

    fn login(&mut self, server: &Server) -> Result<(), String> {
        if self.session.owner.is_some() {
            return self.renew(server);
        }
        let owner = format!("user-{}", self.number);
        self.session.owner = Some(owner.clone());
        self.tally.logins += 1;
        self.renewed_by(server, &format!("login {owner}"))
    }

    fn renew(&mut self, server: &Server) -> Result<(), String> {
        self.renewed_by(server, "renew")
    }

    /// Sends a request after which the old id opens nothing.
    fn renewed_by(&mut self, server: &Server, operation: &str) -> Result<(), String> {
        let before = self.cookie.clone();
        self.page(server, operation)?;
        if before.is_some() && self.cookie == before {
            return Err(self.complaint(server, operation, "it was given no new id"));
        }
        self.bury(before);
        Ok(())
    }

    /// Two requests of one session, on two servers at once: both count.
    fn count_twice_at_once(&mut self, first: &Server, second: &Server) -> Result<(), String> {
        if self.cookie.is_none() {
            return Ok(());
        }
        let answers = [self.send(first, "count")?, self.send(second, "count")?];
        for answer in answers {
            let answer = answer.recv().map_err(|_| "a server has ended".to_owned())?;
            if answer.status != 200 || answer.set_cookie.is_some() {
                return Err(self.complaint(first, "count, twice at once", &format!("{answer:?}")));
            }
        }
        self.session.count += 2;
        self.page(second, "look")
    }

    fn log_out(&mut self, server: &Server) -> Result<(), String> {
        let before = self.cookie.clone();
        let answer = self.ask(server, "destroy")?;
        self.logged_out(before, answer.status, server)
    }

    /// A logout beside a request that writes: whichever comes first, the session has ended.
    fn log_out_while_counting(&mut self, first: &Server, second: &Server) -> Result<(), String> {
        let before = self.cookie.clone();
        if before.is_none() {
            return Ok(());
        }
        let (logout, counting) = (self.send(first, "destroy")?, self.send(second, "count")?);
        let counted = counting.recv().map_err(|_| "a server has ended".to_owned())?;
        if ![200, 409].contains(&counted.status) || counted.set_cookie.is_some() {
            return Err(self.complaint(second, "count beside a logout", &format!("{counted:?}")));
        }
        let answer = logout.recv().map_err(|_| "a server has ended".to_owned())?;
        self.take_cookie(&answer);
        self.logged_out(before.clone(), answer.status, first)?;
        self.opens_nothing(second, &before.unwrap_or_default())
    }

    fn logged_out(&mut self, before: Option<String>, status: u16, server: &Server) -> Result<(), String> {
        if status != 200 || self.cookie.is_some() {
            return Err(self.complaint(server, "destroy", &format!("status {status}, the cookie stays")));
        }
        self.tally.logouts += u64::from(before.is_some());
        self.bury(before);
        self.session = Expected::default();
        Ok(())
    }

    /// Presents an id that was ended or renewed, a moment or long ago.
    fn try_what_is_dead(&mut self, server: &Server) -> Result<(), String> {
        match self.dead.len() {
            0 => Ok(()),
            several => {
                let at = self.below(several);
                let cookie = self.dead[at].clone();
                self.opens_nothing(server, &cookie)
            }
        }
    }

    fn opens_nothing(&mut self, server: &Server, cookie: &str) -> Result<(), String> {
        self.tally.requests += 1;
        self.tally.dead += 1;
        let answer = server.ask(Some(cookie), "look")?.recv().map_err(|_| "a server has ended".to_owned())?;
        let nothing = Expected::default().shown("-");
        match answer.set_cookie {
            None => self.shows(&answer, &nothing, server, "look with an id that was ended or renewed"),
            Some(_) => Err(self.complaint(server, "look with an id that was ended or renewed", "it set a cookie")),
        }
    }

    fn bury(&mut self, cookie: Option<String>) {
        self.dead.extend(cookie);
        if self.dead.len() > REMEMBERED {
            self.dead.remove(0);
        }
    }

    fn send(&mut self, server: &Server, operation: &str) -> Result<std::sync::mpsc::Receiver<Answer>, String> {
        self.tally.requests += 1;
        server.ask(self.cookie.as_deref(), operation)
    }

    /// Sends a request, waits for its answer, and takes the cookie that comes with it.
    fn ask(&mut self, server: &Server, operation: &str) -> Result<Answer, String> {
        let answer = self.send(server, operation)?.recv();
        let answer = answer.map_err(|_| format!("the {} server ended during `{operation}`", server.name))?;
        self.take_cookie(&answer);
        Ok(answer)
    }

    fn take_cookie(&mut self, answer: &Answer) {
        if let Some(set) = &answer.set_cookie {
            let (pair, attributes) = set.split_once("; ").unwrap_or((set, ""));
            self.cookie = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
        }
    }

    fn shows(&self, answer: &Answer, expected: &str, server: &Server, operation: &str) -> Result<(), String> {
        if answer.status == 200 && answer.shown == expected {
            return Ok(());
        }
        let found = format!("status {} and `{}` instead of `{expected}`", answer.status, answer.shown);
        Err(self.complaint(server, operation, &found))
    }

    fn complaint(&self, server: &Server, operation: &str, what: &str) -> String {
        format!("browser {} on the {} server, `{operation}`: {what}", self.number, server.name)
    }

    /// Draws a number; one that only has to look random: Knuth's multiplier.
    fn below(&mut self, limit: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.random >> 33) % limit as u64).expect("it is below a length")
    }
}

impl Expected {
    /// Writes what a page shows, as a server does.
    fn shown(&self, flashes: &str) -> String {
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
        format!("{} {} {} {flashes}", or_nothing(&self.owner), self.count, or_nothing(&self.word))
    }
}
