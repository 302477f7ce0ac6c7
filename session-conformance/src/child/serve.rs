//! What the process does that a test kills: it answers for its store.

use std::io::Read;
use std::sync::Arc;

use session_core::{BoxError, Cursor, Eviction, Reclaim, SessionStore, StoreError, Version};
use tokio::net::UnixListener;

use super::wire::{About, Answer, Line, NAME, Request, receive, send};
use crate::tools::handle::at_least_one;

/// Names the socket at which the process is to answer.
pub(super) const SOCKET: &str = "SESSION_TEST_CHILD";

/// Answers for the store until the process is killed, or the one that has started it ends.
///
/// It is the whole of a test that [`Child::start`](super::Child::start) runs.
///
/// # Errors
/// If nobody has started it so, or its socket cannot be made.
pub async fn serve(store: Arc<dyn SessionStore>) -> Result<(), BoxError> {
    let socket = std::env::var_os(SOCKET).ok_or("it answers to the test that starts it alone")?;
    let listener = UnixListener::bind(socket)?;
    let accepts = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(Arc::clone(&store), Line::new(stream)));
        }
    });
    // It ends when the other process does, by whatever death: nothing is ever written there.
    tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await??;
    accepts.abort();
    Ok(())
}

async fn converse(store: Arc<dyn SessionStore>, mut line: Line) -> Result<(), BoxError> {
    while let Some(request) = receive(&mut line).await? {
        let answer = answer(&store, request).await.unwrap_or_else(|error| Answer::Failed(error.into()));
        send(&mut line, &answer).await?;
    }
    Ok(())
}

async fn answer(store: &Arc<dyn SessionStore>, request: Request) -> Result<Answer, StoreError> {
    let missing = |what: &str| StoreError::Misconfigured { store: NAME, source: format!("no {what}").into() };
    Ok(match request {
        Request::About => Answer::About(about(store)),
        Request::Init => store.init().await.map(|()| Answer::Done)?,
        Request::Get(key) => Answer::Found(store.get(&key).await?.map(|it| (&*it).into())),
        Request::Put(key, record, way) => Answer::Put(store.put(&key, &record.into(), way.into()).await?.into()),
        Request::Touch(key, version, seen, until) => {
            Answer::Yes(store.touch(&key, Version::from_u64(version), seen, until).await?)
        }
        Request::Delete(key) => Answer::Yes(store.delete(&key).await?),
        Request::Sweep(before, limit) => {
            let sweep = store.sweep().ok_or_else(|| missing("sweep"))?;
            Answer::Swept(sweep.delete_expired(before, at_least_one(limit)).await?)
        }
        Request::List(owner, after, limit) => {
            let owners = store.owners().ok_or_else(|| missing("owners"))?;
            Answer::Page(owners.list(&owner, after.map(Cursor::new).as_ref(), at_least_one(limit)).await?.into())
        }
        Request::Scan(after, limit) => {
            let scan = store.scan().ok_or_else(|| missing("scan"))?;
            Answer::Page(scan.page(after.map(Cursor::new).as_ref(), at_least_one(limit)).await?.into())
        }
    })
}

fn about(store: &Arc<dyn SessionStore>) -> About {
    let limits = store.limits();
    About {
        max_payload: limits.max_payload,
        evicts: limits.eviction != Eviction::Never,
        reclaims: limits.reclaim != Reclaim::BySweep,
        sweep: store.sweep().is_some(),
        owners: store.owners().is_some(),
        scan: store.scan().is_some(),
    }
}
