//! The browser itself: a jar, a clock, and the site it is on.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use session_core::{Clock, ManualClock, Timestamp};
use url::Url;

use super::answer::Answer;
use super::jar::Jar;
use super::stored::Refused;
use super::visit::Visit;

/// When a browser's clock begins.
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A browser on a site.
///
/// A clone has a *copy* of the jar, such as a thief has, or a test that keeps what was; a [`tab`](Self::tab) shares it.
pub(crate) struct Browser {
    jar: Arc<Mutex<Jar>>,
    clock: ManualClock,
    home: Url,
    /// By which it sends requests to `Sessions` alone.
    pub(super) method: &'static str,
}

impl Default for Browser {
    fn default() -> Self {
        Self::on("https://example.org")
    }
}

impl Browser {
    /// Makes a browser that is on a site, or on a page of it, without any cookie.
    pub(crate) fn on(site: &str) -> Self {
        let home = site.parse().expect("tests know what a URL is");
        Self { jar: Arc::default(), clock: ManualClock::new(START), home, method: "POST" }
    }

    /// Makes a browser that has a cookie, given as `name=value`.
    pub(crate) fn with(pair: &str) -> Self {
        let mut browser = Self::default();
        browser.plant(&format!("{pair}; Path=/; Secure; HttpOnly")).unwrap();
        browser
    }

    /// Lets cookies expire by a clock of the test's.
    pub(crate) fn with_clock(self, clock: ManualClock) -> Self {
        Self { clock, ..self }
    }

    /// Sends requests by this method from now on; the first is `POST`.
    pub(crate) fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    /// Opens another tab, which has the same cookies.
    pub(crate) fn tab(&self) -> Self {
        Self { jar: Arc::clone(&self.jar), clock: self.clock.clone(), home: self.home.clone(), method: self.method }
    }

    /// Gives the request for a path of the site, or for another address.
    pub(crate) fn visit(&self, path: &str) -> Visit {
        Visit::to(self.home.join(path).expect("tests know what a URL is").as_str())
    }

    pub(crate) fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Gives the `Cookie` header of a request for the page; `None` if it has none.
    pub(crate) fn cookie(&self) -> Option<String> {
        self.header(&self.visit(""))
    }

    /// Gives the value of the one cookie of that name, whatever it is for.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let (jar, now) = (self.jar(), self.now());
        let mut values = jar.all(now).filter(|cookie| cookie.name == name).map(|cookie| cookie.value.clone());
        let value = values.next();
        assert_eq!(values.next().and(Some(name)), None, "there are several");
        value
    }

    /// Plants a cookie as the site could, by a `Set-Cookie` on its first page.
    pub(crate) fn plant(&mut self, set_cookie: &str) -> Result<(), Refused> {
        let (visit, now) = (self.visit("/"), self.now());
        self.jar().set(set_cookie, &visit, now)
    }

    pub(crate) fn header(&self, visit: &Visit) -> Option<String> {
        self.jar().header(visit, self.now())
    }

    /// Takes the cookies of an answer. What browsers refuse they refuse in silence.
    pub(crate) fn receive(&mut self, visit: &Visit, set_cookies: &[String]) {
        let (mut jar, now) = (self.jar(), self.now());
        for set_cookie in set_cookies {
            let _ = jar.set(set_cookie, visit, now);
        }
    }

    /// Holds an answer back, given what its `Set-Cookie` headers say.
    pub(crate) fn hold<T>(&self, visit: Visit, set_cookies: Vec<String>, content: T) -> Answer<T> {
        Answer { browser: self.tab(), visit, set_cookies, content }
    }
}

impl Clone for Browser {
    fn clone(&self) -> Self {
        Self { jar: Arc::new(Mutex::new(self.jar().clone())), ..self.tab() }
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("home", &self.home.as_str()).field("jar", &*self.jar()).finish()
    }
}
