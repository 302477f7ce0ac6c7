//! Tables on disk: saved whole, loaded once, refused when damaged.

mod common;

use std::fs;
use std::path::PathBuf;

use common::*;
use session_ets::session_core::{Bytes, Record, SessionStore, Timestamp, Version};
use session_ets::{EtsError, EtsStore, FileError, Row, Table, TableConfig, file};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.ets");
    (folder, path)
}

/// Three rows that between them have everything: an owner, a long owner, odd bytes, no bytes, edges of time.
async fn filled() -> EtsStore {
    let (store, clock) = store();
    let odd = Record {
        version: Version::from_u64(u64::MAX),
        payload: Bytes::from((0..=255).collect::<Vec<u8>>()),
        created_at: Timestamp::MIN,
        last_seen_at: at(1),
        expires_at: Timestamp::MAX,
        ..owned(0, &"é".repeat(127))
    };
    create(&store, key(1), &odd).await;
    clock.set(at(77));
    create(&store, key(2), &Record { payload: Bytes::new(), ..record(2, 200) }).await;
    create(&store, key(3), &owned(3, "ann")).await;
    store
}

fn rows(table: &Table) -> Vec<Row> {
    let mut rows: Vec<Row> = table.rows().collect();
    rows.sort_by_key(|row| row.key);
    rows
}

#[tokio::test]
async fn what_was_saved_is_loaded_with_indexes_and_timestamps() {
    let (_folder, path) = folder();
    let saved = filled().await;
    assert_eq!(saved.table().save_to(&path).unwrap(), 3);
    let (store, _) = store();
    let loaded = store.table().load_from(&path).unwrap().unwrap();
    assert_eq!((loaded.loaded, loaded.skipped), (3, 0));
    assert_eq!(rows(store.table()), rows(saved.table()));
    assert_eq!(store.table().info().memory, saved.table().info().memory);
    assert_eq!(list(&store, "ann", 9).await, [key(3)]);
    assert_eq!(sweep(&store, 200, 9).await, 1);
}

#[tokio::test]
async fn a_file_is_loaded_once() {
    let (_folder, path) = folder();
    filled().await.table().save_to(&path).unwrap();
    let table = Table::private();
    assert!(table.load_from(&path).unwrap().is_some());
    assert!(!path.exists());
    assert_eq!(table.load_from(&path).unwrap(), None);
    assert_eq!(Table::private().load_from(&path).unwrap(), None);
}

#[tokio::test]
async fn of_many_loads_at_once_one_gets_the_rows() {
    let (_folder, path) = folder();
    let saved = filled().await;
    for _ in 0..50 {
        saved.table().save_to(&path).unwrap();
        let tables: Vec<Table> = (0..4).map(|_| Table::private()).collect();
        let barrier = std::sync::Barrier::new(tables.len());
        std::thread::scope(|scope| {
            for table in &tables {
                scope.spawn(|| {
                    barrier.wait();
                    table.load_from(&path).unwrap();
                });
            }
        });
        let sizes: usize = tables.iter().map(Table::len).sum();
        assert_eq!((sizes, tables.iter().filter(|table| table.is_empty()).count()), (3, 3));
    }
}

#[test]
fn an_absent_file_is_none_and_an_empty_table_is_a_file() {
    let (_folder, path) = folder();
    let table = Table::private();
    assert_eq!(table.load_from(&path).unwrap(), None);
    assert_eq!(table.save_to(&path).unwrap(), 0);
    assert_eq!(table.load_from(&path).unwrap().unwrap().loaded, 0);
}

#[tokio::test]
async fn what_the_table_has_is_newer_than_the_file() {
    let (_folder, path) = folder();
    filled().await.table().save_to(&path).unwrap();
    let (store, _) = store();
    create(&store, key(3), &record(9, 300)).await;
    let loaded = store.table().load_from(&path).unwrap().unwrap();
    assert_eq!((loaded.loaded, loaded.skipped, store.table().len()), (2, 1, 3));
    assert_eq!(store.get(&key(3)).await.unwrap().unwrap().version, version(9));
    assert!(list(&store, "ann", 9).await.is_empty());
}

#[tokio::test]
async fn a_table_without_room_loads_nothing_and_keeps_the_file() {
    let (_folder, path) = folder();
    filled().await.table().save_to(&path).unwrap();
    let store = full_store(3);
    create(&store, key(3), &record(9, 300)).await;
    let refused = store.table().load_from(&path).unwrap_err();
    assert!(matches!(refused, EtsError::Full { capacity: 3, rows: 3 }), "{refused:?}");
    assert!(path.exists());
    assert_eq!((store.table().len(), store.table().rows().count()), (1, 1));

    assert!(store.delete(&key(3)).await.unwrap());
    assert_eq!(store.table().load_from(&path).unwrap().unwrap().loaded, 3);
    assert!(store.delete(&key(1)).await.unwrap());
    create(&store, key(4), &record(4, 300)).await;
}

#[tokio::test]
async fn skipped_rows_take_no_room() {
    let (_folder, path) = folder();
    filled().await.table().save_to(&path).unwrap();
    let store = full_store(4);
    create(&store, key(3), &record(9, 300)).await;
    assert_eq!(store.table().load_from(&path).unwrap().unwrap().skipped, 1);
    assert_eq!(store.table().len(), 3);
    create(&store, key(4), &record(4, 300)).await;
}

#[tokio::test]
async fn a_file_damaged_in_any_byte_is_refused_and_kept() {
    let (_folder, path) = folder();
    filled().await.table().save_to(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let table = Table::private();
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        let fault = file::decode(&bad).expect_err("every byte counts");
        let expected = match place {
            0..20 => matches!(fault, FileError::Foreign),
            20..22 => matches!(fault, FileError::Format { .. }),
            _ if place >= good.len() - 4 => matches!(fault, FileError::Truncated),
            _ => matches!(fault, FileError::Checksum),
        };
        assert!(expected, "byte {place}: {fault:?}");
        fs::write(&path, &bad).unwrap();
        assert!(matches!(table.load_from(&path), Err(EtsError::File { .. })));
        assert!(table.is_empty());
        assert_eq!(fs::read(&path).unwrap(), bad);
    }
}

#[tokio::test]
async fn a_file_of_any_other_length_is_refused() {
    let mut good = Vec::new();
    file::encode(filled().await.table().rows(), &mut good).unwrap();
    assert_eq!(file::decode(&good).unwrap().len(), 3);
    for length in 0..good.len() {
        let fault = file::decode(&good[..length]).expect_err("it is cut short");
        assert!(matches!(fault, FileError::Truncated | FileError::Foreign), "{length}: {fault:?}");
    }
    good.push(0);
    assert_eq!(file::decode(&good), Err(FileError::Truncated));
}

/// A file of one row without owner and payload, with `alter` applied before the checksum is taken.
fn sealed(alter: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = b"session-ets table\0\0\0\0\x01".to_vec();
    bytes.extend([0; 32 + 8 + 4 * 8 + 1 + 8]);
    alter(&mut bytes);
    let checksum = Sha256::digest(&bytes);
    [&bytes[..], &checksum, b"end."].concat()
}

#[test]
fn a_right_checksum_over_nonsense_is_malformed() {
    const ROW: usize = 22;
    const LAST_TIME: usize = ROW + 64;
    const OWNER: usize = ROW + 72;
    const PAYLOAD: usize = ROW + 73;
    assert_eq!(file::decode(&sealed(|_| ())).unwrap().len(), 1);
    let nonsense: [fn(&mut Vec<u8>); 6] = [
        |bytes| bytes[LAST_TIME] = 0xff,     // a time past the year 9999
        |bytes| bytes[OWNER] = 200,          // an owner longer than the file
        |bytes| bytes[PAYLOAD..].fill(0xff), // a payload longer than any memory
        |bytes| bytes[PAYLOAD + 7] = 1,      // a payload longer by one byte than what is there
        |bytes| bytes.truncate(PAYLOAD),     // half a row
        |bytes| bytes.splice(OWNER..=OWNER, [1, 0xff]).for_each(drop), // an owner that is no UTF-8
    ];
    for alter in nonsense {
        assert_eq!(file::decode(&sealed(alter)), Err(FileError::Malformed { row: 0 }));
    }
    assert_eq!(file::decode(&sealed(|bytes| bytes.extend([0; 80]))), Err(FileError::Malformed { row: 1 }));
}

#[test]
fn a_file_of_a_later_format_says_which() {
    let later = sealed(|bytes| bytes[21] = 2);
    assert_eq!(file::decode(&later), Err(FileError::Format { found: 2, known: 1 }));
}

#[test]
fn a_foreign_file_says_so_and_names_the_path() {
    let (_folder, path) = folder();
    fs::write(&path, "a shopping list, which is long enough to have been something else, had it been written so")
        .unwrap();
    let refused = Table::private().load_from(&path).unwrap_err();
    assert!(refused.to_string().contains("sessions.ets"), "{refused}");
    assert!(matches!(refused, EtsError::File { source: FileError::Foreign, .. }));
}

#[test]
fn what_is_no_file_is_refused() {
    let (folder, path) = folder();
    let refused = Table::private().load_from(folder.path()).unwrap_err();
    assert!(matches!(refused, EtsError::Io { action: "read", .. }), "{refused:?}");
    let refused = Table::private().save_to(folder.path().join("absent").join("file")).unwrap_err();
    assert!(matches!(refused, EtsError::Io { .. }), "{refused:?}");
    fs::create_dir(&path).unwrap();
    assert!(Table::private().save_to(&path).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left behind");
}

#[tokio::test]
async fn saving_again_replaces_the_file_and_leaves_no_other() {
    let (folder, path) = folder();
    let store = filled().await;
    store.table().save_to(&path).unwrap();
    assert!(store.delete(&key(1)).await.unwrap());
    assert_eq!(store.table().save_to(&path).unwrap(), 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(Table::private().load_from(&path).unwrap().unwrap().loaded, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let (_folder, path) = folder();
    fs::write(&path, "an older file, open to all").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    filled().await.table().save_to(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn rows_over_a_new_payload_limit_are_loaded_all_the_same() {
    let (_folder, path) = folder();
    filled().await.table().save_to(&path).unwrap();
    let table = Table::private_with(TableConfig::default().with_max_payload(1));
    assert_eq!(table.load_from(&path).unwrap().unwrap().loaded, 3);
}
