//! What a handler holds: the session, its values with the changes made to them, and what is known of its life.
//!
//! All of it is synchronous and does no I/O. What talks to the store (`commit`, `transaction`, `reload`) is built on it
//! in `request/`.

#[cfg(feature = "device-bound")]
mod binding; // the device that it is bound to
mod changes; // the log that is replayed on a conflict
mod closures; // closures of the application's, and who must not wait within one
#[cfg(feature = "device-bound")]
mod device; // how it is bound to a device, and unbound
mod draft; // the values with the changes made to them
mod handle; // Session
mod identity; // whose session it is, and the id that goes with that
mod key; // typed names of values
mod labels; // what tells it from others in a list
mod lifetime; // how long it lives, and its cookie
mod origin; // where a session comes from, and so what may become of it
mod state; // what a handle knows
mod unlocked; // what such closures change
mod value; // one value: how it is written and read

#[cfg(feature = "device-bound")]
pub(crate) use binding::{BindingChange, Proven};
pub(crate) use changes::{Change, has_effect, replay};
pub(crate) use closures::{MOST_RUNS, check_none_runs, run};
pub use draft::Draft;
pub use handle::Session;
pub use key::{AsKey, Key, KeyOf, OnWrongType};
pub(crate) use origin::Origin;
pub(crate) use state::{Ending, Job, Leftovers, Looking, Privilege, State, Told};
pub(crate) use value::{WrongTypes, names, present, read_or};
