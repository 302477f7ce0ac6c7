//! The suite is tested itself: a store with one fault, and the clauses that catch it.
//!
//! Each fault is what a store author could really write. A race's fault has its gap widened by a yield,
//! which stands for the round trip that a backend would have there.

mod catalogue;
mod hanging;
mod kept;
mod page;
#[path = "../support/mod.rs"]
mod support;

use catalogue::{FAULTS, Fault};

/// Emits one test per fault.
macro_rules! caught {
    ($($kind:ident $module:ident::$fault:ident $wrong:literal => $($clause:ident $told:literal),+;)+) => {
        $(#[allow(non_snake_case, reason = "a fault is found by its name")]
        mod $fault {
            #[test]
            fn is_caught() {
                crate::is_caught(stringify!($fault));
            }
        })+
    };
}
catalogue::faults!(caught);

/// Runs the clauses that are meant to catch the fault, once each.
fn is_caught(name: &str) {
    let named: Vec<&Fault> = FAULTS.iter().filter(|fault| fault.name == name).collect();
    let [fault] = named[..] else { panic!("one fault is {name}: {named:?}") };
    for (clause, words) in fault.meant_for {
        let failure = fault.run(*clause).failure();
        let failure = failure.unwrap_or_else(|| panic!("{clause} does not catch {name}, which {}", fault.wrong));
        assert_eq!(failure.clause, *clause);
        // Caught for the right reason, and told in words that lead to it.
        let told = failure.to_string();
        assert!(told.contains(words), "{words} in: {told}");
    }
}
