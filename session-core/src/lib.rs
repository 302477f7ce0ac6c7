#![doc = include_str!("../README.md")]
// The front page links what is behind features; where one is off there is nothing to link to.
#![cfg_attr(
    not(all(
        feature = "actix-web",
        feature = "axum",
        feature = "device",
        feature = "device-bound",
        feature = "metrics",
        feature = "near",
        feature = "poem",
        feature = "rocket",
        feature = "salvo",
        feature = "sealed",
    )),
    allow(rustdoc::broken_intra_doc_links)
)]
// On docs.rs each item says which feature it is behind.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The rooms, from the top down: each imports from those below it alone, which `.ci/rooms` checks. What a room holds stands
// at its head; everything public but four modules is named here, at the root.

// Above `web`, which does not import it: rustdoc goes by this order, and so the page of `Sessions` begins with what
// applications call.
mod manage; // how `Sessions` are set up; sessions from outside: list, revoke, sweep

pub mod web; // one file per framework, and what they share

mod request; // the life of a request: load, write, close; renewal, retirement, the owner limit

mod session; // what a handler holds: the session, its values, the log of changes

mod engine; // what all parts of a `Sessions` share: the store with a deadline, settings, errors, events

#[cfg(feature = "device-bound")]
mod bound; // sessions that are bound to a device: what is proved, and how

mod payload; // what stands in a record's payload, plain or sealed; expiry

pub mod cookie; // the cookie: settings, reading, writing, signing

mod secrets; // secret keys from the environment or a file

pub mod store; // the contract alone: what a store keeps, and the rules it keeps it by

// Beside the rooms.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(doc, doctest))]
pub mod guide; // pages about what no single item tells
#[cfg(test)]
mod replay; // what fuzzing found, on any toolchain
#[cfg(test)]
mod sample; // what is kept of each stored format

pub use async_trait::async_trait;
pub use bytes::Bytes;

#[cfg(feature = "device-bound")]
pub use bound::{BindingOffer, DeviceAlgorithm, DeviceBound, OnUnproven, ProofError};
pub use cookie::{CookieConfig, CookieError, CookieLifetime};
#[cfg(feature = "near")]
pub use engine::Near;
pub use engine::{
    ConflictPolicy, Event, EventKind, FailurePolicy, Fingerprint, FingerprintKey, GonePolicy, LoginPage, Misfit, Next,
    OnServerError, OwnerLimitAction, ReadOnly, SessionError, Sessions, SignIn, SiteData, events,
};
pub use manage::{BuildError, SessionInfo, SessionPage, SessionSnapshot, SessionsBuilder, Sweeper, SweeperConfig};
pub use payload::{Codec, CodecError, Contents, Expiry, Flash, FlashLevel, Json, LabelError, Payload, RecordHead};
#[cfg(feature = "sealed")]
pub use payload::{PlainPayloads, Sealed, SealingKey};
#[cfg(feature = "device-bound")]
pub use request::DeviceAnswer;
pub use request::{CloseOutcome, Closed, Closing, Handled, LazySession, RequestHead, ResponseHeaders};
pub use secrets::{SecretKeyError, SecretKeys};
pub use session::{AsKey, Draft, Key, KeyOf, OnWrongType, Session};
pub use store::{
    BoxError, Causes, Clock, Cursor, Eviction, Keeper, Kept, Limits, ManualClock, Notice, Notifier, Owner, OwnerError,
    Owners, Page, Put, PutNewError, PutOutcome, RandomError, RandomSource, Reclaim, Record, Scan, SessionId,
    SessionKey, SessionStore, SessionStoreExt, StoreError, Sweep, SystemClock, SystemRandom, Tells, Timestamp, Version,
    Watch, Watcher,
};

/// Keeps the program in the workspace's README right.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../README.md")]
struct Readme;
