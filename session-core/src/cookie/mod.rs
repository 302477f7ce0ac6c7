//! The session cookie: how it is set up, read, written and removed.
//!
//! # Rules
//!
//! 1. **The safe cookie is the default**: `__Host-Http-session`, `Secure`, `HttpOnly`, `SameSite=Lax`,
//!    `Path=/`, gone when the browser closes. [`CookiePrefix`] says what which browsers make of the name.
//! 2. **What cannot work is refused when it is built**, with an error that says what to do, not by a
//!    browser that drops the cookie in silence.
//! 3. **`HttpOnly` cannot be switched off.** The cookie is the whole session; a script that needs to
//!    know something gets it from a page or from a cookie of its own.
//! 4. **Raw bytes decide.** A name is compared byte for byte and nothing but space and tab is trimmed
//!    around it, so no neighbouring domain can plant a cookie that only looks like ours.
//! 5. **A cookie without `Secure` is for loopback**, unless its config says otherwise.
//! 6. **Of several cookies the one counts that is live.** Four at most are looked up. Where several are, and one of them is
//!    somebody's, none counts, and a login ends them all.
//! 7. **What the cookie was before is named**, so that it can be changed while sessions live:
//!    [`changing_the_cookie`](crate::guide::changing_the_cookie).

mod attributes; // what browsers are told of it
#[cfg(feature = "device-bound")]
mod beside; // another cookie, beside it
mod check; // what is refused when it is built
mod check_former; // and of what it was before
mod config; // CookieConfig
mod error; // why it is refused
mod former; // what it was before
mod header; // the cookie as responses have it
mod host; // hosts that are one's own machine
mod lines; // the cookie's header, before it is read
mod parts; // what a name, a path and a domain may be
mod presented; // the cookie as requests have it, and the ids in it
mod signing; // MACs, and the steps to them
pub(crate) mod syntax; // what tokens are, and blanks
#[cfg(test)]
mod tests;
mod way; // over what a request came

pub use attributes::{CookieLifetime, CookiePartition, CookiePrefix, CookieTransport, SameSite};
#[cfg(feature = "device-bound")]
pub(crate) use beside::named;
pub use config::CookieConfig;
pub use error::CookieError;
pub use former::FormerAttributes;
pub(crate) use header::Cookies;
pub(crate) use lines::{CookieLines, Line};
#[cfg(any(fuzzing, test))]
pub(crate) use presented::MOST_CANDIDATES;
pub(crate) use presented::{By, Candidate, Presented};
pub use signing::{SigningKey, UnsignedCookies};
pub(crate) use way::{Passage, Way};
