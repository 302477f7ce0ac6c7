//! What the feature `metrics` tells of connections.
#![cfg(all(feature = "metrics", feature = "sqlite"))]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use session_sql::session_core::{BoxError, SessionStore};
use session_sql::sqlx::{self, Connection, Executor, SqliteConnection};
use session_sql::{SqlConfig, SqliteStore};
use support::bed::{create, key, record};

/// Gives the gauges by what their names do not share.
fn gauges(figures: &PrometheusHandle) -> BTreeMap<String, f64> {
    let text = figures.render();
    let gauges = text.lines().filter_map(|line| line.strip_prefix("session_sql_connections_"));
    let gauges = gauges.map(|line| {
        let (name, value) = line.split_once("{database=\"SQLite\"} ").unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    gauges.collect()
}

#[tokio::test]
async fn connections_are_counted_while_they_are_used_and_waited_for() -> Result<(), BoxError> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let figures = recorder.handle();
    let _listening = metrics::set_default_local_recorder(&recorder);
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("sessions.db").display());
    let store = SqliteStore::from_url_with(&url, SqlConfig::default().with_max_connections(3))?;
    let told = |used: f64, waiting: f64, max: f64| {
        BTreeMap::from([("used".to_owned(), used), ("waiting".to_owned(), waiting), ("max".to_owned(), max)])
    };
    // The dashboard asks for these, and for no other.
    let dashboard = include_str!("../../session-core/docs/dashboard.json");
    let asked = dashboard.split("session_sql_connections_").skip(1).map(|rest| rest.split(')').next().unwrap());
    assert_eq!(asked.collect::<Vec<_>>(), ["used", "waiting", "max"]);
    assert!(!dashboard.replace("session_sql_connections_", "").contains("session_sql_"));
    let most = gauges(&figures)["max"];
    assert!(most >= 3.0);
    assert_eq!(gauges(&figures), told(0.0, 0.0, most), "they are there from the start");
    store.init().await?;
    assert_eq!(gauges(&figures), told(0.0, 0.0, most));

    // Somebody else has the one writer.
    let mut other = SqliteConnection::connect(&url).await?;
    other.execute("BEGIN IMMEDIATE").await?;
    let writes = async {
        let (first, second) = (record(1, 1_000), record(2, 1_000));
        tokio::join!(create(&store, key(1), &first), create(&store, key(2), &second));
        Ok::<_, BoxError>(())
    };
    let looks = async {
        let begun = Instant::now();
        while gauges(&figures) != told(1.0, 1.0, most) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", gauges(&figures));
            tokio::task::yield_now().await;
        }
        sqlx::query("COMMIT").execute(&mut other).await?;
        Ok::<_, BoxError>(())
    };
    tokio::try_join!(writes, looks)?;
    assert_eq!(gauges(&figures), told(0.0, 0.0, most));
    drop(store);
    let begun = Instant::now();
    while gauges(&figures) != told(0.0, 0.0, 0.0) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", gauges(&figures));
        tokio::task::yield_now().await;
    }
    Ok(())
}
