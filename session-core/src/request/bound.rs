//! How a browser registers the key of its device, and proves that it has it: what answers it in the place of a handler.
//!
//! A proof is a token that the device signed, over a challenge of this server's. A challenge is good for two minutes, however
//! many came after it, so several refreshes at once all go well; and each is taken once.

use std::borrow::Cow;
use std::fmt;

use super::closed::{Closed, Handled, ResponseHeaders};
use super::lazy::LazySession;
use crate::bound::{Devices, Endpoint, Proof, ProofError, Purpose, meant, over};
use crate::engine::{EventKind, SessionError, Sessions};
use crate::payload::{DeviceKey, OrRaw};
use crate::session::{BindingChange, Change, Origin, Session, State};
use crate::store::SessionKey;

/// The answer to a browser that binds a session to its device, or proves that it is the one.
///
/// `Debug` does not show the cookie.
#[must_use = "the browser waits for it"]
pub struct DeviceAnswer {
    status: u16,
    body: String,
    challenge: Option<String>,
    set_cookie: Option<String>,
    /// What closing the request has to say.
    closed: Option<Closed>,
}

impl DeviceAnswer {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the body; empty if there is none.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Adds the headers of the response, once.
    pub fn add_to(&mut self, headers: &mut impl ResponseHeaders) {
        headers.set("cache-control", Cow::Borrowed("no-store"));
        if !self.body.is_empty() {
            headers.set("content-type", Cow::Borrowed("application/json"));
        }
        if let Some(challenge) = self.challenge.take() {
            headers.set("secure-session-challenge", challenge.into());
        }
        if let Some(mut closed) = self.closed.take() {
            closed.add_to(headers);
        }
        if let Some(cookie) = self.set_cookie.take() {
            headers.add_cookie(cookie);
        }
    }

    fn of(status: u16, body: String) -> Self {
        Self { status, body, challenge: None, set_cookie: None, closed: None }
    }
}

impl fmt::Debug for DeviceAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl LazySession {
    /// Returns whether the request is for no handler, but for [`Sessions::answer_device`]: a browser binds its session,
    /// or proves that it comes from the device.
    #[must_use]
    pub fn is_for_device(&self) -> bool {
        self.device().endpoint().is_some()
    }
}

/// Why a browser is not given what it came for.
enum Refused {
    Proof(ProofError),
    Session(SessionError),
    /// The binding is over, or was never there. The browser forgets the key.
    Over,
    /// Somebody else may know more, or it in a moment.
    Later,
}

impl From<ProofError> for Refused {
    fn from(error: ProofError) -> Self {
        Self::Proof(error)
    }
}

impl From<SessionError> for Refused {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

/// For adapters: requests of browsers that bind sessions to their device.
impl Sessions {
    /// Answers a request that [is for no handler](LazySession::is_for_device), and closes it.
    ///
    /// A refresh writes nothing, and is no use of the session: what the browser holds back for it is.
    pub async fn answer_device(&self, session: &LazySession) -> DeviceAnswer {
        let mut answer = match self.device_answered(session).await {
            Ok(answer) => answer,
            Err(Refused::Later) => DeviceAnswer::of(503, String::new()),
            Err(Refused::Session(error)) => DeviceAnswer::of(error.http_status(), String::new()),
            Err(Refused::Proof(error)) => {
                self.engine().tell(EventKind::DeviceRefused { error: &error }, loaded_key(session), None);
                DeviceAnswer::of(403, String::new())
            }
            Err(Refused::Over) => self.tell_over(session),
        };
        // What was registered is stored. To count as use it would have to be a visitor's.
        answer.closed = Some(self.close(session, Handled::Failed).await);
        answer
    }

    async fn device_answered(&self, lazy: &LazySession) -> Result<DeviceAnswer, Refused> {
        let (Some(devices), Some(said)) = (&self.engine().devices, &lazy.device().0) else { return Err(Refused::Over) };
        if said.is_of_other_site {
            return Err(ProofError::OtherSite.into());
        }
        match said.endpoint {
            Some(Endpoint::Register) => {
                let proof = Proof::read(said.proof.as_deref().ok_or(ProofError::Malformed)?)?;
                // In a box, or every adapter's future would have room for the parts of it.
                Box::pin(self.register(devices, &lazy.load().await?, &proof)).await
            }
            Some(Endpoint::Refresh) => {
                let id = said.id.as_deref().and_then(meant).ok_or(ProofError::Malformed)?;
                self.refresh(devices, &lazy.load().await?, id, said.proof.as_deref())
            }
            None => Err(Refused::Over),
        }
    }

    /// Binds the session to the key of a proof that answers the challenge of its login.
    async fn register(&self, devices: &Devices, session: &Session, proof: &Proof<'_>) -> Result<DeviceAnswer, Refused> {
        let (engine, now) = (self.engine(), self.engine().now());
        let id = {
            let state = session.state();
            let binding = state.draft.contents().reserved.binding();
            let awaited = binding.filter(|binding| binding.key.is_none() && state.draft.owner().is_some());
            awaited.ok_or(ProofError::NotOffered)?.id.clone()
        };
        let key = proof.registers(devices.algorithms())?;
        devices.check_challenge(Purpose::Register, &id, proof.challenge(), now)?;
        let change = BindingChange::Register { id: id.clone(), key, at: now };
        let registered = session.transaction(|draft| draft.change(Change::Binding(change.clone()))).await;
        match registered {
            Err(SessionError::Conflict | SessionError::Gone) => return Err(ProofError::NotOffered.into()),
            registered => registered?,
        }
        engine.tell(EventKind::DeviceBound, session.session_key(), session.owner().as_ref());
        Ok(self.proved(devices, &id))
    }

    /// Gives a new device cookie to who has the key, and a challenge to who shows no proof.
    fn refresh(
        &self,
        devices: &Devices,
        session: &Session,
        id: &str,
        proof: Option<&[u8]>,
    ) -> Result<DeviceAnswer, Refused> {
        let (engine, now) = (self.engine(), self.engine().now());
        let key = registered_key(&session.state(), id)?;
        let again = |used: bool| {
            let challenge = devices.challenge(Purpose::Refresh, id, now, &*engine.random);
            let challenge = challenge.map_err(SessionError::from)?;
            if used {
                let error = ProofError::Used;
                engine.tell(EventKind::DeviceRefused { error: &error }, session.session_key(), None);
            }
            let challenge = Some(format!("\"{challenge}\";id=\"{id}\""));
            Ok(DeviceAnswer { challenge, ..DeviceAnswer::of(403, String::new()) })
        };
        let Some(proof) = proof else { return again(false) };
        let proof = Proof::read(proof)?;
        proof.is_by(&key)?;
        // Whoever has the key may come with a challenge of a while ago, and is asked once more.
        let nonce = match devices.check_challenge(Purpose::Refresh, id, proof.challenge(), now) {
            Ok(nonce) => nonce,
            Err(_) => return again(false),
        };
        if devices.answered(nonce, now).is_err() {
            return again(true);
        }
        engine.tell(EventKind::DeviceProved, session.session_key(), session.owner().as_ref());
        Ok(self.proved(devices, id))
    }

    fn proved(&self, devices: &Devices, id: &str) -> DeviceAnswer {
        let cookie = devices.cookie(&self.engine().cookies, id, self.engine().now());
        DeviceAnswer { set_cookie: Some(cookie), ..DeviceAnswer::of(200, devices.instructions(id)) }
    }

    /// Tells a browser that the binding it means is over. Where a session goes on, the device cookie may be that one's.
    fn tell_over(&self, lazy: &LazySession) -> DeviceAnswer {
        let said = lazy.device().0.as_ref();
        let id = said.and_then(|said| said.id.as_deref()).and_then(meant).unwrap_or_default();
        let removal = self.engine().devices.as_ref().map(|devices| devices.removal(&self.engine().cookies));
        let set_cookie = removal.filter(|_| loaded_key(lazy).is_none());
        DeviceAnswer { set_cookie, ..DeviceAnswer::of(200, over(id)) }
    }
}

fn loaded_key(lazy: &LazySession) -> Option<SessionKey> {
    lazy.loaded()?.session_key()
}

/// Gives the key that was registered for the binding which a browser means.
fn registered_key(state: &State, id: &str) -> Result<DeviceKey, Refused> {
    match &state.origin {
        Origin::Stored { .. } => {}
        Origin::New | Origin::Dead { .. } | Origin::Ended { .. } => return Err(Refused::Over),
        // What the browser has by now may be the cookie of the session that came after.
        _ => return Err(Refused::Later),
    }
    match state.draft.contents().reserved.device.as_deref() {
        Some(OrRaw::Unknown(_)) => Err(Refused::Later),
        Some(OrRaw::Known(binding)) if binding.id == id => match &binding.key {
            Some(OrRaw::Known(key)) => Ok(key.clone()),
            // Of an algorithm that another server knows.
            Some(OrRaw::Unknown(_)) => Err(Refused::Later),
            None => Err(Refused::Over),
        },
        _ => Err(Refused::Over),
    }
}
