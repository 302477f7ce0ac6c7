//! What a token ends.

use std::num::NonZeroUsize;

use session_core::{Owner, Session, SessionError, Sessions};

use crate::logout_token::LogoutToken;

/// The label by which a session is found that the provider ends.
pub const SID: &str = "sid";

const PAGE: NonZeroUsize = NonZeroUsize::new(100).unwrap();

/// Signs a user in whom the provider has named, and keeps by what it will name the session when it ends.
///
/// # Errors
/// As those of `log_in`; and `Label` if the provider's `sid` is longer than a label.
pub fn sign_in(session: &Session, subject: Owner, sid: Option<&str>) -> Result<(), SessionError> {
    session.log_in(subject)?;
    match sid {
        Some(sid) => session.set_label(SID, sid),
        None => session.remove_label(SID),
    }
}

/// Ends the sessions that the token names.
///
/// With a user alone these are all of the user's. With a `sid`, those that have it: several, if the user has signed in anew
/// with one browser, and the provider's session was the same. Without a user every session has to be looked at for that.
///
/// # Errors
/// As those of `revoke_all`, `page_owned` and `page`. Some may have been ended, and doing it again ends the rest.
pub(crate) async fn end(sessions: &Sessions, token: &LogoutToken) -> Result<(), SessionError> {
    let (subject, sid) = match (&token.subject, &token.sid) {
        (Some(subject), None) => return sessions.revoke_all(subject, None).await.map(drop),
        (subject, Some(sid)) => (subject, sid),
        (None, None) => return Ok(()),
    };
    let mut after = None;
    loop {
        let page = match subject {
            Some(subject) => sessions.page_owned(subject, after.as_ref(), PAGE).await?,
            None => sessions.page(after.as_ref(), PAGE).await?,
        };
        for info in page.sessions.iter().filter(|info| info.label(SID) == Some(sid)) {
            sessions.revoke(&info.session_key()).await?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
