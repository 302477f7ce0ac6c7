//! The names of tables: one list for the whole process.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, Weak};

use crate::error::EtsError;
use crate::index::lock;
use crate::table::Inner;

// Weak, so that a name does not keep its table alive.
static TABLES: LazyLock<Mutex<HashMap<Arc<str>, Weak<Inner>>>> = LazyLock::new(Mutex::default);

/// Gives `name` to `table`.
pub(crate) fn claim(name: &Arc<str>, table: &Arc<Inner>) -> Result<(), EtsError> {
    let mut tables = lock(&TABLES);
    // Counted, not upgraded: a handle made here might be the last, and its drop would wait for the
    // lock that is held here.
    if tables.get(name).is_some_and(|taken| taken.strong_count() > 0) {
        return Err(EtsError::NameTaken { name: name.as_ref().into() });
    }
    tables.insert(Arc::clone(name), Arc::downgrade(table));
    Ok(())
}

/// Finds the table of this name; `None` if there is none.
pub(crate) fn find(name: &str) -> Option<Arc<Inner>> {
    lock(&TABLES).get(name).and_then(Weak::upgrade)
}

/// Frees `name`, if `table` has it: between its last handle's drop and this call the name may have
/// gone to another.
pub(crate) fn free(name: &str, table: *const Inner) {
    let mut tables = lock(&TABLES);
    if tables.get(name).is_some_and(|holder| holder.as_ptr() == table) {
        tables.remove(name);
    }
}
