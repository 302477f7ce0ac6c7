//! One value of a session: how it becomes JSON, and what it is read as.
//!
//! `null` is absence, here and nowhere else: what is written as `null` is not kept, and a `null` that an earlier version
//! kept is as good as nothing.

mod explain; // why a value does not fit its type
mod json; // writing, reading, and what is absent
mod look; // what is looked at, and refused since it could not be read again
mod look_within; // the same within arrays, maps and structs
mod looking; // the serializer that looks
mod place; // where in a value
#[cfg(test)]
mod tests;
mod why; // what a type says of a value, without the value
mod wrong_types; // what is still to be told

pub(super) use json::write;
pub(crate) use json::{names, present, read_or};
pub(crate) use wrong_types::{Untold, WrongTypes};
