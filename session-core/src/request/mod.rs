//! The life of a request: opened by its cookie, loaded when a handler asks, written once when it is closed, and what its
//! response says.
//!
//! What a handler sees of it is in `session/`; sessions from outside are in `manage/`. Frameworks enter by
//! [`Sessions::open`](crate::Sessions::open) and [`Sessions::close`](crate::Sessions::close).

// First, so that the page of `Sessions` has the beginning of a request before its end.
mod lazy; // LazySession: before anybody asks for it

#[cfg(feature = "device-bound")]
mod bound; // what answers a browser that binds its session to its device, or proves where it comes from
mod candidates; // reads: which session is meant, where several ids are presented or a former name
mod close; // ends a request: one write at most, and the headers
mod closed; // what that came to
mod commit; // commit, reload, and what every write of a handle begins and ends with
mod dead; // what comes with the id of a session that is over
mod ending; // the end of a session, and the beginning after it
mod excess; // which of an owner's sessions are too many
mod finish; // goes on when nobody waits any more
mod head; // RequestHead: what is known of a request from the start
mod headers; // what caches are told
mod live; // connections that stay open
mod load; // reads: which record stands under an id, if any
mod login; // how somebody logs in, whatever became of the session
mod merge; // what follows a conflict
mod near; // reads what was read before, for requests that only look
mod outside; // one session, read and changed from outside
mod owned; // the sessions of one owner, as the store lists them
mod owner_limit; // so many sessions per owner
mod renew; // a new id, for a change of privilege or every so often
mod replace; // writes in place
mod retirement; // how sessions end, and what a retired id may do
mod retry; // what the store did not do, tried again in the background
mod save; // to a new session, in place, or under a new id
mod set_cookies; // the cookies that a response sets and removes
mod touch; // the deadline of what is only read
mod transaction; // what must be decided once
#[cfg(feature = "device-bound")]
mod unproven; // which requests have to prove that they come from their session's device
mod write; // one step: create or replace

#[cfg(feature = "device-bound")]
pub use bound::DeviceAnswer;
pub use close::Closing;
pub use closed::{CloseOutcome, Closed, Handled, ResponseHeaders};
pub use head::RequestHead;
#[cfg(feature = "_web")]
pub(crate) use lazy::Beside;
pub use lazy::LazySession;
pub(crate) use live::LONGEST_LOOK;
pub(crate) use outside::{live_under, modify};
pub(crate) use owned::{OwnedPages, Records, live_contents};
pub(crate) use retirement::{End, Found, retire, successors};
