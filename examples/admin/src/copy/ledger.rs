//! What this copy has put into the target: a file of lines, so that the copy can go on after whatever ended it, and
//! never touches what others have written there.
//!
//! A line is written, and synced, *before* the target is: of a write that was interrupted it is known that it may have
//! happened. So each key has two places, for what stands there now and for what stood there before. `d` ends a page: what
//! stands before it was carried out.
//!
//! It holds no secret: keys are hashes of ids, and open nothing.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use session_core::{Cursor, Record, SessionKey, Timestamp, Version};

use crate::failure::Failure;

const MAGIC: &str = "session-copy 1";

/// Tells a record by what changes with every write and every use.
pub(crate) type Standing = (Version, Timestamp);

/// Says what this copy has put under a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    now: Standing,
    before: Option<Standing>,
    /// Whether it is known that `now` was carried out.
    done: bool,
    /// In which pass the source was last seen to have it.
    pub(crate) pass: u32,
}

impl Entry {
    /// Tells whether a record of the target is as this copy has put it there: whoever uses a session moves its deadline.
    pub(crate) fn is(&self, record: &Record) -> bool {
        let is = |(version, expires_at)| record.version == version && record.expires_at <= expires_at;
        is(self.now) || self.before.is_some_and(is)
    }

    /// Tells whether the target should still have it, so that somebody removed it if it has not.
    pub(crate) fn should_stand(&self, now: Timestamp) -> bool {
        self.done && now < self.now.1 && self.before.is_none_or(|(_, expires_at)| now < expires_at)
    }
}

#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    head: String,
    /// `None` if nothing is to be noted.
    file: Option<File>,
    /// Nobody else uses the file as long as this one is locked.
    _lock: Option<File>,
    entries: HashMap<SessionKey, Entry>,
    lines: usize,
    /// Where the pass that was interrupted goes on.
    pub(crate) resume: Option<Cursor>,
}

impl Ledger {
    /// Opens the file, or begins one.
    pub(crate) fn open(path: &Path, from: &str, to: &str) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::file(path, &error);
        let lock = private(&beside(path, "lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::usage(format!("another copy is using {}", path.display())));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut ledger = Self::look(path, from, to)?;
        ledger.file = Some(private(path).map_err(failed)?);
        ledger._lock = Some(lock);
        ledger.compact().map_err(failed)?;
        Ok(ledger)
    }

    /// Reads the file if there is one, and notes nothing in it; one that another copy is using, too.
    pub(crate) fn look(path: &Path, from: &str, to: &str) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::file(path, &error);
        let head = format!("{MAGIC} {from} {to}");
        let mut entries = HashMap::new();
        let (mut resume, mut pending) = (None, Vec::new());
        if path.exists() {
            let lines = read(path).map_err(failed)?;
            if lines.first() != Some(&head) {
                return Err(Failure::usage(format!("{} is of no copy between these stores", path.display())));
            }
            for line in lines.iter().skip(1) {
                if !apply(line, &mut entries, &mut pending, &mut resume) {
                    let said = format!("{} has a line that is none of a copy's", path.display());
                    return Err(Failure::usage(said));
                }
            }
        }
        Ok(Self { path: path.to_owned(), head, file: None, _lock: None, entries, lines: 0, resume })
    }

    pub(crate) fn get(&self, key: &SessionKey) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Notes that what was intended was not done; what stood there before still does.
    pub(crate) fn take_back(&mut self, key: &SessionKey) -> Result<(), Failure> {
        let lines = match self.entries.get(key).and_then(|entry| entry.before) {
            None => return self.forget(&[*key]),
            Some(before) => {
                let pass = self.entries[key].pass;
                enter(&mut self.entries, *key, before, pass);
                line(key, before)
            }
        };
        self.append(&lines)
    }

    pub(crate) fn see(&mut self, key: &SessionKey, pass: u32) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.pass = pass;
        }
    }

    /// Gives the keys that the source was not seen to have in this pass.
    pub(crate) fn unseen(&self, pass: u32) -> Vec<SessionKey> {
        self.entries.iter().filter(|(_, entry)| entry.pass != pass).map(|(key, _)| *key).collect()
    }

    /// Notes what is about to be written, all of it before any, and what was found to stand there of this copy's.
    pub(crate) fn intend<'a>(
        &mut self,
        records: impl Iterator<Item = (&'a SessionKey, &'a Record, Option<Standing>)>,
        pass: u32,
    ) -> Result<(), Failure> {
        let mut lines = String::new();
        for (key, record, stands) in records {
            // What was intended last may never have been done, and so be none of what stands there.
            if let Some(stands) = stands.filter(|stands| self.entries.get(key).is_some_and(|e| e.now != *stands)) {
                enter(&mut self.entries, *key, stands, pass);
                lines += &line(key, stands);
            }
            let now = (record.version, record.expires_at);
            enter(&mut self.entries, *key, now, pass);
            lines += &line(key, now);
        }
        self.append(&lines)
    }

    /// Notes that what was intended is done, and where the pass goes on; `None` if its end was reached.
    pub(crate) fn finish_page(&mut self, keys: &[SessionKey], next: Option<&Cursor>) -> Result<(), Failure> {
        for key in keys {
            if let Some(entry) = self.entries.get_mut(key) {
                entry.done = true;
            }
        }
        self.append(&format!("d {}\n", next.map_or_else(|| "-".to_owned(), Cursor::encode)))
    }

    /// Notes that the target has it no more, or that it is somebody else's now.
    pub(crate) fn forget(&mut self, keys: &[SessionKey]) -> Result<(), Failure> {
        let mut lines = String::new();
        for key in keys {
            self.entries.remove(key);
            lines += &format!("x {}\n", key.encode());
        }
        self.append(&lines)
    }

    /// Writes the file anew once most of it is history.
    pub(crate) fn tidy(&mut self) -> Result<(), Failure> {
        if self.lines > 100_000 + 4 * self.entries.len() {
            self.compact().map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    fn append(&mut self, lines: &str) -> Result<(), Failure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.lines += lines.lines().count();
        let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::file(&self.path, error)
    }

    fn compact(&mut self) -> io::Result<()> {
        let new = beside(&self.path, "new");
        // What an earlier try has left.
        let _ = fs::remove_file(&new);
        let file = private(&new)?;
        let mut out = io::BufWriter::new(&file);
        writeln!(out, "{}", self.head)?;
        for done in [true, false] {
            for (key, entry) in self.entries.iter().filter(|(_, entry)| entry.done == done) {
                if let Some(before) = entry.before {
                    out.write_all(line(key, before).as_bytes())?;
                }
                out.write_all(line(key, entry.now).as_bytes())?;
            }
            if done {
                writeln!(out, "d {}", self.resume.as_ref().map_or_else(|| "-".to_owned(), Cursor::encode))?;
            }
        }
        out.flush()?;
        drop(out);
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        self.file = Some(private(&self.path)?);
        self.lines = 0;
        Ok(())
    }
}

fn enter(entries: &mut HashMap<SessionKey, Entry>, key: SessionKey, now: Standing, pass: u32) {
    let before = entries.get(&key).map(|entry| entry.now);
    let entry = Entry { now, before, done: false, pass };
    entries.insert(key, entry);
}

fn line(key: &SessionKey, (version, expires_at): Standing) -> String {
    format!("w {} {:016x} {}\n", key.encode(), version.as_u64(), expires_at.as_millis())
}

/// Does what a line says; `false` if it says nothing.
fn apply(
    line: &str,
    entries: &mut HashMap<SessionKey, Entry>,
    pending: &mut Vec<SessionKey>,
    resume: &mut Option<Cursor>,
) -> bool {
    let words: Vec<_> = line.split(' ').collect();
    match words[..] {
        ["w", key, version, expires_at] => {
            let key = SessionKey::parse(key.as_bytes());
            let version = u64::from_str_radix(version, 16).map(Version::from_u64);
            let expires_at = expires_at.parse().map(Timestamp::from_millis);
            let (Some(key), Ok(version), Ok(expires_at)) = (key, version, expires_at) else { return false };
            enter(entries, key, (version, expires_at), 0);
            pending.push(key);
        }
        ["x", key] => {
            let Some(key) = SessionKey::parse(key.as_bytes()) else { return false };
            entries.remove(&key);
        }
        ["d", cursor] => {
            for key in pending.drain(..) {
                if let Some(entry) = entries.get_mut(&key) {
                    entry.done = true;
                }
            }
            *resume = Cursor::parse(cursor.as_bytes()).filter(|_| cursor != "-");
        }
        _ => return false,
    }
    true
}

/// Reads all lines but one whose writing was interrupted.
fn read(path: &Path) -> io::Result<Vec<String>> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.strip_suffix('\n') {
            Some(line) => lines.push(line.to_owned()),
            None => return Ok(lines),
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Opens a file to append to, or makes one that is nobody else's to read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use session_core::Bytes;

    use super::*;

    const KEY: SessionKey = SessionKey::from_bytes([7; 32]);

    fn record(version: u64) -> Record {
        let at = Timestamp::from_millis;
        let version = Version::from_u64(version);
        let times = (at(1), at(2), at(1_000));
        Record {
            version,
            payload: Bytes::new(),
            owner: None,
            created_at: times.0,
            last_seen_at: times.1,
            expires_at: times.2,
        }
    }

    #[test]
    fn what_stands_is_known_again_however_often_its_successor_was_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let open = || Ledger::open(&path, "from", "to").unwrap();
        let first = record(1);
        let mut ledger = open();
        ledger.intend([(&KEY, &first, None)].into_iter(), 1).unwrap();
        ledger.finish_page(&[KEY], None).unwrap();
        // Each time the write fails, and so the run ends.
        for next in 2..6 {
            ledger.intend([(&KEY, &record(next), Some((first.version, first.expires_at)))].into_iter(), 1).unwrap();
            drop(ledger);
            ledger = open();
            let entry = ledger.get(&KEY).unwrap();
            assert!(entry.is(&first) && entry.is(&record(next)), "{entry:?}");
            assert!(!entry.is(&record(9)));
        }
    }
}
