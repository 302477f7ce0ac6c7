//! How somebody is asked to sign in, who has not or not lately.

use std::borrow::Cow;

#[cfg(feature = "_web")]
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

#[cfg(any(doc, feature = "_web"))]
use super::Next;

/// Where browsers are sent by a guard that wants somebody signed in.
///
/// The page is told where its visitor wanted to go, by the parameter `next` of its query; [`Next`] reads it.
///
/// ```
/// # use std::sync::Arc;
/// # use session_core::{BuildError, SessionStore, Sessions};
/// use session_core::LoginPage;
///
/// # fn run(store: Arc<dyn SessionStore>) -> Result<(), BuildError> {
/// let login = LoginPage::at("/login").with_step_up("/confirm");
/// let sessions = Sessions::builder(store).login_page(login).build()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginPage {
    pub(crate) path: Cow<'static, str>,
    pub(crate) step_up: Option<Cow<'static, str>>,
    parameter: Cow<'static, str>,
}

impl LoginPage {
    /// Creates one of the page's path, which may have a query.
    #[must_use]
    pub fn at(path: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.into(), step_up: None, parameter: "next".into() }
    }

    /// Sets the path of the page where somebody who is signed in proves it again. The default is the login page.
    #[must_use]
    pub fn with_step_up(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.step_up = Some(path.into());
        self
    }

    /// Sets the name of the query's parameter that says where the visitor wanted to go. The default is `next`.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.parameter = name.into();
        self
    }

    #[cfg(feature = "_web")]
    pub(crate) fn location(&self, is_signed_in: bool, next: Option<Next>) -> String {
        let page = self.step_up.as_ref().filter(|_| is_signed_in).unwrap_or(&self.path);
        let Some(next) = next else { return page.to_string() };
        let join = if page.contains('?') { '&' } else { '?' };
        format!("{page}{join}{}={}", escaped(&self.parameter), escaped(next.as_str()))
    }
}

/// What needs no escape in a query.
#[cfg(feature = "_web")]
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

#[cfg(feature = "_web")]
fn escaped(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, ESCAPED)
}

/// A request's need of somebody signed in, or of a later proof, and how its visitor is told.
///
/// A browser that goes to a page is sent to the [login page](LoginPage), if there is one, by 303; what else asks (a
/// script's `fetch`, a program) is answered 401. There is no `WWW-Authenticate` then: no scheme is registered for cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    location: Option<Box<str>>,
    is_signed_in: bool,
}

impl SignIn {
    #[cfg(any(feature = "_web", feature = "device-bound"))]
    pub(crate) fn new(is_signed_in: bool, location: Option<String>) -> Self {
        Self { location: location.map(Into::into), is_signed_in }
    }

    /// Returns whether somebody is signed in, whose proof is too old for what they want.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.is_signed_in
    }

    /// Returns where the browser is sent, by path and query; absent where a program asked, or there is no login page.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }
}
