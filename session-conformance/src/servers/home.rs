//! The folders on disk by which processes share a server: who uses it, who starts it, where it is.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Timespec, Timestamps, UTIME_NOW, flock, futimens};
use session_core::Version;

use super::kind::Place;

/// What all users of one kind of server share.
pub(super) struct Folder(PathBuf);

/// Holds a file's lock until it is dropped, or its process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Folder {
    /// Opens the folder of that name, apart from those of other users and of other versions of this crate.
    pub(super) fn open(name: &str) -> io::Result<Self> {
        let me = rustix::process::getuid().as_raw();
        let mut path = std::path::absolute(std::env::temp_dir())?.join(format!("session-conformance-{me}"));
        for part in [env!("CARGO_PKG_VERSION"), name] {
            own(&path, me)?;
            path.push(part);
        }
        own(&path, me)?;
        Ok(Self(path))
    }

    /// Becomes a user. It waits while a server that lost its last user ends.
    pub(super) fn join(&self) -> io::Result<Lock> {
        Lock::shared(&self.0.join("users"))
    }

    /// Waits until nobody else looks for the server, or starts it.
    pub(super) fn starting(&self) -> io::Result<Lock> {
        let file = open(&self.0.join("starting"))?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(Lock { _file: file })
    }

    /// Gives the server that was started last; `None` if it has ended, or there was none.
    pub(super) fn current(&self) -> Option<Place> {
        let home = PathBuf::from(fs::read_to_string(self.0.join("current")).ok()?);
        let place = fs::read_to_string(home.join("place")).ok()?;
        let (password, ports) = place.split_once('\n')?;
        let ports = ports.split_whitespace().map(|port| port.parse().ok()).collect::<Option<_>>()?;
        let place = Place { ports, password: password.to_owned() };
        ended(&home, &place).is_none().then_some(place)
    }

    /// Makes what stands at `place` the server that others find.
    pub(super) fn set_current(&self, home: &Path, place: &Place) -> io::Result<()> {
        let ports: Vec<_> = place.ports.iter().map(u16::to_string).collect();
        write_whole(&home.join("place"), &format!("{}\n{}", place.password, ports.join(" ")))?;
        write_whole(&self.0.join("current"), &home.to_string_lossy())
    }

    /// Gives room for a server that all users of this folder share.
    pub(super) fn shared_site(&self) -> io::Result<Site> {
        Ok(Site { home: self.new_home()?, users: self.0.join("users"), linger: Linger::AsSet })
    }

    /// Gives room for a server that is one user's alone.
    pub(super) fn lone_site(&self) -> io::Result<Site> {
        let home = self.new_home()?;
        Ok(Site { users: home.with_extension("users"), home, linger: Linger::No })
    }

    fn new_home(&self) -> io::Result<PathBuf> {
        Ok(self.0.join(format!("run-{:016x}", Version::random().map_err(io::Error::other)?.as_u64())))
    }
}

/// Room for one server. The keeper makes the home, and removes it.
pub(super) struct Site {
    pub(super) home: PathBuf,
    /// The file that every user holds a shared lock on.
    pub(super) users: PathBuf,
    pub(super) linger: Linger,
}

/// How long a server stays when its last user has gone.
pub(super) enum Linger {
    /// As the environment says.
    AsSet,
    No,
}

impl Lock {
    /// Waits for a lock that others may hold, too, on a file description of its own.
    pub(super) fn shared(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        flock(&file, FlockOperation::LockShared)?;
        // The keeper sees by it that there was somebody, who may be gone when it looks.
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        futimens(&file, &Timestamps { last_access: now, last_modification: now })?;
        Ok(Self { _file: file })
    }
}

/// Opens a file for its locks, which belong to what this gives and to nothing else.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)
}

/// Gives the status that the script or a node in this home has ended with; `None` while all run.
pub(super) fn ended(home: &Path, place: &Place) -> Option<String> {
    let exit = |name: &str| fs::read_to_string(home.join(name)).ok();
    exit("exit").or_else(|| place.ports.iter().find_map(|port| exit(&format!("{port}.exit"))))
}

/// Makes the folder and refuses one that somebody else has put there. Others may pass through, for servers that root
/// starts as another user, and see nothing.
fn own(path: &Path, me: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o711).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(io::Error::new(error.kind(), format!("cannot make the folder {}: {error}", path.display())));
        }
        _ => {}
    }
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() || found.uid() != me {
        return Err(io::Error::other(format!("{} is not this user's folder", path.display())));
    }
    // Whatever the process's mask took away.
    fs::set_permissions(path, fs::Permissions::from_mode(0o711))
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
