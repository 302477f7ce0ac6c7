//! What the near cache tells of itself in figures.
#![cfg(all(feature = "metrics", feature = "near"))]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use session_core::{CookieConfig, Near, Owner, Sessions, Tells};
use support::faulty::{Faulty, Feed, Told};
use support::{Browser, builder, count, store};
use tokio::time::advance;

/// Gives the figures of the near cache, by what their names do not share and the scope.
fn figures(handle: &PrometheusHandle) -> BTreeMap<String, u64> {
    let text = handle.render();
    let lines = text.lines().filter_map(|line| line.strip_prefix("session_near_"));
    let figures = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap();
        let labels = labels.trim_end_matches('}').split(',').map(|label| label.split('"').nth(1).unwrap());
        let name = [vec![name], labels.collect()].concat().join(" ");
        (name, value.parse::<f64>().unwrap() as u64)
    });
    figures.collect()
}

fn told(figures: &[(&str, u64)]) -> BTreeMap<String, u64> {
    figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

/// Sees a page of a session.
async fn page(browser: &Browser, sessions: &Sessions) -> Option<u64> {
    browser.tab().by("GET").read(sessions, "n").await
}

async fn all_is_done() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn hits_misses_and_what_is_kept_are_counted_from_the_start() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _listening = metrics::set_default_local_recorder(&recorder);
    let feed = Arc::new(Told(Default::default(), Tells::Changes));
    let backend = store();
    let fed = Faulty::fed_by(backend.clone(), Feed::Test(Arc::clone(&feed)));
    let near = Near::default().with_max_bytes(1 << 20);
    let sessions = builder(fed).0.near(near).metrics().build().unwrap();
    let none = [("evicted_total session", 0), ("lost_total session", 0), ("max_bytes session", 1 << 20)];
    let at_first = [("reads_total session hit", 0), ("reads_total session miss", 0), ("bytes session", 0)];
    assert_eq!(figures(&handle), told(&[&none[..], &at_first, &[("sessions session", 0)]].concat()));

    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    // Heard by nobody as yet, so nothing is kept.
    page(&browser, &sessions).await;
    feed.0.resumed();
    all_is_done().await;
    for _ in 0..4 {
        assert_eq!(page(&browser, &sessions).await, Some(1));
    }
    let now = figures(&handle);
    assert!((301..1_000).contains(&now["bytes session"]), "{now:?}");
    assert_eq!((now["reads_total session hit"], now["reads_total session miss"]), (3, 2));
    assert_eq!((now["sessions session"], now["lost_total session"]), (1, 0));
    // Read again, and kept in the place of what was kept.
    advance(Duration::from_secs(10)).await;
    page(&browser, &sessions).await;
    let again = figures(&handle);
    assert_eq!((again["reads_total session hit"], again["reads_total session miss"]), (3, 3));
    assert_eq!((&again["bytes session"], again["sessions session"]), (&now["bytes session"], 1));
    assert_eq!(again["evicted_total session"], 0);

    // What changes something never asks it, and what was kept of the session goes.
    browser.request(&sessions, count).await;
    let changed = figures(&handle);
    assert_eq!((changed["sessions session"], changed["bytes session"]), (0, 0));
    assert_eq!((changed["reads_total session hit"], changed["reads_total session miss"]), (3, 3));
    page(&browser, &sessions).await;
    assert_eq!(figures(&handle)["sessions session"], 1);
    // So does all when nobody tells of changes any more.
    feed.0.lost();
    all_is_done().await;
    feed.0.lost();
    all_is_done().await;
    let lost = figures(&handle);
    assert_eq!((lost["sessions session"], lost["bytes session"], lost["lost_total session"]), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_room_for_is_counted_and_each_sessions_has_its_scope() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _listening = metrics::set_default_local_recorder(&recorder);
    let backend = store();
    let near = Near::default().with_max_bytes(1 << 16).with_stale_reads(Duration::from_secs(1));
    let build = |cookie: &str| {
        let builder = builder(Faulty::fed_by(backend.clone(), Feed::None)).0;
        builder.cookie(CookieConfig::new(cookie.to_owned())).near(near).metrics().build().unwrap()
    };
    let (shop, second_shop, admin) = (build("shop"), build("shop"), build("admin"));
    assert_eq!(figures(&handle)["max_bytes shop"], 2 << 16, "of both");

    const VISITORS: u64 = 500;
    let mut last = Browser::default();
    for number in 0..VISITORS {
        let browser = &mut last;
        *browser = Browser::default();
        browser.request(&shop, |session| session.log_in(Owner::new(format!("user-{number}")).unwrap()).unwrap()).await;
        page(browser, &shop).await;
    }
    let now = figures(&handle);
    assert_eq!((now["reads_total shop hit"], now["reads_total shop miss"]), (0, VISITORS));
    assert_eq!(now["sessions shop"] + now["evicted_total shop"], VISITORS, "{now:?}");
    assert!(now["evicted_total shop"] > 0 && now["sessions shop"] > 0, "{now:?}");
    assert!((1 << 14..=1 << 16).contains(&now["bytes shop"]), "{now:?}");
    assert_eq!((now["reads_total admin miss"], now["sessions admin"]), (0, 0));

    // What is gone keeps nothing, and what is left keeps what it has.
    page(&last, &second_shop).await;
    drop(shop);
    let now = figures(&handle);
    assert_eq!((now["sessions shop"], now["max_bytes shop"]), (1, 1 << 16), "{now:?}");
    assert!((301..1_000).contains(&now["bytes shop"]), "{now:?}");
    drop((second_shop, admin));
    let now = figures(&handle);
    assert_eq!((now["sessions shop"], now["bytes shop"], now["max_bytes shop"], now["max_bytes admin"]), (0, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_kept_near_or_counted_there_is_no_such_figure() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _listening = metrics::set_default_local_recorder(&recorder);
    let _without = builder(store()).0.metrics().build().unwrap();
    let quiet = builder(store()).0.near(Near::default()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&quiet, count).await;
    page(&browser, &quiet).await;
    assert_eq!(figures(&handle), BTreeMap::new());
}
