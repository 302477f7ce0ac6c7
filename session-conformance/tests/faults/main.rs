//! The suite is tested itself: a store with one fault, and the clause that catches it.
//!
//! Each fault is what a store author could really write. A race's fault has its gap widened by a yield,
//! which stands for the round trip that a backend would have there.

#[path = "../support/mod.rs"]
mod support;

/// Emits one test per fault: the clause catches it.
macro_rules! caught {
    ($($name:ident: $fault:ty, $clause:ident, $told:literal;)+) => {
        $(#[test]
        fn $name() {
            let told = $crate::support::failure_of::<$fault>(session_conformance::Clause::$clause).to_string();
            // Caught for the right reason, and told in words that lead to it.
            assert!(told.contains($told), "{told}");
        })+
    };
}

mod del;
mod everything;
mod own;
mod put;
mod put_race;
mod rec;
mod swp;
mod tch;
