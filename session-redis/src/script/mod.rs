//! The scripts, and what they answer.
//!
//! A script runs as one step: nobody comes between its comparison and its write. It is called by its hash, and sent
//! whole where the server does not know it: at first, after a restart, a failover or a `SCRIPT FLUSH`.
//!
//! The scripts themselves are the `.lua` files beside this one. How a call reaches a server is in `wire.rs`.

mod call; // a script, and how it is called
mod reply; // what it answers

pub(crate) use call::{Call, DELETE, ENTER, LEAVE, PAGE, PRUNE, PUT, PUT_STAGED, Script, Staged, TOUCH};
pub(crate) use reply::{Entry, Place, Reply, places};
