//! How the application answers errors, where it does.

use std::fmt;
use std::sync::Arc;

use crate::engine::SessionError;

type Answer<R> = Arc<dyn Fn(&SessionError) -> R + Send + Sync>;

/// The application's answers to errors, of a framework's type; empty, unless the application has set some.
#[cfg_attr(not(feature = "tower"), expect(unreachable_pub, reason = "the services of tower and axum alone name it"))]
pub struct Own<R>(Option<Answer<R>>);

impl<R> Own<R> {
    pub(super) const NONE: Self = Self(None);

    pub(super) fn by(answer: impl Fn(&SessionError) -> R + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(answer)))
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Gives the application's answer; `None` if it leaves that to the adapter.
    pub(super) fn to(&self, error: &SessionError) -> Option<R> {
        self.0.as_ref().map(|answer| answer(error))
    }
}

impl<R> Clone for Own<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> fmt::Debug for Own<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Own").field(&self.is_set()).finish()
    }
}
