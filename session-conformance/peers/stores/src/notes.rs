//! Failures that are no fault of the store: what it can be called by has no way to do it, whatever stands behind.

use session_conformance::Clause;

#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) clauses: &'static [Clause],
    pub(crate) why: &'static str,
}

/// Every peer today.
pub(crate) const NO_VERSION: Note = Note {
    clauses: &[Clause::PUT_9, Clause::PUT_14, Clause::PUT_16, Clause::TCH_4, Clause::CON_1, Clause::CON_2],
    why: "its save is not told what the session was when it was loaded, so it cannot tell whether somebody was faster",
};

/// Peers with one call to store, that does not say whether the session is to be new.
pub(crate) const ONE_CALL: Note = Note {
    clauses: &[Clause::PUT_8, Clause::DEL_3],
    why: "it has one call to store, and is not told whether a session begins or is there",
};
