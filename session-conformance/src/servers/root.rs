//! A folder that has another system's programs in it, such as `debootstrap` makes one, to take servers from.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Names the folder.
const VARIABLE: &str = "SESSION_TEST_ROOT";

/// Where the programs are, with this machine's own root folder where nothing else is said.
pub(super) struct Root(Option<PathBuf>);

impl Root {
    /// Takes the folder that the environment names.
    pub(super) fn read() -> Result<Self, String> {
        let Some(folder) = env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) else { return Ok(Self(None)) };
        match fs::canonicalize(&folder) {
            Ok(folder) if folder.is_dir() => Ok(Self(Some(folder))),
            Ok(_) => Err(format!("{VARIABLE} is {}, and has to be a folder", folder.display())),
            Err(error) => Err(format!("{VARIABLE} is {}: {error}", folder.display())),
        }
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// Tells it from any other, also from one of the same name that has been removed: its servers are not for those who
    /// ask for another's.
    pub(super) fn suffix(&self) -> io::Result<String> {
        let Some(folder) = &self.0 else { return Ok(String::new()) };
        let found = fs::metadata(folder)?;
        Ok(format!("-in-{:x}-{:x}", found.dev(), found.ino()))
    }

    /// Says why Docker is not asked; `None` if it may be.
    pub(super) fn refuses_docker(&self) -> Option<String> {
        self.0.is_some().then(|| format!("{VARIABLE} is set"))
    }

    /// Gives the path, as this machine sees it, of what the folder's own programs see as `path`.
    pub(super) fn join(&self, path: &Path) -> PathBuf {
        match &self.0 {
            Some(folder) => folder.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }
}
