//! When the owner last proved who they are, the presets, and the page of the standards.

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use session_core::{CloseOutcome, Expiry, Owner};
use support::{Browser, MINUTE, START, builder, sessions, store};

const HOUR: Duration = Duration::from_secs(3600);

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

#[tokio::test]
async fn what_needs_a_fresh_proof_can_ask_for_one() {
    let (sessions, clock) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| assert!(!session.is_authenticated_within(HOUR))).await;
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    clock.advance(MINUTE * 10);
    browser
        .request(&sessions, |session| {
            assert_eq!(session.authenticated_at(), Some(START));
            assert!(session.is_authenticated_within(MINUTE * 10));
            assert!(!session.is_authenticated_within(MINUTE * 10 - Duration::from_millis(1)));
        })
        .await;
    let listed = sessions.list(&ann()).await.unwrap();
    assert_eq!(listed[0].authenticated_at(), Some(START));
    browser.request(&sessions, |session| session.log_out()).await;
    browser.request(&sessions, |session| assert!(!session.is_authenticated_within(HOUR))).await;
}

#[tokio::test]
async fn a_new_proof_gives_a_new_id_and_a_new_time() {
    let (sessions, clock) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    clock.advance(HOUR);
    let old = browser.clone();
    assert_eq!(browser.request(&sessions, |s| s.log_in(ann()).unwrap()).await, CloseOutcome::Renewed);
    assert!(!old.is_known(&sessions).await);
    browser.request(&sessions, |session| assert_eq!(session.authenticated_at(), Some(START + HOUR))).await;
    // A mere renewal is no proof.
    clock.advance(HOUR);
    browser.request(&sessions, |session| session.renew().unwrap()).await;
    browser.request(&sessions, |session| assert_eq!(session.authenticated_at(), Some(START + HOUR))).await;
}

#[tokio::test]
async fn a_new_proof_begins_both_timeouts_anew() {
    let (builder, clock) = builder(store());
    let sessions = builder.expiry(Expiry::NIST_AAL2).build().unwrap();
    let mut browser = Browser::default();
    for proof in 0..3 {
        browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
        for hour in 0..24 {
            clock.advance(HOUR - MINUTE);
            browser.request(&sessions, |session| assert!(!session.is_new(), "{hour} after {proof}")).await;
        }
    }
    clock.advance(MINUTE * 24);
    assert!(!browser.is_known(&sessions).await, "a day after the last proof");
}

#[tokio::test]
async fn the_presets_end_sessions_when_their_standards_say() {
    for (expiry, idle, absolute) in [
        (Expiry::NIST_AAL1, None, HOUR * 24 * 30),
        (Expiry::NIST_AAL2, Some(HOUR), HOUR * 24),
        (Expiry::NIST_AAL3, Some(MINUTE * 15), HOUR * 12),
        (Expiry::ASVS_L1, None, HOUR * 24 * 30),
        (Expiry::ASVS_L2, Some(MINUTE * 30), HOUR * 12),
        (Expiry::ASVS_L3, Some(MINUTE * 15), HOUR * 12),
    ] {
        for (step, end) in [(idle.unwrap_or(absolute), idle.unwrap_or(absolute)), (MINUTE * 10, absolute)] {
            let (builder, clock) = builder(store());
            let sessions = builder.expiry(expiry).build().unwrap();
            let mut browser = Browser::default();
            browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
            let mut lived = Duration::ZERO;
            while lived + step < end {
                clock.advance(step);
                lived += step;
                browser.request(&sessions, |session| assert!(!session.is_new(), "{expiry:?} after {lived:?}")).await;
            }
            clock.advance(end - lived);
            assert!(!browser.is_known(&sessions).await, "{expiry:?} by steps of {step:?}");
        }
    }
}

#[test]
fn every_test_that_the_page_of_the_standards_names_is_there() {
    // The published package has neither the page's tests nor this one.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("STANDARDS.md")).unwrap();
    let lines: Vec<_> = page.lines().collect();
    // All rows of all tables but their heads.
    let rows = lines.windows(2).filter(|pair| pair[0].starts_with("| ") && !pair[1].starts_with("|---"));
    let rows: Vec<_> = rows.map(|pair| pair[0]).collect();
    assert!(rows.len() >= 100, "{} rows", rows.len());
    for row in rows {
        let tests: Vec<_> = row.split("[`").skip(1).collect();
        // What is left to the application, or not done, has nothing to show, and says so.
        let has_none = ["| the application's", "| not met"].iter().any(|here| row.contains(here));
        assert!(has_none || !tests.is_empty(), "no test for {row}");
        for test in tests {
            let (name, rest) = test.split_once("`](").unwrap();
            let path = rest.split(')').next().unwrap();
            let source = fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            let is_there = ['(', '<'].iter().any(|next| source.contains(&format!("fn {name}{next}")));
            assert!(is_there, "{path} has no {name}");
        }
    }
}
