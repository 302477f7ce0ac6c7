//! Values of every kind that serde knows, in every shape that its derive gives them.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A value, in one of the shapes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Node {
    Leaf(Leaf),
    Plain(Box<Plain>),
    Tagged(Box<Tagged>),
    Adjacent(Box<Adjacent>),
    Untagged(Box<Untagged>),
    Flat(Box<Flat>),
    Deep(Deep),
}

/// What has no parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Leaf {
    Nothing,
    Unit(()),
    UnitStruct(Unit),
    Bool(bool),
    I8(i8),
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F32(F32),
    F64(F64),
    Char(char),
    Text(String),
    Bytes(Bytes),
    Option(Option<u8>),
    Twice(Option<Option<u8>>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unit;

/// A float that is compared bit by bit.
macro_rules! float {
    ($name:ident, $float:ty, $bits:ty, $serialize:ident) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(pub(crate) $bits);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.$serialize(<$float>::from_bits(self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$float>::deserialize(deserializer).map(|float| Self(float.to_bits()))
            }
        }
    };
}

float!(F32, f32, u32, serialize_f32);
float!(F64, f64, u64, serialize_f64);

/// Bytes that are given as such, and not one by one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Read)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plain {
    value: Node,
    list: Vec<Node>,
    pair: (Newtype, u8),
    maybe: Option<Node>,
    by_text: BTreeMap<String, Node>,
    by_char: BTreeMap<char, u8>,
    by_name: BTreeMap<Name, Node>,
    keyed: Keyed,
}

/// Maps whose keys are no texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Keyed {
    by_number: BTreeMap<i64, u8>,
    by_large: BTreeMap<u128, u8>,
    by_flag: BTreeMap<bool, u8>,
    by_float: BTreeMap<F64, u8>,
}

impl Keyed {
    fn is_empty(&self) -> bool {
        self.by_number.is_empty() && self.by_large.is_empty() && self.by_flag.is_empty() && self.by_float.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Newtype(Node);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Name {
    First,
    Second,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub(crate) enum Tagged {
    Unit,
    Struct {
        value: Node,
    },
    Plain(Box<Plain>),
    Map(BTreeMap<String, Node>),
    /// Serde cannot write most of these.
    Any(Node),
    Number(u8),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value")]
pub(crate) enum Adjacent {
    Unit,
    Newtype(Node),
    Tuple(Node, u8),
    Struct { value: Node },
}

/// Each is told from the others by its kind, but for the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Untagged {
    Unit,
    Struct { value: Node },
    Pair(Node, u8),
    Int(i64),
    Float(F64),
    Text(String),
    Taken(Vec<Taken>),
}

/// The first takes what the second wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Taken {
    Float(F64),
    Int(i32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flat {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, Node>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inner {
    value: Node,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<Node>,
}

/// Nests deeply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deep(Vec<Deep>);

impl Node {
    /// Tells whether the page names a reason why this does not come back, though it can be written. `copied` says that
    /// it is within what serde copies before it reads it: an enum with a tag within, or without one, or what is
    /// flattened.
    pub(crate) fn is_on_the_page(&self, copied: bool) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.is_on_the_page(copied),
            Self::Deep(_) => false,
            Self::Plain(plain) => plain.is_on_the_page(copied),
            Self::Tagged(tagged) => match &**tagged {
                Tagged::Unit | Tagged::Number(_) => false,
                Tagged::Struct { value } | Tagged::Any(value) => value.is_on_the_page(true),
                Tagged::Plain(plain) => plain.is_on_the_page(true),
                Tagged::Map(map) => map.values().any(|value| value.is_on_the_page(true)),
            },
            Self::Adjacent(adjacent) => match &**adjacent {
                Adjacent::Unit => false,
                Adjacent::Newtype(value) | Adjacent::Tuple(value, _) | Adjacent::Struct { value } => {
                    value.is_on_the_page(copied)
                }
            },
            Self::Untagged(untagged) => match &**untagged {
                Untagged::Struct { value } | Untagged::Pair(value, _) => value.is_on_the_page(true),
                Untagged::Taken(taken) => taken.iter().any(|taken| matches!(taken, Taken::Int(_))),
                _ => false,
            },
            Self::Flat(flat) => {
                let Flat { inner: Inner { value, maybe }, rest, .. } = &**flat;
                // A field that is left out leaves its name to the map.
                let taken = maybe.is_none() && rest.contains_key("maybe");
                taken || [value].into_iter().chain(maybe).chain(rest.values()).any(|value| value.is_on_the_page(true))
            }
        }
    }
}

impl Plain {
    fn is_on_the_page(&self, copied: bool) -> bool {
        let own = [&self.value, &self.pair.0.0];
        let nodes = own.into_iter().chain(&self.list).chain(&self.maybe);
        let mut nodes = nodes.chain(self.by_text.values()).chain(self.by_name.values());
        (copied && !self.keyed.is_empty()) || nodes.any(|node| node.is_on_the_page(copied))
    }
}

impl Leaf {
    fn is_on_the_page(&self, copied: bool) -> bool {
        match self {
            Self::Twice(Some(None)) => true,
            Self::I128(_) | Self::U128(_) => copied,
            Self::F32(F32(bits)) => {
                // By way of an f64, as the copy has it.
                let text = f32::from_bits(*bits).to_string();
                copied && text.parse::<f64>().is_ok_and(|float| (float as f32).to_bits() != *bits)
            }
            _ => false,
        }
    }
}

fn f64s() -> impl Strategy<Value = F64> {
    // Most of all bit patterns are enormous or tiny.
    prop_oneof![any::<u64>().prop_map(F64), (-180.0..180.0).prop_map(|degrees: f64| F64(degrees.to_bits()))]
}

fn leaves() -> impl Strategy<Value = Leaf> {
    prop_oneof![
        Just(Leaf::Nothing),
        Just(Leaf::Unit(())),
        Just(Leaf::UnitStruct(Unit)),
        any::<bool>().prop_map(Leaf::Bool),
        any::<i8>().prop_map(Leaf::I8),
        any::<i64>().prop_map(Leaf::I64),
        any::<u64>().prop_map(Leaf::U64),
        any::<i128>().prop_map(Leaf::I128),
        any::<u128>().prop_map(Leaf::U128),
        any::<u32>().prop_map(|bits| Leaf::F32(F32(bits))),
        f64s().prop_map(Leaf::F64),
        any::<char>().prop_map(Leaf::Char),
        any::<String>().prop_map(Leaf::Text),
        vec(any::<u8>(), 0..4).prop_map(|bytes| Leaf::Bytes(Bytes(bytes))),
        any::<Option<u8>>().prop_map(Leaf::Option),
        any::<Option<Option<u8>>>().prop_map(Leaf::Twice),
    ]
}

fn keyed() -> impl Strategy<Value = Keyed> {
    let some = 0..2_usize;
    prop_oneof![
        3 => Just(Keyed {
            by_number: BTreeMap::new(),
            by_large: BTreeMap::new(),
            by_flag: BTreeMap::new(),
            by_float: BTreeMap::new(),
        }),
        1 => (
            btree_map(any::<i64>(), 0..9_u8, some.clone()),
            btree_map(any::<u128>(), 0..9_u8, some.clone()),
            btree_map(any::<bool>(), 0..9_u8, some.clone()),
            btree_map(f64s(), 0..9_u8, some),
        ).prop_map(|(by_number, by_large, by_flag, by_float)| Keyed { by_number, by_large, by_flag, by_float }),
    ]
}

/// Names of which some are those of fields and tags.
fn names() -> impl Strategy<Value = String> {
    prop_oneof!["(id|value|maybe|kind)", any::<String>()]
}

fn plain(node: BoxedStrategy<Node>) -> impl Strategy<Value = Plain> {
    let some = 0..3_usize;
    (
        node.clone(),
        vec(node.clone(), some.clone()),
        (node.clone().prop_map(Newtype), any::<u8>()),
        proptest::option::of(node.clone()),
        btree_map(names(), node.clone(), some.clone()),
        btree_map(any::<char>(), 0..9_u8, some.clone()),
        btree_map(prop_oneof![Just(Name::First), Just(Name::Second)], node, some),
        keyed(),
    )
        .prop_map(|(value, list, pair, maybe, by_text, by_char, by_name, keyed)| Plain {
            value,
            list,
            pair,
            maybe,
            by_text,
            by_char,
            by_name,
            keyed,
        })
}

/// Nests as deep as it says.
fn deep(levels: usize) -> Deep {
    (1..levels).fold(Deep(Vec::new()), |inner, _| Deep(vec![inner]))
}

/// Any value, in any shape.
pub(crate) fn nodes() -> impl Strategy<Value = Node> {
    let single = prop_oneof![
        12 => leaves().prop_map(Node::Leaf),
        1 => prop_oneof![1..10_usize, 100..140_usize].prop_map(|levels| Node::Deep(deep(levels))),
    ];
    single.prop_recursive(4, 24, 3, |node| {
        let map = || btree_map(names(), node.clone(), 0..3);
        let taken = prop_oneof![f64s().prop_map(Taken::Float), any::<i32>().prop_map(Taken::Int)];
        let tagged = prop_oneof![
            Just(Tagged::Unit),
            node.clone().prop_map(|value| Tagged::Struct { value }),
            plain(node.clone()).prop_map(|plain| Tagged::Plain(Box::new(plain))),
            map().prop_map(Tagged::Map),
            node.clone().prop_map(Tagged::Any),
            any::<u8>().prop_map(Tagged::Number),
        ];
        let adjacent = prop_oneof![
            Just(Adjacent::Unit),
            node.clone().prop_map(Adjacent::Newtype),
            (node.clone(), any::<u8>()).prop_map(|(value, number)| Adjacent::Tuple(value, number)),
            node.clone().prop_map(|value| Adjacent::Struct { value }),
        ];
        let untagged = prop_oneof![
            Just(Untagged::Unit),
            node.clone().prop_map(|value| Untagged::Struct { value }),
            (node.clone(), any::<u8>()).prop_map(|(value, number)| Untagged::Pair(value, number)),
            any::<i64>().prop_map(Untagged::Int),
            f64s().prop_map(Untagged::Float),
            any::<String>().prop_map(Untagged::Text),
            vec(taken, 3..5).prop_map(Untagged::Taken),
        ];
        let inner =
            (node.clone(), proptest::option::of(node.clone())).prop_map(|(value, maybe)| Inner { value, maybe });
        let flat = (any::<u8>(), inner, map()).prop_map(|(id, inner, rest)| Flat { id, inner, rest });
        prop_oneof![
            2 => plain(node.clone()).prop_map(|plain| Node::Plain(Box::new(plain))),
            2 => tagged.prop_map(|tagged| Node::Tagged(Box::new(tagged))),
            1 => adjacent.prop_map(|adjacent| Node::Adjacent(Box::new(adjacent))),
            2 => untagged.prop_map(|untagged| Node::Untagged(Box::new(untagged))),
            2 => flat.prop_map(|flat| Node::Flat(Box::new(flat))),
        ]
    })
}
