//! Faults with a user's sessions, with signed cookies, and with responses that outlive their head.

use session_conformance::http::Clause::*;

use super::{Fault, after, fault, handle};
use crate::adapter::{Adapter, RIGHT, Use};
use crate::lasting::*;
use crate::signing::*;
use crate::tamper::*;

pub(super) static FAULTS: &[Fault] = &[
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
        Adapter { live_ends: [|| false, || true], ..RIGHT },
    ),
    fault(
        "SocketsGoOn",
        "leaves sockets open when the session has ended",
        &[(LIVE_2, "the end of the socket")],
        Adapter { live_ends: [|| true, || false], ..RIGHT },
    ),
    fault(
        "OpensToSiblings",
        "opens a socket for a page of a sibling, to which the cookie is sent as to its own",
        &[(LIVE_3, "403 for a page of http://blog.example.org")],
        Adapter { socket_head: trusts_siblings, ..RIGHT },
    ),
    fault(
        "RefusesPrograms",
        "opens a socket for nobody who names no origin",
        &[(LIVE_3, "the WebSocket for an own page, or a program")],
        Adapter { socket_head: names_an_origin, ..RIGHT },
    ),
    fault(
        "SpeakingIsNoUse",
        "lets a session expire while its visitor speaks over a socket",
        &[(LIVE_4, "a touch for what came over the socket")],
        Adapter { socket_use: Use::Nothing, ..RIGHT },
    ),
    fault(
        "WatchingIsUse",
        "keeps a session alive while a socket is open, whether anybody is there or not",
        &[(LIVE_4, "the end of the socket")],
        Adapter { socket_use: Use::Watching, ..RIGHT },
    ),
    fault(
        "HearsItselfAlone",
        "ends sockets and events by what its own process ended, as by a broadcast within it",
        &[(LIVE_5, "the end of the socket")],
        Adapter { live_ends: [was_asked_to_end; 2], after: takes_note_of_ends, ..RIGHT },
    ),
];
