//! Eight callers at once, as a server has them that is not idle.

use std::ops::Range;
use std::sync::Arc;

use session_sql::session_core::BoxError;
use tokio::task::JoinSet;

use crate::slices::{Party, Verb};
use crate::store::{TASKS, all};

/// Divides the sessions of a call among tasks.
pub(crate) struct Crowd<P>(Arc<P>);

impl<P> Crowd<P> {
    pub(crate) fn new(party: &Arc<P>) -> Self {
        Self(Arc::clone(party))
    }
}

impl<P: Party + Send + Sync + 'static> Party for Crowd<P> {
    async fn call(&self, verb: Verb, sessions: Range<u64>) -> Result<(), BoxError> {
        let each = (sessions.end - sessions.start) / TASKS;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (party, first) = (Arc::clone(&self.0), sessions.start + task * each);
            tasks.spawn(async move { party.call(verb, first..first + each).await });
        }
        all(tasks).await
    }
}
