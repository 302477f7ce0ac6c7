//! Faults with timeouts, with what is saved and when, with caches and logs, and with a store that fails.

use session_conformance::http::Clause::*;
use session_conformance::session_core::Handled;

use super::{Fault, after, before, fault, handle};
use crate::adapter::{Adapter, RIGHT, right_handled};
use crate::signing::*;
use crate::tamper::*;

pub(super) static FAULTS: &[Fault] = &[
    fault(
        "WritesEachTime",
        "writes the time of the last request into the session",
        &[(TIME_1, "puts: 0")],
        handle(writes_each_time),
    ),
    fault(
        "NoTimeouts",
        "leaves expiry to the browser",
        &[(TIME_2, "signed in: false"), (TIME_3, "signed in: false")],
        before(stops_the_clock),
    ),
    fault(
        "ReadingIsNoUse",
        "does not close what was only read, so that it is never touched",
        &[(TIME_3, "signed in: true")],
        Adapter {
            handled: |seen, status| match right_handled(seen, status) {
                Some(Handled::Completed) if seen.method == "GET" => Some(Handled::Failed),
                handled => handled,
            },
            ..RIGHT
        },
    ),
    fault(
        "CountsFromTheFirstVisit",
        "counts the absolute timeout from the first visit",
        &[(TIME_5, "counter is at 1")],
        handle(counts_from_the_first_visit),
    ),
    fault(
        "GetsThenInserts",
        "reads a value, and writes it later",
        &[(SAVE_1, "counter is at 40")],
        handle(gets_then_inserts),
    ),
    fault(
        "ShowsMessagesAgain",
        "shows messages again",
        &[(SAVE_2, "the pages with a message")],
        after(shows_messages_again),
    ),
    fault(
        "SavesInBackground",
        "answers, and saves meanwhile",
        &[(SAVE_3, "no answer before the store has answered")],
        Adapter { waits: |seen| !seen.query.contains("redirect"), ..RIGHT },
    ),
    fault(
        "SavesAfterTheBody",
        "closes a streaming response after its body",
        &[(SAVE_4, "Set-Cookie in the head")],
        Adapter { waits: |seen| !seen.query.contains("stream"), ..RIGHT },
    ),
    fault(
        "SavesErrors",
        "saves whatever was answered",
        &[(SAVE_5, "no Set-Cookie")],
        Adapter { handled: |_, status| Some(status.map_or(Handled::Failed, |_| Handled::Completed)), ..RIGHT },
    ),
    fault(
        "SavesPanics",
        "saves what a handler did before it panicked",
        &[(SAVE_6, "no Set-Cookie")],
        Adapter {
            handled: |seen, status| match status {
                None => Some(Handled::Completed),
                status => right_handled(seen, status),
            },
            ..RIGHT
        },
    ),
    fault(
        "ForgetsErrors",
        "does not close what ended with an error",
        &[(SAVE_7, "one Set-Cookie")],
        Adapter {
            handled: |seen, status| right_handled(seen, status).filter(|handled| *handled == Handled::Completed),
            ..RIGHT
        },
    ),
    fault(
        "NoVary",
        "leaves `Vary` out",
        &[(CACHE_1, "Vary: Cookie")],
        Adapter { closed: |closed| closed.vary = false, ..RIGHT },
    ),
    fault(
        "ReadsEarly",
        "reads the session of every request",
        &[(CACHE_2, "Vary: Cookie")],
        Adapter { reads_early: |incoming| !incoming.path().starts_with("/test/store"), ..RIGHT },
    ),
    fault("StaysPublic", "leaves `Cache-Control` to the handler", &[(CACHE_3, "neither public")], after(stays_public)),
    fault(
        "AlwaysPrivate",
        "makes private what only read",
        &[(CACHE_4, "Cache-Control after")],
        after(private_where_read),
    ),
    fault(
        "NotFoundReads",
        "shows who is signed in on the page for what is not there",
        &[(CACHE_5, "the calls of the store")],
        Adapter { reads_early: |incoming| incoming.path() == "/nowhere", ..RIGHT },
    ),
    fault(
        "ShowsTheId",
        "shows the id in a header, for debugging",
        &[(LEAK_1, "no id in x-session")],
        after(shows_the_id),
    ),
    fault("LogsRequests", "logs the headers of requests", &[(LEAK_2, "no id in the log")], before(logs_requests)),
    fault("DownIs500", "answers 500 while the store is down", &[(STORE_1, "503")], after(is_500)),
    fault(
        "SendsAnyway",
        "sends the handler's response where its session could not be stored",
        &[(STORE_2, "503")],
        Adapter {
            closed: |closed| {
                if closed.outcome.is_err() {
                    closed.outcome = Ok(session_conformance::session_core::CloseOutcome::Written);
                }
            },
            ..RIGHT
        },
    ),
    fault(
        "TooSlowIsEmpty",
        "takes a store that is too slow for an empty one",
        &[(STORE_3, "503")],
        after(too_slow_is_empty),
    ),
    fault(
        "AnonymousStartsAnew",
        "begins a new session while the real one cannot be read",
        &[(STORE_4, "no Set-Cookie")],
        after(anonymous_starts_anew),
    ),
    fault(
        "RemovesOnFailure",
        "removes the cookie when the store fails",
        &[(STORE_5, "no Set-Cookie")],
        after(removes_on_failure),
    ),
    fault(
        "KeepsTheCookie",
        "keeps the cookie where signing out failed in the store",
        &[(STORE_6, "one Set-Cookie")],
        Adapter {
            closed: |closed| {
                if closed.outcome.is_err() {
                    closed.set_cookie = None;
                }
            },
            ..RIGHT
        },
    ),
    fault(
        "ForgetsTheEnd",
        "removes the cookie where signing out failed in the store, and leaves it at that",
        &[(STORE_6, "old id is signed in: false")],
        Adapter {
            handled: |seen, status| right_handled(seen, status).filter(|_| !ends_late(seen)),
            after: forgets_the_end,
            ..RIGHT
        },
    ),
];
