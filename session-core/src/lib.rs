#![doc = include_str!("../README.md")]
// On docs.rs each item says which feature it is behind.
#![cfg_attr(docsrs, feature(doc_cfg))]

// What a store keeps, and the contract it keeps it by.
mod clock; // Timestamp, and the clocks that tell it
mod id; // SessionId, the secret; SessionKey, what everybody else sees
mod random; // where ids come from
mod record; // Record, Version, Owner
pub mod store; // SessionStore, Sweep, Owners, Scan: the contract

// What a handler holds.
mod changes; // the log that is replayed on a conflict
mod contents; // the values, and what the core keeps beside them
mod draft; // the values with the changes made to them
mod key; // typed names of values
mod lazy; // LazySession: before anybody asks for it
mod session; // Session
mod state; // what a handle knows
mod unknown; // what another version added
mod values; // the values by name, as JSON

// The life cycle, from the cookie of the request to that of the response.
mod backend; // the store with a deadline, and lost replies resolved
mod close; // ends a request: one write at most, and the headers
mod commit; // commit, transaction, reload
mod finish; // goes on when nobody waits any more
mod load; // reads: which record is the browser's, if any
mod queue; // turns for the writers of one key
mod renewal; // a new id every so often, and the overlap in which the old one serves
mod retire; // how sessions end, and what stays for stragglers
mod sessions; // Sessions: opens requests
mod write; // create, replace and merge, renew, touch

// Set-up, and sessions from outside.
mod admin; // list, revoke, sweep
mod builder; // settings, and what is refused
pub mod events; // what happens, and who is told
#[cfg(feature = "metrics")]
mod metrics; // figures
mod observe; // tells logs, hooks and metrics, from one place
mod owner_limit; // so many sessions per owner
mod sweeper; // removes what has expired, in the background

// What they are made of.
mod cache; // Vary and Cache-Control
mod codec; // payloads
pub mod cookie; // the cookie: settings, parsing, signing
mod error; // all errors
mod expiry; // idle and absolute timeout
mod keys; // secret keys from the environment or a file
#[cfg(feature = "sealed")]
mod sealed; // payloads that are encrypted

#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod replay; // what fuzzing found, on any toolchain
#[cfg(test)]
mod sample; // what is kept of each format
#[cfg(test)]
mod samples; // and is read

#[cfg(any(doc, doctest))]
pub mod guide; // pages for those who come from elsewhere

#[cfg(feature = "_web")]
pub mod web;

pub use async_trait::async_trait;
pub use bytes::Bytes;

pub use admin::SessionInfo;
pub use builder::SessionsBuilder;
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use close::{CloseOutcome, Closed, Closing, Handled};
pub use codec::{Codec, Json, Payload};
pub use contents::{Contents, Flash, FlashLevel};
pub use cookie::{CookieConfig, CookieError, CookieLifetime};
pub use draft::Draft;
pub use error::{
    BoxError, BuildError, CodecError, OwnerError, PutNewError, RandomError, ReadOnly, SessionError, StoreError,
};
pub use events::{Event, EventKind, Fingerprint};
pub use expiry::Expiry;
pub use id::{SessionId, SessionKey};
pub use key::{AsKey, Key, KeyOf};
pub use keys::{KeyError, Keys};
pub use lazy::LazySession;
pub use owner_limit::OwnerLimitAction;
pub use random::{RandomSource, SystemRandom};
pub use record::{Owner, Record, Version};
#[cfg(feature = "sealed")]
pub use sealed::{Sealed, SealingKey};
pub use session::Session;
pub use sessions::{ConflictPolicy, FailurePolicy, GonePolicy, OnServerError, Sessions};
pub use store::{
    Cursor, Eviction, Limits, Owners, Page, Put, PutOutcome, Reclaim, Scan, SessionStore, SessionStoreExt, Sweep,
};
pub use sweeper::{Sweeper, SweeperConfig};

/// Keeps the program in the workspace's README right.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../README.md")]
struct Readme;
