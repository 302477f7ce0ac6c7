//! The clauses, one function each, by group.

mod cap;
mod churn;
mod del;
mod flt;
mod model;
mod own;
mod own_race;
mod put;
mod put_drop;
mod put_race;
mod rec;
mod scn;
mod swp;
mod tch;
mod together;

use cap::*;
use del::*;
use flt::*;
use model::*;
use own::*;
use own_race::*;
use put::*;
use put_drop::*;
use put_race::*;
use rec::*;
use scn::*;
use swp::*;
use tch::*;
use together::*;

use crate::case::Case;
use crate::check::Check;
use crate::clause::Clause;

macro_rules! dispatch {
    ({} $($group:ident { $($clause:ident $id:literal $function:ident $sentence:literal;)+ })+) => {
        /// Checks the clause.
        pub(crate) async fn check(clause: Clause, case: &Case) -> Check {
            // Boxed: one future that could be any of them would be as large as all of them in a debug build.
            match clause {
                $($(Clause::$clause => Box::pin($function(case)).await,)+)+
            }
        }
    };
}

#[cfg(all(unix, feature = "http"))]
pub(crate) use dispatch;

crate::__clauses! { dispatch, {} }
