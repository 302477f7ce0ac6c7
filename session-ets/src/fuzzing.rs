//! Opens private code to the fuzz targets in `session-core/fuzz`, and to nobody else, as `session-core`'s own does.
//!
//! One function per target. It takes any bytes and panics when a promise is broken.

use sha2::{Digest, Sha256};

use crate::file::{decode, encode};

/// Reads `data` as a saved table, and as the rows of one whose checksum is right: what can be read is, byte for byte,
/// what the same rows are written as.
pub fn ets_file(data: &[u8]) {
    check(data);
    let empty = written([]);
    let head = &empty[..22];
    let checked = [head, data].concat();
    check(&[&checked, Sha256::digest(&checked).as_slice(), &empty[empty.len() - 4..]].concat());
}

fn check(file: &[u8]) {
    if let Ok(rows) = decode(file) {
        assert_eq!(written(rows), file);
    }
}

fn written(rows: impl IntoIterator<Item = crate::Row>) -> Vec<u8> {
    let mut out = Vec::new();
    encode(rows, &mut out).expect("memory takes any bytes");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::replay;

    #[test]
    fn hostile_files_break_nothing() {
        replay("ets_file", ets_file);
    }
}
