//! How `Sessions` are set up, and what is done with sessions from outside of a request: listed, revoked, swept.
//!
//! Nothing of a request's life is here; web adapters do not need this room.

mod build; // what is made of settings
mod build_error; // why they are refused
mod builder; // settings
mod info; // what is told of a session
mod init; // prepares the store, now or as soon as it can be
mod list; // the sessions of an owner, and all
mod modify; // reads and changes sessions
mod ready; // tells whether the store answers
mod revoke; // ends sessions
mod sweeper; // removes what has expired, also in the background

pub use build_error::BuildError;
pub use builder::SessionsBuilder;
pub use info::{SessionInfo, SessionSnapshot};
pub use list::SessionPage;
pub use sweeper::{Sweeper, SweeperConfig};
