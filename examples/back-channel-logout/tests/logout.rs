//! What a provider's logout tokens end, and which tokens end nothing.

mod support;

use axum::http::StatusCode;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use session_conformance::{FaultRates, FaultyStore};
use session_ets::{EtsStore, Table};
use sha2::Sha256;
use support::{Browser, Signer, Site, claims, logout_claims, raw, unique, with};

/// Ann at two browsers, and Bob at one.
async fn signed_in(site: &Site) -> [Browser; 3] {
    [
        site.browser("ann", Some("ann-1")).await,
        site.browser("ann", Some("ann-2")).await,
        site.browser("bob", Some("bob-1")).await,
    ]
}

async fn who_is_in(site: &Site, browsers: &mut [Browser; 3]) -> [bool; 3] {
    let [one, two, three] = browsers;
    [one.is_signed_in(site).await, two.is_signed_in(site).await, three.is_signed_in(site).await]
}

#[tokio::test]
async fn a_token_ends_what_it_names_and_nothing_else() {
    for (names, left) in [
        (json!({ "sub": "ann" }), [false, false, true]),
        (json!({ "sid": "ann-2" }), [true, false, true]),
        (json!({ "sub": "ann", "sid": "ann-1" }), [false, true, true]),
        // Another's session is not ended in somebody's name.
        (json!({ "sub": "ann", "sid": "bob-1" }), [true, true, true]),
        (json!({ "sub": "nobody" }), [true, true, true]),
        (json!({ "sid": "" }), [true, true, true]),
    ] {
        let site = Site::new();
        let mut browsers = signed_in(&site).await;
        assert_eq!(site.send(&site.provider.logout(&names)).await.0, StatusCode::OK, "{names}");
        assert_eq!(who_is_in(&site, &mut browsers).await, left, "{names}");
    }
}

#[tokio::test]
async fn a_session_without_a_sid_is_ended_by_its_user_alone() {
    let site = Site::new();
    let mut browser = site.browser("ann", None).await;
    for names in [json!({ "sid": "ann-1" }), json!({ "sub": "ann", "sid": "ann-1" })] {
        assert_eq!(site.send(&site.provider.logout(&names)).await.0, StatusCode::OK);
        assert!(browser.is_signed_in(&site).await, "{names}");
    }
    assert_eq!(site.send(&site.provider.logout(&json!({ "sub": "ann" }))).await.0, StatusCode::OK);
    assert!(!browser.is_signed_in(&site).await);
}

#[tokio::test]
async fn one_of_hundreds_is_found_by_its_sid() {
    let site = Site::new();
    let mut browsers = Vec::new();
    for number in 0..250 {
        browsers.push(site.browser(&format!("user-{number}"), Some(&format!("sid-{number}"))).await);
    }
    assert_eq!(site.send(&site.provider.logout(&json!({ "sid": "sid-170" }))).await.0, StatusCode::OK);
    for (number, browser) in browsers.iter_mut().enumerate() {
        assert_eq!(browser.is_signed_in(&site).await, number != 170, "{number}");
    }
}

#[tokio::test]
async fn a_token_that_is_sent_again_ends_nothing() {
    let site = Site::new();
    let mut browser = site.browser("ann", Some("ann-1")).await;
    let token = site.provider.logout(&json!({ "sub": "ann" }));
    assert_eq!(site.send(&token).await.0, StatusCode::OK);
    browser.sign_in(&site, "ann", Some("ann-2")).await;
    let (status, told) = site.send(&token).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(told.contains("invalid_request") && told.contains("received before"), "{told}");
    assert!(browser.is_signed_in(&site).await);
    assert_eq!(site.send(&site.provider.logout(&json!({ "sub": "ann" }))).await.0, StatusCode::OK);
    assert!(!browser.is_signed_in(&site).await);
}

#[tokio::test]
async fn a_token_that_could_not_do_its_work_is_taken_again() {
    let store = FaultyStore::new(EtsStore::new(Table::private()), 7);
    let site = Site::on(store.clone());
    let mut browser = site.browser("ann", Some("ann-1")).await;
    let token = site.provider.logout(&json!({ "sid": "ann-1" }));
    store.set_rates(FaultRates { refused: 1_000, ..FaultRates::default() });
    let (status, told) = site.send(&token).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(told.contains("server_error"), "{told}");
    store.set_rates(FaultRates::default());
    assert!(browser.is_signed_in(&site).await);
    assert_eq!(site.send(&token).await.0, StatusCode::OK);
    assert!(!browser.is_signed_in(&site).await);
}

#[tokio::test]
async fn a_token_that_is_not_the_providers_for_this_application_and_for_this_ends_nothing() {
    let site = Site::new();
    let mut browsers = signed_in(&site).await;
    let names = json!({ "sub": "ann" });
    let right = with(&logout_claims(), &names);
    let changed = |others: Value| site.provider.sign("logout+jwt", &with(&right, &others));
    let header = |alg: &str| json!({ "alg": alg, "typ": "logout+jwt", "kid": "1" });
    let public = serde_json::to_vec(&site.provider.public).unwrap();
    let tampered = {
        let token = site.provider.logout(&json!({ "sub": "eve" }));
        let mut parts: Vec<_> = token.split('.').collect();
        let ann = raw(&header("ES256"), &right, |_| Vec::new());
        parts[1] = ann.split('.').nth(1).unwrap();
        parts.join(".")
    };
    for (what, token) in [
        ("of another key under the name of one", Signer::new("1").logout(&names)),
        ("of a key that is not known", Signer::new("2").logout(&names)),
        ("of the provider's other key", Signer::new("0").logout(&names)),
        ("changed after it was signed", tampered),
        ("not signed", raw(&header("none"), &right, |_| Vec::new())),
        ("said to be signed otherwise", raw(&header("ES384"), &right, |_| vec![0; 96])),
        (
            "signed by the public key as if that were a secret",
            raw(&header("HS256"), &right, |signed| {
                Hmac::<Sha256>::new_from_slice(&public).unwrap().chain_update(signed).finalize().into_bytes().to_vec()
            }),
        ),
        ("of another provider", changed(json!({ "iss": "https://id.example.net" }))),
        ("of no provider", changed(json!({ "iss": null }))),
        ("for another application", changed(json!({ "aud": "bank" }))),
        ("for no application", changed(json!({ "aud": null }))),
        ("expired", changed(claims(-61))),
        ("without an end", changed(json!({ "exp": null }))),
        ("from the future", changed(json!({ "iat": claims(3_600)["exp"] }))),
        ("without a time", changed(json!({ "iat": null }))),
        ("without an id", changed(json!({ "jti": null }))),
        ("without an event", changed(json!({ "events": null }))),
        ("of another event", changed(json!({ "events": { "https://id.example/event": {} } }))),
        (
            "of an event that is no object",
            changed(json!({ "events": ["http://schemas.openid.net/event/backchannel-logout"] })),
        ),
        ("with a nonce", changed(json!({ "nonce": "n" }))),
        ("of nobody and nothing", changed(json!({ "sub": null }))),
        ("of a user who cannot be", changed(json!({ "sub": "" }))),
        ("an ID token", site.provider.sign("JWT", &with(&claims(120), &json!({ "sub": "ann", "nonce": "n" })))),
        ("an access token", site.provider.sign("at+jwt", &right)),
        ("no token", "ann".to_owned()),
    ] {
        let (status, told) = site.send(&token).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what}: {told}");
        assert!(told.contains("invalid_request") && !told.contains(&token), "{what}: {told}");
        assert_eq!(who_is_in(&site, &mut browsers).await, [true; 3], "{what}");
    }
    // For several applications, of which this is one; and of a provider that says less of the kind.
    let token = site.provider.sign("JWT", &with(&right, &json!({ "aud": ["bank", "shop"], "jti": unique() })));
    assert_eq!(site.send(&token).await.0, StatusCode::OK);
    assert_eq!(who_is_in(&site, &mut browsers).await, [false, false, true]);
}

#[tokio::test]
async fn a_browser_signs_in_by_a_token_that_was_made_for_its_own_sign_in() {
    let site = Site::new();
    let mut browser = site.browser("ann", Some("ann-1")).await;
    let mut thief = site.browser("eve", Some("eve-1")).await;
    let nonce = browser.begin(&site).await;
    let token = |nonce: &str| {
        site.provider.sign("JWT", &with(&claims(300), &json!({ "sub": "ann", "sid": "ann-2", "nonce": nonce })))
    };
    let stolen = token(&nonce);
    thief.begin(&site).await;
    assert_eq!(thief.finish(&site, &stolen).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.finish(&site, &stolen).await, StatusCode::NO_CONTENT);
    assert_eq!(browser.finish(&site, &stolen).await, StatusCode::UNAUTHORIZED, "its nonce is used up");
    // What was signed in anew is found by what the provider calls it now.
    assert_eq!(site.send(&site.provider.logout(&json!({ "sid": "ann-1" }))).await.0, StatusCode::OK);
    assert!(browser.is_signed_in(&site).await);
    assert_eq!(site.send(&site.provider.logout(&json!({ "sid": "ann-2" }))).await.0, StatusCode::OK);
    assert!(!browser.is_signed_in(&site).await);
    assert!(thief.is_signed_in(&site).await);
}
