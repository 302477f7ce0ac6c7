//! What a request gets that does not prove where it comes from.

use std::time::Duration;

use session_core::{OnUnproven, ReadOnly};

use super::support::{MINUTE, count};
use super::visitor::{Device, Visitor};
use super::{LATER, bound, has, sessions};

#[tokio::test]
async fn a_stolen_cookie_is_an_empty_session_and_the_visitors_own_goes_on() {
    let (sessions, clock, told) = sessions(bound());
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    ann.visit(count).await;
    clock.advance(LATER);
    let mut thief = ann.without_device();
    let answer = thief
        .visit(|session| {
            assert_eq!(session.read_only(), Some(ReadOnly::Unproven));
            assert!(session.owner().is_none() && session.keys().is_empty());
        })
        .await;
    assert_eq!(answer.cookies(), 0);
    assert_eq!(thief.visit(count).await.status, 409, "nothing is saved");
    assert!(has(&told, "device_unproven"));
    // With the whole jar it works until the device cookie has run out.
    let mut thief = ann.clone();
    assert_eq!(thief.who().await.as_deref(), Some("ann"));
    clock.advance(MINUTE * 10 + LATER);
    assert_eq!(thief.who().await, None);
    assert_eq!(thief.prove(&id, &Device::new()).await.status, 403);
    assert_eq!(ann.prove(&id, &device).await.status, 200);
    ann.visit(|session| assert_eq!(session.get::<u64>("n").unwrap(), Some(1))).await;
}

#[tokio::test]
async fn until_the_browser_has_presented_its_cookie_nobody_is_asked_for_it() {
    let (sessions, clock, _) = sessions(bound());
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let offer = ann.sign_in("ann").await.offered().unwrap();
    // The answer is lost, so the browser does not know that the session is bound.
    let mut lost = ann.clone();
    lost.register(&device.registration(&offer)).await;
    clock.advance(LATER * 10);
    assert_eq!(ann.who().await.as_deref(), Some("ann"));
    // From the first time on, all have to; but for those that were on their way.
    assert_eq!(lost.who().await.as_deref(), Some("ann"));
    clock.advance(LATER - Duration::from_secs(2));
    assert_eq!(ann.who().await.as_deref(), Some("ann"));
    clock.advance(Duration::from_secs(2));
    assert_eq!(ann.who().await, None);
    assert_eq!(lost.who().await.as_deref(), Some("ann"));
}

#[tokio::test]
async fn a_step_up_is_no_fresh_proof_and_all_else_goes_on() {
    let (sessions, clock, told) = sessions(bound().on_unproven(OnUnproven::StepUp));
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    ann.bind("ann", &device).await;
    clock.advance(LATER);
    ann.visit(|session| assert!(session.is_authenticated_within(MINUTE))).await;
    let mut other = ann.without_device();
    other
        .visit(|session| {
            count(session);
            assert!(!session.is_authenticated_within(MINUTE * 60));
            assert_eq!(session.owner().unwrap().as_str(), "ann");
        })
        .await;
    assert!(has(&told, "device_unproven"));
    // Who proves who they are, there and then, is believed, and binds the device that they are on now.
    let offer = other.sign_in("ann").await.offered().unwrap();
    other.visit(|session| assert!(session.is_authenticated_within(MINUTE))).await;
    assert_eq!(other.register(&Device::new().registration(&offer)).await.status, 200);
}

#[tokio::test]
async fn where_it_is_only_logged_all_goes_on() {
    let (sessions, clock, told) = sessions(bound().on_unproven(OnUnproven::Log));
    let mut ann = Visitor::of(&sessions);
    ann.bind("ann", &Device::new()).await;
    clock.advance(LATER);
    let answer = ann.without_device().visit(|session| assert!(session.is_authenticated_within(MINUTE))).await;
    assert_eq!(answer.status, 200);
    assert!(has(&told, "device_unproven"));
}

#[tokio::test]
async fn a_browser_that_could_not_refresh_gets_what_was_chosen_for_that() {
    for (policy, expected) in [(None, None), (Some(OnUnproven::Log), Some("ann"))] {
        let chosen = policy.map_or_else(bound, |policy| bound().on_skipped(policy));
        let (sessions, clock, told) = sessions(chosen);
        let mut ann = Visitor::of(&sessions);
        ann.bind("ann", &Device::new()).await;
        clock.advance(LATER);
        let mut other = ann.without_device();
        assert_eq!(other.who().await, None);
        assert!(!has(&told, "device_skipped"));
        other.headers.push(("secure-session-skipped", "unreachable;session_identifier=\"x\"".to_owned()));
        assert_eq!(other.who().await.as_deref(), expected);
        assert!(has(&told, "device_skipped"));
    }
}

#[tokio::test]
async fn a_logout_ends_the_session_whoever_asks() {
    let (sessions, clock, _) = sessions(bound());
    let mut ann = Visitor::of(&sessions);
    ann.bind("ann", &Device::new()).await;
    clock.advance(LATER);
    let mut other = ann.without_device();
    other.visit(session_core::Session::log_out).await;
    assert!(other.jar.is_empty());
    assert_eq!(ann.who().await, None);
}

#[tokio::test]
async fn a_stolen_cookie_is_no_way_to_the_owners_values_as_somebody_else() {
    let (sessions, clock, _) = sessions(bound());
    let mut ann = Visitor::of(&sessions);
    ann.bind("ann", &Device::new()).await;
    ann.visit(count).await;
    clock.advance(LATER);
    let mut thief = ann.without_device();
    thief.sign_in("eve").await;
    thief.visit(|session| assert!(session.keys().is_empty())).await;
}
