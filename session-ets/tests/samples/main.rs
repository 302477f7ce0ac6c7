//! The kept samples of saved tables are read, field by field; see the format in `file.rs`.

mod sample;

use sample::{keep, kept};
use session_ets::session_core::{
    Bytes, ManualClock, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, Timestamp, Version,
};
use session_ets::{EtsStore, FileError, Row, Table, TableConfig, file};
use sha2::{Digest, Sha256};

/// Where in the sample the rows begin: behind what it is and its format.
const ROWS: usize = 22;

fn key(byte: u8) -> SessionKey {
    SessionKey::from_bytes([byte; 32])
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Key, record and timestamp of a row.
type Expected = (SessionKey, Record, Timestamp);

/// A session of somebody's, and one of nobody's at the edges of what there can be.
fn rows() -> [Expected; 2] {
    let owned = Record {
        version: Version::from_u64(0x0102_0304_0506_0708),
        payload: Bytes::from_static(b"\x01\0{}\0\xff"),
        owner: Some(Owner::new("ann@example.org é").unwrap()),
        created_at: at(1_763_834_400_123),
        last_seen_at: at(1_763_834_400_124),
        expires_at: at(1_763_834_400_125),
    };
    let nobodys = Record {
        version: Version::from_u64(u64::MAX),
        payload: Bytes::new(),
        owner: None,
        created_at: Timestamp::MIN,
        last_seen_at: at(1),
        expires_at: Timestamp::MAX,
    };
    [(key(3), owned, at(1_763_834_400_126)), (key(4), nobodys, at(2))]
}

fn read(rows: impl IntoIterator<Item = Row>) -> Vec<Expected> {
    rows.into_iter().map(|row| (row.key, Record::clone(&row.record), row.timestamp)).collect()
}

async fn sample() -> Vec<u8> {
    if let Some(bytes) = kept("file/1/table") {
        return bytes;
    }
    let clock = ManualClock::new(Timestamp::MIN);
    let store = EtsStore::new(Table::private_with(TableConfig::default().with_clock(clock.clone())));
    for (key, record, timestamp) in rows() {
        clock.set(timestamp);
        assert_eq!(store.put(&key, &record, Put::Create).await.unwrap(), PutOutcome::Stored);
    }
    let mut rows: Vec<Row> = store.table().rows().collect();
    rows.sort_by_key(|row| row.key);
    let mut bytes = Vec::new();
    file::encode(rows, &mut bytes).unwrap();
    keep("file/1/table", bytes)
}

#[tokio::test]
async fn a_saved_table_of_the_first_format_is_read() {
    assert_eq!(read(file::decode(&sample().await).unwrap()), rows());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table");
    std::fs::write(&path, sample().await).unwrap();
    let table = Table::private();
    assert_eq!(table.load_from(&path).unwrap().unwrap().loaded, 2);
    let mut loaded = read(table.rows());
    loaded.sort_by_key(|(key, ..)| *key);
    assert_eq!(loaded, rows());
}

#[tokio::test]
async fn a_saved_table_that_was_damaged_is_refused_whole() {
    let whole = sample().await;
    let end = whole.len();
    let damages: [(&str, usize, FileError); 12] = [
        ("what it is", 0, FileError::Foreign),
        ("what it is, padding", 19, FileError::Foreign),
        ("format", 20, FileError::Format { found: 0x0101, known: 1 }),
        ("format", 21, FileError::Format { found: 0, known: 1 }),
        ("key", ROWS, FileError::Checksum),
        ("version", ROWS + 32, FileError::Checksum),
        ("created", ROWS + 40, FileError::Checksum),
        ("last seen", ROWS + 48, FileError::Checksum),
        ("deadline", ROWS + 56, FileError::Checksum),
        ("owner", ROWS + 73, FileError::Checksum),
        ("checksum", end - 36, FileError::Checksum),
        ("how it ends", end - 1, FileError::Truncated),
    ];
    for (field, place, answer) in damages {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        assert_eq!(file::decode(&damaged), Err(answer), "{field}");
    }
}

/// The sample with a byte changed and a checksum that fits, as a program that writes nonsense would leave it.
async fn forged(place: usize, byte: u8) -> Vec<u8> {
    let mut bytes = sample().await;
    bytes.truncate(bytes.len() - 36);
    bytes[place] = byte;
    let checksum = Sha256::digest(&bytes);
    [&bytes[..], &checksum, b"end."].concat()
}

#[tokio::test]
async fn a_field_that_cannot_be_is_refused_even_if_the_checksum_is_right() {
    let fields = [
        ("created", ROWS + 40, 0xff),
        ("last seen", ROWS + 48, 0xff),
        ("deadline", ROWS + 56, 0xff),
        ("row's timestamp", ROWS + 64, 0xff),
        ("length of the owner", ROWS + 72, 0xff),
        ("owner", ROWS + 73, 0xff),
        ("length of the payload", ROWS + 73 + 18, 0xff),
    ];
    for (field, place, byte) in fields {
        assert_eq!(file::decode(&forged(place, byte).await), Err(FileError::Malformed { row: 0 }), "{field}");
    }
    // What can be anything is read as what it is.
    for (field, place) in [("key", ROWS), ("version", ROWS + 32), ("payload", ROWS + 73 + 18 + 8)] {
        assert_ne!(read(file::decode(&forged(place, 9).await).expect(field)), rows(), "{field}");
    }
}
