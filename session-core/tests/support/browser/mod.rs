//! A browser: a cookie jar as RFC 6265bis has it, and two doors through which it sends requests and takes answers.
//!
//! | | |
//! |---|---|
//! | [`Visit`] | where a request goes, and from where |
//! | [`Stored`], [`Refused`] | a cookie, and what browsers do not take |
//! | [`Jar`] | the cookies of a browser: set, sent, looked at, planted, copied |
//! | [`Browser`], [`Answer`] | the jar and a clock; an answer reaches the jar when the test says so, or never |
//! | `service` | the door to any `tower::Service`, with redirects |
//! | `direct` | the door to `Sessions`, without any framework |

mod answer;
mod client;
mod direct;
mod jar;
mod service;
mod stored;
mod visit;

pub(crate) use answer::Answer;
pub(crate) use client::Browser;
pub(crate) use jar::Jar;
pub(crate) use stored::{Refused, Stored};
pub(crate) use visit::{How, Visit};
