//! Faults with sessions that are bound to a device.

use session_conformance::http::Clause::*;

use super::{Device, Fault, after, before, device, fault, settings};
use crate::adapter::{Adapter, RIGHT};
use crate::binding::*;

const fn also(before: super::Before, device: Device) -> Adapter {
    Adapter { before, device, ..RIGHT }
}

pub(super) static FAULTS: &[Fault] = &[
    fault(
        "OffersToEverybody",
        "offers to bind a session before somebody is signed in",
        &[(DBSC_1, "no Secure-Session-Registration")],
        after(offers_to_everybody),
    ),
    fault(
        "ScriptsHaveTheDevice",
        "sets the device cookie without `HttpOnly`",
        &[(DBSC_2, "the attributes")],
        device(lets_scripts_have_it),
    ),
    fault(
        "RegistersTwice",
        "registers another key by the challenge that was answered",
        &[(DBSC_3, "the same key again")],
        device(registers_twice),
    ),
    fault(
        "LooksAtNoDevice",
        "gives the device cookie, and never asks for it",
        &[(DBSC_4, "signed in: false")],
        settings(looks_at_no_device),
    ),
    fault(
        "DevicesForGood",
        "takes the device cookie however old it is",
        &[(DBSC_5, "signed in: false")],
        before(has_no_time_for_devices),
    ),
    fault(
        "TakesChallengesTwice",
        "takes a challenge that was answered before",
        &[(DBSC_6, "a challenge that was answered")],
        device(takes_challenges_twice),
    ),
    fault(
        "TakesNoSignature",
        "takes a proof whose algorithm is `none`",
        &[(DBSC_7, "a token without a signature")],
        device(takes_no_signature),
    ),
    fault(
        "TakesTheKeyItIsTold",
        "checks a proof by the key that the proof names",
        &[(DBSC_7, "a key that the token names")],
        device(takes_the_key_it_is_told),
    ),
    fault(
        "TakesAnyKey",
        "takes the proof of another session",
        &[(DBSC_7, "another session's key")],
        device(takes_any_key),
    ),
    fault(
        "LosesTheBinding",
        "keeps the binding among what requests write, so that one which was under way writes over it",
        &[(DBSC_8, "signed in: false")],
        also(loses_the_binding, remembers),
    ),
    fault(
        "PassesTheBindingOn",
        "goes on with the binding where another user has signed in",
        &[(DBSC_9, "\"continue\": false")],
        device(keeps_what_passes_on),
    ),
    fault(
        "KeepsTheBinding",
        "refreshes what has ended",
        &[(DBSC_10, "\"continue\": false")],
        device(keeps_what_has_ended),
    ),
    fault(
        "StepsNowhere",
        "takes an old proof of identity for a fresh one where the device is another",
        &[(DBSC_11, "with step-up, false")],
        settings(refuses_none),
    ),
];
