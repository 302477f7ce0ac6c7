//! What a response does to the browser's cookies: the one it sets or removes, and the former ones that go with it.

use crate::cookie::Cookies;
use crate::session::{Leftovers, Origin, State};

/// The values of a response's `Set-Cookie` headers.
#[derive(Default)]
pub(super) struct SetCookies {
    /// Sets the session's cookie, or removes it.
    pub(super) set_cookie: Option<String>,
    /// Remove what the cookie was before.
    pub(super) removals: Vec<String>,
}

impl SetCookies {
    /// Sets the cookie, if there is one to set, and removes what is left of former ones: with the cookie, so that at no
    /// moment the browser has none; and without, where none of several counts, so that one remains.
    pub(super) fn set(set_cookie: Option<String>, cookies: &Cookies, state: &mut State) -> Self {
        let due = set_cookie.is_some() || matches!(state.origin, Origin::SeveralCookies { .. });
        if !due {
            return Self::default();
        }
        let removals = match std::mem::take(&mut state.leftovers) {
            Leftovers::None => Vec::new(),
            Leftovers::Attributes => cookies.former_removals().to_vec(),
            Leftovers::Name => cookies.former_name_removals().to_vec(),
        };
        Self { set_cookie, removals }
    }

    /// Removes the cookie, and all that it ever was: which of them the browser has nobody knows.
    pub(super) fn remove(cookies: &Cookies) -> Self {
        let removals = [cookies.former_removals(), cookies.former_name_removals()].concat();
        Self { set_cookie: Some(cookies.removal()), removals }
    }
}
