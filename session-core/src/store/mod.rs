//! The contract between the core and a store.
//!
//! A store is a small versioned map from an opaque key to an opaque payload with a deadline. **The
//! store keeps; the core judges**: a store holds no policy, judges no time and knows no secret.
//!
//! # Rules
//!
//! 1. **An outcome is a value, `Err` means the backend failed.** See [`PutOutcome`].
//! 2. **Writes are idempotent.** A `put` that finds its own version stored answers
//!    [`Stored`](PutOutcome::Stored) and changes nothing, so a lost reply is healed by the same write
//!    once more. A store never does that by itself to give the second answer, and keeps its client
//!    library from it: if somebody else has written in between, its own write would look like a
//!    [`Conflict`](PutOutcome::Conflict), and its changes be made twice. A write whose reply is lost is
//!    [`Indeterminate`](crate::StoreError::Indeterminate). The same write may be sent again *while the first is still
//!    under way*: no answer shows the writer its own version as a conflict, nor
//!    [`Exists`](PutOutcome::Exists) for its own `Create`. A version says which write of *its key* it is: two keys may
//!    have the same, and 0 is one like any other.
//! 3. **Time comes in through arguments alone.** A `Replace` whose `last_seen_at`, or a `touch` whose
//!    `seen`, is at or past the stored `expires_at` finds nothing live. No store needs a clock, and one whose records go
//!    [by sweep](Reclaim::BySweep) judges by none, in `get` either: what is past its deadline is there until a sweep
//!    takes it. One that drops what is over as it comes upon it drops what it has seen, and not what a `touch` has made
//!    live in between.
//! 4. **A `Replace` never creates, and a `Create` never replaces.** What was deleted stays deleted, however slow the
//!    writer. A record past its deadline that is still there takes its key: ids are random, so nobody waits for one.
//!    An [`End`](Put::End) is a `Replace` in all that is said of one.
//! 5. **Never drop a record before its deadline.** Past it, it may be returned whole or, where the backend
//!    [reclaims by itself](Reclaim::ByItself), be gone; the core treats it as absent either way. A store that may evict
//!    says so in [`Limits`].
//! 6. **Every verb's future may be dropped at any await.** It leaves the old record or the new one, whole; no lock; no
//!    half entry in an index, which would hide the record or outlive it; and nothing that a sweep would never find.
//! 7. **What cannot be read is an error, and is left as it is.** `get`, `touch`, `Replace` and `End` of it are
//!    [`Corrupt`](StoreError::Corrupt), or [`UnknownFormat`](StoreError::UnknownFormat) where another version of the
//!    store may read it, and change nothing; `delete` removes it. An index does without it: a list leaves it out, a sweep
//!    goes on past it, and of what was deleted no entry is left that the next record under its key could meet, though
//!    neither its owner nor its deadline could be read. Where the backend itself compares, what it does not look at may
//!    be wrong without its knowing.
//! 8. **A page is bounded.** It has at most `limit` records, and ends when their payloads come to about
//!    [1 MiB](Page::BYTES), so that no list fills anybody's memory; a `limit` of `usize::MAX` is as good as any. A cursor
//!    that is not the store's is [`InvalidCursor`](StoreError::InvalidCursor).
//! 9. **Errors, logs and `Debug` show no id, whole key, payload or password**, in whatever form: hexadecimal, base64, a
//!    list of bytes or one number.
//! 10. **A notice is a hint.** A store that [tells of changes](Watch) tells what has happened, waits for nobody, and says
//!     when it may have missed something. A notice that fails fails no write.
//!
//! A store says on its page whether it may be used from another runtime than the one that made it, and which of its earlier
//! versions may have the same backend at the same time.
//!
//! The crate `session-conformance` checks all of this, clause by clause.
//!
//! # What is where
//!
//! The room is complete in itself and imports nothing of the crate: whoever writes a store reads this alone.

mod arc; // a shared store is a store
mod causes; // an error with its causes, in one line
mod clock; // Timestamp, and the clocks that tell it
mod contract; // SessionStore and its capabilities: Sweep, Owners, Scan, and by `watch.rs` Watch
mod error; // StoreError
mod id; // SessionId, the secret; SessionKey, what everybody else sees
mod keeper; // one task in the background, for whoever needs it
mod limits; // what a store cannot take, and what it may do by itself
mod owner; // whom a session belongs to
mod page; // one page of records, and where the next begins
mod put; // what a put may do, and what it did
mod put_new; // a put under a new id
mod random; // where ids and versions come from
mod record; // what stands under a key
mod watch; // what a store tells of changes, and who hears it

pub use causes::Causes;
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use contract::{Owners, Scan, SessionStore, Sweep};
pub use error::{BoxError, StoreError};
pub use id::{SessionId, SessionKey};
pub use keeper::{Keeper, Kept};
pub use limits::{Eviction, Limits, Reclaim};
pub use owner::{Owner, OwnerError};
pub use page::{Cursor, Page};
pub use put::{Put, PutOutcome};
pub(crate) use put_new::Draws;
pub use put_new::{PutNewError, SessionStoreExt};
pub(crate) use random::draw;
pub use random::{RandomError, RandomSource, SystemRandom};
pub use record::{Record, Version};
pub use watch::{Notice, Notifier, Tells, Watch, Watcher};
