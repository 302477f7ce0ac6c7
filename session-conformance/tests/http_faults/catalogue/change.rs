//! Faults while the cookie changes.

use session_conformance::http::Clause::*;

use super::{Fault, after, before, closed, fault, settings};
use crate::changing::*;

pub(super) static FAULTS: &[Fault] = &[
    fault(
        "InsertsCookies",
        "puts each `Set-Cookie` in the place of the one before",
        &[(CHANGE_1, "is removed with path and domain")],
        after(inserts_cookies),
    ),
    fault(
        "RemovesNothingFormer",
        "leaves the removals of former cookies out",
        &[(CHANGE_1, "is removed with path and domain"), (CHANGE_3, "is removed with path and domain")],
        closed(removes_nothing_former),
    ),
    fault(
        "RemovesBesideACookie",
        "removes former cookies only where it sets one",
        &[(CHANGE_2, "is removed with path and domain")],
        closed(removes_beside_a_cookie),
    ),
    fault(
        "NamesNoFormer",
        "changes the cookie's name, and does not name the former one",
        &[(CHANGE_3, "ann's counter is at 1")],
        settings(names_no_former),
    ),
    fault(
        "FormerIsPresent",
        "takes a cookie of the former name for one of the present",
        &[(CHANGE_3, "is removed with path and domain"), (CHANGE_4, "visitor's counter is at 0")],
        before(takes_the_former_for_the_present),
    ),
    fault(
        "FormerForGood",
        "takes the former name whenever the session began",
        &[(CHANGE_4, "visitor's counter is at 0")],
        settings(takes_the_former_for_good),
    ),
    fault(
        "PrefersTheFormer",
        "takes the former name, also beside the present one",
        &[(CHANGE_4, "visitor's counter is at 1")],
        before(prefers_the_former),
    ),
    fault(
        "SignsAtOnce",
        "refuses unsigned cookies from the moment that it has keys",
        &[(CHANGE_5, "an id without signature")],
        settings(signs_at_once),
    ),
    fault(
        "CutsSignatures",
        "takes a cookie for an unsigned one, whatever its signature, while those are taken",
        &[(CHANGE_6, "forger is signed in: false")],
        before(cuts_signatures),
    ),
    fault(
        "UnsignedForGood",
        "takes unsigned cookies longer than was said",
        &[(CHANGE_6, "ann is signed in: false")],
        settings(takes_unsigned_for_good),
    ),
    fault(
        "NamesNoScope",
        "changes the cookie's name, and does not name the scope",
        &[(CHANGE_7, "ann is signed in: true")],
        settings(names_no_scope),
    ),
    fault(
        "OneScope",
        "has one scope, whatever the cookie's name",
        &[(CHANGE_7, "with the shop's id is signed in: false")],
        settings(has_one_scope),
    ),
];
