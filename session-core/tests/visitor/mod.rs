//! A visitor's life in one browser: what its requests do, in which world, and what they are promised.
//!
//! | | |
//! |---|---|
//! | [`Act`] | what a request does |
//! | [`Start`], `World` | the browser, and what was before its requests; they are made in steps |
//! | `Told` | what a request was answered |
//! | `promises` | what must hold once all answers are delivered, or lost |

mod act;
mod promises;
mod told;
mod world;

pub(crate) use act::Act;
pub(crate) use world::{Accident, Start, begin};
