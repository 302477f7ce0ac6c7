//! The clauses, one function each, by group, and what a few of them share.
//!
//! Which clauses there are stands in `clause.rs`, and what they work with in `tools/`.

mod bounded;
mod cap;
mod cursors;
mod del;
mod dropped;
mod flt;
mod flt_crash;
mod flt_secret;
mod model;
mod own;
mod own_race;
mod put;
mod put_drop;
mod put_end;
mod put_race;
mod rec;
mod scn;
mod swp;
mod tch;
mod together;
mod versions;
mod wat;

mod churn; // for OWN and SCN: reading page by page while others write
mod moves; // for MOD: what random sequences are made of
mod world; // for MOD: the model of several keys and the store beside it

mod dispatch; // which function is whose

pub(crate) use dispatch::check;
