//! Finds the function of a clause.

use super::answer::*;
use super::cache::*;
use super::change::*;
use super::change_signing::*;
use super::cookie::*;
use super::dbsc::*;
use super::dbsc_proof::*;
use super::id::*;
use super::keys::*;
use super::leak::*;
use super::live::*;
use super::login::*;
use super::owner::*;
use super::save::*;
use super::several::*;
use super::store::*;
use super::time::*;
use crate::check::Check;
use crate::clause::dispatch;
use crate::http::case::Case;
use crate::http::clause::Clause;

crate::__http_clauses! { dispatch, {} }
