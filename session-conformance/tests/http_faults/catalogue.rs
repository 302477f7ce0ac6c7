//! The catalogue of faults: what the author of an adapter, or of an app, gets wrong, the adapter that does it, and the
//! clauses that are meant to catch it, with words that their failure has to say.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::env::current_exe;
use std::process::Command;

use axum::http::StatusCode;
use session_conformance::Outcome;
use session_conformance::http::{Clause, Clause::*, run};
use session_conformance::session_core::Handled;

use crate::adapter::{Adapter, FAULT, RIGHT, right_handled};
use crate::signing::*;
use crate::tamper::*;

/// One fault, as the catalogue has it.
pub struct Fault {
    pub name: &'static str,
    /// What the author got wrong.
    pub wrong: &'static str,
    pub meant_for: &'static [(Clause, &'static str)],
    pub adapter: Adapter,
}

impl Fault {
    /// Runs a clause, once, against a server with this fault.
    pub fn run(&self, clause: Clause) -> Outcome<Clause> {
        let name = self.name;
        let command = move || {
            let mut command = Command::new(current_exe().expect("this program is there"));
            command.env(FAULT, name);
            command
        };
        run(command, clause, &[])
    }
}

/// No fault.
pub static NONE: Fault = fault("None", "gets nothing wrong", &[], RIGHT);

const fn fault(
    name: &'static str,
    wrong: &'static str,
    meant_for: &'static [(Clause, &'static str)],
    adapter: Adapter,
) -> Fault {
    Fault { name, wrong, meant_for, adapter }
}

type After = fn(&crate::adapter::Seen, &mut axum::response::Response);

const fn after(after: After) -> Adapter {
    Adapter { after, ..RIGHT }
}

type Before = fn(&mut crate::adapter::Incoming) -> Option<StatusCode>;

const fn before(before: Before) -> Adapter {
    Adapter { before, ..RIGHT }
}

type Handle = fn(
    example_demo::Demo,
    session_conformance::session_core::LazySession,
    crate::adapter::Incoming,
) -> crate::adapter::Handling;

const fn handle(handle: Handle) -> Adapter {
    Adapter { handle, ..RIGHT }
}

pub static FAULTS: &[Fault] = &[
    fault(
        "EagerCookie",
        "gives every visitor a cookie",
        &[(COOKIE_1, "no Set-Cookie")],
        after(sets_one_for_every_visitor),
    ),
    fault("NotHttpOnly", "leaves `HttpOnly` out", &[(COOKIE_2, "the attributes")], after(loses_http_only)),
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
        "ListsOne",
        "lists the session that asks, alone",
        &[(OWNER_1, "Ann's sessions")],
        handle(lists_the_current_alone),
    ),
    fault("EndsAnybodys", "ends any session whose key is sent", &[(OWNER_2, "404")], handle(ends_anybodys)),
    fault(
        "EndsItselfToo",
        "ends the session that asks with all others",
        &[(OWNER_3, "laptop is signed in: true")],
        handle(ends_itself_too),
    ),
    fault(
        "KeepsItsOwn",
        "keeps the cookie of one's own session that is ended",
        &[(OWNER_4, "one Set-Cookie")],
        after(keeps_the_cookie_of_an_end),
    ),
    fault(
        "EndsTheNewest",
        "ends the newest session where there are too many",
        &[(OWNER_6, "is signed in")],
        handle(ends_the_newest),
    ),
    fault(
        "RefusesDeadIds",
        "answers 409 to who comes with an id that opens nothing",
        &[(ID_4, "200"), (OWNER_7, "200")],
        handle(refuses_dead_ids),
    ),
    fault(
        "TakesUnsigned",
        "takes a cookie without its signature",
        &[(KEYS_1, "forger is signed in: false")],
        Adapter { before: takes_unsigned, after: remembers_signatures, ..RIGHT },
    ),
    fault(
        "FirstKeyAlone",
        "verifies by the key that signs",
        &[(KEYS_2, "ann is signed in: true")],
        Adapter { before: knows_the_first_key, after: remembers_signatures, ..RIGHT },
    ),
    fault(
        "EventsGoOn",
        "leaves events open when the session has ended",
        &[(LIVE_1, "the end of the events")],
        Adapter { live_ends: [false, true], ..RIGHT },
    ),
    fault(
        "SocketsGoOn",
        "leaves sockets open when the session has ended",
        &[(LIVE_2, "the end of the socket")],
        Adapter { live_ends: [true, false], ..RIGHT },
    ),
];
