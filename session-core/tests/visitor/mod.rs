//! A visitor's life in one browser: what its requests do, in which world, and what they are promised.
//!
//! | | |
//! |---|---|
//! | [`Act`] | what a request does |
//! | [`Scene`] | what the browser holds, who serves its requests, and what they do |
//! | `site`, `world` | the servers; the browser, and what was before its requests |
//! | `request` | the steps that these are made in |
//! | `Told` | what a request was answered |
//! | `promises` | what must hold once all answers are delivered, or lost |

mod act;
mod promises;
mod request;
mod scene;
mod site;
mod told;
mod world;

pub(crate) use act::Act;
#[cfg(feature = "sealed")]
pub(crate) use scene::Servers;
pub(crate) use scene::{Accident, Beside, Scene, Start};
pub(crate) use world::begin;
