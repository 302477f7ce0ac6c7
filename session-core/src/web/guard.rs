//! Guards: handlers that want somebody signed in.

use std::ops::Deref;
use std::time::Duration;

use crate::engine::{Next, SessionError, SignIn};
use crate::session::Session;
use crate::store::Owner;

/// The session of somebody who is signed in: an extractor in each framework that has them.
///
/// Where nobody is, the handler does not run, and the request ends with [`SessionError::SignIn`]: a browser that goes to a
/// page is sent to the [login page](crate::SessionsBuilder::login_page), with the way back in its query ([`Next`]), and what
/// else asks is answered 401. As an `Option` it is `None` then. An [`Owner`] as an argument does the same, for handlers
/// that want to know who and no more.
///
/// ```
/// use session_core::web::SignedIn;
/// use session_core::SessionError;
///
/// async fn account(ann: SignedIn) -> Result<String, SessionError> {
///     let visits = ann.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
///     Ok(format!("{}, this is visit no. {visits}", ann.owner().as_str()))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SignedIn {
    session: Session,
    owner: Owner,
}

/// The session of somebody who proved who they are within the last `SECONDS`, for what needs a fresh proof ("step-up"): an
/// extractor in each framework that has them.
///
/// It does what [`SignedIn`] does; somebody who is signed in, and whose proof is too old, is sent to the page where they
/// [confirm](crate::LoginPage::with_step_up) it, which then [logs them in](Session::log_in) again.
///
/// ```
/// use session_core::web::SignedInWithin;
///
/// async fn delete_account(ann: SignedInWithin<300>) -> String {
///     format!("Goodbye, {}", ann.owner().as_str())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SignedInWithin<const SECONDS: u64>(SignedIn);

impl SignedIn {
    /// Checks that somebody is signed in, for what is no extractor: a middleware, a filter, a handler that holds the
    /// session already.
    ///
    /// ```
    /// use session_core::web::{SignedIn, Visit};
    /// # use session_core::{LazySession, SessionError};
    /// # use http::HeaderMap;
    ///
    /// async fn check(session: &LazySession, path: &str, headers: &HeaderMap) -> Result<SignedIn, SessionError> {
    ///     let header = |name: &str| headers.get(name).map(|value| value.as_bytes());
    ///     SignedIn::check(session.load().await?, Visit::new("GET", path, header))
    /// }
    /// ```
    ///
    /// # Errors
    /// `SignIn` if nobody is.
    pub fn check(session: Session, visit: Visit<'_>) -> Result<Self, SessionError> {
        match session.owner() {
            Some(owner) => Ok(Self { session, owner }),
            None => Err(visit.refuse(&session, false)),
        }
    }

    /// Returns whom the session belongs to.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Returns the session, for what takes one of anybody.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.session
    }
}

impl<const SECONDS: u64> SignedInWithin<SECONDS> {
    /// Checks that somebody is signed in, and proved it lately; see [`SignedIn::check`].
    ///
    /// # Errors
    /// `SignIn` if nobody is, or the proof is too old.
    pub fn check(session: Session, visit: Visit<'_>) -> Result<Self, SessionError> {
        let signed_in = SignedIn::check(session, visit)?;
        if signed_in.is_authenticated_within(Duration::from_secs(SECONDS)) {
            Ok(Self(signed_in))
        } else {
            Err(visit.refuse(&signed_in, true))
        }
    }

    /// Returns it as what asks for no fresh proof takes it.
    #[must_use]
    pub fn into_signed_in(self) -> SignedIn {
        self.0
    }
}

impl Deref for SignedIn {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl<const SECONDS: u64> Deref for SignedInWithin<SECONDS> {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

/// What a guard looks at in a request to tell how its visitor is answered.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// Where to go on after the login; absent where it was no page.
    target: Option<&'a str>,
    is_browser: bool,
}

impl<'a> Visit<'a> {
    /// Looks at a request: its method, in capitals; its path with the query, from the root of the site; and a way to look
    /// up its headers by their names in lower case.
    ///
    /// A browser that goes to a page says so by `Sec-Fetch-Mode: navigate`; one that is too old for that, by an `Accept` with
    /// `text/html`. After the login it comes back to the page, but not to what it *sent*: a form is to be sent again.
    pub fn new<'h>(method: &str, target: &'a str, header: impl Fn(&str) -> Option<&'h [u8]>) -> Self {
        let is_browser = match header("sec-fetch-mode") {
            Some(mode) => mode == b"navigate",
            None => header("accept").is_some_and(accepts_pages),
        };
        Self { target: matches!(method, "GET" | "HEAD").then_some(target), is_browser }
    }

    fn refuse(self, session: &Session, is_signed_in: bool) -> SessionError {
        let page = session.login_page().filter(|_| self.is_browser);
        let location = page.map(|page| page.location(is_signed_in, self.target.and_then(Next::new)));
        SessionError::SignIn(SignIn::new(is_signed_in, location))
    }
}

fn accepts_pages(accept: &[u8]) -> bool {
    accept.split(|byte| *byte == b',').any(|range| {
        let kind = range.split(|byte| *byte == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"text/html")
    })
}
