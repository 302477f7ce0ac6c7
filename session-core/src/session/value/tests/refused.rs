use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::write;
use crate::engine::SessionError;

/// Says where and why a value is refused.
fn refused<T: Serialize>(value: T) -> String {
    match write("key", &value) {
        Err(SessionError::NotSerializable { misfit, .. }) => misfit.to_string(),
        other => panic!("{other:?}"),
    }
}

fn written<T: Serialize>(value: T) -> String {
    write("key", &value).unwrap().unwrap().to_string()
}

#[derive(Serialize, Default)]
struct Order {
    items: Vec<Item>,
    by_name: BTreeMap<String, Item>,
    state: Option<State>,
}

#[derive(Serialize, Default)]
struct Item {
    price: f64,
    weight: Option<f32>,
}

#[derive(Serialize)]
enum State {
    Sent { at: f64 },
    Paid(f64),
    Returned(u8, f64),
}

fn item(price: f64) -> Item {
    Item { price, weight: None }
}

#[test]
fn a_number_that_is_none_is_refused_wherever_it_stands() {
    let items = vec![item(1.0), item(f64::NAN)];
    assert_eq!(refused(Order { items, ..Order::default() }), "at `items[1].price`, NaN is no number in JSON");
    let light = Item { price: 1.0, weight: Some(f32::NEG_INFINITY) };
    let items = vec![light];
    assert_eq!(
        refused(Order { items, ..Order::default() }),
        "at `items[0].weight`, an infinite number is none in JSON"
    );
    let states = [
        (State::Sent { at: f64::INFINITY }, "state.Sent.at"),
        (State::Paid(f64::INFINITY), "state.Paid"),
        (State::Returned(0, f64::INFINITY), "state.Returned[1]"),
    ];
    for (state, path) in states {
        let order = Order { state: Some(state), ..Order::default() };
        assert_eq!(refused(order), format!("at `{path}`, an infinite number is none in JSON"));
    }
    assert_eq!(refused(f32::NAN), "NaN is no number in JSON");
}

#[test]
fn a_key_of_a_map_is_told_by_its_number() {
    let by_name = BTreeMap::from([("alice".to_owned(), item(1.0)), ("bob@example.org".to_owned(), item(f64::NAN))]);
    assert_eq!(
        refused(Order { by_name, ..Order::default() }),
        "at `by_name{key no. 2}.price`, NaN is no number in JSON"
    );
}

#[test]
fn a_map_has_keys_that_are_texts_or_can_be_and_each_once() {
    struct Pairs<K>(Vec<(K, u8)>);
    impl<K: Serialize> Serialize for Pairs<K> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
        }
    }
    #[derive(Serialize)]
    struct Float(f64);
    #[derive(Serialize)]
    enum Color {
        Red,
        Mixed(u8),
    }
    let no_text = "at `{key no. 1}`, a key of a map is no text, number or boolean";
    assert_eq!(refused(Pairs(vec![((1, 2), 0)])), no_text);
    assert_eq!(refused(Pairs(vec![((), 0)])), no_text);
    assert_eq!(refused(Pairs(vec![(None::<u8>, 0)])), no_text);
    assert_eq!(refused(Pairs(vec![(Color::Mixed(1), 0)])), no_text);
    assert_eq!(refused(Pairs(vec![(vec![1], 0)])), no_text);
    assert_eq!(refused(Pairs(vec![(Float(f64::NAN), 0)])), "at `{key no. 1}`, NaN is no number in JSON");
    assert_eq!(written(Pairs(vec![(Float(1.0), 0), (Float(-0.0), 1)])), "{\"1.0\":0,\"-0.0\":1}");
    assert_eq!(written(Pairs(vec![(Color::Red, 0)])), "{\"Red\":0}");
    assert_eq!(written(Pairs(vec![(Some('x'), 0), (Some('y'), 0)])), "{\"x\":0,\"y\":0}");
    assert_eq!(written(Pairs(vec![(true, 0), (false, 0)])), "{\"true\":0,\"false\":0}");
    let twice = "two entries have the same key";
    assert_eq!(refused(Pairs(vec![(1, 0), (2, 0), (1, 0)])), twice);
    assert_eq!(refused([Pairs(vec![("a", 0), ("a", 0)])]), format!("at `[0]`, {twice}"));
}

#[test]
fn a_field_that_is_flattened_onto_another_is_refused() {
    #[derive(Serialize)]
    struct Form {
        name: u8,
        #[serde(flatten)]
        rest: HashMap<String, u8>,
    }
    #[derive(Serialize)]
    #[serde(tag = "kind")]
    enum Shape {
        Box(Sized),
        Sealed(HashMap<String, u8>),
        Number(u8),
    }
    #[derive(Serialize)]
    struct Sized {
        kind: u8,
    }
    let twice = "two entries have the same key";
    assert_eq!(refused(Form { name: 1, rest: HashMap::from([("name".into(), 2)]) }), twice);
    assert_eq!(written(Form { name: 1, rest: HashMap::from([("other".into(), 2)]) }), "{\"name\":1,\"other\":2}");
    assert_eq!(refused(Shape::Box(Sized { kind: 1 })), format!("at `kind`, {twice}"));
    assert_eq!(refused(Shape::Sealed(HashMap::from([("kind".into(), 1)]))), twice);
    assert_eq!(refused(Shape::Number(1)), "its type cannot write it as JSON");
}

/// Nests a value in so many arrays.
struct Nested<'a, T>(usize, &'a T);

impl<T: Serialize> Serialize for Nested<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0 => self.1.serialize(serializer),
            levels => serializer.collect_seq([Nested(levels - 1, self.1)]),
        }
    }
}

#[test]
fn nesting_ends_exactly_where_reading_does() {
    #[derive(Serialize)]
    enum Deep {
        Newtype(Vec<u8>),
        Tuple(u8, u8),
        Struct { a: u8 },
    }
    fn check<T: Serialize>(value: T, levels: usize) {
        for around in [0, 127 - levels, 128 - levels, 10_000] {
            let nested = Nested(around, &value);
            match around + levels > 127 {
                false => assert!(serde_json::from_str::<Value>(&written(nested)).is_ok()),
                true => assert!(refused(nested).ends_with(", nested deeper than 127 levels")),
            }
            // The stack would not hold it.
            if around < 1_000 {
                let text = serde_json::to_string(&Nested(around, &value)).unwrap();
                assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), around + levels <= 127);
            }
        }
    }
    check(1, 0);
    check([1], 1);
    check(HashMap::from([("a", 1)]), 1);
    check(Item::default(), 1);
    check(Some(((), 1)), 1);
    check(Deep::Newtype(vec![]), 2);
    check(Deep::Tuple(1, 2), 2);
    check(Deep::Struct { a: 1 }, 2);
    check(RawValue::from_string("[[\"[[[\\\"[\"],{}]".to_owned()).unwrap(), 2);
    check(json!({"a": [1, {}]}), 3);
}

#[test]
fn what_is_written_as_null_is_absence() {
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Wrapped(Option<Unit>);
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Untagged {
        Nothing,
    }
    let raw = RawValue::from_string(" null ".to_owned()).unwrap();
    let absent = [
        write("", &()).unwrap(),
        write("", &None::<u8>).unwrap(),
        write("", &Some(None::<u8>)).unwrap(),
        write("", &Unit).unwrap(),
        write("", &Wrapped(Some(Unit))).unwrap(),
        write("", &Value::Null).unwrap(),
        write("", &Untagged::Nothing).unwrap(),
        write("", &raw).unwrap(),
    ];
    assert!(absent.iter().all(Option::is_none));
    assert_eq!(written("null"), "\"null\"");
    assert_eq!(written([None::<u8>]), "[null]");
}

#[test]
fn a_type_that_hides_a_failure_is_refused_all_the_same() {
    struct Hides;
    impl Serialize for Hides {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = serializer.serialize_seq(None)?;
            let _ = seq.serialize_element(&f64::NAN);
            seq.end()
        }
    }
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no hunter2 here"))
        }
    }
    assert_eq!(refused(Hides), "at `[0]`, NaN is no number in JSON");
    assert_eq!(refused(Fails), "its type cannot write it as JSON");
}
