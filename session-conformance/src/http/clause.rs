//! The list of clauses about what a browser sees.

use crate::clause::define;

/// Hands the list of clauses to another macro, as the store's list does.
#[doc(hidden)]
#[macro_export]
macro_rules! __http_clauses {
    ($callback:path, $args:tt) => {
        $callback! { $args
            COOKIE {
                COOKIE_1 "COOKIE-1" cookie_1_none_is_set_before_something_is_written
                    "no cookie is set until something is written";
                COOKIE_2 "COOKIE-2" cookie_2_the_first_write_sets_one_with_exact_attributes
                    "the first write sets one cookie: `__Host-Http-`, with `HttpOnly`, `Path=/`, `SameSite=Lax`, `Secure` and nothing else";
                COOKIE_3 "COOKIE-3" cookie_3_none_is_set_where_the_id_stays
                    "a request that reads or changes a session whose id stays sets none";
                COOKIE_4 "COOKIE-4" cookie_4_what_makes_no_sense_is_an_empty_session
                    "an unknown, malformed or oversized cookie is an empty session, not an error, and sets no cookie";
                COOKIE_5 "COOKIE-5" cookie_5_of_several_the_live_one_counts
                    "the same cookie twice counts once; of several different ones the one that is live does, but none where two are and somebody's; none is set or removed";
                COOKIE_6 "COOKIE-6" cookie_6_a_padded_name_is_another_name
                    "a name padded with Unicode blanks, or in another case, is the name of another cookie";
                COOKIE_7 "COOKIE-7" cookie_7_removal_repeats_the_attributes
                    "signing out removes the cookie, with the attributes that it was set with";
                COOKIE_8 "COOKIE-8" cookie_8_a_persistent_one_says_until_when
                    "a persistent cookie lasts as long as its session, by default or for one session alone; others have neither `Max-Age` nor `Expires`";
                COOKIE_9 "COOKIE-9" cookie_9_the_development_cookie_is_not_secure
                    "the development cookie has neither prefix nor `Secure`";
                COOKIE_10 "COOKIE-10" cookie_10_the_development_cookie_is_for_this_machine
                    "the development cookie is taken on loopback hosts, `0.0.0.0` and `[::]`; on any other, and behind a proxy that tells of itself, what asks for a session is answered 500, and no cookie is set";
                COOKIE_11 "COOKIE-11" cookie_11_a_cookie_that_browsers_drop_is_told
                    "a `Secure` cookie that is set on what looks like plain http from another machine is told once in the log; not on loopback, nor where a proxy says that it was https";
            }
            ID {
                ID_1 "ID-1" id_1_an_invented_id_is_never_adopted
                    "an id that a client made up is never adopted";
                ID_2 "ID-2" id_2_signing_in_gives_a_new_id
                    "signing in, also again, gives a new id and keeps what was in the session";
                ID_3 "ID-3" id_3_the_old_id_is_dead
                    "after a renewal the old id shows nothing, changes nothing, and sets or removes no cookie";
                ID_4 "ID-4" id_4_a_straggler_does_not_disturb_the_new_cookie
                    "a straggler, which was on its way when its browser signed in or out, or comes within 10 s of that, reads nothing old, writes nothing and sets no cookie, however late; whoever comes later with that id begins a new session";
                ID_5 "ID-5" id_5_signing_out_ends_the_id
                    "after signing out the id is dead";
                ID_6 "ID-6" id_6_signing_out_kills_writers_in_flight
                    "a request under way at the sign-out is answered 409, sets no cookie, and brings nothing back";
                ID_7 "ID-7" id_7_an_id_that_is_due_serves_until_the_new_one_came
                    "where ids are renewed every so often, the old one serves until the new one was presented, whose answer may be lost, and for 30 s more; then it is dead";
            }
            LOGIN {
                LOGIN_1 "LOGIN-1" login_1_another_user_sees_nothing_of_the_first
                    "who signs in over another user's session gets a new one, with no value, message or lifetime of the first, which has ended";
                LOGIN_2 "LOGIN-2" login_2_a_double_click_signs_in
                    "of two sign-ins with one cookie, at once or one after the other, both are answered, either cookie works whichever comes last, and the values are kept";
                LOGIN_3 "LOGIN-3" login_3_signing_out_may_leave_a_message
                    "signing out with a message shows it on the next page, once, under a new id, and nothing else of the old session";
                LOGIN_4 "LOGIN-4" login_4_signing_out_of_what_has_ended_sets_nothing
                    "signing out of a session that has ended is no error, and sets and removes no cookie: it may be that of a later sign-in";
                LOGIN_5 "LOGIN-5" login_5_signing_out_with_an_old_id_ends_the_session
                    "signing out with the id from before a sign-in ends the session under its new id";
                LOGIN_6 "LOGIN-6" login_6_who_comes_with_an_id_that_is_dead_can_sign_in
                    "who signs in with the id of a session that has ended, or while it ends, is signed in, and sees nothing of it";
            }
            TIME {
                TIME_1 "TIME-1" time_1_a_touch_is_throttled
                    "a session that is only read is touched once per interval, not once per request";
                TIME_2 "TIME-2" time_2_idle_sessions_end
                    "a session that was not used for its idle timeout is empty, and its id is not used again";
                TIME_3 "TIME-3" time_3_use_keeps_a_session_to_its_absolute_end
                    "use, reading too, keeps a session past the idle timeout, but not past the absolute one";
                TIME_4 "TIME-4" time_4_what_expires_under_way_is_not_revived
                    "a session that expires while a request changes it stays ended";
                TIME_5 "TIME-5" time_5_the_absolute_timeout_counts_from_the_sign_in
                    "the absolute timeout counts from the last sign-in, not from the first visit, nor from a renewal";
            }
            SAVE {
                SAVE_1 "SAVE-1" save_1_parallel_updates_all_count
                    "of updates that all read before any wrote, every one counts";
                SAVE_2 "SAVE-2" save_2_a_message_is_shown_once
                    "of pages opened at once all count, and one shows the message";
                SAVE_3 "SAVE-3" save_3_a_redirect_leaves_after_the_save
                    "a redirect leaves only after what was written is stored";
                SAVE_4 "SAVE-4" save_4_a_streaming_body_comes_after_the_save
                    "with a streaming body, cookie and session are there before the body's end";
                SAVE_5 "SAVE-5" save_5_a_server_error_saves_nothing
                    "a response of 500 saves nothing and sets no cookie";
                SAVE_6 "SAVE-6" save_6_a_panic_saves_nothing
                    "a panic saves nothing, sets no cookie, and ends neither the session nor the server";
                SAVE_7 "SAVE-7" save_7_signing_out_is_done_in_spite_of_an_error
                    "a session that is ended by a request which then fails is ended";
            }
            CACHE {
                CACHE_1 "CACHE-1" cache_1_what_asked_varies_by_cookie
                    "a response whose handler read the session, or asked for the cookie, says `Vary: Cookie`";
                CACHE_2 "CACHE-2" cache_2_what_never_asked_costs_nothing
                    "a route that does not ask costs no read, and its response says nothing of cookies";
                CACHE_3 "CACHE-3" cache_3_what_sets_the_cookie_is_private
                    "a response that sets the cookie is private: `public` and `s-maxage` go";
                CACHE_4 "CACHE-4" cache_4_what_sets_none_stays_as_it_was
                    "a response that sets no cookie keeps its `Cache-Control`";
                CACHE_5 "CACHE-5" cache_5_head_options_and_404_are_harmless
                    "HEAD answers as GET without a body; OPTIONS, and what is not there, read no session and set no cookie";
                CACHE_6 "CACHE-6" cache_6_what_somebody_sees_is_not_stored
                    "a response whose session is somebody's is `no-store`, HEAD, redirects and 304 as well, unless the handler set `Cache-Control` itself; of a session of nobody's it is not";
                CACHE_7 "CACHE-7" cache_7_targeted_headers_follow
                    "headers that tell some caches alone, such as `CDN-Cache-Control`, are `no-store` where the cookie is set, or the handler left `Cache-Control` out and the session is somebody's; else they stay";
                CACHE_8 "CACHE-8" cache_8_browsers_forget_at_the_sign_out
                    "where that is set, the response that ends a session tells by `Clear-Site-Data` what else to forget, and no other one does";
            }
            LEAK {
                LEAK_1 "LEAK-1" leak_1_no_id_in_a_body_or_a_header
                    "no id stands in a body, in a `Location`, or in any header but `Set-Cookie`";
                LEAK_2 "LEAK-2" leak_2_no_id_in_the_log
                    "no id stands in the log, at its most talkative, and neither does what a client sent for one";
            }
            STORE {
                STORE_1 "STORE-1" store_1_down_is_503_without_a_cookie
                    "while the store is down, what needs a session is answered 503 and sets no cookie; the rest goes on";
                STORE_2 "STORE-2" store_2_down_at_the_write_is_503
                    "where the store fails after the handler, its response is not sent, but 503 without a cookie";
                STORE_3 "STORE-3" store_3_slow_is_503_in_time
                    "a store that does not answer is 503 when the time is up";
                STORE_4 "STORE-4" store_4_anonymous_is_empty_and_never_written
                    "with `anonymous`, requests go on with an empty session, no new one begins, and nothing is ever written over the real one";
                STORE_5 "STORE-5" store_5_all_is_well_once_it_is_back
                    "once the store is back, the same cookies work and nothing is lost";
                STORE_6 "STORE-6" store_6_signing_out_while_down_removes_the_cookie
                    "where the store fails while a session is ended, the answer is 503, the cookie is removed all the same, and the id opens nothing once the store is back";
            }
            ANSWER {
                ANSWER_1 "ANSWER-1" answer_1_a_page_is_shown_although_it_lost_something
                    "where a session ended meanwhile, GET and HEAD are answered, and what they changed is dropped; other methods are answered 409";
                ANSWER_2 "ANSWER-2" answer_2_what_was_handed_out_once_is_refused
                    "a `take` that another request won, or whose session ended meanwhile, and a renewal of one that ended are answered 409, whatever the method";
                ANSWER_3 "ANSWER-3" answer_3_a_handler_may_decide_what_a_lost_take_comes_to
                    "a handler that commits is told that its `take` was lost, and may answer otherwise";
                ANSWER_4 "ANSWER-4" answer_4_an_error_says_what_to_do
                    "an error of the sessions is answered by a text that says what to do, the same wherever it is made";
                ANSWER_5 "ANSWER-5" answer_5_the_application_may_answer_errors_itself
                    "the application may answer these errors itself, wherever they are made";
                ANSWER_6 "ANSWER-6" answer_6_two_pages_at_once_show_a_message
                    "of pages that hand out messages at once, all show them and are answered";
            }
            SEVERAL {
                SEVERAL_1 "SEVERAL-1" several_1_each_has_its_own_sessions
                    "of two `Sessions` around an app each sets a cookie of its own and knows its own sessions alone; who names the one is given that, and who names none has the innermost's";
                SEVERAL_2 "SEVERAL-2" several_2_two_of_one_name_are_an_error
                    "two with cookies of one name are an error, told in the log, and set no cookie; what asks for no session goes on";
                SEVERAL_3 "SEVERAL-3" several_3_who_names_none_is_told_once
                    "the log is told once that a handler which names none of several has the innermost's";
            }
            OWNER {
                OWNER_1 "OWNER-1" owner_1_a_user_sees_their_sessions_alone
                    "a user sees all their sessions, with the one they are in, and nobody else's";
                OWNER_2 "OWNER-2" owner_2_one_session_is_ended_from_another
                    "ending one of one's own sessions ends it at once, and no other; somebody else's is not found";
                OWNER_3 "OWNER-3" owner_3_all_others_are_ended
                    "ending all others ends all of that user but this one, and nobody else's";
                OWNER_4 "OWNER-4" owner_4_all_are_ended
                    "ending all others and then one's own leaves no session of that user, and removes the cookie";
                OWNER_5 "OWNER-5" owner_5_a_revoked_session_is_not_brought_back
                    "a request under way in a session that another ends is answered 409, and brings nothing back";
                OWNER_6 "OWNER-6" owner_6_there_is_a_maximum
                    "with a maximum per owner, one sign-in too many ends the session that signed in first";
                OWNER_7 "OWNER-7" owner_7_who_was_ended_from_elsewhere_begins_anew
                    "with the id of a session that was ended from another one, what writes, signs in or signs out works at once; one request begins a new session, and a second one with that id is not let into it";
                OWNER_8 "OWNER-8" owner_8_nobody_signs_in_to_what_another_began
                    "who signs in with such an id is let into nothing that somebody else began from it";
            }
            KEYS {
                KEYS_1 "KEYS-1" keys_1_what_is_not_signed_is_empty
                    "with signing keys, a cookie without signature, with a wrong one, or signed by another key is an empty session and costs no read";
                KEYS_2 "KEYS-2" keys_2_keys_rotate
                    "a new key in front signs, and the old one behind it still verifies; dropped, it does not";
            }
            CHANGE {
                CHANGE_1 "CHANGE-1" change_1_of_two_attributes_the_former_is_removed
                    "with former attributes named, who has the cookie under those, too, is shown the session that lives; its cookie is set as it is now, and the former ones are removed with the attributes that they had";
                CHANGE_2 "CHANGE-2" change_2_who_has_two_that_live_is_left_with_one
                    "who has two that open sessions, one of them somebody's, is shown neither, and is left with the present one; a sign-in with both works, and ends them";
                CHANGE_3 "CHANGE-3" change_3_a_session_moves_from_the_former_name_at_once
                    "a session from before the change that comes under a former name is given a new id under the present one at once, and the former cookie is removed; so it is by a sign-in, and a sign-out removes both";
                CHANGE_4 "CHANGE-4" change_4_the_former_name_does_not_always_count
                    "a former name does not count for a session that began, or was signed in to, after the change, nor beside a cookie of the present name";
                CHANGE_5 "CHANGE-5" change_5_signing_is_introduced_in_steps
                    "while signing is introduced, servers of the first step set unsigned cookies and take both kinds; those of the second sign, and give the session that comes unsigned its signed cookie at once, with the id that it has";
                CHANGE_6 "CHANGE-6" change_6_unsigned_ones_are_taken_until_then
                    "a forged signature never counts; from the time on that was named an unsigned cookie does not either, and costs no read";
                CHANGE_7 "CHANGE-7" change_7_the_scope_says_whose_sessions_they_are
                    "who changes the cookie's name and keeps the scope keeps the sessions; `Sessions` of another scope on the same store know none of them, end none of them, and are not known there";
            }
            DBSC {
                DBSC_1 "DBSC-1" dbsc_1_a_sign_in_offers_to_bind_the_session
                    "a sign-in offers the browser to bind the session to its device, and nothing else does; one that does not go into it notices nothing";
                DBSC_2 "DBSC-2" dbsc_2_a_key_is_registered_for_a_cookie_with_exact_attributes
                    "who registers a key is given the device cookie, `HttpOnly`, `Path=/`, `SameSite=Lax`, `Secure` and for 10 minutes, and told its name, its attributes and where it is refreshed; the session is listed as bound";
                DBSC_3 "DBSC-3" dbsc_3_the_challenge_of_a_sign_in_registers_one_key
                    "the challenge of a sign-in registers one key, once, within two minutes, for that session alone";
                DBSC_4 "DBSC-4" dbsc_4_a_stolen_cookie_is_refused
                    "a copy of the session cookie is an empty session elsewhere, once its browser has presented the device cookie, and the visitor's own goes on";
                DBSC_5 "DBSC-5" dbsc_5_all_cookies_are_of_use_for_ten_minutes
                    "a copy of all cookies is of use until the device cookie runs out; who has the key goes on, by a refresh that writes nothing";
                DBSC_6 "DBSC-6" dbsc_6_several_refreshes_go_well_and_each_challenge_once
                    "of several refreshes at once all go well, whichever challenge came last; each challenge is taken once, and who has the key is given another";
                DBSC_7 "DBSC-7" dbsc_7_only_the_key_that_was_registered_refreshes
                    "a proof by another key, without a signature, by another algorithm, or over another session's challenge gives no cookie";
                DBSC_8 "DBSC-8" dbsc_8_the_binding_survives_what_writes_meanwhile
                    "a session that others write while it is bound, and one that is given a new id, stays bound, and what they wrote is kept";
                DBSC_9 "DBSC-9" dbsc_9_the_binding_passes_to_nobody_else
                    "who signs in over another user's bound session has one of their own, bound to nothing; the first one's key gets nothing there";
                DBSC_10 "DBSC-10" dbsc_10_the_end_of_a_session_ends_the_binding
                    "signing out removes the device cookie; a refresh after that, or after the session was ended from elsewhere, tells the browser to forget the key";
                DBSC_11 "DBSC-11" dbsc_11_what_comes_without_proof_may_go_on
                    "the application may have what comes without proof go on: with `step-up` no proof of identity counts as fresh before the next sign-in, with `log` all is as ever";
            }
            LIVE {
                LIVE_1 "LIVE-1" live_1_events_end_when_the_session_does
                    "server-sent events show changes, and end when the session is ended";
                LIVE_2 "LIVE-2" live_2_a_socket_ends_when_the_session_does
                    "a WebSocket shows changes, and ends when the session is ended";
                LIVE_3 "LIVE-3" live_3_a_socket_is_for_the_sites_own_pages
                    "a WebSocket that a page of another origin opens is answered 403, a sibling's too, whose requests `SameSite=Lax` lets have the cookie; it is opened for pages of its own origin, and for programs, which name none";
                LIVE_4 "LIVE-4" live_4_messages_are_use_and_being_watched_is_none
                    "what the visitor sends over a WebSocket keeps the session past its idle timeout, and being watched does not";
                LIVE_5 "LIVE-5" live_5_they_end_when_another_server_ends_the_session
                    "events and sockets show what another server on the same store changes, and end when it ends the session";
            }
        }
    };
}

/// Servers have clocks and threads of their own, and how often a clause would miss a fault was not measured.
fn unknown_kind(_: Clause) -> Option<String> {
    None
}

__http_clauses! { define, {
    unknown_kind;
    /// Names a clause about what a browser sees, written with an underscore: `COOKIE_1` is COOKIE-1.
} }

/// What a group of clauses is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// When a cookie is set, read and removed, and how it is written.
    COOKIE,
    /// Which ids are good.
    ID,
    /// Signing in and out.
    LOGIN,
    /// Timeouts, and touching.
    TIME,
    /// What is stored, and when.
    SAVE,
    /// What caches are told.
    CACHE,
    /// Where no id may stand.
    LEAK,
    /// What is answered when the store fails.
    STORE,
    /// Who is refused where something was lost, and how errors look.
    ANSWER,
    /// Two `Sessions` on one route.
    SEVERAL,
    /// A user's sessions; optional, for stores without an index by owner.
    OWNER,
    /// Signed cookies.
    KEYS,
    /// The cookie's attributes, name, scope and signature change while sessions live.
    CHANGE,
    /// Sessions that are bound to a device; optional.
    DBSC,
    /// Responses that outlive their head; optional.
    LIVE,
}

/// What a server may do without, by the group of clauses that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Lists of a user's sessions.
    OWNER,
    /// Sessions that are bound to a device.
    DBSC,
    /// Server-sent events and WebSockets.
    LIVE,
}

impl Group {
    /// Returns the capability that all clauses of the group need; `None` if every server has to pass them.
    #[must_use]
    pub const fn capability(self) -> Option<Capability> {
        match self {
            Self::OWNER => Some(Capability::OWNER),
            Self::DBSC => Some(Capability::DBSC),
            Self::LIVE => Some(Capability::LIVE),
            _ => None,
        }
    }
}
