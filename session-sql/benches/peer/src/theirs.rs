//! What is timed of the peer.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use session_sql::session_core::BoxError;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::{ExpiredDeletion, SessionStore};

use crate::slices::{Party, Verb};
use crate::store::{TASKS, all};

/// The peer, and the records that it made; it chooses the ids.
pub(crate) struct Theirs<P> {
    store: P,
    records: Mutex<BTreeMap<u64, Record>>,
}

impl<P> Theirs<P> {
    pub(crate) fn new(store: P) -> Self {
        Self { store, records: Mutex::default() }
    }

    fn records(&self, sessions: Range<u64>) -> Vec<Record> {
        let records = self.records.lock().expect("nobody panics with it");
        sessions.map(|number| records[&number].clone()).collect()
    }
}

impl<P: SessionStore + ExpiredDeletion + Clone> Party for Theirs<P> {
    async fn call(&self, verb: Verb, sessions: Range<u64>) -> Result<(), BoxError> {
        match verb {
            Verb::Create => {
                for number in sessions {
                    let mut record = record()?;
                    self.store.create(&mut record).await?;
                    self.records.lock().expect("nobody panics with it").insert(number, record);
                }
            }
            Verb::Read => {
                for record in self.records(sessions) {
                    assert!(self.store.load(&record.id).await?.is_some());
                }
            }
            // It has no touch: a save is what moves a deadline. What is saved differs from what stands, or InnoDB would
            // write nothing.
            Verb::Touch => {
                for record in self.records(sessions) {
                    let expiry_date = record.expiry_date + time::Duration::SECOND;
                    self.store.save(&Record { expiry_date, ..record }).await?;
                }
            }
            Verb::Write => {
                for record in self.records(sessions) {
                    self.store.save(&changed(record, "y")).await?;
                }
            }
            // The last write of all counts; the others are lost.
            Verb::Contention => {
                let turns = (sessions.end - sessions.start) / TASKS;
                let record = self.records(sessions).swap_remove(0);
                let mut tasks = JoinSet::new();
                for task in 0..TASKS {
                    let (store, record) = (self.store.clone(), record.clone());
                    tasks.spawn(async move {
                        for turn in 0..turns {
                            store.save(&changed(record.clone(), &format!("{task} {turn} "))).await?;
                        }
                        Ok(())
                    });
                }
                all(tasks).await?;
            }
            Verb::Delete => {
                for record in self.records(sessions) {
                    self.store.delete(&record.id).await?;
                }
            }
            Verb::Sweep | Verb::Refile => self.store.delete_expired().await?,
            Verb::List => return Err("the peer has no list".into()),
        }
        Ok(())
    }
}

/// The record with other data of the same size.
fn changed(record: Record, text: &str) -> Record {
    let data = text.repeat(170).chars().take(170).collect::<String>();
    Record { data: [("data".to_owned(), data.into())].into(), ..record }
}

/// A record of about the same size.
fn record() -> Result<Record, BoxError> {
    Ok(Record {
        id: Id::default(),
        data: [("data".to_owned(), "x".repeat(170).into())].into(),
        expiry_date: OffsetDateTime::from_unix_timestamp(2_000_000_000)?,
    })
}
