//! Kept samples of what is stored, in the folder `samples` of the crate: each was written by the version that had the
//! format, and every later one reads it.
//!
//! `SESSION_SAMPLES=write cargo test -p CRATE samples` writes those that a test asks for and that are not there. One that
//! is there is never written again: another format has another number, and so another name.
//!
//! The store crates share this file by symbolic links.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Gives a sample; `None` if there is none and it is to be written.
pub(crate) fn kept(name: &str) -> Option<Vec<u8>> {
    let path = path(name);
    match fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound && is_asked_for() => None,
        Err(error) => {
            panic!("the sample {} cannot be read: {error}; see sample.rs for how one is made", path.display())
        }
    }
}

/// Writes a sample, unless another test has written it meanwhile, and gives what is kept.
pub(crate) fn keep(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    let path = path(name);
    fs::create_dir_all(path.parent().expect("it is in a folder")).unwrap();
    let whole = path.with_extension(format!("{:?}-new", std::thread::current().id()));
    fs::write(&whole, bytes).unwrap();
    // It appears whole, and never takes the place of another.
    let linked = fs::hard_link(&whole, &path);
    fs::remove_file(whole).unwrap();
    assert!(linked.is_ok() || path.exists(), "{linked:?}");
    fs::read(path).unwrap()
}

fn is_asked_for() -> bool {
    std::env::var("SESSION_SAMPLES").is_ok_and(|what| what == "write")
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}
