use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::explain::explain;
use super::super::{WrongTypes, read_or};
use crate::session::OnWrongType;

/// What a password looks like; it stands in every text below, and in no reason.
const SECRET: &str = "hunter2";

fn why<T: DeserializeOwned>(text: Value) -> String {
    let text = text.to_string();
    assert!(text.contains(SECRET) || text.contains("7312"), "{text}");
    let mut untold = WrongTypes::default();
    let error = read_or::<T, _>("key", &text, OnWrongType::Fail, || &mut untold).err().expect("it is of another type");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(SECRET) && !shown.contains("7312"), "{shown}");
    explain::<T>(&text).to_string()
}

#[allow(dead_code, reason = "they are only read")]
mod shop {
    use super::*;

    #[derive(Deserialize, Debug)]
    pub(super) struct Cart {
        pub(super) items: Vec<Line>,
        pub(super) note: Option<String>,
        #[serde(default)]
        pub(super) prices: BTreeMap<u32, f64>,
        #[serde(default)]
        pub(super) state: Option<State>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Line {
        pub(super) price: u32,
        pub(super) currency: Currency,
    }

    #[derive(Deserialize, Debug)]
    pub(super) enum Currency {
        Eur,
        Usd,
    }

    #[derive(Deserialize, Debug)]
    pub(super) enum State {
        Open,
        Paid(u32),
        Sent { by: (u8, String) },
    }

    #[derive(Deserialize, Debug)]
    #[serde(untagged)]
    pub(super) enum Either {
        Number(u32),
        Pair(u8, u8),
    }

    #[derive(Deserialize, Debug)]
    #[serde(tag = "kind")]
    pub(super) enum Tagged {
        A { n: u32 },
    }

    #[derive(Deserialize, Debug)]
    pub(super) struct Flat {
        pub(super) id: u32,
        #[serde(flatten)]
        pub(super) line: Line2,
    }

    #[derive(Deserialize, Debug)]
    pub(super) struct Line2 {
        pub(super) price: u32,
    }
}

#[test]
fn another_type_says_where_and_why_and_never_what() {
    use shop::{Cart, Either, Flat, Tagged};
    let line =
        |price: Value, currency: Value| json!({"items": [{"price": price, "currency": currency}], "note": SECRET});
    let cases = [
        (why::<u32>(json!(SECRET)), "expected a u32, found a string"),
        (why::<u8>(json!(7312)), "expected a u8, found an integer that is none"),
        (why::<String>(json!(7312.5)), "expected a string, found a float"),
        (why::<bool>(json!([SECRET])), "expected a boolean, found an array"),
        (why::<char>(json!(SECRET)), "expected a character, found a string that is none"),
        (why::<(u8, u8)>(json!([1, 2, SECRET])), "expected an array of 2, found more or fewer elements"),
        (why::<Cart>(json!(SECRET)), "expected a struct `Cart`, found a string"),
        (why::<Cart>(json!({ "note": SECRET })), "missing field `items`"),
        (why::<Cart>(json!({"items": [], "note": 7312})), "at `note`, expected a string, found an integer"),
        (why::<Cart>(line(json!(SECRET), json!("Eur"))), "at `items[0].price`, expected a u32, found a string"),
        (
            why::<Cart>(line(json!(1), json!(SECRET))),
            "at `items[0].currency`, found an unknown variant, expected `Eur`, `Usd`",
        ),
        (
            why::<Cart>(line(json!(1), json!([SECRET]))),
            "at `items[0].currency`, expected a variant of `Currency`, found an array",
        ),
        (
            why::<Cart>(json!({"items": [{"price": 1, "hunter2": 1}]})),
            "at `items[0]{key no. 1}`, found an unknown field, expected `price`, `currency`",
        ),
        (
            why::<Cart>(json!({"items": [], "prices": {"hunter2": 1.5}})),
            "at `prices{key no. 1}`, expected a u32, found a string",
        ),
        (
            why::<Cart>(json!({"items": [], "prices": {"7312": SECRET}})),
            "at `prices{key no. 1}`, expected an f64, found a string",
        ),
        (
            why::<Cart>(json!({"items": [], "state": {"Paid": SECRET}})),
            "at `state.Paid`, expected a u32, found a string",
        ),
        (
            why::<Cart>(json!({"items": [], "state": {"Sent": {"by": [SECRET]}}})),
            "at `state.Sent.by[0]`, expected a u8, found a string",
        ),
        (
            why::<Cart>(json!({"items": [], "state": {"hunter2": 1}})),
            "at `state`, found an unknown variant, expected `Open`, `Paid`, `Sent`",
        ),
        (
            why::<Cart>(json!({"items": [], "state": {"Open": SECRET}})),
            "at `state.Open`, expected null, found a string",
        ),
        (
            why::<Cart>(json!({"items": [], "state": "Paid", "note": SECRET})),
            "at `state`, found a variant without content, where the type has no place for it",
        ),
        (why::<Either>(json!(SECRET)), "no variant of the untagged enum fits"),
        (why::<Vec<Either>>(json!([1, [1, SECRET]])), "at `[1]`, no variant of the untagged enum fits"),
        (why::<Tagged>(json!({"kind": "A", "n": SECRET})), "found a string, where the type has no place for it"),
        (why::<Tagged>(json!({ "kind": SECRET })), "at `{key no. 1}`, found an unknown variant, expected `A`"),
        (why::<Flat>(json!({"id": 1, "price": SECRET})), "found a string, where the type has no place for it"),
        (why::<std::net::IpAddr>(json!(SECRET)), "the type refuses it"),
        (why::<std::num::NonZeroU8>(json!(7312)), "expected a u8, found an integer that is none"),
    ];
    let (said, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(said, expected);
}

#[test]
fn a_text_that_is_no_json_says_where_it_breaks() {
    assert_eq!(
        explain::<u8>("{\"hunter2\": hunter2}").to_string(),
        "it is no JSON that can be read, in line 1, column 13"
    );
}

/// A type whose own words quote what they refuse, by every way that there is.
#[test]
fn no_words_of_the_type_are_passed_on() {
    use serde::Deserializer;
    use serde::de::{Error, Unexpected};
    macro_rules! quotes {
        ($($name:ident => $error:expr),*) => {
            $({
                #[derive(Debug)]
                struct $name;
                impl<'de> Deserialize<'de> for $name {
                    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                        let text = String::deserialize(deserializer)?;
                        let error: fn(&str) -> D::Error = $error;
                        Err(error(&text))
                    }
                }
                why::<Vec<$name>>(json!([SECRET]));
            })*
        };
    }
    quotes! {
        Custom => |text| Error::custom(format!("it is {text}")),
        Pretends => |text| Error::custom(format!("data did not match any variant of untagged enum {text}")),
        Type => |text| Error::invalid_type(Unexpected::Other(text), &text),
        Value => |text| Error::invalid_value(Unexpected::Str(text), &text),
        Length => |text| Error::invalid_length(7312, &text),
        Variant => |text| Error::unknown_variant(text, &["a"]),
        Field => |text| Error::unknown_field(text, &[])
    }
}
