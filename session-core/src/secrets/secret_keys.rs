//! Secret keys from the environment or a file.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::store::{BoxError, RandomError, SystemRandom, draw};

/// Secret keys, the newest first: that one signs or seals, all of them verify or open.
///
/// As text they are base64 of either alphabet, padded or not, with commas or white space between them; a line that
/// begins with `#` is a comment. `openssl rand -base64 32` draws one, and so does [`generate`](Self::generate). The
/// same list may sign cookies and seal payloads: what is derived from it for the one is of no use for the other.
///
/// # Rotation
/// 1. Put the new key *behind* the old one on every server, so that all can read what it writes.
/// 2. Put it in front.
/// 3. Take the old one out when the absolute timeout has passed since.
///
/// A program reads its keys when it starts; each step is a restart of one server after the other.
///
/// # Secrecy
/// The bytes are wiped on drop; `Debug` shows how many keys there are, and no error shows a part of one. What stands in
/// the environment stays there, where the process's own user may read it: a file is better kept.
///
/// ```
/// use session_core::{CookieConfig, SecretKeyError, SecretKeys};
///
/// # fn main() -> Result<(), SecretKeyError> {
/// # let text = SecretKeys::generate().unwrap();
/// // SESSION_KEYS, or the file that SESSION_KEYS_FILE names. `None` if neither is set.
/// let from_env = SecretKeys::from_env("SESSION_KEYS")?;
/// # assert!(from_env.is_none());
/// let keys = SecretKeys::parse(&text)?;
/// let cookie = CookieConfig::default().with_signing_keys(keys.signing_keys());
/// assert_eq!(format!("{keys:?}"), "SecretKeys(1 secret)");
/// # let _ = cookie;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SecretKeys(Vec<Zeroizing<Vec<u8>>>);

impl SecretKeys {
    /// The fewest bytes a key may have.
    pub const MIN_LEN: usize = 32;

    /// Reads keys from a text.
    ///
    /// # Errors
    /// [`SecretKeyError::NoKey`] if there is none, [`SecretKeyError::InList`] for the first that cannot be used.
    pub fn parse(text: &str) -> Result<Self, SecretKeyError> {
        let keys: Vec<_> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split([',', ' ', '\t', '\r']))
            .filter(|key| !key.is_empty())
            .enumerate()
            .map(|(i, key)| {
                decode(key).map_err(|source| SecretKeyError::InList { position: i + 1, source: Box::new(source) })
            })
            .collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SecretKeyError::NoKey) } else { Ok(Self(keys)) }
    }

    /// Reads keys from a file, which nobody else should be able to read.
    ///
    /// # Errors
    /// [`SecretKeyError::Source`], which names the file and why it gives no keys.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SecretKeyError> {
        let path = path.as_ref();
        let read = fs::read(path).map_err(BoxError::from).map(Zeroizing::new).and_then(|bytes| {
            let text = std::str::from_utf8(&bytes).map_err(|_| SecretKeyError::NotText)?;
            Self::parse(text).map_err(BoxError::from)
        });
        read.map_err(|source| SecretKeyError::Source { name: path.display().to_string(), source })
    }

    /// Reads keys from the environment variable `name`, or from the file that `name` with `_FILE` behind it names, as a
    /// container's secrets are mounted; `None` if neither is set.
    ///
    /// A variable that is set to nothing is an error, or a secret that was lost would pass for one that is not wanted.
    ///
    /// # Errors
    /// [`SecretKeyError::Twice`] if both are set; else [`SecretKeyError::Source`], which names the variable or the file.
    pub fn from_env(name: &str) -> Result<Option<Self>, SecretKeyError> {
        Self::from_variables(name, |name| env::var_os(name))
    }

    /// Does what [`from_env`](Self::from_env) does, with the variables that `variable` gives.
    ///
    /// # Errors
    /// As `from_env`.
    pub fn from_variables(
        name: &str,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Self>, SecretKeyError> {
        let file = format!("{name}_FILE");
        match (variable(name), variable(&file)) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(SecretKeyError::Twice { name: name.to_owned(), file }),
            (None, Some(path)) => Self::from_file(Path::new(&path)).map(Some),
            (Some(text), None) => {
                let text = text.into_string().map(Zeroizing::new).map_err(|_| SecretKeyError::NotText);
                let keys = text.and_then(|text| Self::parse(&text));
                keys.map(Some).map_err(|error| SecretKeyError::Source { name: name.to_owned(), source: error.into() })
            }
        }
    }

    /// Draws a new key, and writes it as [`parse`](Self::parse) reads it.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no randomness to give.
    pub fn generate() -> Result<Zeroizing<String>, RandomError> {
        let bytes = Zeroizing::new(draw::<{ Self::MIN_LEN }>(&SystemRandom)?);
        Ok(Zeroizing::new(ENGINE.encode(bytes.as_slice())))
    }

    /// Gives the bytes of each key, of which there are enough.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|bytes| bytes.as_slice())
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKeys({} secret)", self.0.len())
    }
}

/// Takes base64 with padding or without.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn decode(key: &str) -> Result<Zeroizing<Vec<u8>>, SecretKeyError> {
    let standard = |byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    };
    let text = Zeroizing::new(key.bytes().map(standard).collect::<Vec<u8>>());
    // Made as long as it can get, so that no shorter copy is left behind unwiped.
    let mut bytes = Zeroizing::new(vec![0; text.len() / 4 * 3 + 3]);
    // The decoder's own words would quote the key.
    let len = ENGINE.decode_slice(text.as_slice(), &mut bytes).map_err(|_| SecretKeyError::NotBase64)?;
    bytes.truncate(len);
    check_len(len)?;
    Ok(bytes)
}

/// Refuses a key of `len` bytes if those are too few.
pub(crate) fn check_len(len: usize) -> Result<(), SecretKeyError> {
    if len < SecretKeys::MIN_LEN { Err(SecretKeyError::Short { len, min: SecretKeys::MIN_LEN }) } else { Ok(()) }
}

/// Why there are no keys, and what to do. It shows no part of one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The list is empty.
    #[error("there is no key: give one, such as `openssl rand -base64 32` prints")]
    NoKey,
    /// A key is too short to be safe.
    #[error("a key has at least {min} bytes, this has {len}: draw {min} from a cryptographic source")]
    Short {
        /// How many bytes the key has.
        len: usize,
        /// How many it must have.
        min: usize,
    },
    /// A key is not written as it must be.
    #[error("a key is written in base64, and this is not: use what `openssl rand -base64 32` prints")]
    NotBase64,
    /// What should hold the keys is no text.
    #[error("keys are text, and this is not UTF-8: write each in base64")]
    NotText,
    /// One of several keys cannot be used.
    #[error("key no. {position}: {source}")]
    InList {
        /// Which, counted from 1.
        position: usize,
        /// Why.
        source: Box<SecretKeyError>,
    },
    /// A variable or a file gives no keys.
    #[error("{name}: {source}")]
    Source {
        /// The variable's name, or the file's path.
        name: String,
        /// Why.
        source: BoxError,
    },
    /// The keys are given in two ways at once.
    #[error("{name} and {file} are both set: set one of them")]
    Twice {
        /// The variable that holds keys.
        name: String,
        /// The variable that names a file.
        file: String,
    },
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    const A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    const B: &str = "-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8=";

    fn env(pairs: &[(&'static str, &str)]) -> Result<Option<SecretKeys>, SecretKeyError> {
        SecretKeys::from_variables("KEYS", |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into()))
    }

    #[test]
    fn both_alphabets_and_all_separators_are_read_in_order() {
        let standard = B.replace('-', "+").replace('_', "/");
        let texts = [
            format!("{A},{B}"),
            format!(" {A} \t{standard}\n"),
            format!("# the new one\r\n{A}=\r\n  # the old one\r\n{B},\r\n"),
        ];
        for text in texts {
            let keys = SecretKeys::parse(&text).unwrap();
            assert_eq!(keys.0.len(), 2, "{text}");
            assert_eq!(*keys.0[0], [1; 32]);
            assert_eq!(keys.0[1][..3], [0xfb, 0xff, 0xbf]);
        }
    }

    #[test]
    fn what_is_generated_is_a_key_and_never_the_same() {
        let (a, b) = (SecretKeys::generate().unwrap(), SecretKeys::generate().unwrap());
        assert_ne!(*a, *b);
        assert_eq!(SecretKeys::parse(&a).unwrap().0[0].len(), 32);
    }

    #[test]
    fn a_short_key_is_refused_wherever_it_stands() {
        let short = &A[..42];
        for text in [short.to_owned(), format!("{A},{short}")] {
            let error = SecretKeys::parse(&text).unwrap_err().to_string();
            assert!(error.contains("at least 32 bytes, this has 31"), "{error}");
        }
    }

    #[test]
    fn nothing_set_is_none_and_set_to_nothing_is_an_error() {
        assert!(env(&[]).unwrap().is_none());
        for nothing in ["", " , ", "# only a comment"] {
            let error = env(&[("KEYS", nothing)]).unwrap_err().to_string();
            assert!(error.starts_with("KEYS: there is no key"), "{error}");
        }
        assert!(matches!(env(&[("KEYS", A), ("KEYS_FILE", "x")]), Err(SecretKeyError::Twice { .. })));
    }

    #[test]
    fn a_file_is_read_and_named_if_it_cannot_be() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        fs::write(path, format!("# keys\n{A}\n")).unwrap();
        assert_eq!(env(&[("KEYS_FILE", path)]).unwrap().unwrap().0.len(), 1);
        fs::write(path, [0xff; 40]).unwrap();
        assert!(env(&[("KEYS_FILE", path)]).unwrap_err().to_string().contains("not UTF-8"));
        let missing = format!("{path}-missing");
        let error = env(&[("KEYS_FILE", &missing)]).unwrap_err();
        assert!(error.to_string().contains(&missing) && error.source().is_some(), "{error}");
    }

    #[test]
    fn nothing_shows_a_key() {
        let keys = SecretKeys::parse(&format!("{A},{A}")).unwrap();
        assert_eq!(format!("{keys:?}"), "SecretKeys(2 secret)");
        for wrong in [A[2..].to_owned(), format!("{A}!"), format!("{A}\u{e9}"), format!("{A}=A")] {
            let error = env(&[("KEYS", &wrong)]).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("AQEB") && shown.contains("KEYS: key no. 1"), "{shown}");
        }
    }
}
