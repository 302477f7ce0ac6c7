//! Sessions that an OpenID provider ends: a receiver of back-channel logouts, and the sign-in that makes them work.
//!
//! A provider that ends a user's session with itself sends a *logout token* to each application that the user was signed in
//! to, from server to server: no browser takes part, so there is no cookie. Whose sessions are meant the token says, by the
//! user (`sub`), by the provider's session (`sid`), or by both. So a session has to be found by either, and is: its owner is
//! the `sub`, and it has a label `sid`.

mod app; // the routes
mod ending; // ends what a token names
mod logout_token; // what a logout token has to be
mod provider; // whose signatures are believed
mod used; // tokens that have done their work

pub use app::{App, BACK_CHANNEL, app};
pub use ending::{SID, sign_in};
pub use logout_token::{LogoutToken, Refused};
pub use provider::Provider;
pub use used::UsedTokens;
