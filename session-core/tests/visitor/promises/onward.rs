//! What a visitor meets who goes on.

use session_core::Handled;

use super::super::act::{Act, NOBODY, log_in, mark, value_of};
use super::super::scene::{Accident, Start};
use super::super::told::ids;
use super::super::world::World;
use super::Judged;
use crate::support::MINUTE;

impl Judged<'_> {
    /// Where nobody ended anything the browser has its session, also if the answer that brought a new id was lost, and
    /// shows what was acknowledged. Without any cookie each write begins a session of its own.
    pub(super) async fn nobody_is_signed_out_for_nothing(&self) {
        let World { scene, browser, sessions, .. } = self.world;
        let is_without = scene.start == Start::NoCookie && scene.is_newcomer();
        let brought = !scene.is_newcomer() || scene.accident == Accident::No;
        if self.acts(Act::ends) || is_without || !brought {
            return;
        }
        let opened = self.look(browser.open(sessions)).await;
        if !scene.is_newcomer() {
            let whose = opened.as_ref().map(|opened| opened.whose.as_str());
            let expected = match scene.is_ambiguous() {
                // Until an answer removes the former cookie, there are two.
                true if ids(browser).len() > 1 => None,
                true => scene.start.lives(),
                false => scene.lives().next(),
            };
            assert_eq!(whose, expected, "signed out for nothing after {self}");
        }
        for told in self.told.iter().filter(|told| told.act == Act::Write && told.is_acknowledged()) {
            let there = opened.as_ref().is_some_and(|opened| opened.session.contains(value_of(told.number).as_str()));
            assert!(there, "the browser does not see the write of {} after {self}", told.number);
        }
    }

    /// What a visitor meets who does nothing more than go on.
    pub(super) async fn nobody_is_stuck(&self) {
        let World { sessions, clock, browser, .. } = self.world;
        let mut browser = browser.tab();
        let lazy = browser.open(sessions);
        let load = lazy.load().await;
        assert!(load.is_ok(), "stuck: a page is not shown after {self}");
        let closed = sessions.close(&lazy, Handled::Completed).await;
        assert!(closed.outcome.is_ok(), "stuck: a page is an error after {self}");
        browser.take(&closed);
        for (number, who) in ["ann", "bob", "ann"].into_iter().enumerate() {
            let login = browser.try_request(sessions, |session| log_in(session, who, 100 + number).unwrap()).await;
            assert!(login.outcome.is_ok(), "more than a login away: {:?} of {who} after {self}", login.outcome);
            // One that came with the former cookie alone has two now, which the next removes.
            assert!(ids(&browser).len() == 1 || number == 0, "a login leaves several cookies after {self}");
            let opened = self.look(browser.open(sessions)).await;
            let opened = opened.unwrap_or_else(|| panic!("more than a login away: no session of {who} after {self}"));
            assert_eq!(opened.whose, who, "the login led to somebody else's session after {self}");
            let passed = opened.marks().into_iter().find(|mark| mark != NOBODY && mark != who);
            assert_eq!(passed, None, "passed on to {who} after {self}");
        }
        clock.advance(MINUTE * 3);
        browser.request(sessions, |session| mark(session, "last")).await;
        let last = self.look(browser.open(sessions)).await.expect("it was written");
        browser.request(sessions, |session| session.log_out()).await;
        assert!(ids(&browser).is_empty(), "a logout leaves a cookie after {self}");
        let opened = self.look_by_all_ids().await;
        assert!(!opened.iter().any(|opened| opened.key == last.key), "an id from before opens the last, after {self}");
    }
}
