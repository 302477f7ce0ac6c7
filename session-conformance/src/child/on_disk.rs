//! A store that keeps its records on disk, and the harness that kills its process.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use session_core::{BoxError, SessionStore};
use tempfile::TempDir;

use super::process::Child;
use super::serve::serve;
use crate::harness::{Crash, Harness};

/// Names the file to the process that is to be killed.
const FILE: &str = "SESSION_TEST_FILE";

/// A store that keeps its records on disk: how it is opened.
pub trait OnDisk: Sized + 'static {
    /// The test that [serves](Self::serve) it, as the test runner names it, with its modules.
    const SERVED_BY: &'static str;

    /// Opens the store. Nothing is at `path` at first, in a folder that is there; later, what a process left that was killed.
    ///
    /// # Errors
    /// As the store's.
    fn open(path: &Path) -> Result<Arc<dyn SessionStore>, BoxError>;

    /// Serves the store until the process is killed. It is the whole of the test that [`SERVED_BY`](Self::SERVED_BY) names.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`serve`].
    fn serve() -> impl Future<Output = Result<(), BoxError>> {
        async {
            let path = std::env::var_os(FILE).ok_or("it opens a file for the test that starts it alone")?;
            serve(Self::open(Path::new(&path))?).await
        }
    }
}

/// The harness of such a store, for FLT-8: the store is in a process of its own, which is killed.
#[derive(Debug)]
pub struct Killed<S> {
    child: Child,
    _folder: TempDir,
    opens: PhantomData<fn() -> S>,
}

impl<S: OnDisk> Harness for Killed<S> {
    async fn start() -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        let child = Child::start(S::SERVED_BY, [(FILE, folder.path().join("sessions"))]).await?;
        Ok(Self { child, _folder: folder, opens: PhantomData })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.child.handle())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    async fn crash(&self) -> Result<Crash, BoxError> {
        self.child.kill().await?;
        self.child.restart().await?;
        Ok(Crash::CameBack)
    }
}
