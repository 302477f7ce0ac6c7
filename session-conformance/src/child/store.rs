//! The store of another process, as this one has it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session_core::store::Page;
use session_core::{
    BoxError, Cursor, Limits, Owner, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError,
    Sweep, Timestamp, Version, Watch, async_trait,
};
use tokio::net::UnixStream;

use super::wire::{About, Answer, Line, NAME, Request, receive, send};

/// A store that asks the process of a [`Child`](super::Child) for each verb.
///
/// Clones share connections; they are made as they are needed, and anew once the process has been started again.
#[derive(Clone, Debug)]
pub struct ChildStore {
    socket: Arc<Mutex<PathBuf>>,
    about: About,
    idle: Arc<Mutex<Vec<(PathBuf, Line)>>>,
}

impl ChildStore {
    pub(super) fn new(socket: Arc<Mutex<PathBuf>>, about: About) -> Self {
        Self { socket, about, idle: Arc::default() }
    }

    /// Takes a connection that no other call has: one that is dropped in the midst of a call is no good for another.
    async fn line(&self) -> Result<(PathBuf, Line), BoxError> {
        let socket = locked(&self.socket).clone();
        let idle = {
            let mut idle = locked(&self.idle);
            idle.retain(|(path, _)| *path == socket);
            idle.pop()
        };
        match idle {
            Some(line) => Ok(line),
            None => Ok((socket.clone(), Line::new(UnixStream::connect(socket).await?))),
        }
    }

    async fn ask<T>(&self, request: Request, read: impl FnOnce(Answer) -> Option<T>) -> Result<T, StoreError> {
        let writes = matches!(request, Request::Put(..) | Request::Touch(..) | Request::Delete(_) | Request::Sweep(..));
        let (path, mut line) = self.line().await.map_err(|source| StoreError::Unavailable { store: NAME, source })?;
        let answered = async {
            send(&mut line, &request).await?;
            receive(&mut line).await?.ok_or_else(|| BoxError::from("the process has ended"))
        };
        match answered.await {
            Ok(Answer::Failed(failed)) => {
                locked(&self.idle).push((path, line));
                Err(failed.into())
            }
            Ok(answer) => {
                locked(&self.idle).push((path, line));
                read(answer).ok_or_else(|| StoreError::Backend { store: NAME, source: "another answer".into() })
            }
            Err(source) if writes => Err(StoreError::Indeterminate { store: NAME, source }),
            Err(source) => Err(StoreError::Unavailable { store: NAME, source }),
        }
    }
}

/// Asks a process that has just been started what its store is.
pub(super) async fn about(socket: &PathBuf) -> Result<About, BoxError> {
    let mut line = Line::new(UnixStream::connect(socket).await?);
    send(&mut line, &Request::About).await?;
    match receive(&mut line).await? {
        Some(Answer::About(about)) => Ok(about),
        _ => Err("it does not say what it is".into()),
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes(cursor: Option<&Cursor>) -> Option<Vec<u8>> {
    cursor.map(|cursor| cursor.as_bytes().to_vec())
}

fn yes(answer: Answer) -> Option<bool> {
    if let Answer::Yes(yes) = answer { Some(yes) } else { None }
}

fn page(answer: Answer) -> Option<Page> {
    if let Answer::Page(page) = answer { Some(page.into()) } else { None }
}

#[async_trait]
impl SessionStore for ChildStore {
    fn limits(&self) -> Limits {
        self.about.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.ask(Request::Init, |answer| matches!(answer, Answer::Done).then_some(())).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let read = |answer| match answer {
            Answer::Found(found) => Some(found.map(|it| Arc::new(it.into()))),
            _ => None,
        };
        self.ask(Request::Get(*key), read).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let read = |answer| if let Answer::Put(outcome) = answer { Some(outcome.into()) } else { None };
        self.ask(Request::Put(*key, record.into(), put.into()), read).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.ask(Request::Touch(*key, version.as_u64(), seen, expires_at), yes).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.ask(Request::Delete(*key), yes).await
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.about.sweep.then_some(self)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.about.owners.then_some(self)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.about.scan.then_some(self)
    }

    fn watch(&self) -> Option<&dyn Watch> {
        // What it tells is told in its own process.
        None
    }
}

#[async_trait]
impl Sweep for ChildStore {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let read = |answer| if let Answer::Swept(count) = answer { Some(count) } else { None };
        self.ask(Request::Sweep(before, limit.get()), read).await
    }
}

#[async_trait]
impl Owners for ChildStore {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        self.ask(Request::List(owner.clone(), bytes(after), limit.get()), page).await
    }
}

#[async_trait]
impl Scan for ChildStore {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        self.ask(Request::Scan(bytes(after), limit.get()), page).await
    }
}
