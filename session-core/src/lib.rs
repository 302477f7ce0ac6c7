#![doc = include_str!("../README.md")]

// What a store keeps, and the contract it keeps it by.
pub mod clock;
pub mod id;
pub mod random;
pub mod record;
pub mod store;

// What a handler holds.
mod changes;
mod contents;
mod key;
mod lazy;
mod session;

// The life cycle of a request and of a session.
mod admin;
mod backend;
mod builder;
mod close;
mod commit;
mod finish;
mod load;
mod owner_limit;
mod queue;
mod retire;
mod sessions;
mod state;
mod sweeper;
mod write;

// What they are made of.
mod cache;
mod codec;
pub mod cookie;
pub mod error;
mod expiry;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;

#[cfg(feature = "tower")]
pub mod web;

pub use async_trait::async_trait;
pub use bytes::Bytes;

pub use admin::SessionInfo;
pub use builder::SessionsBuilder;
pub use changes::Draft;
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use close::{CloseOutcome, Closed, Closing, Handled};
pub use codec::{Codec, Json, Payload};
pub use contents::{Contents, Flash, FlashLevel};
pub use cookie::{CookieConfig, CookieLifetime};
pub use error::{
    BoxError, BuildError, CodecError, OwnerError, PutNewError, RandomError, ReadOnly, SessionError, StoreError,
};
pub use expiry::Expiry;
pub use id::{SessionId, SessionKey};
pub use key::{AsKey, Key, KeyOf};
pub use lazy::LazySession;
pub use owner_limit::OwnerLimitAction;
pub use random::{RandomSource, SystemRandom};
pub use record::{Owner, Record, Version};
pub use session::Session;
pub use sessions::{ConflictPolicy, FailurePolicy, OnServerError, Sessions};
pub use store::{
    Cursor, Eviction, Limits, Owners, Page, Put, PutOutcome, Reclaim, Scan, SessionStore, SessionStoreExt, Sweep,
};
pub use sweeper::{Sweeper, SweeperConfig};

/// Keeps the program in the workspace's README right.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../README.md")]
struct Readme;
