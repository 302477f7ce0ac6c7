//! The model of several keys and the store beside it, for MOD-1.

use std::sync::Arc;

use session_core::{Bytes, Owner, Put, PutOutcome, Reclaim, Record, SessionKey, Timestamp, Version};

use crate::check::{Check, broken, ensure};
use crate::clauses::moves::{Draft, KEYS, Move, OWNERS, Which};
use crate::model::show;
use crate::model::spec::{Answer, Op, State, may_vanish, step};
use crate::tools::draw::{Draw, MINUTE};
use crate::tools::handle::{Found, Handle};
use crate::tools::log::Log;

/// Plays moves on the store and on the model, and compares.
///
/// The contract lets a record vanish once its deadline is past where the backend reclaims by itself, so the model holds
/// every state that a key may be in, and each answer strikes out those that it does not fit.
pub(crate) struct World {
    store: Handle,
    log: Log,
    draw: Draw,
    places: Vec<Place>,
    owners: Vec<Owner>,
    /// The latest time that any call has brought with it.
    latest: Timestamp,
    /// Whether the backend reclaims by itself.
    reclaims: bool,
}

struct Place {
    key: SessionKey,
    possible: Vec<State>,
    /// The write that stands, as it was sent: a touch may have moved its times since.
    sent: Option<Record>,
    versions: Vec<Version>,
}

impl Place {
    fn standing(&self) -> Option<&Arc<Record>> {
        self.possible.iter().find_map(Option::as_ref)
    }

    /// Strikes out nothing, and adds absence where the deadline is past.
    fn age(&mut self, latest: Timestamp) {
        if !self.possible.contains(&None) && self.possible.iter().any(|it| may_vanish(it, latest)) {
            self.possible.push(None);
        }
    }
}

impl World {
    pub(crate) fn new(store: &Handle, draw: &Draw) -> Self {
        let log = Log::default();
        let place = |_| Place { key: draw.key(), possible: vec![None], sent: None, versions: Vec::new() };
        Self {
            store: Handle::new(Arc::clone(store.raw()), draw.base, "", log.clone()),
            log,
            draw: draw.clone(),
            places: (0..KEYS).map(place).collect(),
            owners: (0..OWNERS).map(|_| draw.owner()).collect(),
            latest: draw.base,
            reclaims: store.limits().reclaim == Reclaim::ByItself,
        }
    }

    pub(crate) fn steps(&self) -> Vec<String> {
        self.log.lines()
    }

    fn time(&self, minutes: u32) -> Timestamp {
        self.draw.base + minutes * MINUTE
    }

    /// Makes one move, and ends if the store's answer is none that the contract allows.
    pub(crate) async fn play(&mut self, next: &Move) -> Check {
        match next {
            Move::Get { key } => self.call(*key, Op::Get).await,
            Move::Delete { key } => self.call(*key, Op::Delete).await,
            Move::Recreate { key, draft } => {
                let record = self.record(draft);
                self.call(*key, Op::Delete).await?;
                self.call(*key, Op::Put(record, Put::Create)).await
            }
            Move::Create { key, draft } => {
                let record = self.record(draft);
                self.call(*key, Op::Put(record, Put::Create)).await
            }
            Move::Replace { key, which, draft, end } => {
                let (record, version) = (self.record(draft), self.version(*key, *which));
                let put = if *end { Put::End(version) } else { Put::Replace(version) };
                self.call(*key, Op::Put(record, put)).await
            }
            Move::Resend { key, create } => {
                let Some(record) = self.places[*key].sent.clone() else { return Ok(()) };
                let put = if *create { Put::Create } else { Put::Replace(self.version(*key, Which::Earlier)) };
                self.call(*key, Op::Put(record, put)).await
            }
            Move::Touch { key, which, seen, until } => {
                let op = Op::Touch(self.version(*key, *which), self.time(*seen), self.time(*until));
                self.call(*key, op).await
            }
            Move::Sweep { before, limit } => self.sweep(self.time(*before), *limit).await,
            Move::List { owner, limit } => {
                let owner = self.owners[*owner].clone();
                let found = self.store.list(&owner, *limit).await?;
                self.compare_pages(&found, Some(&owner))
            }
            Move::Scan { limit } => {
                let found = self.store.scan(*limit).await?;
                self.compare_pages(&found, None)
            }
        }
    }

    /// Reads every key once more, and deletes it, so that the next sequence finds nothing of this one.
    pub(crate) async fn clear(&mut self) -> Check {
        for key in 0..KEYS {
            self.call(key, Op::Get).await?;
            self.call(key, Op::Delete).await?;
        }
        Ok(())
    }

    /// Deletes every key, whatever comes of it: the sequence has failed already.
    pub(crate) async fn abandon(&self) {
        for place in &self.places {
            let _ = self.store.raw().delete(&place.key).await;
        }
    }

    fn record(&self, draft: &Draft) -> Record {
        let drawn = self.draw.record();
        Record {
            payload: Bytes::from(drawn.payload.iter().copied().cycle().take(draft.size).collect::<Vec<_>>()),
            owner: draft.owner.map(|owner| self.owners[owner].clone()),
            last_seen_at: self.time(draft.seen),
            expires_at: self.time(draft.until),
            ..drawn
        }
    }

    fn version(&self, key: usize, which: Which) -> Version {
        let place = &self.places[key];
        let standing = place.standing().map(|it| it.version);
        let known = match which {
            Which::Standing => standing,
            Which::Earlier => place.versions.iter().rev().copied().find(|it| Some(*it) != standing),
            Which::Unknown => None,
        };
        known.unwrap_or_else(|| self.draw.record().version)
    }

    async fn call(&mut self, key: usize, op: Op) -> Check {
        self.latest = self.latest.max(op.time().unwrap_or(self.latest));
        let (latest, base) = (self.latest, self.draw.base);
        let place = &mut self.places[key];
        if self.reclaims {
            place.age(latest);
        }
        let answer = match &op {
            Op::Get => Answer::Got(self.store.get(&place.key).await?),
            Op::Put(record, put) => Answer::Put(self.store.put(&place.key, record, *put).await?),
            Op::Touch(version, seen, until) => {
                Answer::Done(self.store.touch(&place.key, *version, *seen, *until).await?)
            }
            Op::Delete => Answer::Done(self.store.delete(&place.key).await?),
        };
        if let Op::Put(record, _) = &op {
            place.versions.push(record.version);
            if answer == Answer::Put(PutOutcome::Stored)
                && place.sent.as_ref().is_none_or(|it| it.version != record.version)
            {
                place.sent = Some(record.clone());
            }
        }
        let allowed: Vec<_> = place.possible.iter().map(|state| step(state, &op)).collect();
        place.possible.clear();
        for (expected, state) in &allowed {
            if *expected == answer && !place.possible.contains(state) {
                place.possible.push(state.clone());
            }
        }
        ensure(
            !place.possible.is_empty(),
            allowed.iter().map(|(answer, _)| answer.show(base)).collect::<Vec<_>>().join("\nor "),
            || answer.show(base),
        )
    }

    async fn sweep(&mut self, before: Timestamp, limit: usize) -> Check {
        // What is there is read first, so that what the sweep removed can be told.
        for key in 0..KEYS {
            self.call(key, Op::Get).await?;
        }
        let mut due: Vec<_> = self.places.iter().filter_map(|place| place.standing()).cloned().collect();
        due.retain(|record| !record.is_live_at(before));
        due.sort_by_key(|record| record.expires_at);
        let expected = due.len().min(limit);
        self.store.expect_sweep(before, limit, expected as u64).await?;
        let mut removed = Vec::new();
        for place in &mut self.places {
            let Some(was) = place.standing().cloned() else { continue };
            match self.store.get(&place.key).await? {
                Some(found) if found == was => {}
                None if due.contains(&was) => {
                    removed.push(was.expires_at);
                    place.possible = vec![None];
                }
                came => {
                    let expected = show::record(self.draw.base, &was);
                    return broken(format!("left alone: {expected}"), show::found(self.draw.base, came.as_deref()));
                }
            }
        }
        removed.sort_unstable();
        let oldest: Vec<_> = due.iter().take(expected).map(|record| record.expires_at).collect();
        let times = |times: &[Timestamp]| {
            let shown: Vec<_> = times.iter().map(|time| show::time(self.draw.base, *time)).collect();
            format!("removed, by deadline: [{}]", shown.join(", "))
        };
        self.latest = self.latest.max(before);
        ensure(removed == oldest, times(&oldest), || times(&removed))
    }

    /// Compares what the pages gave with what they have to give, and with what they may.
    fn compare_pages(&mut self, found: &Found, owner: Option<&Owner>) -> Check {
        let (latest, base) = (self.latest, self.draw.base);
        for place in &mut self.places {
            if self.reclaims {
                place.age(latest);
            }
            let fits = |state: &State| {
                state.as_ref().is_some_and(|it| owner.is_none_or(|owner| it.owner.as_ref() == Some(owner)))
            };
            let came: Vec<_> = found.iter().filter(|(key, _)| *key == place.key).map(|(_, it)| it).collect();
            let [came] = came[..] else {
                let required = place.possible.iter().all(fits);
                if came.is_empty() && !required {
                    continue;
                }
                return broken(format!("{} once", show::key(&place.key)), format!("{} times", came.len()));
            };
            place.possible.retain(|state| fits(state) && state.as_ref() == Some(came));
            ensure(
                !place.possible.is_empty(),
                format!("{} not at all, or as it stands", show::key(&place.key)),
                || show::record(base, came),
            )?;
        }
        // Owners are new for each sequence, so theirs are all among these.
        let strange = found.iter().find(|(key, _)| self.places.iter().all(|place| place.key != *key));
        match strange {
            Some((key, record)) if owner.is_some() => {
                broken("no other record", format!("{} {}", show::key(key), show::record(base, record)))
            }
            _ => Ok(()),
        }
    }
}
