//! The near cache: sessions that this process has read, for requests that only look.
//!
//! # Why nothing old stays
//!
//! What a store tells comes some other way than its answers. So whoever asks the store takes a [`Mark`] before: how often
//! any of the keys that share a counter with this one was changed, and how often something may have been missed. What was
//! read is kept with its mark, and holds for as long as nothing was counted since. A change that the answer did not show
//! happened after it was asked for, and is counted after the mark was taken, whenever it is told.
//!
//! # Why a process sees its own writes
//!
//! Each counts as a change when it is done, however it ends; a notice of it comes later, or never.
//!
//! # Why `quick_cache`
//!
//! Of 100,000 sessions by Zipf's law, with a change for every twenty reads, by two threads on two cores, over the time of
//! sixteen `lru::LruCache` behind mutexes, and the share of reads that it answers:
//!
//! | room for | `lru` | `quick_cache` 0.7 | `moka` 0.12 | `foyer-memory` 0.22 |
//! |---|---|---|---|---|
//! | a tenth | 1, 0.71 | 0.92, 0.74 | 9.1, 0.72 | 3.4, 0.70 |
//!
//! It brings five crates, `moka` 17, `foyer-memory` 55. The program that measured this is not kept.
//!
//! # Why absence is not kept
//!
//! Anybody could fill the cache with ids that never were.

#[cfg(feature = "near")]
mod cache; // what was read, and for how long it holds
#[cfg(feature = "near")]
mod figures; // what is counted of it
#[cfg(not(feature = "near"))]
mod none; // nothing is kept
#[cfg(feature = "near")]
mod settings; // Near: how much is kept, and how old it may be

#[cfg(feature = "near")]
pub(crate) use cache::{Mark, NearCache};
#[cfg(not(feature = "near"))]
pub(crate) use none::{Mark, NearCache};
#[cfg(feature = "near")]
pub use settings::Near;
