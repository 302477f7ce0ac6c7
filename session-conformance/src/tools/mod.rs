//! What the clauses work with: one run of theirs, the store as they call it, records to put there, races.
//!
//! What is right is not decided here: that is the clauses', and the model's.

pub(crate) mod case; // one run of a clause
pub(crate) mod draw; // keys and records
pub(crate) mod handle; // the store: every verb is noted, and an error ends the clause
pub(crate) mod hang_up; // calls that somebody hangs up on
pub(crate) mod leak; // whether a text shows a secret
pub(crate) mod listen; // what is said by `tracing`
pub(crate) mod log; // what one task has done
pub(crate) mod names; // how a failure names keys
pub(crate) mod race; // tasks that set off at once
pub(crate) mod recorded; // the store as the core is given it
pub(crate) mod seed; // where all draws of a run come from
pub(crate) mod swept; // what a sweep leaves while a call that was dropped is under way
pub(crate) mod trace; // what many tasks have done at once
