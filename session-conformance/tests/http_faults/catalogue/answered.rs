//! Faults with what is answered where something was lost, with several sessions, and with where a request came from.

use session_conformance::http::Clause::*;

use super::{Fault, after, before, closed, fault, handle, settings};
use crate::adapter::{Adapter, RIGHT};
use crate::answering::*;

pub(super) static FAULTS: &[Fault] = &[
    fault(
        "HidesTheHost",
        "takes its own name for the host that was asked for",
        &[(COOKIE_10, "500 to GET /count with host"), (COOKIE_11, "lines about plain_http")],
        before(hides_the_host),
    ),
    fault(
        "HidesTheProxy",
        "drops what a proxy tells of itself",
        &[(COOKIE_10, "with forwarded"), (COOKIE_11, "X-Forwarded-Proto: https: 0")],
        before(hides_the_proxy),
    ),
    fault(
        "LeavesPagesToTheHandler",
        "lets caches keep what somebody who is signed in sees",
        &[(CACHE_6, "Cache-Control of GET /test/do?steps=read: [\"no-store\"]")],
        closed(leaves_pages_to_the_handler),
    ),
    fault(
        "ForgetsTargeted",
        "leaves headers for some caches alone as they are",
        &[(CACHE_7, "cdn-cache-control")],
        after(leaves_targeted_headers),
    ),
    fault(
        "ClearsNothing",
        "leaves `Clear-Site-Data` out",
        &[(CACHE_8, "Clear-Site-Data of /logout")],
        closed(clears_nothing),
    ),
    fault(
        "ClearsEachTime",
        "tells browsers to forget with every response",
        &[(CACHE_8, "where nothing ends")],
        after(clears_at_every_answer),
    ),
    fault(
        "RefusesPages",
        "opens every request as if it were POST",
        &[(ANSWER_1, "200 to GET")],
        Adapter { method: |_| "POST", ..RIGHT },
    ),
    fault(
        "AllIsSafe",
        "opens every request as if it were GET",
        &[(ANSWER_1, "409 to POST")],
        Adapter { method: |_| "GET", ..RIGHT },
    ),
    fault(
        "ShowsEveryPage",
        "shows every page, whatever its request lost",
        &[(ANSWER_2, "409 to GET")],
        after(shows_every_page),
    ),
    fault(
        "CommitsLate",
        "tells handlers of no conflict, and leaves it to the end of the request",
        &[(ANSWER_3, "200 to ")],
        handle(commits_late),
    ),
    fault(
        "SaysNothingAtClose",
        "answers without a body where the changes were dropped",
        &[(ANSWER_4, "from the layer, as plain text")],
        after(says_nothing_at_close),
    ),
    fault(
        "HasNoOwnErrors",
        "gives the application no say in errors",
        &[(ANSWER_5, "own answer to an error")],
        settings(has_no_own_errors),
    ),
    fault(
        "HandsMessagesOutOnce",
        "refuses the second page that hands out a message",
        &[(ANSWER_6, "200 to ")],
        after(hands_messages_out_once),
    ),
    fault(
        "OneForBoth",
        "gives the first of two sessions to who names the second",
        &[(SEVERAL_1, "a counter at 1")],
        Adapter { named: |[first, _]| first, ..RIGHT },
    ),
    fault(
        "LetsThemClash",
        "sets two cookies of one name",
        &[(SEVERAL_2, "500")],
        Adapter { lets_clash: true, ..RIGHT },
    ),
    fault(
        "TellsEachTime",
        "tells the log with every request that a handler named none of two sessions",
        &[(SEVERAL_3, "lines about several_sessions")],
        Adapter { several: tells_each_time, ..RIGHT },
    ),
];
