//! How a session is bound, and what ends that.

use session_core::{BindingOffer, Owner, SessionError};

use super::visitor::{Device, Visitor};
use super::{LATER, bound, has, sessions, sessions_with};

#[tokio::test]
async fn a_login_offers_it_and_nothing_else_does() {
    let (sessions, _, told) = sessions(bound());
    let mut ann = Visitor::of(&sessions);
    assert_eq!(ann.visit(super::support::count).await.offered(), None);
    assert!(ann.sign_in("ann").await.offered().is_some());
    for _ in 0..3 {
        assert_eq!(ann.visit(super::support::count).await.offered(), None);
    }
    assert_eq!(ann.visit(|session| session.renew().unwrap()).await.offered(), None);
    assert!(ann.sign_in("ann").await.offered().is_some());
    assert!(has(&told, "device_offered") && !has(&told, "device_unproven"));
    assert_eq!(ann.who().await.as_deref(), Some("ann"), "a browser that cannot notices nothing");
    assert_eq!(sessions.list(&Owner::new("ann").unwrap()).await.unwrap()[0].bound_at(), None);
}

#[tokio::test]
async fn a_login_that_was_not_stored_offers_nothing() {
    let (sessions, ..) = sessions(bound());
    let ann = Visitor::of(&sessions);
    let lazy = ann.open("/login");
    lazy.load().await.unwrap().log_in(Owner::new("ann").unwrap()).unwrap();
    let closed = sessions.close(&lazy, session_core::Handled::Failed).await;
    assert_eq!(closed.binding_offer, None);
}

#[tokio::test]
async fn a_committed_login_offers_it_with_its_response() {
    let (sessions, ..) = sessions(bound());
    let mut ann = Visitor::of(&sessions);
    let lazy = ann.open("/login");
    let session = lazy.load().await.unwrap();
    session.log_in(Owner::new("ann").unwrap()).unwrap();
    session.commit().await.unwrap();
    let answer = ann.keep(sessions.close(&lazy, session_core::Handled::Completed).await);
    let offer = answer.offered().unwrap();
    assert_eq!(ann.register(&Device::new().registration(&offer)).await.status, 200);
}

#[tokio::test]
async fn the_application_may_ask_for_it_but_not_before_somebody_is_signed_in() {
    let (sessions, ..) = sessions(bound().with_offer(BindingOffer::WhereAsked));
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    ann.visit(|session| {
        super::support::count(session);
        assert!(matches!(session.offer_binding(), Err(SessionError::SignIn(_))));
    })
    .await;
    assert_eq!(ann.sign_in("ann").await.offered(), None);
    let offer = ann.visit(|session| session.offer_binding().unwrap()).await.offered().unwrap();
    assert_eq!(ann.register(&device.registration(&offer)).await.status, 200);
    // One that is bound stays so.
    assert_eq!(ann.visit(|session| session.offer_binding().unwrap()).await.offered(), None);
    assert!(ann.visit(|session| assert!(session.bound_at().is_some())).await.offered().is_none());
}

#[tokio::test]
async fn a_key_is_registered_once_and_by_the_challenge_of_its_login() {
    let (sessions, clock, told) = sessions(bound());
    let (mut ann, device, other) = (Visitor::of(&sessions), Device::new(), Device::new());
    let offer = ann.sign_in("ann").await.offered().unwrap();
    let mut bob = Visitor::of(&sessions);
    let bobs = bob.sign_in("bob").await.offered().unwrap();
    for wrong in [bobs.as_str(), "", "c0", &offer[1..]] {
        assert_eq!(ann.register(&device.registration(wrong)).await.status, 403, "{wrong}");
    }
    // Nobody else's key, and nobody without the session.
    let forged = device.sign(&serde_json::json!({ "alg": "ES256", "typ": "dbsc+jwt", "jwk": other.jwk() }), &offer);
    assert_eq!(ann.register(&forged).await.status, 403);
    assert_eq!(Visitor::of(&sessions).register(&device.registration(&offer)).await.status, 403);
    let mut other_site = ann.clone();
    other_site.headers.push(("sec-fetch-site", "cross-site".to_owned()));
    assert_eq!(other_site.register(&device.registration(&offer)).await.status, 403);
    assert!(!has(&told, "device_bound"));

    let answer = ann.register(&format!("\"{}\"", device.registration(&offer))).await;
    assert_eq!((answer.status, answer.cookies()), (200, 1), "{answer:?}");
    assert!(has(&told, "device_bound") && has(&told, "device_refused"));
    for again in [&device, &other] {
        assert_eq!(ann.register(&again.registration(&offer)).await.status, 403);
    }
    // Too late.
    let offer = bob.sign_in("bob").await.offered().unwrap();
    clock.advance(super::support::MINUTE * 2);
    assert_eq!(bob.register(&device.registration(&offer)).await.status, 403);
}

#[tokio::test]
async fn it_survives_renewals_and_concurrent_writes_and_is_listed() {
    let (sessions, clock, _) = sessions(bound());
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let offer = ann.sign_in("ann").await.offered().unwrap();
    // These have read the session before it is bound, and write after it.
    let slow: Vec<_> = (0..8).map(|_| ann.open("/count")).collect();
    for lazy in &slow {
        super::support::count(&lazy.load().await.unwrap());
    }
    let id = ann.register(&device.registration(&offer)).await.id();
    for lazy in &slow {
        sessions.close(lazy, session_core::Handled::Completed).await.outcome.unwrap();
    }
    ann.visit(|session| assert_eq!(session.get::<u64>("n").unwrap(), Some(8))).await;
    ann.visit(|session| session.renew().unwrap()).await;
    clock.advance(LATER);
    assert_eq!(ann.without_device().who().await, None);
    assert_eq!(ann.who().await.as_deref(), Some("ann"));
    assert_eq!(ann.prove(&id, &device).await.id(), id);
    assert_eq!(sessions.list(&Owner::new("ann").unwrap()).await.unwrap()[0].bound_at(), Some(super::support::START));
}

#[tokio::test]
async fn of_two_keys_that_are_registered_at_once_one_is() {
    let (sessions, ..) = sessions(bound());
    let mut ann = Visitor::of(&sessions);
    let offer = ann.sign_in("ann").await.offered().unwrap();
    let devices = [Device::new(), Device::new()];
    let mut tabs = [ann.clone(), ann.clone()];
    let tokens = [devices[0].registration(&offer), devices[1].registration(&offer)];
    let [first, second] = &mut tabs;
    let (first, second) = tokio::join!(first.register(&tokens[0]), second.register(&tokens[1]));
    let mut both = [first.status, second.status];
    both.sort_unstable();
    assert_eq!(both, [200, 403]);
}

#[tokio::test]
async fn it_never_passes_to_another_owner() {
    let (sessions, clock, _) = sessions(bound());
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    let anns = ann.clone();
    let answer = ann.sign_in("bob").await;
    assert!(answer.offered().is_some() && answer.cookies() == 2, "{answer:?}");
    ann.visit(|session| assert!(session.bound_at().is_none() && !session.is_proven())).await;
    clock.advance(LATER);
    assert_eq!(ann.who().await.as_deref(), Some("bob"), "he has not bound it");
    assert!(ann.refresh(&id, None).await.is_over());
    // Ann's cookie of the device proves nothing here.
    ann.jar.extend(anns.jar.into_iter().filter(|(name, _)| name.ends_with("-device")));
    ann.visit(|session| assert!(!session.is_proven())).await;
}

#[tokio::test]
async fn logout_and_revocation_end_it() {
    for revoked in [false, true] {
        let (sessions, clock, _) = sessions(bound());
        let (mut ann, device) = (Visitor::of(&sessions), Device::new());
        let id = ann.bind("ann", &device).await;
        let mut before = ann.clone();
        if revoked {
            sessions.revoke_all(&Owner::new("ann").unwrap(), None).await.unwrap();
        } else {
            assert_eq!(ann.visit(session_core::Session::log_out).await.cookies(), 2);
            assert!(ann.jar.is_empty(), "{:?}", ann.jar);
        }
        clock.advance(LATER);
        let answer = before.refresh(&id, None).await;
        assert!(answer.is_over() && answer.id() == id, "{answer:?}");
        assert!(!before.jar.keys().any(|name| name.ends_with("-device")));
    }
}

#[tokio::test]
async fn a_fresh_proof_of_identity_keeps_it_and_one_without_the_device_offers_it_anew() {
    let (sessions, clock, _) = sessions(bound());
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    assert_eq!(ann.sign_in("ann").await.offered(), None);
    clock.advance(LATER);
    assert_eq!(ann.prove(&id, &device).await.id(), id);

    // The device has lost its key: with the password she goes on with what she had, and binds it anew.
    ann.visit(super::support::count).await;
    let mut moved = ann.without_device();
    assert_eq!(moved.who().await, None);
    let offer = moved.sign_in("ann").await.offered().unwrap();
    moved.visit(|session| assert_eq!(session.get::<u64>("n").unwrap(), Some(1))).await;
    let other = Device::new();
    let answer = moved.register(&other.registration(&offer)).await;
    assert_ne!(answer.id(), id);
    assert!(moved.refresh(&id, None).await.is_over());
}

#[tokio::test]
async fn two_kinds_of_sessions_know_nothing_of_each_others() {
    let (shop, _, _) = sessions(bound());
    let (admin, clock, _) = sessions_with(bound(), |builder| builder.cookie(session_core::CookieConfig::new("admin")));
    let (mut ann, device) = (Visitor::of(&shop), Device::new());
    ann.bind("ann", &device).await;
    let mut boss = Visitor::of(&admin);
    boss.bind("ann", &device).await;
    let value = ann.jar.remove("__Host-session-device").unwrap();
    boss.jar.insert("__Host-admin-device".to_owned(), value);
    clock.advance(LATER);
    assert_eq!(boss.who().await, None);
}
