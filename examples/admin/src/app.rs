//! Whose sessions they are: the app's name for them, and its keys.

use std::sync::Arc;

use session_core::{
    Bytes, Codec, CodecError, CookieConfig, Json, Payload, PlainPayloads, RecordHead, Sealed, SecretKeys, Sessions,
    Timestamp,
};

use crate::backend::Backend;
use crate::failure::Failure;

/// Says which app is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct App {
    /// The name of the app's cookie, without its prefix, `__Host-Http-` as a rule, or its scope if it sets one.
    #[arg(long, env = "SESSION_COOKIE_NAME", default_value = "session", value_name = "NAME")]
    cookie: String,
}

impl App {
    /// Sets up what reads, changes and ends the app's sessions.
    pub(crate) fn sessions(&self, backend: &Backend) -> Result<Sessions, Failure> {
        let builder = Sessions::builder(Arc::clone(&backend.store))
            .cookie(CookieConfig::default().with_name(self.cookie.clone()))
            .codec(AppCodec::from_env()?);
        builder.build().map_err(|error| usage(&error))
    }
}

/// Reads and writes payloads as the app does.
#[derive(Debug)]
pub(crate) struct AppCodec(Box<dyn Codec>);

impl AppCodec {
    /// Seals if the environment has the app's keys.
    pub(crate) fn from_env() -> Result<Self, Failure> {
        let Some(keys) = SecretKeys::from_env("SESSION_SEALING_KEYS").map_err(|error| usage(&error))? else {
            return Ok(Self(Box::new(Json)));
        };
        // An operator sees and ends what there is, also while the app switches sealing on or off.
        let sealed = Sealed::new(keys.sealing_keys()).map_err(|error| usage(&error))?;
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

fn usage(error: &dyn std::error::Error) -> Failure {
    Failure::Usage(error.to_string())
}
