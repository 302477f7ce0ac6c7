//! The clauses, one function each, by group.

mod cache;
mod cookie;
mod id;
mod keys;
mod leak;
mod live;
mod owner;
mod save;
mod store;
mod time;

use cache::*;
use cookie::*;
use id::*;
use keys::*;
use leak::*;
use live::*;
use owner::*;
use save::*;
use store::*;
use time::*;

use super::case::Case;
use super::clause::Clause;
use crate::check::Check;
use crate::clauses::dispatch;

crate::__http_clauses! { dispatch, {} }
