//! The verbs of the contract, one claim a test.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::*;
use session_ets::session_core::{
    Bytes, Cursor, Eviction, Owners, Page, Put, PutOutcome, Reclaim, Record, Scan, SessionKey, SessionStore, StoreError,
};
use session_ets::{EtsError, EtsStore, Table, TableConfig};

#[tokio::test]
async fn create_stores_every_field_and_get_shares_the_record() {
    let (store, _) = store();
    let record = owned(1, "ann");
    create(&store, key(1), &record).await;
    let (first, second) = (store.get(&key(1)).await.unwrap().unwrap(), store.get(&key(1)).await.unwrap().unwrap());
    assert_eq!(*first, record);
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(store.get(&key(2)).await.unwrap(), None);
}

#[tokio::test]
async fn a_taken_key_exists_also_past_its_deadline() {
    let (store, _) = store();
    create(&store, key(1), &record(1, 30)).await;
    let late = Record { last_seen_at: at(50), ..record(2, 100) };
    assert_eq!(store.put(&key(1), &late, Put::Create).await.unwrap(), PutOutcome::Exists);
    assert_eq!(*store.get(&key(1)).await.unwrap().unwrap(), record(1, 30));
}

#[tokio::test]
async fn the_same_write_again_is_stored_and_changes_nothing() {
    let (store, _) = store();
    create(&store, key(1), &record(1, 30)).await;
    // Before anything else is judged: the deadline is over, the version named is wrong.
    let same = Record { last_seen_at: at(50), ..record(1, 99) };
    assert_eq!(store.put(&key(1), &same, Put::Create).await.unwrap(), PutOutcome::Stored);
    assert_eq!(replace(&store, key(1), 7, &same).await, PutOutcome::Stored);
    assert_eq!(*store.get(&key(1)).await.unwrap().unwrap(), record(1, 30));
}

#[tokio::test]
async fn replace_judges_the_deadline_before_the_version() {
    let (store, _) = store();
    create(&store, key(1), &record(1, 30)).await;
    let at_the_deadline = Record { last_seen_at: at(30), ..record(2, 99) };
    assert_eq!(replace(&store, key(1), 7, &at_the_deadline).await, PutOutcome::Gone);
    assert_eq!(replace(&store, key(1), 1, &at_the_deadline).await, PutOutcome::Gone);
    let just_before = Record { last_seen_at: at(29), ..record(2, 99) };
    assert_eq!(replace(&store, key(1), 7, &just_before).await, PutOutcome::Conflict(Arc::new(record(1, 30))));
    assert_eq!(replace(&store, key(1), 1, &just_before).await, PutOutcome::Stored);
    assert_eq!(*store.get(&key(1)).await.unwrap().unwrap(), just_before);
}

#[tokio::test]
async fn nothing_brings_a_deleted_row_back() {
    let (store, _) = store();
    create(&store, key(1), &owned(1, "ann")).await;
    assert!(store.delete(&key(1)).await.unwrap());
    assert!(!store.delete(&key(1)).await.unwrap());
    assert_eq!(replace(&store, key(1), 1, &record(2, 99)).await, PutOutcome::Gone);
    assert!(!store.touch(&key(1), version(1), at(21), at(99)).await.unwrap());
    assert!(store.table().is_empty());
    assert!(list(&store, "ann", 9).await.is_empty());
}

#[tokio::test]
async fn touch_moves_both_times_and_neither_back() {
    let (store, _) = store();
    create(&store, key(1), &record(1, 100)).await;
    let held = store.get(&key(1)).await.unwrap().unwrap();
    assert!(store.touch(&key(1), version(1), at(40), at(140)).await.unwrap());
    assert!(store.touch(&key(1), version(1), at(30), at(130)).await.unwrap());
    let expected = Record { last_seen_at: at(40), expires_at: at(140), ..record(1, 100) };
    assert_eq!(*store.get(&key(1)).await.unwrap().unwrap(), expected);
    assert_eq!(*held, record(1, 100), "what a reader holds never changes");
}

#[tokio::test]
async fn touch_refuses_another_version_and_what_is_over() {
    let (store, _) = store();
    create(&store, key(1), &record(1, 100)).await;
    assert!(!store.touch(&key(1), version(2), at(40), at(140)).await.unwrap());
    assert!(!store.touch(&key(1), version(1), at(100), at(140)).await.unwrap());
    assert_eq!(*store.get(&key(1)).await.unwrap().unwrap(), record(1, 100));
}

#[tokio::test]
async fn the_timestamp_moves_on_every_read_and_write_and_never_on_a_look() {
    let (store, clock) = store();
    create(&store, key(1), &record(1, 1_000)).await;
    let timestamp = || store.table().lookup(&key(1)).unwrap().timestamp;
    assert_eq!(timestamp(), at(1));

    let step = || clock.advance(Duration::from_millis(5));
    step();
    store.get(&key(1)).await.unwrap();
    assert_eq!(timestamp(), at(6));
    step();
    assert!(store.touch(&key(1), version(1), at(30), at(99)).await.unwrap());
    assert_eq!(timestamp(), at(11));
    step();
    assert_eq!(replace(&store, key(1), 1, &record(2, 1_000)).await, PutOutcome::Stored);
    assert_eq!(timestamp(), at(16));
    step();
    assert_eq!(store.put(&key(1), &record(3, 9), Put::Create).await.unwrap(), PutOutcome::Exists);
    assert_eq!(timestamp(), at(21));

    step();
    assert_eq!(store.table().rows().next().unwrap().timestamp, at(21));
    store.page(None, limit(9)).await.unwrap();
    assert_eq!(timestamp(), at(21));
}

#[tokio::test]
async fn no_verb_judges_time_by_the_tables_clock() {
    let (store, clock) = store();
    create(&store, key(1), &record(1, 100)).await;
    clock.set(at(1_000_000));
    assert!(store.get(&key(1)).await.unwrap().is_some());
    assert!(store.touch(&key(1), version(1), at(30), at(110)).await.unwrap());
    assert_eq!(replace(&store, key(1), 1, &record(2, 100)).await, PutOutcome::Stored);
    assert_eq!(sweep(&store, 99, 9).await, 0);
}

#[tokio::test]
async fn a_sweep_takes_the_oldest_first_over_all_partitions_boundary_included() {
    const ROWS: u64 = or_under_miri(500, 15);
    let (store, _) = store();
    for number in 0..ROWS {
        // Deadlines from 100 on in an order that has nothing to do with the keys'.
        create(&store, key(number), &record(number + 1, 100 + number * 37 % ROWS)).await;
    }
    assert_eq!(sweep(&store, 99, 9).await, 0);
    assert_eq!(sweep(&store, 100, 9).await, 1);
    for swept in (1..ROWS).step_by(10) {
        let expected = 10.min(ROWS - swept);
        assert_eq!(sweep(&store, 1_000, 10).await, expected);
        let oldest = store.table().rows().map(|row| row.record.expires_at).min();
        assert_eq!(oldest, (swept + expected < ROWS).then(|| at(100 + swept + expected)));
    }
    assert_eq!(sweep(&store, 1_000, 10).await, 0);
    assert!(store.table().is_empty());
}

#[tokio::test]
async fn a_deadline_that_moved_is_the_one_that_counts() {
    let (store, _) = store();
    for number in 1..=3 {
        create(&store, key(number), &record(number, 100)).await;
    }
    assert!(store.touch(&key(1), version(1), at(30), at(200)).await.unwrap());
    assert_eq!(replace(&store, key(2), 2, &record(12, 50)).await, PutOutcome::Stored);
    assert_eq!(sweep(&store, 50, 9).await, 1);
    assert_eq!(store.get(&key(2)).await.unwrap(), None);
    assert_eq!(sweep(&store, 199, 9).await, 1);
    assert!(store.get(&key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_list_follows_the_owner() {
    let (store, _) = store();
    create(&store, key(1), &owned(1, "ann")).await;
    create(&store, key(2), &owned(2, "ann")).await;
    create(&store, key(3), &owned(3, "Ann")).await;
    assert_eq!(list(&store, "ann", 9).await, [key(1), key(2)]);

    assert_eq!(replace(&store, key(1), 1, &owned(4, "bob")).await, PutOutcome::Stored);
    assert_eq!(list(&store, "ann", 9).await, [key(2)]);
    assert_eq!(list(&store, "bob", 9).await, [key(1)]);

    assert_eq!(replace(&store, key(1), 4, &record(5, 99)).await, PutOutcome::Stored);
    assert!(list(&store, "bob", 9).await.is_empty());
    assert_eq!(replace(&store, key(1), 5, &owned(6, "ann")).await, PutOutcome::Stored);
    assert_eq!(list(&store, "ann", 9).await, [key(2), key(1)]);

    assert_eq!(sweep(&store, 1_000, 9).await, 3);
    assert!(list(&store, "ann", 9).await.is_empty());
}

#[tokio::test]
async fn a_page_goes_on_behind_the_last_whatever_became_of_it() {
    let (store, _) = store();
    for number in 0..10 {
        create(&store, key(number), &owned(number + 1, "ann")).await;
    }
    let first = store.list(&owner("ann"), None, limit(4)).await.unwrap();
    assert_eq!(first.records.len(), 4);
    // The row under the cursor goes, another leaves and comes back, a third is renewed in place.
    assert!(store.delete(&key(3)).await.unwrap());
    assert_eq!(replace(&store, key(0), 1, &owned(20, "bob")).await, PutOutcome::Stored);
    assert_eq!(replace(&store, key(5), 6, &owned(21, "ann")).await, PutOutcome::Stored);
    let second = store.list(&owner("ann"), first.next.as_ref(), limit(9)).await.unwrap();
    let keys: Vec<_> = second.records.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, (4..10).map(key).collect::<Vec<_>>());
    assert_eq!(second.next, None);
}

#[tokio::test]
async fn ten_thousand_sessions_of_one_owner_come_in_pages() {
    const SESSIONS: u64 = or_under_miri(10_000, 120);
    let (store, _) = store();
    for number in 0..SESSIONS {
        create(&store, key(number), &owned(number + 1, "ann")).await;
    }
    assert_eq!(list(&store, "ann", 100).await, (0..SESSIONS).map(key).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_scan_gives_each_record_once_though_touches_move_it() {
    let (store, _) = store();
    // Two keys a bit apart share a partition, and so do many of the others.
    let mut keys: Vec<SessionKey> = (0..or_under_miri(3_000, 20)).map(key).collect();
    keys.extend((0..50).map(|n| {
        SessionKey::from_bytes(
            [if n < 25 { 0xff } else { 0 }; 31].iter().copied().chain([n]).collect::<Vec<u8>>().try_into().unwrap(),
        )
    }));
    for key in &keys {
        create(&store, *key, &record(1, 1_000)).await;
    }
    for &size in or_under_miri(&[1, 7, 100, 5_000][..], &[40]) {
        let (mut seen, mut page, mut turn) = (Vec::new(), Page::default(), 0);
        loop {
            page = store.page(page.next.as_ref(), limit(size)).await.unwrap();
            seen.extend(page.records.iter().map(|(key, _)| *key));
            for key in keys.iter().skip(turn % keys.len()).take(20) {
                assert!(store.touch(key, version(1), at(30), at(2_000 + turn as u64)).await.unwrap());
            }
            turn += 20;
            if page.next.is_none() {
                break;
            }
        }
        seen.sort_unstable();
        let mut expected = keys.clone();
        expected.sort_unstable();
        assert_eq!(seen, expected, "pages of {size}");
    }
}

#[tokio::test]
async fn foreign_cursors_are_refused_and_forged_ones_do_no_harm() {
    let (store, _) = store();
    create(&store, key(1), &owned(1, "ann")).await;
    for bytes in [&b""[..], b"s", b"o1234567", b"o123456789", &[b's'; 32], &[b's'; 34], &[b'x'; 33]] {
        let cursor = Cursor::new(bytes.to_vec());
        let list = store.list(&owner("ann"), Some(&cursor), limit(1)).await;
        let page = store.page(Some(&cursor), limit(1)).await;
        assert!(matches!(list, Err(StoreError::InvalidCursor { store: "session-ets" })), "{bytes:?}");
        assert!(matches!(page, Err(StoreError::InvalidCursor { store: "session-ets" })), "{bytes:?}");
    }
    let last = Cursor::new([&b"o"[..], &[0xff; 8]].concat());
    assert!(store.list(&owner("ann"), Some(&last), limit(1)).await.unwrap().records.is_empty());
    let last = Cursor::new([&b"s"[..], &[0xff; 32]].concat());
    assert!(store.page(Some(&last), limit(usize::MAX)).await.unwrap().records.is_empty());
}

#[tokio::test]
async fn a_full_table_refuses_a_new_key_and_nothing_else() {
    let store = full_store(2);
    create(&store, key(1), &record(1, 100)).await;
    create(&store, key(2), &record(2, 100)).await;
    let refused = store.put(&key(3), &record(3, 100), Put::Create).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full { store: "session-ets", .. }), "{refused:?}");
    assert_eq!(store.put(&key(1), &record(4, 100), Put::Create).await.unwrap(), PutOutcome::Exists);
    assert_eq!(replace(&store, key(1), 1, &record(5, 100)).await, PutOutcome::Stored);
    assert!(store.touch(&key(2), version(2), at(30), at(200)).await.unwrap());

    assert!(store.delete(&key(1)).await.unwrap());
    create(&store, key(3), &record(3, 100)).await;
    assert_eq!(sweep(&store, 100, 9).await, 1);
    create(&store, key(4), &record(4, 100)).await;
    assert_eq!((store.table().len(), store.table().info().capacity), (2, Some(2)));
}

#[tokio::test]
async fn a_payload_over_the_limit_changes_nothing() {
    let store = EtsStore::from(Table::private_with(TableConfig::default().with_max_payload(8)));
    let sized = |version, size| Record { payload: Bytes::from(vec![0; size]), ..record(version, 100) };
    assert_eq!(store.limits().max_payload, 8);
    create(&store, key(1), &sized(1, 8)).await;
    for put in [Put::Create, Put::Replace(version(1))] {
        let refused = store.put(&key(1), &sized(2, 9), put).await.unwrap_err();
        assert!(matches!(refused, StoreError::TooLarge { store: "session-ets", limit: 8 }), "{refused:?}");
    }
    assert_eq!(*store.get(&key(1)).await.unwrap().unwrap(), sized(1, 8));
}

#[tokio::test]
async fn the_store_says_what_it_is() {
    let (store, _) = store();
    store.init().await.unwrap();
    let limits = store.limits();
    assert_eq!((limits.eviction, limits.reclaim), (Eviction::Never, Reclaim::BySweep));
    assert_eq!(limits.max_payload, usize::MAX);
    assert!(store.sweep().is_some() && store.owners().is_some() && store.scan().is_some());
}

#[tokio::test]
async fn a_record_does_not_keep_the_buffer_it_was_cut_from() {
    let (store, _) = store();
    let buffer = Bytes::from(vec![b'x'; 10_000]);
    let cut = Record { payload: buffer.slice(..3), ..record(1, 100) };
    create(&store, key(1), &cut).await;
    drop(cut);
    assert!(buffer.try_into_mut().is_ok(), "the test alone holds the buffer");
}

#[test]
fn a_name_is_taken_once_and_free_after_its_last_handle() {
    let table = Table::new("names").unwrap();
    assert!(matches!(Table::new("names"), Err(EtsError::NameTaken { name }) if name == "names"));
    let store = EtsStore::named("names").unwrap();
    drop(table);
    assert!(Table::new("names").is_err(), "the store holds the table");
    let clone = store.clone();
    drop(store);
    assert!(EtsStore::named("names").is_ok(), "the clone holds it");
    drop(clone);
    let missing = EtsStore::named("names").unwrap_err();
    assert!(missing.to_string().contains("Table::new(\"names\")"), "{missing}");
    assert!(Table::new("names").is_ok());
}

#[tokio::test]
async fn handles_to_one_name_share_the_rows() {
    let table = Table::new("shared").unwrap();
    let (one, two) = (EtsStore::named("shared").unwrap(), EtsStore::new(table.clone()));
    create(&one, key(1), &record(1, 100)).await;
    assert!(two.get(&key(1)).await.unwrap().is_some());
    assert_eq!((table.len(), table.name()), (1, Some("shared")));
    assert_eq!(table.info().name.as_deref(), Some("shared"));
}

#[tokio::test]
async fn private_tables_have_nothing_in_common() {
    let (one, two) = (EtsStore::new(Table::private()), EtsStore::new(Table::private()));
    create(&one, key(1), &record(1, 100)).await;
    assert_eq!(two.get(&key(1)).await.unwrap(), None);
    assert_eq!(two.table().name(), None);
}

#[tokio::test]
async fn the_memory_estimate_comes_and_goes_with_the_rows() {
    let (store, _) = store();
    assert_eq!(store.table().info().memory, 0);
    create(&store, key(1), &record(1, 100)).await;
    let bare = store.table().info().memory;
    create(&store, key(2), &Record { payload: Bytes::from(vec![0; 5_000]), ..owned(2, "ann") }).await;
    assert!(store.table().info().memory > 2 * bare + 4_900);
    assert_eq!(replace(&store, key(2), 2, &record(2 + 1, 100)).await, PutOutcome::Stored);
    assert_eq!(store.table().info().memory, 2 * bare);
    assert!(store.delete(&key(1)).await.unwrap());
    assert_eq!(sweep(&store, 100, 9).await, 1);
    assert_eq!(store.table().info().memory, 0);
}

#[tokio::test]
async fn the_table_may_be_used_from_a_loop_over_its_rows() {
    const ROWS: u64 = or_under_miri(200, 10);
    let (store, _) = store();
    for number in 0..ROWS {
        create(&store, key(number), &owned(number + 1, "ann")).await;
    }
    let mut seen = 0;
    for row in store.table().rows() {
        seen += 1;
        assert!(store.delete(&row.key).await.unwrap());
        assert_eq!(store.table().lookup(&row.key), None);
    }
    assert_eq!((seen, store.table().len()), (ROWS, 0));
}

#[tokio::test]
async fn debug_shows_no_key_and_no_payload() {
    let (store, _) = store();
    create(&store, key(1), &record(1, 100)).await;
    let row = store.table().lookup(&key(1)).unwrap();
    let shown = format!("{store:?} {row:?} {:?} {:?}", store.table().rows(), store.table().info());
    assert!(shown.contains("size: 1") && !shown.contains("payload 1"), "{shown}");
    assert!(!shown.contains(&key(1).encode()));
}
