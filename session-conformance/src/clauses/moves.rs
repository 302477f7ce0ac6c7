//! The moves of which MOD-1 makes its random sequences.

use proptest::prelude::*;
use session_core::SessionStore;

pub(crate) const KEYS: usize = 3;
pub(crate) const OWNERS: usize = 2;

/// One move. It names keys, owners and times by number, so that a smaller one still makes sense.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    Get {
        key: usize,
    },
    Create {
        key: usize,
        draft: Draft,
    },
    Replace {
        key: usize,
        which: Which,
        draft: Draft,
        /// By `End`, which is the same.
        end: bool,
    },
    /// Sends the write that stands again.
    Resend {
        key: usize,
        create: bool,
    },
    Touch {
        key: usize,
        which: Which,
        seen: u32,
        until: u32,
    },
    Delete {
        key: usize,
    },
    /// Deletes what stands, and creates another in its place.
    Recreate {
        key: usize,
        draft: Draft,
    },
    Sweep {
        before: u32,
        limit: usize,
    },
    List {
        owner: usize,
        limit: usize,
    },
    Scan {
        limit: usize,
    },
}

/// What a record is made of; times are minutes from the base time.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) owner: Option<usize>,
    pub(crate) seen: u32,
    pub(crate) until: u32,
    pub(crate) size: usize,
}

/// Which version a write asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Standing,
    Earlier,
    Unknown,
}

fn key() -> impl Strategy<Value = usize> {
    0..KEYS
}

/// Few times, so that deadlines are met to the millisecond; most of them are before most deadlines.
fn seen() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0u32..4, 1 => 4u32..12]
}

fn until() -> impl Strategy<Value = u32> {
    prop_oneof![1 => 0u32..4, 4 => 4u32..12]
}

fn draft() -> impl Strategy<Value = Draft> {
    let owner = proptest::option::weighted(0.7, 0..OWNERS);
    (owner, seen(), until(), 0usize..200).prop_map(|(owner, seen, until, size)| Draft { owner, seen, until, size })
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![5 => Just(Which::Standing), 2 => Just(Which::Earlier), 1 => Just(Which::Unknown)]
}

/// Gives sequences of moves that the store can be asked to make.
pub(crate) fn sequences(store: &dyn SessionStore) -> impl Strategy<Value = Vec<Move>> + use<> {
    let limit = || 1usize..5;
    let mut moves = vec![
        (4, key().prop_map(|key| Move::Get { key }).boxed()),
        (4, (key(), draft()).prop_map(|(key, draft)| Move::Create { key, draft }).boxed()),
        (
            6,
            (key(), which(), draft(), any::<bool>())
                .prop_map(|(key, which, draft, end)| Move::Replace { key, which, draft, end })
                .boxed(),
        ),
        (8, (key(), any::<bool>()).prop_map(|(key, create)| Move::Resend { key, create }).boxed()),
        (
            8,
            (key(), which(), seen(), until())
                .prop_map(|(key, which, seen, until)| Move::Touch { key, which, seen, until })
                .boxed(),
        ),
        (2, key().prop_map(|key| Move::Delete { key }).boxed()),
        (2, (key(), draft()).prop_map(|(key, draft)| Move::Recreate { key, draft }).boxed()),
    ];
    if store.sweep().is_some() {
        moves.push((3, (0u32..12, limit()).prop_map(|(before, limit)| Move::Sweep { before, limit }).boxed()));
    }
    if store.owners().is_some() {
        moves.push((3, (0..OWNERS, limit()).prop_map(|(owner, limit)| Move::List { owner, limit }).boxed()));
    }
    if store.scan().is_some() {
        moves.push((1, limit().prop_map(|limit| Move::Scan { limit }).boxed()));
    }
    proptest::collection::vec(proptest::strategy::Union::new_weighted(moves), 1..50)
}
