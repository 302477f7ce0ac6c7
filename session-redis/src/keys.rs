//! What the keys in Redis are called.

use session_core::{Owner, SessionKey, Version};

use crate::error::BuildError;
use crate::layout::Tag;

/// Names the keys of one store.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    records: String,
    owners: String,
    staged: String,
}

/// An entry of an owner's index: the session's key, and the tag of its stay with the owner.
pub(crate) type Member = [u8; 40];

impl Keys {
    const MAX_PREFIX: usize = 64;

    /// Checks the prefix. It takes no character that means something to `MATCH`, to an access list, or to Cluster, where
    /// braces would put all sessions on one node.
    pub(crate) fn new(prefix: &str) -> Result<Self, BuildError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if prefix.is_empty() || prefix.len() > Self::MAX_PREFIX || !prefix.bytes().all(fits) {
            return Err(BuildError::Prefix);
        }
        Ok(Self { records: format!("{prefix}:s:"), owners: format!("{prefix}:o:"), staged: format!("{prefix}:t:") })
    }

    pub(crate) fn record(&self, key: &SessionKey) -> String {
        format!("{}{}", self.records, key.encode())
    }

    /// Reads the name of a record; `None` for any other key, such as one of a store with a longer prefix.
    pub(crate) fn parse_record(&self, name: &[u8]) -> Option<SessionKey> {
        SessionKey::parse(name.strip_prefix(self.records.as_bytes())?)
    }

    /// Gives the pattern of all records' names.
    pub(crate) fn all_records(&self) -> String {
        format!("{}*", self.records)
    }

    /// Gives what the names of all records begin with.
    pub(crate) fn records(&self) -> &str {
        &self.records
    }

    /// Names what a write of this version brings before its script.
    pub(crate) fn staged(&self, key: &SessionKey, version: Version) -> String {
        format!("{}{}:{:x}", self.staged, key.encode(), version.as_u64())
    }

    pub(crate) fn owner(&self, owner: &[u8]) -> Vec<u8> {
        [self.owners.as_bytes(), owner].concat()
    }

    pub(crate) fn index(&self, owner: &Owner) -> Vec<u8> {
        self.owner(owner.as_str().as_bytes())
    }

    /// Gives what the names of all indexes begin with.
    pub(crate) fn owners(&self) -> &str {
        &self.owners
    }
}

/// Writes an entry.
pub(crate) fn member(key: &SessionKey, tag: &[u8]) -> Vec<u8> {
    [key.as_bytes().as_slice(), tag].concat()
}

/// Reads an entry.
pub(crate) fn parse_member(member: &Member) -> (SessionKey, Tag) {
    let key = member.first_chunk().expect("forty bytes hold a key");
    let tag = member.last_chunk().expect("forty bytes hold a tag");
    (SessionKey::from_bytes(*key), *tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_records_name_is_read_back_and_no_other() {
        let keys = Keys::new("session").unwrap();
        let key = SessionKey::from_bytes([7; 32]);
        let name = keys.record(&key);
        assert_eq!(keys.parse_record(name.as_bytes()), Some(key));
        assert_eq!(Keys::new("session:s").unwrap().parse_record(name.as_bytes()), None);
        assert_eq!(keys.parse_record(Keys::new("session:s").unwrap().record(&key).as_bytes()), None);
        assert_eq!(keys.parse_record(&keys.owner(b"ann")), None);
    }

    #[test]
    fn an_entry_is_read_back() {
        let key = SessionKey::from_bytes([7; 32]);
        let member: Member = member(&key, &[9; 8]).try_into().unwrap();
        assert_eq!(parse_member(&member), (key, [9; 8]));
    }

    #[test]
    fn a_prefix_that_means_something_to_redis_is_refused() {
        assert!(Keys::new("My-shop_2.eu:prod").is_ok());
        for prefix in ["", "a b", "{a}", "a*", "a?", "[a]", "é", "a\n", &"a".repeat(65)] {
            assert!(matches!(Keys::new(prefix), Err(BuildError::Prefix)), "{prefix:?}");
        }
    }
}
