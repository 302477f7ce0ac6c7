//! What the application chose: policies and limits.

use std::num::NonZeroUsize;
use std::time::Duration;

/// What to do when another request has changed the session meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConflictPolicy {
    /// Make the changes again on what the other wrote. Nothing is lost.
    #[default]
    Merge,
    /// Write nothing, and end with [`SessionError::Conflict`](super::SessionError::Conflict).
    Reject,
    /// Write this request's view of the session over the other's. What the other changed is lost; a session
    /// that has ended stays ended.
    Overwrite,
}

/// What a request gets when the store fails to load its session.
///
/// A *write* that fails is an error under either policy: an answer that says "saved" must be true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// An error, which adapters answer with 503.
    #[default]
    FailClosed,
    /// An empty session that is never written, so that pages which can do without go on. What they change in it
    /// is dropped, and they are answered all the same; [`Session::read_only`](crate::Session::read_only) tells them.
    Anonymous,
}

/// What a request gets whose changes were dropped, because its session had ended: by logout, revocation or expiry while
/// it ran, or a moment before it came with the [retired](crate::ReadOnly::Retired) id of that. One that came with
/// [several](crate::ReadOnly::SeveralCookies) session cookies of which none counts is treated likewise, and so is one
/// whose session this server [leaves alone](crate::ReadOnly::UnknownFormat), with 503.
///
/// [Safe](crate::RequestHead::new) requests, a page that was looked at, are answered under either policy, where values or
/// messages are all that was lost. Where more was, a request of any method is refused: a value that it
/// [took](crate::Session::take), and may have handed out, or a [renewal](crate::Session::renew).
///
/// A request that only read its session, or destroyed it, or said [`ignore`](crate::Session::ignore), or ended with a
/// server error, is answered under either policy. So is one that was told by an error of
/// [`commit`](crate::Session::commit), [`transaction`](crate::Session::transaction) or
/// [`reload`](crate::Session::reload), and changed nothing after that. One that logs in with a retired id
/// loses nothing: see [`Session::log_in`](crate::Session::log_in).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GonePolicy {
    /// An error, which adapters answer with 409: an answer that says "saved" must be true.
    #[default]
    Refuse,
    /// The handler's answer, whatever it says. [`CloseOutcome`](crate::CloseOutcome) tells who looks at it.
    Answer,
}

/// What becomes of the changes of a request that ended with a server error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnServerError {
    /// They are discarded, as a transaction's would be. A `destroy` is done all the same.
    #[default]
    Discard,
    /// They are written.
    Save,
}

/// Says how many sessions one owner may have, and what happens to one too many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnerLimit {
    pub(crate) max: NonZeroUsize,
    pub(crate) action: OwnerLimitAction,
}

/// What happens when an owner gets one session too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnerLimitAction {
    /// The one that logged in longest ago ends. Where many log in at the same moment, that may be a new one,
    /// whose request ends as with `Refuse`.
    ///
    /// A login waits for the end of twenty at most, of the owner's first thousand; what is left, as where the limit is new and
    /// an owner had thousands before, ends in the background, and with the next login if this process ends first.
    EvictOldest,
    /// The new one is not stored, and its request ends with
    /// [`SessionError::TooManySessions`](crate::SessionError::TooManySessions).
    Refuse,
}

/// Says how often ids are renewed, and how long the old ones serve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renewal {
    pub(crate) every: Duration,
    pub(crate) overlap: Duration,
}

impl Renewal {
    /// How long an old id serves, unless it is set.
    pub(crate) const OVERLAP: Duration = Duration::from_secs(30);
}

/// What browsers are to forget at a logout: see
/// [`SessionsBuilder::clear_site_data`](crate::SessionsBuilder::clear_site_data).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteData {
    /// What they cached of the origin's responses.
    Cache,
    /// What its scripts stored: `localStorage`, IndexedDB, service workers.
    Storage,
}

impl SiteData {
    /// Gives it as the header has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "\"cache\"",
            Self::Storage => "\"storage\"",
        }
    }
}
