//! The clauses, one function each, by group.
//!
//! Which clauses there are stands in `http/clause.rs`.

mod answer;
mod cache;
mod change;
mod change_signing;
mod cookie;
mod dbsc;
mod dbsc_proof;
mod id;
mod keys;
mod leak;
mod live;
mod login;
mod owner;
mod save;
mod several;
mod store;
mod time;

mod dispatch; // which function is whose

pub(super) use dispatch::check;
