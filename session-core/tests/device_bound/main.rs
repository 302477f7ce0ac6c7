//! Sessions that are bound to a device, by a client that makes the proofs itself.

#![cfg(feature = "device-bound")]

#[path = "../support/mod.rs"]
mod support;

mod binding; // how a session is bound, and what ends that
mod floods; // what it costs, whoever asks
mod judging; // what a request gets that does not prove where it comes from
mod refreshing; // how the device proves itself
mod visitor;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::cookie::SigningKey;
use session_core::{DeviceBound, ManualClock, Sessions, SessionsBuilder};

/// Longer than what comes without the device's cookie is taken for a request that was on its way.
const LATER: Duration = Duration::from_secs(11);

fn bound() -> DeviceBound {
    DeviceBound::new([SigningKey::new([7; 32]).unwrap()])
}

/// The names of the events so far.
type Told = Arc<Mutex<Vec<&'static str>>>;

fn sessions(bound: DeviceBound) -> (Sessions, ManualClock, Told) {
    sessions_with(bound, |builder| builder)
}

fn sessions_with(
    bound: DeviceBound,
    and: impl FnOnce(SessionsBuilder) -> SessionsBuilder,
) -> (Sessions, ManualClock, Told) {
    let (builder, clock) = support::builder(support::store());
    let told = Told::default();
    let hook = Arc::clone(&told);
    let builder = builder.device_bound(bound).on_event(move |event| hook.lock().unwrap().push(event.kind().name()));
    (and(builder).build().unwrap(), clock, told)
}

fn has(told: &Told, name: &str) -> bool {
    told.lock().unwrap().contains(&name)
}
