//! Whose sessions they are: the app's name for them, and its keys.

use std::sync::Arc;

use session_core::{
    Bytes, Codec, CodecError, CookieConfig, Fingerprint, FingerprintKey, Json, Payload, PlainPayloads, RecordHead,
    Sealed, SecretKeys, SessionKey, Sessions, Timestamp,
};

use crate::backend::Backend;
use crate::failure::Failure;
use crate::settings::Settings;

/// Says which app is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct App {
    /// The name of the app's cookie, without its prefix, `__Host-Http-` as a rule, or its scope if it sets one
    /// (SESSION_SCOPE, SESSION_COOKIE_NAME); `session` unless set.
    #[arg(long, value_name = "NAME")]
    cookie: Option<String>,
}

impl App {
    /// Sets up what reads, changes and ends the app's sessions.
    pub(crate) fn sessions(&self, backend: &Backend, settings: &Settings) -> Result<Sessions, Failure> {
        let set = || settings.text("SESSION_SCOPE").or_else(|| settings.text("SESSION_COOKIE_NAME"));
        let cookie = self.cookie.clone().or_else(set).unwrap_or_else(|| "session".to_owned());
        let builder = Sessions::builder(Arc::clone(&backend.store))
            .cookie(CookieConfig::default().with_name(cookie))
            .codec(AppCodec::of(settings)?);
        builder.build().map_err(|error| Failure::given(&error))
    }
}

/// Reads and writes payloads as the app does.
#[derive(Debug)]
pub(crate) struct AppCodec(Box<dyn Codec>);

impl AppCodec {
    /// Seals if the app's keys are set.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        let keys = SecretKeys::from_variables("SESSION_SEALING_KEYS", |name| settings.variable(name));
        let Some(keys) = keys.map_err(|error| Failure::given(&error))? else {
            return Ok(Self(Box::new(Json)));
        };
        // An operator sees and ends what there is, also while the app switches sealing on or off.
        let sealed = Sealed::new(keys.sealing_keys()).map_err(|error| Failure::given(&error))?;
        let sealed = sealed.plain(PlainPayloads::ReadUntil(Timestamp::MAX)).unbound_until(Timestamp::MAX);
        Ok(Self(Box::new(sealed)))
    }
}

impl Codec for AppCodec {
    fn encode(&self, head: &RecordHead<'_>, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
        self.0.encode(head, payload)
    }

    fn decode(&self, head: &RecordHead<'_>, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        self.0.decode(head, bytes)
    }
}

/// Knows sessions by the names that the app's logs have for them.
#[derive(Debug)]
pub(crate) struct Names(Vec<FingerprintKey>);

impl Names {
    /// Reads the app's keys of fingerprints; without them, no session has a name.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        let keys = SecretKeys::from_variables("SESSION_FINGERPRINT_KEYS", |name| settings.variable(name));
        let keys = keys.map_err(|error| Failure::given(&error))?;
        Ok(Self(keys.iter().flat_map(SecretKeys::fingerprint_keys).collect()))
    }

    /// Refuses to go on without keys.
    pub(crate) fn needed(self) -> Result<Self, Failure> {
        if self.0.is_empty() {
            let said = "SESSION_FINGERPRINT_KEYS is missing: give the secret by which the app's logs name sessions; where it sets \
                        none, each of its processes draws one, and nothing leads from its log to a session";
            return Err(Failure::usage(said));
        }
        Ok(self)
    }

    /// Tells whether there are no keys.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives the name that logs have for a session today.
    pub(crate) fn name(&self, key: &SessionKey) -> Option<Fingerprint> {
        self.0.first().map(|name| name.fingerprint(key))
    }

    /// Tells whether that is what logs call the session, or called it by an older secret.
    pub(crate) fn is(&self, key: &SessionKey, fingerprint: Fingerprint) -> bool {
        self.0.iter().any(|name| name.fingerprint(key) == fingerprint)
    }
}
