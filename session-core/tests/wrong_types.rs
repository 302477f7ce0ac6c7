//! What becomes of values whose type has changed: who is told, and what holds.

mod support;

use std::sync::{Arc, Mutex};

use session_core::{CloseOutcome, EventKind, Handled, Key, OnWrongType, Session, SessionError, Sessions};
use support::{Browser, builder, store};

/// As the deployment before had it.
const OLD: Key<String> = Key::new("cart");
/// As it is now.
const CART: Key<Vec<u32>> = Key::new("cart").on_wrong_type(OnWrongType::Absent);
const STRICT: Key<Vec<u32>> = Key::new("cart");

/// What was told of values of another type.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// What is told of the value that the deployment before set.
const TOLD: &str = "the value \"cart\" is not a alloc::vec::Vec<u32>: expected an array, found a string";

/// Sessions, one of which has a value of the deployment before.
async fn after_a_deployment() -> (Sessions, Heard, Browser) {
    let heard = Heard::default();
    let hook = heard.clone();
    let (builder, _) = builder(store());
    // Whoever listens may use the session: it is not locked.
    let sessions = builder.on_event(move |event| {
        if let EventKind::WrongType { error, .. } = event.kind() {
            assert!(event.key().is_some() && matches!(error, SessionError::WrongType { .. }));
            hook.0.lock().unwrap().push(error.to_string());
        }
    });
    let sessions = sessions.build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.insert(OLD, "hunter2".to_owned()).unwrap()).await;
    (sessions, heard, browser)
}

async fn load(browser: &Browser, sessions: &Sessions) -> Session {
    browser.open(sessions).load().await.unwrap()
}

fn push(cart: Option<Vec<u32>>) -> Vec<u32> {
    let mut cart = cart.unwrap_or_default();
    cart.push(7);
    cart
}

#[tokio::test]
async fn without_more_a_wrong_type_is_an_error_and_told_once() {
    let (sessions, heard, browser) = after_a_deployment().await;
    let session = load(&browser, &sessions).await;
    for error in
        [session.get(STRICT).unwrap_err(), session.take(STRICT).unwrap_err(), session.update(STRICT, push).unwrap_err()]
    {
        assert!(
            matches!(&error, SessionError::WrongType { key, misfit, .. } if key == "cart" && misfit.path().is_empty())
        );
        assert_eq!(error.to_string(), TOLD);
    }
    assert_eq!(session.clone().get::<u8>("cart").unwrap_err().http_status(), 500);
    assert_eq!(heard.take(), [TOLD]);
    assert_eq!(session.get(OLD).unwrap().as_deref(), Some("hunter2"));
    // Another request's handle tells again, and nobody is told of what is absent or fits.
    let session = load(&browser, &sessions).await;
    session.get::<u8>("other").unwrap();
    session.get(OLD).unwrap();
    assert_eq!(heard.take(), [""; 0]);
    session.get(STRICT).unwrap_err();
    assert_eq!(heard.take(), [TOLD]);
}

#[tokio::test]
async fn a_key_may_say_that_the_value_is_absent_then() {
    let (sessions, heard, mut browser) = after_a_deployment().await;
    let reads = |session: &Session| {
        assert_eq!(session.get(CART).unwrap(), None);
        assert_eq!(session.take(CART).unwrap(), None);
        // It is there all the same, for servers that know its type.
        assert!(session.contains(CART));
    };
    assert_eq!(browser.request(&sessions, reads).await, CloseOutcome::Unchanged);
    assert_eq!(heard.take(), [TOLD]);
    assert_eq!(load(&browser, &sessions).await.get(OLD).unwrap().as_deref(), Some("hunter2"));
    browser.request(&sessions, |session| assert_eq!(session.update(CART, push).unwrap(), [7])).await;
    assert_eq!(heard.take(), [TOLD]);
    assert_eq!(load(&browser, &sessions).await.get(STRICT).unwrap(), Some(vec![7]));
    assert_eq!(heard.take(), [""; 0]);
}

#[tokio::test]
async fn what_is_set_takes_its_place_untold() {
    let (sessions, heard, mut browser) = after_a_deployment().await;
    browser.request(&sessions, |session| session.insert(CART, vec![1]).unwrap()).await;
    assert_eq!(load(&browser, &sessions).await.get(CART).unwrap(), Some(vec![1]));
    assert_eq!(heard.take(), [""; 0]);
}

#[tokio::test]
async fn a_transaction_does_likewise_and_tells_once() {
    let (sessions, heard, browser) = after_a_deployment().await;
    let session = load(&browser, &sessions).await;
    let failed = session.transaction(|draft| draft.get(STRICT)).await.unwrap_err();
    assert_eq!(failed.to_string(), TOLD);
    session.get(CART).unwrap();
    let cart = session.transaction(|draft| {
        assert_eq!(draft.get(CART)?, None);
        draft.update(CART, push)
    });
    assert_eq!(cart.await.unwrap(), [7]);
    assert_eq!(heard.take(), [TOLD]);
    assert_eq!(load(&browser, &sessions).await.get(STRICT).unwrap(), Some(vec![7]));
}

/// Lets `change` be made on a session in which an old server sets the value meanwhile.
async fn beside_an_old_server(
    change: impl FnOnce(&Session),
) -> (Result<CloseOutcome, SessionError>, Vec<String>, Browser, Sessions) {
    let (sessions, heard, mut browser) = after_a_deployment().await;
    browser.request(&sessions, |session| session.remove(OLD).unwrap()).await;
    let lazy = browser.open(&sessions);
    change(&lazy.load().await.unwrap());
    assert_eq!(heard.take(), [""; 0]);
    browser.request(&sessions, |session| session.insert(OLD, "hunter2".to_owned()).unwrap()).await;
    let outcome = sessions.close(&lazy, Handled::Completed).await.outcome;
    (outcome, heard.take(), browser, sessions)
}

#[tokio::test]
async fn an_update_that_is_made_again_does_likewise() {
    let (outcome, told, browser, sessions) =
        beside_an_old_server(|session| assert_eq!(session.update(CART, push).unwrap(), [7])).await;
    assert_eq!((outcome.unwrap(), told), (CloseOutcome::Written, vec![TOLD.to_owned()]));
    assert_eq!(load(&browser, &sessions).await.get(STRICT).unwrap(), Some(vec![7]));

    let (outcome, told, browser, sessions) =
        beside_an_old_server(|session| assert_eq!(session.update(STRICT, push).unwrap(), [7])).await;
    assert!(matches!(outcome, Err(SessionError::Conflict)));
    assert_eq!(told, [TOLD]);
    assert_eq!(load(&browser, &sessions).await.get(OLD).unwrap().as_deref(), Some("hunter2"));
}

#[tokio::test]
async fn what_is_found_when_a_session_is_read_again_is_told() {
    let (sessions, heard, mut browser) = after_a_deployment().await;
    browser.request(&sessions, |session| session.remove(OLD).unwrap()).await;
    let session = load(&browser, &sessions).await;
    session.update(CART, push).unwrap();
    browser.request(&sessions, |session| session.insert(OLD, "hunter2".to_owned()).unwrap()).await;
    session.reload().await.unwrap();
    assert_eq!(heard.take(), [TOLD]);
    assert_eq!(session.get(CART).unwrap(), Some(vec![7]));
}
