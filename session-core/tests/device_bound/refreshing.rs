//! How the device proves itself.

use serde_json::json;
use session_core::OnUnproven;

use super::support::faulty::{Fault, Faulty};
use super::support::{MINUTE, builder, store};
use super::visitor::{Device, Visitor};
use super::{LATER, bound, has, sessions};

#[tokio::test]
async fn a_refresh_writes_nothing_and_is_no_use_of_the_session() {
    let (sessions, clock, told) = sessions(bound());
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    let key = sessions.list(&session_core::Owner::new("ann").unwrap()).await.unwrap()[0].session_key();
    let before = sessions.store().get(&key).await.unwrap().unwrap();
    for _ in 0..20 {
        clock.advance(MINUTE * 60);
        assert_eq!(ann.prove(&id, &device).await.status, 200);
    }
    let after = sessions.store().get(&key).await.unwrap().unwrap();
    assert_eq!((before.version, before.last_seen_at), (after.version, after.last_seen_at));
    assert!(has(&told, "device_proved"));
    clock.advance(MINUTE * 60 * 5);
    assert_eq!(ann.who().await, None, "it was not used for a day");
}

#[tokio::test]
async fn several_at_once_go_well_and_each_challenge_is_taken_once() {
    let (sessions, clock, _) = sessions(bound());
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    clock.advance(LATER);
    let mut challenges = Vec::new();
    for _ in 0..5 {
        challenges.push(ann.refresh(&id, None).await.challenge());
    }
    // The one before is good, too, and the order does not matter.
    for challenge in challenges.iter().rev() {
        assert_eq!(ann.refresh(&id, Some(device.proof(challenge))).await.status, 200);
    }
    for challenge in &challenges {
        let again = ann.refresh(&id, Some(device.proof(challenge))).await;
        // Whoever has the key is given another chance.
        assert_eq!(again.cookies(), 0);
        assert_eq!(ann.refresh(&id, Some(device.proof(&again.challenge()))).await.status, 200);
    }
}

#[tokio::test]
async fn a_proof_that_is_not_the_sessions_gives_no_cookie() {
    let (sessions, clock, told) = sessions(bound());
    let (mut ann, device, other) = (Visitor::of(&sessions), Device::new(), Device::new());
    let registered = ann.sign_in("ann").await.offered().unwrap();
    let id = ann.register(&device.registration(&registered)).await.id();
    ann.who().await;
    let mut bob = Visitor::of(&sessions);
    let bobs = bob.bind("bob", &other).await;
    clock.advance(LATER);
    let challenge = ann.refresh(&id, None).await.challenge();
    let bobs_challenge = bob.refresh(&bobs, None).await.challenge();
    let header = |alg: &str| json!({ "alg": alg, "typ": "dbsc+jwt" });
    let unsigned = |alg: &str| device.sign(&header(alg), &challenge).rsplit_once('.').unwrap().0.to_owned() + ".";
    for (what, token) in [
        ("another key", other.proof(&challenge)),
        ("another key that it names", other.registration(&challenge)),
        ("a key that it names, and another that signed", {
            device.sign(&json!({ "alg": "ES256", "typ": "dbsc+jwt", "jwk": other.jwk() }), &challenge)
        }),
        ("no signature", unsigned("none")),
        ("no signature by an algorithm", unsigned("ES256")),
        ("another algorithm", device.sign(&header("RS256"), &challenge)),
        ("a symmetric algorithm", device.sign(&header("HS256"), &challenge)),
        ("another session's challenge", device.proof(&bobs_challenge)),
        ("the challenge of the registration", device.proof(&registered)),
        ("a challenge of its own", device.proof("c0")),
        ("no token", "x".to_owned()),
    ] {
        let answer = ann.refresh(&id, Some(token)).await;
        assert_eq!((answer.status, answer.cookies()), (403, 0), "{what}");
    }
    assert!(has(&told, "device_refused"));
    // Bob's proof, with Ann's cookie and with his name of the session.
    assert!(ann.refresh(&bobs, Some(other.proof(&bobs_challenge))).await.is_over());
    // It names its own key: browsers may.
    assert_eq!(ann.refresh(&id, Some(device.registration(&challenge))).await.status, 200);
    clock.advance(MINUTE * 2);
    let old = ann.refresh(&id, Some(device.proof(&challenge))).await;
    assert_eq!((old.status, old.cookies()), (403, 0));
}

#[tokio::test]
async fn what_nobody_can_judge_now_is_tried_later() {
    let faulty = Faulty::new(store());
    let (builder, clock) = builder(faulty.clone());
    let sessions = builder.device_bound(bound().on_unproven(OnUnproven::Log)).build().unwrap();
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    faulty.next("get", Fault::Down);
    assert_eq!(ann.refresh(&id, None).await.status, 503);
    // A straggler's: its browser has another cookie by now.
    let mut before = ann.clone();
    ann.visit(|session| session.renew().unwrap()).await;
    assert_eq!(before.refresh(&id, None).await.status, 503);
    clock.advance(LATER);
    assert_eq!(ann.prove(&id, &device).await.status, 200);
}

#[tokio::test]
async fn a_request_that_names_no_session_is_told_nothing() {
    let (sessions, ..) = sessions(bound());
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    for name in ["", "\"", "a b", "<script>", &"a".repeat(65)] {
        let answer = ann.refresh(name, None).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.cookies()), (403, "", 0), "{name}");
    }
    assert_eq!(ann.send("/dbsc/refresh", &[]).await.status, 403);
    assert_eq!(ann.refresh(&format!("\"{id}\""), None).await.challenge().matches('.').count(), 2);
    let mut other_site = ann.clone();
    other_site.headers.push(("sec-fetch-site", "cross-site".to_owned()));
    assert_eq!(other_site.refresh(&id, None).await.body, "");
    let mut stranger = Visitor::of(&sessions);
    assert!(stranger.refresh(&id, None).await.is_over());
}
