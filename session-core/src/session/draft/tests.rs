use super::*;
use crate::session::changes::{MOST_FLASHES, has_effect};
use crate::store::SystemRandom;

fn draft() -> Draft {
    Draft::new(Contents::default(), None, Arc::new(SystemRandom))
}

#[test]
fn a_log_replayed_on_other_contents_keeps_both_sides() {
    let (mut a, mut b) = (draft(), draft());
    a.insert("a", 1).unwrap();
    a.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).unwrap();
    b.insert("b", 2).unwrap();
    b.insert("n", 41).unwrap();
    let merged = replay(a.log(), b.contents().clone(), &mut WrongTypes::default()).unwrap();
    let merged = Draft::new(merged, None, Arc::new(SystemRandom));
    assert_eq!(merged.keys(), ["a", "b", "n"]);
    assert_eq!(merged.get::<u32>("n").unwrap(), Some(42));
}

#[test]
fn what_changes_nothing_is_no_reason_to_write_but_is_made_again() {
    let mut d = draft();
    d.insert("x", 1).unwrap();
    d.take_log();
    d.insert("x", 1).unwrap();
    d.update("x", |x: Option<u8>| x.unwrap_or(9)).unwrap();
    d.remove("y").unwrap();
    assert_eq!(d.take::<u8>("y").unwrap(), None);
    assert!(d.take_flash().unwrap().is_empty());
    assert!(!has_effect(d.log()));
    let mut other = draft();
    other.insert("x", 2).unwrap();
    other.insert("y", 3).unwrap();
    let mut merged = other.on(Contents::default());
    merged.replay().unwrap();
    let merged = merged.into_parts().0;
    assert_eq!(replay(d.log(), merged, &mut WrongTypes::default()).unwrap().values.len(), 1);
}

#[test]
fn setting_one_value_again_and_again_takes_the_room_of_one() {
    let mut d = draft();
    for n in 0..1_000 {
        d.insert("x", n).unwrap();
    }
    assert_eq!(d.log().len(), 1);
    assert_eq!(d.get::<u32>("x").unwrap(), Some(999));
    for _ in 0..100 {
        d.flash(FlashLevel::Info, "x").unwrap();
    }
    assert_eq!(d.take_flash().unwrap().len(), MOST_FLASHES);
}

#[test]
fn a_value_is_handed_out_once() {
    let mut first = draft();
    first.insert("ticket", "T").unwrap();
    let stored = first.contents().clone();
    let mut second = Draft::new(stored.clone(), None, Arc::new(SystemRandom));
    let mut third = Draft::new(stored, None, Arc::new(SystemRandom));
    assert_eq!(second.take::<String>("ticket").unwrap().as_deref(), Some("T"));
    assert_eq!(third.take::<String>("ticket").unwrap().as_deref(), Some("T"));
    assert!(matches!(
        replay(third.log(), second.contents().clone(), &mut WrongTypes::default()),
        Err(SessionError::Conflict)
    ));
}

#[test]
fn a_flash_added_meanwhile_is_not_consumed() {
    let mut first = draft();
    first.flash(FlashLevel::Info, "one").unwrap();
    let stored = first.contents().clone();
    let mut reader = Draft::new(stored.clone(), None, Arc::new(SystemRandom));
    let mut writer = Draft::new(stored, None, Arc::new(SystemRandom));
    assert_eq!(reader.take_flash().unwrap().len(), 1);
    writer.flash(FlashLevel::Info, "two").unwrap();
    let merged = replay(reader.log(), writer.contents().clone(), &mut WrongTypes::default()).unwrap();
    let left: Vec<_> = merged.reserved.flash.iter().map(|f| f.known().unwrap().clone().into_flash().message).collect();
    assert_eq!(left, ["two"]);
}

#[test]
fn a_wrong_type_is_an_error_that_hides_the_value_and_keeps_it() {
    let mut d = draft();
    d.insert("secret", "hunter2").unwrap();
    let error = d.take::<u32>("secret").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    assert_eq!(d.get::<String>("secret").unwrap().as_deref(), Some("hunter2"));
    assert!(d.update("secret", |n: Option<u32>| n.unwrap_or(0)).is_err());
    assert_eq!(d.log().len(), 1);
}
