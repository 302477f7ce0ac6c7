//! Faults with cookies and ids, and where somebody signs in or out.

use session_conformance::http::Clause::*;

use super::{Fault, after, before, fault, handle};
use crate::adapter::{Adapter, RIGHT};
use crate::naming::*;
use crate::signing::*;
use crate::tamper::*;

pub(super) static FAULTS: &[Fault] = &[
    fault(
        "EagerCookie",
        "gives every visitor a cookie",
        &[(COOKIE_1, "no Set-Cookie")],
        after(sets_one_for_every_visitor),
    ),
    fault("NotHttpOnly", "leaves `HttpOnly` out", &[(COOKIE_2, "the attributes")], after(loses_http_only)),
    fault(
        "ScriptsCanPlant",
        "calls the cookie `__Host-` and no more, so that a script can plant one",
        &[(COOKIE_2, "a name that begins with __Host-Http-")],
        Adapter { before: takes_a_weak_name, after: sets_a_weak_name, ..RIGHT },
    ),
    fault("EveryTime", "sets the cookie with every response", &[(COOKIE_3, "no Set-Cookie")], after(sets_it_again)),
    fault("MalformedIs400", "answers 400 to a cookie it cannot read", &[(COOKIE_4, "200")], before(refuses_malformed)),
    fault(
        "FirstCounts",
        "takes the first of several cookies",
        &[(COOKIE_5, "an empty session")],
        before(takes_the_first),
    ),
    fault("TrimsUnicode", "trims cookies' names by `str::trim`", &[(COOKIE_6, "session")], before(trims_unicode)),
    fault(
        "RemovalForgetsPath",
        "removes the cookie without its `Path`",
        &[(COOKIE_7, "the attributes")],
        after(loses_path_on_removal),
    ),
    fault("NeverPersistent", "leaves `Max-Age` out", &[(COOKIE_8, "Max-Age of a day")], after(loses_max_age)),
    fault(
        "AlwaysSecure",
        "sets `Secure` whatever is configured",
        &[(COOKIE_9, "the attributes")],
        after(always_secure),
    ),
    fault(
        "Adopts",
        "keeps the id that the client came with",
        &[(ID_1, "another id than the client's")],
        Adapter { before: translates, after: adopts, ..RIGHT },
    ),
    fault(
        "NeverRenews",
        "keeps the id at sign-in",
        &[(ID_2, "one Set-Cookie")],
        Adapter { before: translates, after: keeps_the_id, ..RIGHT },
    ),
    fault(
        "OldIdLives",
        "gives a new id and takes the old one, too",
        &[(ID_3, "old id is signed in: false"), (OWNER_8, "phone's counter is at 0")],
        Adapter { before: translates, after: keeps_the_old_alive, ..RIGHT },
    ),
    fault(
        "RemovesWhatIsGone",
        "removes the cookie where a session is gone",
        &[(ID_4, "no Set-Cookie")],
        after(removes_what_is_gone),
    ),
    fault(
        "StragglersBegin",
        "gives who comes too late a session of their own",
        &[(ID_4, "no Set-Cookie")],
        after(stragglers_begin),
    ),
    fault(
        "RemovesCookieAlone",
        "signs out by removing the cookie",
        &[(ID_5, "old id is signed in: false")],
        handle(removal_alone),
    ),
    fault(
        "SaysDone",
        "answers 200 where changes were dropped, because the session had ended",
        &[(ID_6, "409"), (TIME_4, "409"), (OWNER_5, "409")],
        after(says_done),
    ),
    fault(
        "RenewsForGood",
        "ends the old id with every renewal, whether the new one arrives or not",
        &[(ID_7, "200")],
        handle(renews_for_good),
    ),
    fault(
        "CarriesOver",
        "keeps the values over every sign-in, whoever had them",
        &[(LOGIN_1, "counter is at 0")],
        handle(carries_over),
    ),
    fault(
        "ChecksFirst",
        "signs nobody in or out where the session cannot be written",
        &[(LOGIN_2, "200"), (LOGIN_5, "200"), (LOGIN_6, "200")],
        handle(checks_first),
    ),
    fault(
        "DropsTheMessage",
        "removes the cookie with every sign-out, whatever was left for the next page",
        &[(LOGIN_3, "a cookie is set")],
        after(drops_the_message),
    ),
    fault(
        "RemovesLate",
        "removes the cookie with every sign-out, whoever ended the session",
        &[(LOGIN_4, "no Set-Cookie")],
        after(removes_late),
    ),
];
