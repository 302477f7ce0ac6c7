//! What can go wrong with a table and its file, typed. The store's verbs answer with
//! [`StoreError`](session_core::StoreError) instead.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// How this store calls itself in errors.
pub(crate) const NAME: &str = "session-ets";

/// Why a table could not be made, found, saved or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EtsError {
    /// A table of this name is there already.
    #[error("the table name {name:?} is taken; use `EtsStore::named` to share that table, or another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// No table has this name, or its last handle was dropped.
    #[error("there is no table named {name:?}; make it first with `Table::new({name:?})`, and keep it")]
    NoTable {
        /// The name.
        name: String,
    },
    /// The table has no room for what is to be stored in it. Nothing was changed.
    #[error("the table holds at most {capacity} rows, and has no room for {rows} more")]
    Full {
        /// The most rows the table holds.
        capacity: usize,
        /// How many rows were to be added.
        rows: usize,
    },
    /// The file system refused.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The file is no table, or not whole. It was left as it is, and nothing was loaded.
    #[error("{} cannot be loaded", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: FileError,
    },
}

/// What is wrong with the bytes of a saved table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FileError {
    /// It does not begin as a saved table does.
    #[error("it is not a saved session table")]
    Foreign,
    /// It was written in a format that this version of the crate does not know.
    #[error("it has format {found}, and only format {known} can be read")]
    Format {
        /// The format of the file.
        found: u16,
        /// The format that can be read.
        known: u16,
    },
    /// It does not end as a saved table does.
    #[error("it is cut short, or something was added to it")]
    Truncated,
    /// Its bytes are not those that were written.
    #[error("its checksum does not match its bytes")]
    Checksum,
    /// Its checksum is right, but what it says cannot be.
    #[error("row {row} makes no sense")]
    Malformed {
        /// Which row, counted from 0.
        row: usize,
    },
}
