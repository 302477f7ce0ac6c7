#![doc = include_str!("../README.md")]

mod cache;
pub mod clock;
pub mod cookie;
pub mod error;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
pub mod id;
pub mod random;
pub mod record;
pub mod store;

pub use async_trait::async_trait;
pub use bytes::Bytes;
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use error::{BoxError, OwnerError, PutNewError, RandomError, StoreError};
pub use id::{SessionId, SessionKey};
pub use random::{RandomSource, SystemRandom};
pub use record::{Owner, Record, Version};
pub use store::{
    Cursor, Eviction, Limits, Owners, Page, Put, PutOutcome, Reclaim, Scan, SessionStore, SessionStoreExt, Sweep,
};
