//! The names of tables: a list that keeps none of them alive.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, Weak};

use crate::error::EtsError;
use crate::index::lock;

/// Finds what is held elsewhere by its name.
pub(crate) struct Names<T>(LazyLock<Mutex<HashMap<Arc<str>, Weak<T>>>>);

impl<T> Names<T> {
    pub(crate) const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    /// Gives `name` to `table`.
    pub(crate) fn claim(&self, name: &Arc<str>, table: &Arc<T>) -> Result<(), EtsError> {
        let mut tables = lock(&self.0);
        // Counted, not upgraded: a handle made here might be the last, and its drop would wait for the
        // lock that is held here.
        if tables.get(name).is_some_and(|taken| taken.strong_count() > 0) {
            return Err(EtsError::NameTaken { name: name.as_ref().into() });
        }
        tables.insert(Arc::clone(name), Arc::downgrade(table));
        Ok(())
    }

    /// Finds the table of this name; `None` if there is none.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<T>> {
        lock(&self.0).get(name).and_then(Weak::upgrade)
    }

    /// Frees `name`, if `table` has it: between its last handle's drop and this call the name may have
    /// gone to another.
    pub(crate) fn free(&self, name: &str, table: *const T) {
        let mut tables = lock(&self.0);
        if tables.get(name).is_some_and(|holder| holder.as_ptr() == table) {
            tables.remove(name);
        }
    }
}
