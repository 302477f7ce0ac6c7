//! What registrations and refreshes cost, whoever sends them.

use super::support::faulty::Faulty;
use super::support::{MINUTE, builder, store};
use super::visitor::{Device, Visitor};
use super::{LATER, bound};

const FLOOD: usize = 1_000;

#[tokio::test]
async fn strangers_cost_a_look_up_at_most_and_no_signature_and_write_nothing() {
    let store = Faulty::new(store());
    let (builder, _) = builder(store.clone());
    let sessions = builder.device_bound(bound()).build().unwrap();
    let device = Device::new();
    let (proof, registration) = (device.proof("c0"), device.registration("c0"));
    let mut stranger = Visitor::of(&sessions);
    for number in 0..FLOOD {
        // No cookie: not even that.
        assert!(stranger.refresh("a", Some(proof.clone())).await.is_over());
        assert_eq!(stranger.register(&registration).await.status, 403);
        assert_eq!(store.calls(), [""; 0]);
        let id = format!("{number:0>42}A");
        stranger.jar.insert("__Host-Http-session".to_owned(), id);
        assert!(stranger.refresh("a", Some(proof.clone())).await.is_over());
        assert_eq!(stranger.register(&registration).await.status, 403);
        assert_eq!(store.calls(), ["get", "get"]);
        stranger.jar.clear();
    }
    // What is no proof at all is no reason to look.
    stranger.jar.insert("__Host-Http-session".to_owned(), format!("{:0>42}A", 1));
    assert_eq!(stranger.register(&"x".repeat(1 << 20)).await.status, 403);
    assert_eq!(store.calls(), [""; 0]);
}

#[tokio::test]
async fn a_storm_of_refreshes_reads_and_never_writes_and_is_forgotten_in_minutes() {
    let store = Faulty::new(store());
    let (builder, clock) = builder(store.clone());
    let told = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let hook = std::sync::Arc::clone(&told);
    let builder = builder.device_bound(bound()).on_event(move |event| {
        let counts = matches!(event.kind().name(), "device_proved" | "device_refused");
        hook.fetch_add(usize::from(counts), std::sync::atomic::Ordering::Relaxed);
    });
    let sessions = builder.build().unwrap();
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    clock.advance(LATER);
    store.calls();
    for _ in 0..FLOOD {
        assert_eq!(ann.prove(&id, &device).await.status, 200);
        assert_eq!(store.calls(), ["get", "get"]);
    }
    // Each is counted, and so is each that is refused.
    let thief = Device::new();
    let challenge = ann.refresh(&id, None).await.challenge();
    for _ in 0..FLOOD {
        assert_eq!(ann.refresh(&id, Some(thief.proof(&challenge))).await.status, 403);
    }
    assert!(store.calls().iter().all(|call| *call == "get"));
    assert_eq!(told.load(std::sync::atomic::Ordering::Relaxed), 2 * FLOOD);
    clock.advance(MINUTE * 5);
    assert_eq!(ann.prove(&id, &device).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_at_once_read_and_never_write_and_one_proof_is_taken_once() {
    const AT_ONCE: usize = 200;
    let store = Faulty::new(store());
    let (builder, clock) = builder(store.clone());
    let sessions = builder.device_bound(bound()).build().unwrap();
    let (mut ann, device) = (Visitor::of(&sessions), Device::new());
    let id = ann.bind("ann", &device).await;
    clock.advance(LATER);
    let same = device.proof(&ann.refresh(&id, None).await.challenge());
    let mut each = Vec::new();
    for _ in 0..AT_ONCE {
        each.push(device.proof(&ann.refresh(&id, None).await.challenge()));
    }
    store.calls();
    for (proofs, taken) in [(each, AT_ONCE), (vec![same; AT_ONCE], 1)] {
        let refreshes: Vec<_> = proofs
            .into_iter()
            .map(|proof| {
                let (mut ann, id) = (ann.clone(), id.clone());
                tokio::spawn(async move { ann.refresh(&id, Some(proof)).await })
            })
            .collect();
        let mut cookies = 0;
        for refresh in refreshes {
            cookies += refresh.await.unwrap().cookies();
        }
        assert_eq!(cookies, taken);
        assert_eq!(store.calls(), ["get"; AT_ONCE]);
    }
}
