//! Keeps a table over a planned restart: ETS's `tab2file` and `file2tab`.
//!
//! # The file
//!
//! | part | bytes |
//! |---|---|
//! | what it is | `session-ets table`, zero-padded to 20 |
//! | format | 2, now `1` |
//! | rows, until the rest begins | 32 key, 8 version, 4 × 8 created, last seen, deadline and row's timestamp, 1 + n owner (n = 0: none), 8 + n payload |
//! | SHA-256 of all before | 32 |
//! | how it ends | `end.` |
//!
//! Numbers are big-endian. The checksum tells of accidents, not of forgers: whoever may write the file
//! can put sessions into it, so it belongs in a folder of the server's own.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use session_core::{Owner, Record, SessionKey, Timestamp, Version};
use sha2::{Digest, Sha256};

use crate::error::{EtsError, FileError};
use crate::row::Row;
use crate::table::Table;

const MAGIC: [u8; 20] = *b"session-ets table\0\0\0";
const FORMAT: u16 = 1;
const CHECKSUM: usize = 32;
const END: [u8; 4] = *b"end.";

/// What [`Table::load_from`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// How many rows came into the table.
    pub loaded: usize,
    /// How many did not, because the table has a newer row under the same key.
    pub skipped: usize,
}

/// How to keep a table over a planned restart. These block on the file system: call them before the
/// server starts and after it has ended, or on a thread for blocking work.
impl Table {
    /// Saves all rows to `path`, and returns how many.
    ///
    /// The file appears whole or not at all: it is written beside `path` under another name, brought to
    /// the disk, and then renamed, over an older file if there is one. On Unix it is its owner's alone
    /// (mode 0600) from the moment it is made.
    ///
    /// Save when the last request is over. A session that ends after its row was written would be in
    /// the file still, and live again once that is loaded.
    ///
    /// # Errors
    /// [`EtsError::Io`] if the file system refuses; what was at `path` is then as it was, unless it was the
    /// last step, bringing the folder to the disk, that failed.
    pub fn save_to(&self, path: impl AsRef<Path>) -> Result<usize, EtsError> {
        let path = path.as_ref();
        let failed = |action| move |source| EtsError::Io { action, path: path.into(), source };
        let temporary = tempfile::Builder::new().prefix(".session-ets-").tempfile_in(folder_of(path));
        let mut temporary = temporary.map_err(failed("make a file beside"))?;
        let rows = encode(self.rows(), temporary.as_file_mut()).map_err(failed("write"))?;
        temporary.as_file().sync_all().map_err(failed("bring to the disk"))?;
        temporary.persist(path).map_err(|error| failed("rename the new file to")(error.error))?;
        sync_folder_of(path).map_err(failed("bring to the disk the folder of"))?;
        Ok(rows)
    }

    /// Loads the rows that [`save_to`](Self::save_to) wrote, and removes the file; `None` if there is no
    /// file.
    ///
    /// A file is loaded once at most. A second load, say after a crash, would bring back the sessions
    /// that were logged out since the first, so the order is:
    ///
    /// 1. read the file and check all of it: if anything is wrong, it stays for somebody to look at;
    /// 2. remove it, and bring the removal to the disk;
    /// 3. put the rows into the table, where requests find them.
    ///
    /// A crash before the end of (2) comes before any row was served, and the file may be loaded
    /// again; a crash after it loses the sessions of the file, and people log in again.
    ///
    /// A row whose key the table has is skipped: what came into the table since is newer. Rows past
    /// their deadline are loaded for the next sweep to remove, and a payload limit is not applied to rows
    /// that were stored under another one.
    ///
    /// # Errors
    /// [`EtsError::File`] if the file is not a whole saved table, [`EtsError::Full`] if the table has no room
    /// for all rows, [`EtsError::Io`] if the file system refuses. In each case nothing is loaded; the file
    /// stays, unless it was the last step of (2), bringing the removal to the disk, that failed.
    pub fn load_from(&self, path: impl AsRef<Path>) -> Result<Option<Loaded>, EtsError> {
        let path = path.as_ref();
        let failed = |action| move |source| EtsError::Io { action, path: path.into(), source };
        let Some(bytes) = read(path).map_err(failed("read"))? else { return Ok(None) };
        let rows = decode(&bytes).map_err(|source| EtsError::File { path: path.into(), source })?;
        drop(bytes);

        let reserved = rows.len();
        self.usage().reserve(reserved)?;
        let claimed = claim(path).map_err(failed("remove"));
        let loaded = match claimed {
            Ok(Claim::Ours) => rows.into_iter().filter_map(|row| self.restore(row).then_some(())).count(),
            Ok(Claim::Taken) | Err(_) => 0,
        };
        self.usage().release(reserved - loaded);
        Ok(match claimed? {
            Claim::Ours => Some(Loaded { loaded, skipped: reserved - loaded }),
            Claim::Taken => None,
        })
    }
}

/// Says who may load the file.
enum Claim {
    Ours,
    /// Another load removed it first.
    Taken,
}

/// Removes the file, which only one of several loads can do, and brings the removal to the disk.
fn claim(path: &Path) -> io::Result<Claim> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder_of(path).map(|()| Claim::Ours),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Claim::Taken),
        Err(error) => Err(error),
    }
}

/// Reads a whole file; `None` if there is none. What is no regular file, such as a pipe, has no end to
/// read up to and is refused.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let bytes = fs::metadata(path).and_then(|metadata| {
        if metadata.is_file() {
            fs::read(path)
        } else {
            Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
        }
    });
    match bytes {
        // Also if another load removed it between the look and the reading.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.into(),
        _ => PathBuf::from("."),
    }
}

/// Brings a folder's entries to the disk, where folders can be opened.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}

/// Writes rows in the form of the file, and gives how many.
///
/// # Errors
/// As `out` fails.
pub fn encode(rows: impl IntoIterator<Item = Row>, out: impl Write) -> io::Result<usize> {
    let mut out = Checked { out: BufWriter::new(out), digest: Sha256::new() };
    out.write(&MAGIC)?;
    out.write(&FORMAT.to_be_bytes())?;
    let mut count = 0;
    for Row { key, record, timestamp } in rows {
        out.write(key.as_bytes())?;
        out.write(&record.version.as_u64().to_be_bytes())?;
        for time in [record.created_at, record.last_seen_at, record.expires_at, timestamp] {
            out.write(&time.as_millis().to_be_bytes())?;
        }
        let owner = record.owner.as_ref().map_or("", Owner::as_str);
        out.write(&[u8::try_from(owner.len()).expect("an owner has at most 255 bytes")])?;
        out.write(owner.as_bytes())?;
        out.write(&(record.payload.len() as u64).to_be_bytes())?;
        out.write(&record.payload)?;
        count += 1;
    }
    let Checked { mut out, digest } = out;
    out.write_all(&digest.finalize())?;
    out.write_all(&END)?;
    out.flush()?;
    Ok(count)
}

/// Reads rows in the form of the file, without a table: to look into one, or to test the reader.
///
/// It believes no length before it has seen as many bytes, so it takes no more memory than the input
/// is worth.
///
/// # Errors
/// [`FileError`] if it is not, byte for byte, what [`encode`] writes.
pub fn decode(bytes: &[u8]) -> Result<Vec<Row>, FileError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(FileError::Foreign)?;
    let (format, _) = rest.split_first_chunk().ok_or(FileError::Truncated)?;
    let found = u16::from_be_bytes(*format);
    if found != FORMAT {
        return Err(FileError::Format { found, known: FORMAT });
    }
    let rest = bytes.strip_suffix(&END).ok_or(FileError::Truncated)?;
    let (checked, checksum) = rest.split_last_chunk::<CHECKSUM>().ok_or(FileError::Truncated)?;
    if Sha256::digest(checked)[..] != checksum[..] {
        return Err(FileError::Checksum);
    }
    let mut rest = checked.get(MAGIC.len() + format.len()..).ok_or(FileError::Truncated)?;
    let mut rows = Vec::new();
    while !rest.is_empty() {
        rows.push(decode_row(&mut rest).ok_or(FileError::Malformed { row: rows.len() })?);
    }
    Ok(rows)
}

fn decode_row(rest: &mut &[u8]) -> Option<Row> {
    let key = SessionKey::from_bytes(*take(rest)?);
    let version = Version::from_u64(number(rest)?);
    let (created_at, last_seen_at, expires_at) = (time(rest)?, time(rest)?, time(rest)?);
    let timestamp = time(rest)?;
    let [length] = *take(rest)?;
    let owner = match std::str::from_utf8(take_slice(rest, length.into())?).ok()? {
        "" => None,
        owner => Some(Owner::new(owner).ok()?),
    };
    let length = number(rest)?;
    let payload = Bytes::copy_from_slice(take_slice(rest, length)?);
    let record = Arc::new(Record { version, payload, owner, created_at, last_seen_at, expires_at });
    Some(Row { key, record, timestamp })
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(taken)
}

fn take_slice<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = left;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(|bytes| u64::from_be_bytes(*bytes))
}

/// A time past the last that a [`Timestamp`] can be was never written.
fn time(rest: &mut &[u8]) -> Option<Timestamp> {
    number(rest).filter(|millis| *millis <= Timestamp::MAX.as_millis()).map(Timestamp::from_millis)
}

/// Writes, and takes the checksum of what it wrote.
struct Checked<W: Write> {
    out: BufWriter<W>,
    digest: Sha256,
}

impl<W: Write> Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }
}
