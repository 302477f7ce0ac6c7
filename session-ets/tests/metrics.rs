//! What the feature `metrics` tells.

#![cfg(feature = "metrics")]

mod common;

use common::{at, create, key, record, sweep};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use session_ets::session_core::SessionStore;
use session_ets::{EtsStore, Table};

#[tokio::test]
async fn each_sweep_tells_how_many_records_are_left() {
    let recorder = DebuggingRecorder::new();
    let figures = recorder.snapshotter();
    let _listening = metrics::set_default_local_recorder(&recorder);
    let (named, private) = (EtsStore::new(Table::new("counted").unwrap()), EtsStore::new(Table::private()));
    for number in 0..5 {
        create(&named, key(number), &record(number, 100 + number)).await;
    }
    let told = || {
        let told = figures.snapshot().into_vec().into_iter().map(|(figure, _, description, value)| {
            let (_, figure) = figure.into_parts();
            assert_eq!(figure.name(), "session_table_records");
            assert!(description.is_some());
            let table = figure.labels().map(|label| label.value().to_owned()).collect::<String>();
            let DebugValue::Gauge(records) = value else { panic!("{value:?}") };
            (table, records.into_inner() as u64)
        });
        let mut told: Vec<_> = told.collect();
        told.sort();
        told
    };

    assert_eq!(sweep(&named, 101, 1).await, 1);
    assert_eq!(told(), [("counted".to_owned(), 4)]);
    assert_eq!(sweep(&private, 101, 1).await, 0);
    assert!(named.delete(&key(4)).await.unwrap());
    assert_eq!(sweep(&named, 101, 10).await, 1);
    assert_eq!(told(), [("counted".to_owned(), 2), ("private".to_owned(), 0)]);
    assert!(named.get(&key(2)).await.unwrap().is_some_and(|record| record.expires_at == at(102)));
}
