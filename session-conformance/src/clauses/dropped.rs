//! Every verb but `put`, by a client that hangs up.
//!
//! Each is dropped at each of its awaits. Then either everybody goes on writing, or a sweep comes first, which nothing
//! has mended the index for.

use std::fmt;
use std::sync::Arc;

use session_core::{Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, Timestamp};

use crate::check::{Check, broken, ensure, works};
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::{HOUR, MINUTE, SECOND};
use crate::tools::handle::{Handle, at_least_one, missing};
use crate::tools::hang_up::{MOST_POLLS, poll_at_most};

/// Checks REC-11: whatever moment a `get` is dropped at, it leaves no lock, and all goes on.
pub(crate) async fn rec_11_a_dropped_get_leaves_nothing(case: &Case) -> Check {
    at_every_await(case, Verb::Get).await
}

/// Checks TCH-5: whatever moment a `touch` is dropped at, both timestamps have moved or none, all goes on, and a sweep
/// finds the record.
pub(crate) async fn tch_5_a_dropped_touch_moves_both_times_or_none(case: &Case) -> Check {
    at_every_await(case, Verb::Touch).await
}

/// Checks DEL-5: whatever moment a `delete` is dropped at, the record is there or gone, in the list and to a sweep as
/// well, and all goes on.
pub(crate) async fn del_5_a_dropped_delete_removes_all_or_nothing(case: &Case) -> Check {
    at_every_await(case, Verb::Delete).await
}

/// Checks SWP-5: whatever moment a sweep is dropped at, the next finds what it left, and all goes on.
pub(crate) async fn swp_5_what_a_dropped_sweep_leaves_the_next_finds(case: &Case) -> Check {
    at_every_await(case, Verb::Sweep).await
}

/// Checks OWN-8: whatever moment a `list` is dropped at, it leaves no lock, and all goes on.
pub(crate) async fn own_8_a_dropped_list_leaves_nothing(case: &Case) -> Check {
    at_every_await(case, Verb::List).await
}

/// Checks SCN-3: whatever moment a page of `scan` is dropped at, it leaves no lock, and all goes on.
pub(crate) async fn scn_3_a_dropped_scan_leaves_nothing(case: &Case) -> Check {
    at_every_await(case, Verb::Scan).await
}

/// Checks FLT-6: whatever moment an `init` is dropped at, it can run again, and all goes on.
pub(crate) async fn flt_6_a_dropped_init_can_run_again(case: &Case) -> Check {
    // The first of all has the most to do.
    for polls in 0..MOST_POLLS {
        let handle = case.another_raw_handle().await?;
        case.note(format!("init, dropped after {polls} polls"));
        if let Some(done) = poll_at_most(polls, handle.raw().init()).await {
            works("init", done)?;
            break;
        }
    }
    case.store.init().await?;
    at_every_await(case, Verb::Init).await
}

/// What is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Init,
    Get,
    Touch,
    Delete,
    Sweep,
    List,
    Scan,
}

impl Verb {
    /// Tells whether it changes nothing, so that there is nothing to be looked for afterwards but locks.
    fn only_reads(self) -> bool {
        matches!(self, Self::Init | Self::Get | Self::List | Self::Scan)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "init",
            Self::Get => "get",
            Self::Touch => "touch",
            Self::Delete => "delete",
            Self::Sweep => "delete_expired",
            Self::List => "list",
            Self::Scan => "scan",
        })
    }
}

/// What comes after a call that was dropped. A write would mend what a sweep does not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Writes,
    Sweeps,
}

/// Drops the call after 0, 1, 2, … polls, until one completes: at each await it has.
async fn at_every_await(case: &Case, verb: Verb) -> Check {
    let store = case.store.raw();
    match verb {
        Verb::Sweep if store.sweep().is_none() => return missing("sweep", "SWP"),
        Verb::List if store.owners().is_none() => return missing("owners", "OWN"),
        Verb::Scan if store.scan().is_none() => return missing("scan", "SCN"),
        _ => {}
    }
    for then in [Then::Writes, Then::Sweeps] {
        if then == Then::Sweeps && (verb.only_reads() || case.store.raw().sweep().is_none()) {
            break;
        }
        for polls in 0..MOST_POLLS {
            let scene = Scene::set(case, verb).await?;
            case.note(format!("{verb} {}, dropped after {polls} polls", show::key(&scene.key)));
            let done = poll_at_most(polls, scene.call(case.store.raw())).await;
            let found = scene.is_whole(case).await?;
            match then {
                Then::Writes if verb.only_reads() => scene.all_goes_on(case).await?,
                Then::Writes => scene.writes_go_on(case, found).await?,
                Then::Sweeps => scene.sweeps_go_on(case, found).await?,
            }
            if let Some(done) = done {
                works(&verb.to_string(), done)?;
                break;
            }
        }
    }
    Ok(())
}

/// What the call is made on: a record, another of the same owner, and some that are over.
struct Scene<'a> {
    verb: Verb,
    store: &'a Handle,
    owner: Owner,
    key: SessionKey,
    record: Record,
    /// The record as a `touch` leaves it.
    touched: Record,
    neighbour: (SessionKey, Record),
    over: Vec<(SessionKey, Record)>,
    /// What is over was over then, and the rest is not.
    before: Timestamp,
}

impl<'a> Scene<'a> {
    async fn set(case: &'a Case, verb: Verb) -> Check<Self> {
        let (draw, store, owner) = (&case.draw, &case.store, case.draw.owner());
        let (key, record) = (draw.key(), draw.record_of(&owner));
        let touched = Record {
            last_seen_at: record.last_seen_at + SECOND,
            expires_at: record.expires_at + MINUTE,
            ..record.clone()
        };
        let neighbour = (draw.key(), draw.record_of(&owner));
        let before = case.base + 30 * MINUTE;
        let over = match verb {
            Verb::Sweep => [3, 2, 1]
                .map(|age| (draw.key(), Record { expires_at: before - age * MINUTE, ..draw.record_of(&owner) }))
                .to_vec(),
            _ => Vec::new(),
        };
        for (key, record) in [(key, record.clone()), neighbour.clone()].iter().chain(&over) {
            store.create(key, record).await?;
        }
        Ok(Self { verb, store, owner, key, record, touched, neighbour, over, before })
    }

    async fn call(&self, store: &Arc<dyn SessionStore>) -> Result<(), StoreError> {
        let Record { version, last_seen_at, expires_at, .. } = self.touched;
        match self.verb {
            Verb::Init => store.init().await,
            Verb::Get => store.get(&self.key).await.map(drop),
            Verb::Touch => store.touch(&self.key, version, last_seen_at, expires_at).await.map(drop),
            Verb::Delete => store.delete(&self.key).await.map(drop),
            Verb::Sweep => match store.sweep() {
                Some(sweep) => sweep.delete_expired(self.before, at_least_one(2)).await.map(drop),
                None => Ok(()),
            },
            Verb::List => match store.owners() {
                Some(owners) => owners.list(&self.owner, None, at_least_one(10)).await.map(drop),
                None => Ok(()),
            },
            Verb::Scan => match store.scan() {
                Some(scan) => scan.page(None, at_least_one(10)).await.map(drop),
                None => Ok(()),
            },
        }
    }

    /// Reads everything once, and expects what the call may have left; gives the record, if it is there.
    async fn is_whole(&self, case: &Case) -> Check<Option<Arc<Record>>> {
        let store = self.store;
        store.holds(&self.neighbour.0, &self.neighbour.1).await?;
        for (key, record) in &self.over {
            store.whole_or_absent(key, record).await?;
        }
        match self.verb {
            Verb::Touch => store.holds_one_of(&self.key, &[&self.record, &self.touched]).await.map(Some),
            Verb::Delete => {
                let found = store.get(&self.key).await?;
                ensure(found.as_deref().is_none_or(|it| *it == self.record), "the record, or none", || {
                    show::found(case.base, found.as_deref())
                })?;
                Ok(found)
            }
            _ => store.holds_one_of(&self.key, &[&self.record]).await.map(Some),
        }
    }

    /// Calls every verb, as the next clients would, after one that only reads.
    async fn all_goes_on(&self, case: &Case) -> Check {
        let (store, next) = (self.store, Record { owner: None, ..case.draw.record() });
        let (seen, until) = (self.touched.last_seen_at, self.touched.expires_at);
        store.expect_touch(&self.key, self.record.version, seen, until, true).await?;
        store.holds(&self.key, &self.touched).await?;
        works(&self.verb.to_string(), self.call(store.raw()).await)?;
        store.replace(&self.key, self.record.version, &next).await?;
        store.holds(&self.key, &next).await?;
        store.create(&case.draw.key(), &next).await?;
        if store.raw().sweep().is_some() {
            store.sweep(self.before, 10).await?;
        }
        store.expect_delete(&self.key, true).await
    }

    /// Writes by every verb, as the next clients would.
    async fn writes_go_on(&self, case: &Case, found: Option<Arc<Record>>) -> Check {
        let (draw, store, next_owner) = (&case.draw, self.store, case.draw.owner());
        let next = Record { expires_at: case.base + 3 * HOUR, ..draw.record_of(&next_owner) };
        let (neighbour, stands) = &self.neighbour;
        match found {
            // The delete that was dropped may arrive at any moment, and what it removes is nobody's fault.
            Some(found) if self.verb == Verb::Delete => {
                store.touch(&self.key, found.version, found.last_seen_at, found.expires_at).await?;
                match store.put(&self.key, &next, Put::Replace(found.version)).await? {
                    PutOutcome::Stored | PutOutcome::Gone => {}
                    other => return broken("Stored, or Gone", show::outcome(case.base, &other)),
                }
                store.delete(&self.key).await?;
            }
            Some(found) => {
                let (seen, until) = (found.last_seen_at, found.expires_at + 2 * MINUTE);
                store.expect_touch(&self.key, found.version, seen, until, true).await?;
                store.lists_if_indexed(&self.owner, &self.listed(&[self.key, *neighbour]).await?).await?;
                store.replace(&self.key, found.version, &next).await?;
                self.next_stands(&next, &next_owner).await?;
            }
            // It is done, so it does not arrive any more.
            None => {
                store.lists_if_indexed(&self.owner, &[*neighbour]).await?;
                store.create(&self.key, &next).await?;
                if store.raw().sweep().is_some() {
                    // An entry of the one that was deleted would meet the one that came after it.
                    store.sweep(self.record.expires_at, 100).await?;
                    self.next_stands(&next, &next_owner).await?;
                    return self.over_are_swept(case).await;
                }
                self.next_stands(&next, &next_owner).await?;
            }
        }
        store.lists_if_indexed(&next_owner, &[]).await?;
        let until = stands.expires_at + SECOND;
        store.expect_touch(neighbour, stands.version, stands.last_seen_at, until, true).await?;
        self.over_are_swept(case).await?;
        store.lists_if_indexed(&self.owner, &[*neighbour]).await?;
        store.expect_delete(neighbour, true).await?;
        store.lists_if_indexed(&self.owner, &[]).await
    }

    /// Gives the keys of the owner's list: these, and those that a sweep has left.
    async fn listed(&self, stay: &[SessionKey]) -> Check<Vec<SessionKey>> {
        let mut keys = stay.to_vec();
        for (key, _) in &self.over {
            keys.extend(self.store.get(key).await?.map(|_| *key));
        }
        Ok(keys)
    }

    /// Expects the record that was written since, and removes it.
    async fn next_stands(&self, next: &Record, owner: &Owner) -> Check {
        self.store.holds(&self.key, next).await?;
        self.store.lists_if_indexed(owner, &[self.key]).await?;
        self.store.expect_delete(&self.key, true).await?;
        self.store.absent(&self.key).await
    }

    /// Extends what the sweep that was dropped has left of one, and expects the next sweep to take the others alone.
    async fn over_are_swept(&self, case: &Case) -> Check {
        let Some(((key, record), others)) = self.over.split_last() else { return Ok(()) };
        let until = case.base + HOUR;
        let extended = self.store.touch(key, record.version, record.last_seen_at, until).await?;
        let mut left: Vec<_> = others.iter().map(|(key, _)| *key).collect();
        left.extend((!extended).then_some(*key));
        self.store.are_swept(self.before, &left, &[]).await?;
        if !extended {
            return Ok(());
        }
        self.store.holds(key, &Record { expires_at: until, ..record.clone() }).await?;
        self.store.expect_delete(key, true).await
    }

    /// Sweeps once all are over, and expects nothing to be left, and the key to be free.
    async fn sweeps_go_on(&self, case: &Case, found: Option<Arc<Record>>) -> Check {
        let store = self.store;
        if let Some(found) = &found {
            // At its deadline and not before; whether a touch that was dropped has arrived since cannot be told.
            let early = found.expires_at - SECOND;
            store.drain(early).await?;
            if self.verb != Verb::Delete {
                store.holds_one_of(&self.key, &[found, &self.touched]).await?;
            }
        }
        let keys: Vec<_> = self.over.iter().map(|(key, _)| *key).chain([self.key, self.neighbour.0]).collect();
        store.are_swept(case.base + 3 * HOUR, &keys, &[&self.owner]).await?;
        if self.verb == Verb::Delete && found.is_some() {
            return Ok(());
        }
        let (next, owner) = (case.draw.record(), case.draw.owner());
        let next = Record { owner: Some(owner.clone()), ..next };
        store.create(&self.key, &next).await?;
        self.next_stands(&next, &owner).await
    }
}
