//! Challenges and device cookies: what they are good for, and how long.

use std::time::Duration;

use super::super::{DeviceBound, Devices, Endpoint, ProofError, Purpose};
use crate::cookie::{CookieConfig, CookiePartition, CookiePrefix, Cookies, SameSite, SigningKey};
use crate::store::{SystemRandom, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn key(byte: u8) -> SigningKey {
    SigningKey::new([byte; 32]).unwrap()
}

fn cookies() -> Cookies {
    CookieConfig::default().build().unwrap()
}

fn devices(keys: &[u8]) -> Devices {
    Devices::new(DeviceBound::new(keys.iter().map(|byte| key(*byte))), &cookies()).unwrap()
}

fn challenge(devices: &Devices, purpose: Purpose, binding: &str) -> String {
    devices.challenge(purpose, binding, NOW, &SystemRandom).unwrap()
}

/// Gives the pair that a request has of what was set.
fn pair(set: &str) -> String {
    set.split(';').next().unwrap().to_owned()
}

#[test]
fn a_challenge_is_for_one_purpose_one_binding_and_two_minutes() {
    let devices = devices(&[1]);
    let it = challenge(&devices, Purpose::Refresh, "a");
    let check = |purpose, binding, after| devices.check_challenge(purpose, binding, &it, NOW + after).map(drop);
    assert_eq!(check(Purpose::Refresh, "a", Duration::ZERO), Ok(()));
    assert_eq!(check(Purpose::Refresh, "a", 119 * SECOND), Ok(()));
    for (purpose, binding, after) in [
        (Purpose::Refresh, "a", 120 * SECOND),
        (Purpose::Refresh, "b", SECOND),
        (Purpose::Register, "a", SECOND),
        (Purpose::Cookie, "a", SECOND),
    ] {
        assert_eq!(check(purpose, binding, after), Err(ProofError::Challenge), "{purpose:?} {binding} {after:?}");
    }
    for other in ["", ".", "..", &it[1..], &format!("1{it}"), &it.replace('.', "")] {
        assert!(devices.check_challenge(Purpose::Refresh, "a", other, NOW).is_err(), "{other}");
    }
}

#[test]
fn a_challenge_is_answered_once_and_what_is_remembered_is_forgotten_in_time() {
    let devices = devices(&[1]);
    let nonces = |at: Timestamp| {
        let it = devices.challenge(Purpose::Refresh, "a", at, &SystemRandom).unwrap();
        devices.check_challenge(Purpose::Refresh, "a", &it, at).unwrap().to_owned()
    };
    let first = nonces(NOW);
    assert_eq!(devices.answered(&first, NOW), Ok(()));
    for after in [0, 1, 60, 119] {
        assert_eq!(devices.answered(&first, NOW + after * SECOND), Err(ProofError::Used), "{after}");
    }
    for minute in 1..60 {
        let at = NOW + Duration::from_secs(minute * 60);
        for _ in 0..10 {
            assert_eq!(devices.answered(&nonces(at), at), Ok(()));
        }
        assert!(devices.remembered() <= 40, "{}", devices.remembered());
    }
}

#[test]
fn the_device_cookie_lives_as_long_as_it_says_and_is_of_one_binding() {
    let (devices, cookies) = (devices(&[1]), cookies());
    let set = devices.cookie(&cookies, "a", NOW);
    assert!(set.starts_with("__Host-session-device=1800000600000."), "{set}");
    assert!(set.contains("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600; Expires="), "{set}");
    let line = format!("theme=dark; {}; x=1", pair(&set));
    let proves = |line: &str, binding, after| devices.proves([line.as_bytes()], binding, NOW + after, 10 * SECOND);
    assert!(proves(&line, "a", Duration::ZERO));
    // A request may be under way for a while.
    assert!(proves(&line, "a", 609 * SECOND) && !proves(&line, "a", 610 * SECOND));
    assert!(!proves(&line, "b", SECOND));
    // One that a sibling planted beside it does not matter.
    assert!(proves(&format!("__Host-session-device=1.x; {}", pair(&set)), "a", SECOND));
    for other in ["", "__Host-session-device=", "__Host-session-device=9999999999999.A"] {
        assert!(!proves(other, "a", SECOND), "{other}");
    }
    let challenged = challenge(&devices, Purpose::Refresh, "a");
    assert!(!proves(&format!("__Host-session-device={challenged}"), "a", SECOND));
    assert!(devices.removal(&cookies).starts_with("__Host-session-device=; HttpOnly; SameSite=Lax; Secure; Path=/"));
}

#[test]
fn keys_rotate_and_another_name_is_another_cookie() {
    let (old, both, new) = (devices(&[1]), devices(&[2, 1]), devices(&[2]));
    let line = pair(&old.cookie(&cookies(), "a", NOW));
    let proves = |devices: &Devices| devices.proves([line.as_bytes()], "a", NOW, SECOND);
    assert!(proves(&old) && proves(&both) && !proves(&new));
    let other = CookieConfig::new("shop").build().unwrap();
    let other = Devices::new(DeviceBound::new([key(1)]), &other).unwrap();
    let renamed = line.replace("session-device", "shop-device");
    assert!(!other.proves([renamed.as_bytes()], "a", NOW, SECOND));
}

#[test]
fn browsers_are_told_the_attributes_of_the_cookie_and_the_scope() {
    let config = DeviceBound::new([key(1)]).with_path("/me/bound").exclude("/static").allow_initiator("*.example.org");
    let cookies = CookieConfig::new("s")
        .with_prefix(CookiePrefix::Secure)
        .with_same_site(SameSite::Strict)
        .with_domain("example.org")
        .build()
        .unwrap();
    let devices = Devices::new(config, &cookies).unwrap();
    let said: serde_json::Value = serde_json::from_str(&devices.instructions("a")).unwrap();
    assert_eq!(
        said,
        serde_json::json!({
            "session_identifier": "a",
            "refresh_url": "/me/bound/refresh",
            "scope": {
                "include_site": false,
                "scope_specification": [{ "type": "exclude", "domain": "*", "path": "/static" }],
            },
            "credentials": [{
                "type": "cookie",
                "name": "__Secure-s-device",
                "attributes": "HttpOnly; SameSite=Strict; Secure; Path=/; Domain=example.org",
            }],
            "allowed_refresh_initiators": ["*.example.org"],
        })
    );
    assert_eq!(devices.offer("c"), "(ES256 RS256);path=\"/me/bound/register\";challenge=\"c\"");
    assert_eq!(devices.endpoint("POST", "/me/bound/refresh"), Some(Endpoint::Refresh));
    assert_eq!(devices.endpoint("POST", "/me/bound/register"), Some(Endpoint::Register));
    for (method, path) in [("GET", "/me/bound/refresh"), ("POST", "/dbsc/refresh"), ("POST", "/me/bound/refresh/")] {
        assert_eq!(devices.endpoint(method, path), None, "{method} {path}");
    }
}

#[test]
fn what_cannot_work_is_refused() {
    let refused = |config: DeviceBound, cookies: &Cookies| Devices::new(config, cookies).unwrap_err();
    let it = || DeviceBound::new([key(1)]);
    let partitioned = CookieConfig::default().with_partition(CookiePartition::ByTopLevelSite).build().unwrap();
    for (config, cookies, words) in [
        (DeviceBound::new([]), cookies(), "no key"),
        (it().with_algorithms([]), cookies(), "no algorithm"),
        (it().with_lifetime(59 * SECOND), cookies(), "a minute"),
        (it().with_lifetime(86_401 * SECOND), cookies(), "a day"),
        (it(), partitioned, "partitioned"),
        (it().with_path("dbsc"), cookies(), "path"),
        (it().with_path("/"), cookies(), "path"),
        (it().with_path("/a/"), cookies(), "path"),
        (it().with_path("/a\"b"), cookies(), "path"),
        (it().exclude("static"), cookies(), "path"),
    ] {
        let said = refused(config, &cookies);
        assert!(said.contains(words) && said.contains(": ") || words.starts_with("a "), "{said}");
    }
}
