//! Sessions that are bound to a device: which requests have to prove that they come from there, and what a
//! response tells of it.
//!
//! | a request of a bound session | |
//! |---|---|
//! | has the device cookie | is the visitor's |
//! | has none, and its browser never presented one | is taken: the answer that carried the cookie may have been lost |
//! | has none, within the straggler's window of the first that had | is taken: it was on its way |
//! | has none | gets what the application chose |

use std::sync::MutexGuard;

use bytes::Bytes;

use super::closed::Closed;
use super::head::RequestHead;
use crate::bound::{Endpoint, OnUnproven, Purpose};
use crate::engine::{Engine, EventKind};
use crate::payload::{Binding, OrRaw};
use crate::session::{BindingChange, Change, Origin, Proven, Session, State};
use crate::store::SessionKey;

/// What a request says of the device that it comes from, beside its cookie. Most say nothing, which takes no room.
#[derive(Default)]
pub(super) struct Head(pub(super) Option<Box<Said>>);

#[derive(Default)]
pub(super) struct Said {
    /// What it is for, if for no handler.
    pub(super) endpoint: Option<Endpoint>,
    /// The proof, as it came.
    pub(super) proof: Option<Bytes>,
    /// Which session is meant, as it came.
    pub(super) id: Option<Bytes>,
    pub(super) is_of_other_site: bool,
    /// Why its browser could not refresh.
    skipped: Option<&'static str>,
}

impl Head {
    pub(super) fn of(engine: &Engine, request: &RequestHead<'_>) -> Self {
        let Some(devices) = &engine.devices else { return Self::default() };
        let header = request.way.header;
        let endpoint = devices.endpoint(request.method, request.path);
        if endpoint.is_none() {
            let skipped = header("secure-session-skipped").map(reason);
            return Self(skipped.map(|reason| Box::new(Said { skipped: Some(reason), ..Said::default() })));
        }
        let copied = |name| header(name).map(Bytes::copy_from_slice);
        Self(Some(Box::new(Said {
            endpoint,
            proof: copied("secure-session-response"),
            id: copied("sec-secure-session-id"),
            is_of_other_site: header("sec-fetch-site") == Some(b"cross-site"),
            skipped: None,
        })))
    }

    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        self.0.as_ref()?.endpoint
    }

    /// Judges a session that was read: whether the request proves that it comes from the session's device, and what it gets
    /// if not.
    pub(super) fn judge<'a>(&self, session: &Session, lines: impl IntoIterator<Item = &'a [u8]>) {
        let engine = session.engine();
        let Some(devices) = engine.devices.as_ref().filter(|_| self.endpoint().is_none()) else { return };
        let mut state = session.state();
        let (key, owner) = (key_of(&state), state.draft.owner().cloned());
        let now = engine.now();
        match state.draft.contents().reserved.device.as_deref() {
            None => return,
            Some(OrRaw::Known(Binding { bound_at: None, .. })) => return,
            Some(OrRaw::Known(Binding { id, presented_at, .. })) => {
                let (id, presented_at) = (id.clone(), *presented_at);
                if devices.proves(lines, &id, now, engine.straggler_window) {
                    state.device.proven = Proven::Given;
                    if presented_at.is_none() {
                        let first = BindingChange::Presented { id, at: now };
                        // It fails for a key that is registered twice, and for nothing else.
                        let _ = state.draft.change(Change::Binding(first));
                    }
                    return;
                }
                if presented_at.is_none_or(|at| now < at + engine.straggler_window) {
                    return;
                }
            }
            // A later version has bound it, and knows by what it is proved.
            Some(OrRaw::Unknown(_)) => {}
        }
        let skipped = self.0.as_ref().and_then(|said| said.skipped);
        match devices.policy(skipped.is_some()) {
            OnUnproven::Refuse => state.hide_unproven(),
            OnUnproven::StepUp => state.device.proven = Proven::Missing,
            OnUnproven::Log => {}
        }
        drop(state);
        let kind = skipped.map_or(EventKind::DeviceUnproven, |reason| EventKind::DeviceSkipped { reason });
        engine.tell(kind, key, owner.as_ref());
    }
}

fn key_of(state: &State) -> Option<SessionKey> {
    state.origin.key().ok().flatten()
}

/// Names why a browser could not refresh; what anybody may write into the header stays out of the log.
fn reason(value: &[u8]) -> &'static str {
    let word = value.split(|byte| matches!(byte, b';' | b',' | b' ')).next().unwrap_or_default();
    match word {
        b"server_error" => "server_error",
        b"unreachable" => "unreachable",
        b"quota_exceeded" => "quota_exceeded",
        _ => "other",
    }
}

impl Session {
    /// Adds to what a response says: the offer to bind the session, if it was stored; and after an end, that the device
    /// cookie goes.
    pub(super) fn tell_device(&self, mut state: MutexGuard<'_, State>, mut closed: Closed) -> Closed {
        let engine = self.engine();
        let Some(devices) = &engine.devices else { return closed };
        if std::mem::take(&mut state.device.unbound) && closed.set_cookie.is_some() {
            closed.removals.push(devices.removal(&engine.cookies));
        }
        let offers = std::mem::take(&mut state.device.offers) && closed.outcome.is_ok();
        let binding = state.draft.contents().reserved.binding().filter(|binding| binding.key.is_none());
        let (Some(binding), true, Origin::Stored { key, record }) = (binding, offers, &state.origin) else {
            return closed;
        };
        let challenge = devices.challenge(Purpose::Register, &binding.id, engine.now(), &*engine.random);
        let (key, owner) = (*key, record.owner.clone());
        drop(state);
        // Where none can be drawn the session is as good as one that is bound to nothing.
        if let Ok(challenge) = challenge {
            closed.binding_offer = Some(devices.offer(&challenge));
            engine.tell(EventKind::DeviceOffered, Some(key), owner.as_ref());
        }
        closed
    }
}
