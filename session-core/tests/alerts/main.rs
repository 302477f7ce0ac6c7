//! Which alert fires when: the rules and the dashboard in `docs`, tried by Prometheus' own tool on what an exporter writes
//! through an outage, a slow store, a bad deployment, a flood and the like.
#![cfg(all(feature = "metrics", feature = "near", feature = "sealed"))]

#[path = "../support/mod.rs"]
mod support;

mod history;
mod promtool;
mod site;

use std::collections::BTreeSet;

use history::History;
use site::{Site, Trouble};

const RULES: &str = include_str!("../../docs/alerts.yml");
const DASHBOARD: &str = include_str!("../../docs/dashboard.json");

/// How many minutes of quiet come first, since a flood is judged by the hour before.
const QUIET: usize = 80;

/// What goes wrong, for ten minutes each, and which alerts have come five minutes later.
const TROUBLES: [(Trouble, &[&str]); 8] = [
    (Trouble::Down, &["SessionStoreFailing"]),
    (Trouble::Hangs, &["SessionStoreFailing", "SessionStoreSlow"]),
    (Trouble::Slow, &["SessionStoreSlow"]),
    (Trouble::Full, &["SessionStoreFailing", "SessionStoreRefuses"]),
    (Trouble::NoKey, &["SessionsUnreadable"]),
    (Trouble::Flood, &["SessionFlood"]),
    (Trouble::Guessing, &["SessionIdsUnknown"]),
    (Trouble::FastClock, &["SessionClocksApart"]),
];

/// How long each lasts, and how long it is quiet after it: longer than what the rules look back.
const LASTS: usize = 10;
const PAUSE: usize = 20;

#[tokio::test(start_paused = true)]
async fn each_trouble_raises_its_alerts_and_no_other_and_quiet_raises_none() {
    let mut history = History::new();
    let mut site = Site::new(&mut history).await;
    let mut expected = Vec::new();
    for _ in 0..QUIET {
        site.minute(Trouble::None, &mut history).await;
    }
    expected.push((QUIET - 1, BTreeSet::new()));
    for (trouble, alerts) in TROUBLES {
        let began = history.minutes();
        for _ in 0..LASTS {
            site.minute(trouble, &mut history).await;
        }
        expected.push((began + 5, alerts.iter().copied().collect()));
        for _ in 0..PAUSE {
            site.minute(Trouble::None, &mut history).await;
        }
        expected.push((history.minutes() - 1, BTreeSet::new()));
    }
    let began = history.minutes();
    for _ in 0..70 {
        site.minute(Trouble::NoSweeper, &mut history).await;
    }
    expected.push((began + 55, BTreeSet::new()));
    expected.push((began + 65, ["SessionsNotSwept"].into()));

    let known: BTreeSet<_> = TROUBLES.iter().flat_map(|(_, alerts)| *alerts).copied().collect();
    let rules: BTreeSet<_> = RULES.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let left: Vec<_> = rules.iter().filter(|rule| !known.contains(*rule)).collect();
    // The store of this test does not panic.
    assert_eq!(left, [&"SessionSweepPanicked", &"SessionsNotSwept"], "an alert that nothing here raises");
    promtool::fires(&history, &expected);
}

#[tokio::test(start_paused = true)]
async fn rules_and_dashboard_ask_for_figures_that_there_are_from_the_start() {
    let mut history = History::new();
    let mut site = Site::new(&mut history).await;
    let there = history.names();
    let words = |text: &'static str| {
        let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.split(move |c| !is_of_a_name(c)).filter(|word| word.starts_with("session_"))
    };
    let is_of_sql = |text: &str| text.contains("session_sql_");
    let asked = words(RULES).chain(words(DASHBOARD)).filter(|word| !word.ends_with("_bucket"));
    // The figures of connections are session-sql's, whose tests look for them.
    for word in asked.filter(|word| !is_of_sql(word)) {
        assert!(there.contains(word), "{word} is not among {there:?}");
    }
    for _ in 0..10 {
        site.minute(Trouble::Down, &mut history).await;
        site.minute(Trouble::None, &mut history).await;
    }
    let mut questions = promtool::expressions(DASHBOARD);
    questions.retain(|question| !is_of_sql(question));
    assert!(questions.len() > 10);
    promtool::shows(&history, &questions);
}
