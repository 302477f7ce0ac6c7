//! What all parts of a `Sessions` share: the store with a deadline, clock, settings and policies, turns, the error that
//! sums up, and who is told what happened.
//!
//! It knows neither requests nor handles: those are built on it, in `session/`, `request/` and `manage/`.

mod backend; // the store with a deadline, and lost replies resolved
mod clearing; // owners whose sessions are brought down to the limit
mod deadline; // how long an operation may take
mod error; // SessionError
pub mod events; // what happens, and who is told
mod fingerprint; // how logs name a session
#[cfg(feature = "metrics")]
mod metrics; // figures
mod misfit; // where in a value something is wrong
mod near; // what this process has read
mod next; // where a browser goes on after the login
mod observe; // tells logs, hooks and metrics, from one place
mod once; // what is told once
mod parts; // Engine: what is behind a `Sessions`
mod repeats; // what a log is told of what fails over and over
mod sessions; // Sessions, the door to everything
mod settings; // what the application chose
mod settling; // what was asked to end, and has not yet
mod sign_in; // how somebody is asked to sign in
mod turns; // turns for the writers of one key
mod verb; // what the store is asked
mod watching; // who is told of changes

pub(crate) use backend::{Backend, unexpected};
pub(crate) use clearing::Clearing;
pub(crate) use deadline::Deadline;
pub use error::{ReadOnly, SessionError};
pub use events::{Event, EventKind};
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use misfit::Misfit;
#[cfg(feature = "near")]
pub use near::Near;
pub(crate) use near::NearCache;
pub use next::Next;
pub(crate) use observe::Observer;
pub(crate) use once::Once;
pub(crate) use parts::Engine;
pub use sessions::Sessions;
pub use settings::{ConflictPolicy, FailurePolicy, GonePolicy, OnServerError, OwnerLimitAction, SiteData};
pub(crate) use settings::{OwnerLimit, Renewal};
pub(crate) use settling::Settling;
pub use sign_in::{LoginPage, SignIn};
pub(crate) use turns::{Turn, Turns};
pub(crate) use verb::Verb;
pub(crate) use watching::{Heard, Watched, Watching};
