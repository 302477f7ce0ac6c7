//! Finds the function of a clause.

use super::bounded::*;
use super::cap::*;
use super::cursors::*;
use super::del::*;
use super::dropped::*;
use super::flt::*;
use super::flt_crash::*;
use super::flt_secret::*;
use super::model::*;
use super::own::*;
use super::own_race::*;
use super::put::*;
use super::put_drop::*;
use super::put_end::*;
use super::put_race::*;
use super::rec::*;
use super::scn::*;
use super::swp::*;
use super::tch::*;
use super::together::*;
use super::versions::*;
use super::wat::*;
use crate::check::Check;
use crate::clause::{Clause, dispatch};
use crate::tools::case::Case;

crate::__clauses! { dispatch, {} }
