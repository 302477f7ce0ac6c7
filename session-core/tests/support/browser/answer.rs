//! An answer on its way to the browser.

use super::client::Browser;
use super::visit::Visit;

/// An answer that has not reached the browser yet. One that is dropped never does.
///
/// So answers can come in another order than that of their requests, as they do on a network.
#[must_use = "an answer that is not delivered is lost"]
pub(crate) struct Answer<T> {
    pub(super) browser: Browser,
    pub(super) visit: Visit,
    pub(super) set_cookies: Vec<String>,
    pub(super) content: T,
}

impl<T> Answer<T> {
    /// Looks at what is under way.
    pub(crate) fn content(&self) -> &T {
        &self.content
    }

    /// Brings it to the browser, which takes its cookies, and gives what it says.
    pub(crate) fn deliver(mut self) -> T {
        self.browser.receive(&self.visit, &self.set_cookies);
        self.content
    }
}
