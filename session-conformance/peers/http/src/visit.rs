//! What a peer says of its session to the pages.

use std::fmt;

use serde_json::Value;

/// Why a request is not answered as it was asked.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The peer has no such thing, for this reason.
    LeftOut(&'static str),
    /// The session library failed, and the app answers 500.
    Failed(String),
}

pub(crate) type Done<T = ()> = Result<T, Refusal>;

/// Says of any error that the library failed.
pub(crate) fn failed(error: impl fmt::Debug) -> Refusal {
    Refusal::Failed(format!("{error:?}"))
}

/// A session. What a peer has not got it leaves as it is here.
pub(crate) trait Visit {
    /// Asks whether there is a cookie, and no more.
    fn has(&mut self) -> Done {
        Err(Refusal::LeftOut("it cannot be asked whether there is a cookie"))
    }

    async fn get(&mut self, key: &str) -> Done<Option<Value>>;

    async fn set(&mut self, key: &str, value: Value) -> Done;

    async fn remove(&mut self, key: &str) -> Done;

    /// Ends the session.
    async fn end(&mut self) -> Done;

    async fn renew(&mut self) -> Done;

    async fn commit(&mut self) -> Done {
        Err(Refusal::LeftOut("it writes at the end of a request alone"))
    }

    fn remember(&mut self) -> Done {
        Err(Refusal::LeftOut("how long its cookie lasts is said once for all sessions"))
    }

    /// Signs in: over another user's session it ends that first.
    async fn log_in(&mut self, name: &str) -> Done {
        let user = self.get("user").await?;
        if user.is_some_and(|user| user != name) {
            self.end().await?;
        }
        self.renew().await?;
        self.set("user", name.into()).await
    }
}
