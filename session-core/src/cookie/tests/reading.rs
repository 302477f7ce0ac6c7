use proptest::prelude::*;

use super::super::*;
use crate::store::{SessionId, Timestamp};

pub(super) const NAME: &str = "__Host-Http-session";
const NOW: Timestamp = Timestamp::from_millis(1_763_834_400_999);

pub(super) fn host() -> Cookies {
    CookieConfig::default().build().unwrap()
}

pub(super) fn signed(keys: &[u8]) -> Cookies {
    let keys = keys.iter().map(|&byte| SigningKey::new([byte; 32]).unwrap());
    CookieConfig::default().with_signing_keys(keys).build().unwrap()
}

pub(super) fn id() -> SessionId {
    SessionId::random().unwrap()
}

/// The `name=value` of a cookie, as a browser sends it back.
pub(super) fn pair(cookies: &Cookies, id: &SessionId) -> String {
    let set = cookies.set(id, CookieLifetime::Browser, Timestamp::MIN, Timestamp::MAX);
    set.split(';').next().unwrap().to_owned()
}

pub(super) fn read_all(cookies: &Cookies, headers: &[&[u8]]) -> Presented {
    cookies.read(headers.iter().copied(), || NOW)
}

fn read(cookies: &Cookies, header: impl AsRef<[u8]>) -> Presented {
    read_all(cookies, &[header.as_ref()])
}

pub(super) fn is_one(presented: &Presented, id: &SessionId) -> bool {
    matches!(presented.candidates(), [found] if found.id.key() == id.key()) && !presented.has_more()
}

/// Cookies of the name, none of them well-formed.
pub(super) fn is_malformed(presented: &Presented) -> bool {
    !presented.is_nothing() && presented.candidates().is_empty() && !presented.has_more()
}

/// Which of `ids` were found, in order, and whether there is more.
fn found(presented: &Presented, ids: &[SessionId]) -> (Vec<usize>, bool) {
    let place = |found: &Candidate| ids.iter().position(|id| id.key() == found.id.key()).unwrap();
    (presented.candidates().iter().map(place).collect(), presented.has_more())
}

#[test]
fn what_is_set_is_read_back() {
    let (id, other) = (id(), id());
    for cookies in [host(), signed(&[1]), signed(&[1, 2]), CookieConfig::development().build().unwrap()] {
        assert!(is_one(&read(&cookies, pair(&cookies, &id)), &id));
        assert!(is_one(&read(&cookies, format!("a=b; {}; c=d", pair(&cookies, &id))), &id));
        assert!(!is_one(&read(&cookies, pair(&cookies, &other)), &id));
    }
}

#[test]
fn no_cookie_is_nothing() {
    let long = "a=b; ".repeat(13_108);
    assert!(read_all(&host(), &[]).is_nothing());
    for header in ["", ";", ";;; ;", "=", "a", "a=b", NAME, " ", "=x; ==; a==b", &format!("{NAME};{NAME}"), &long] {
        assert!(read(&host(), header).is_nothing(), "{header}");
    }
}

#[test]
fn space_and_tab_around_name_and_value_are_stripped() {
    let (id, cookies) = (id(), host());
    let value = id.encode();
    for header in [
        format!("{NAME}={value}"),
        format!("\t {NAME}\t=\t {value} \t"),
        format!("a=b;{NAME}={value};c=d"),
        format!("a;;;\t{NAME} = {value} ;"),
    ] {
        assert!(is_one(&read(&cookies, &header), &id), "{header:?}");
    }
}

/// What Unicode calls `White_Space`, what many take for blank, and the controls.
fn lookalike_blanks() -> impl Iterator<Item = char> {
    let unicode = (char::MIN..=char::MAX).filter(|c| c.is_whitespace() && !matches!(c, ' ' | '\t'));
    let invisible = ['\u{180e}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{34f}'];
    unicode.chain(invisible).chain((0..0x20).map(char::from).filter(|c| *c != '\t')).chain(['\u{7f}'])
}

#[test]
fn no_other_blank_is_stripped_so_no_sibling_plants_a_cookie() {
    let (planted, value) = (host(), id().encode());
    for blank in lookalike_blanks() {
        for header in [
            format!("{blank}{NAME}={value}"),
            format!("{NAME}{blank}={value}"),
            format!(" {blank} {NAME} {blank} ={value}"),
        ] {
            assert!(read(&planted, &header).is_nothing(), "{header:?}");
        }
        for header in [format!("{NAME}={blank}{value}"), format!("{NAME}={value}{blank}")] {
            assert!(is_malformed(&read(&planted, &header)), "{header:?}");
        }
    }
}

#[test]
fn a_name_is_compared_byte_for_byte() {
    let (cookies, value) = (host(), id().encode());
    for name in [
        "__host-http-session",
        "__HOST-HTTP-SESSION",
        "__Host-http-session",
        "__Host-Http-Session",
        "__Host-Http-sessio",
        "__Host-Http-session2",
        "__Host-Http-",
        "session",
        "__Host-session",
        "__Http-session",
        "__Secure-session",
        "\"__Host-Http-session\"",
        "__Host-Http%2Dsession",
        "__Host-Http\u{2010}session",
        "__Hos\u{73f}-Http-session",
    ] {
        assert!(read(&cookies, format!("{name}={value}")).is_nothing(), "{name}");
    }
    let nul = format!("{NAME}\0={value}");
    assert!(read(&cookies, nul).is_nothing());
}

#[test]
fn a_value_is_decoded_strictly() {
    let (cookies, good) = (host(), id().encode());
    for value in [
        String::new(),
        "x".to_owned(),
        good[..42].to_owned(),
        format!("{good}A"),
        format!("{good}="),
        format!("\"{good}\""),
        format!("={good}"),
        format!("{good}.{good}"),
        format!("{good},{good}"),
        format!("{}%41", &good[..42]),
        format!("{}\0", &good[..42]),
        format!("{} {}", &good[..21], &good[21..]),
        "A".repeat(65_536),
    ] {
        assert!(is_malformed(&read(&cookies, format!("{NAME}={value}"))), "{value}");
    }
    let mut not_utf8 = format!("{NAME}={good}").into_bytes();
    *not_utf8.last_mut().unwrap() = 0xff;
    assert!(is_malformed(&read(&cookies, not_utf8)));
}

#[test]
fn bytes_that_are_no_utf8_hide_nothing_beside_them() {
    let (id, cookies) = (id(), host());
    let header = [b"\xff\xfe=\x80; \x00; ", pair(&cookies, &id).as_bytes(), b"; \xc3\x28=x"].concat();
    assert!(is_one(&read(&cookies, header), &id));
}

#[test]
fn a_malformed_value_is_ignored_beside_a_well_formed_one() {
    let (id, cookies) = (id(), host());
    let good = pair(&cookies, &id);
    assert!(is_one(&read(&cookies, format!("{NAME}=x; {good}; {NAME}=")), &id));
    assert!(is_one(&read_all(&cookies, &[format!("{NAME}=x").as_bytes(), good.as_bytes()]), &id));
}

#[test]
fn one_id_twice_is_one_and_different_ids_are_candidates_in_their_order() {
    let ids = [id(), id()];
    for cookies in [host(), signed(&[1, 2])] {
        let [a, b] = ids.each_ref().map(|id| pair(&cookies, id));
        assert!(is_one(&read(&cookies, format!("{a}; {a}")), &ids[0]));
        assert!(is_one(&read_all(&cookies, &[a.as_bytes(), a.as_bytes()]), &ids[0]));
        assert_eq!(found(&read(&cookies, format!("{a}; {b}")), &ids), (vec![0, 1], false));
        assert_eq!(found(&read(&cookies, format!("{b}; {NAME}=x; {a}; {b}")), &ids), (vec![1, 0], false));
        assert_eq!(found(&read_all(&cookies, &[b.as_bytes(), a.as_bytes()]), &ids), (vec![1, 0], false));
    }
}

#[test]
fn four_different_ids_are_looked_at_and_that_there_are_more_is_known() {
    let ids: Vec<_> = (0..6).map(|_| id()).collect();
    for cookies in [host(), signed(&[1])] {
        let header = |ids: &[SessionId]| ids.iter().map(|id| pair(&cookies, id)).collect::<Vec<_>>().join("; ");
        assert_eq!(found(&read(&cookies, header(&ids[..4])), &ids), (vec![0, 1, 2, 3], false));
        assert_eq!(found(&read(&cookies, header(&ids)), &ids), (vec![0, 1, 2, 3], true));
        // Neither what is malformed nor what was there before is one more.
        let noise = format!("{0}; {NAME}=x; {0}; a=b", header(&ids[..4]));
        assert_eq!(found(&read(&cookies, noise), &ids), (vec![0, 1, 2, 3], false));
    }
}

#[test]
fn sixteen_signatures_are_verified_and_what_is_behind_is_more() {
    let (id, cookies, forger) = (id(), signed(&[1, 2]), signed(&[3]));
    let forged = |count| (0..count).map(|_| pair(&forger, &self::id()) + "; ").collect::<String>();
    assert!(is_one(&read(&cookies, forged(15) + &pair(&cookies, &id)), &id));
    assert!(is_malformed(&read(&cookies, forged(16))));
    let hidden = read(&cookies, forged(16) + &pair(&cookies, &id));
    assert_eq!(found(&hidden, &[]), (vec![], true));
    // Where nothing is signed nothing is verified, and what only looks signed costs nothing.
    let unsigned = format!("{0}{0}{1}", forged(16), pair(&host(), &id));
    assert!(is_one(&read(&host(), unsigned), &id));
}

#[test]
fn a_former_name_counts_where_none_of_the_present_name_is_presented() {
    let ids = [id(), id(), id()];
    let named = |config: CookieConfig| config.with_former_name("sid", Timestamp::MIN).with_former_name("old", NOW);
    let key = || [SigningKey::new([1; 32]).unwrap()];
    let (plain, signed) = (CookieConfig::default(), CookieConfig::default().with_signing_keys(key()));
    for config in [plain, signed] {
        let as_named = |name: &str| config.clone().with_name(name).with_prefix(CookiePrefix::None).build().unwrap();
        let (cookies, sid, old) = (named(config.clone()).build().unwrap(), as_named("sid"), as_named("old"));
        let (a, b, c) = (pair(&cookies, &ids[0]), pair(&sid, &ids[1]), pair(&old, &ids[2]));
        assert!(is_one(&read(&cookies, format!("{b}; {c}; {a}")), &ids[0]));
        assert!(is_malformed(&read(&cookies, format!("{b}; {NAME}="))), "a malformed one is one, too");
        let formers = read(&cookies, format!("{b}; {c}; x=y"));
        assert_eq!(found(&formers, &ids), (vec![1, 2], false));
        let by: Vec<_> = formers.candidates().iter().map(|candidate| candidate.by).collect();
        let changed_at = [Timestamp::MIN, NOW];
        assert_eq!(by, changed_at.map(|changed_at| By::FormerName { changed_at }));
        // A signature is for the name that it was made for.
        let renamed = a.replace(NAME, "sid");
        assert_eq!(is_one(&read(&cookies, renamed), &ids[0]), !a.contains('.'));
    }
}

#[test]
fn keys_rotate_without_ending_sessions() {
    let id = id();
    let (old, both, new) = (signed(&[1]), signed(&[2, 1]), signed(&[2]));
    assert!(is_one(&read(&both, pair(&old, &id)), &id));
    assert_eq!(pair(&both, &id), pair(&new, &id), "the first key signs");
    assert!(is_malformed(&read(&new, pair(&old, &id))));
    // The same id under both keys, as two tabs may send it while keys change.
    assert!(is_one(&read(&both, format!("{}; {}", pair(&old, &id), pair(&new, &id))), &id));
}

#[test]
fn each_step_to_signing_takes_what_the_steps_beside_it_set() {
    let id = id();
    let step = |unsigned| {
        let keys = [SigningKey::new([1; 32]).unwrap()];
        CookieConfig::default().with_signing_keys(keys).with_unsigned_cookies(unsigned).build().unwrap()
    };
    let steps = [
        host(),
        step(UnsignedCookies::Set),
        step(UnsignedCookies::TakenUntil(NOW + std::time::Duration::from_millis(1))),
        step(UnsignedCookies::TakenUntil(NOW)),
    ];
    let [plain, set, taken, over] = &steps;
    for pair_of in steps.windows(2) {
        let [before, after] = pair_of else { unreachable!("windows of two") };
        // At the last step it is the time that decides, and no server sets unsigned ones any more.
        assert!(is_one(&read(before, pair(after, &id)), &id) && is_one(&read(after, pair(before, &id)), &id));
    }
    assert_eq!(pair(plain, &id), pair(set, &id));
    assert_eq!(pair(taken, &id), pair(over, &id));
    assert!(is_malformed(&read(over, pair(plain, &id))));
    let by = |cookies, header: String| read(cookies, header).candidates().iter().map(|it| it.by).collect::<Vec<_>>();
    let (unsigned, signed) = (pair(plain, &id), pair(taken, &id));
    assert_eq!(by(set, unsigned.clone()), [By::Present]);
    assert_eq!(by(taken, unsigned.clone()), [By::Unsigned]);
    // Both at once are the signed one, in either order; a signature that is forged makes it none.
    for header in [format!("{unsigned}; {signed}"), format!("{signed}; {unsigned}")] {
        assert_eq!(by(taken, header), [By::Present]);
    }
    let forged = pair(&self::signed(&[2]), &id);
    assert_eq!(by(taken, format!("{unsigned}; {forged}")), [By::Unsigned]);
    assert!(is_malformed(&read(taken, forged)));
}

#[test]
fn a_signature_is_for_one_name() {
    let id = id();
    let config = |name| CookieConfig::new(name).with_signing_keys([SigningKey::new([1; 32]).unwrap()]);
    let (shop, admin) = (config("shop").build().unwrap(), config("admin").build().unwrap());
    let bare = config("shop").with_prefix(CookiePrefix::None).build().unwrap();
    let (_, value) = pair(&shop, &id).split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap();
    assert!(is_one(&read(&shop, format!("__Host-Http-shop={value}")), &id));
    assert!(is_malformed(&read(&admin, format!("__Host-Http-admin={value}"))));
    assert!(is_malformed(&read(&bare, format!("shop={value}"))), "the prefix is covered, too");
}

#[test]
fn a_signed_cookie_is_taken_whole_or_not_at_all() {
    let (id, cookies) = (id(), signed(&[1]));
    let good = pair(&cookies, &id);
    assert!(is_malformed(&read(&cookies, pair(&host(), &id))), "unsigned where signing is on");
    assert!(is_malformed(&read(&host(), &good)), "signed where signing is off");
    for len in NAME.len() + 1..good.len() {
        assert!(is_malformed(&read(&cookies, &good[..len])), "{len}");
    }
    for i in NAME.len() + 1..good.len() {
        let mut bad = good.clone().into_bytes();
        bad[i] = if bad[i] == b'A' { b'B' } else { b'A' };
        assert!(is_malformed(&read(&cookies, bad)), "{i}");
    }
    let other = pair(&cookies, &self::id());
    let dot = good.find('.').unwrap();
    let swapped = format!("{}{}", &good[..dot], &other[dot..]);
    assert!(is_malformed(&read(&cookies, swapped)), "the MAC of another id");
}

proptest! {
    #[test]
    fn every_id_survives_the_round_trip(bytes in any::<[u8; 32]>(), keys in prop::collection::vec(any::<u8>(), 0..3)) {
        let encoded = crate::store::SessionKey::from_bytes(bytes).encode();
        let id = SessionId::parse(encoded.as_bytes()).unwrap();
        let cookies = if keys.is_empty() { host() } else { signed(&keys) };
        prop_assert!(is_one(&read(&cookies, pair(&cookies, &id)), &id));
    }
}
