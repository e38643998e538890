//! What a message says, as names and values.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// The most bytes of a field that are kept.
const KEPT: usize = 1024;
/// The most characters of a text that are kept.
const CHARACTERS: usize = 512;

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, in `snake_case`.
    pub name: &'static str,
    /// The value.
    pub value: Value,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// What the message does not say, or what is not known.
    Nothing,
    /// A number.
    Number(u64),
    /// A number that is a set of bits.
    Mask(u64),
    /// Yes or no.
    Flag(bool),
    /// Text, escaped where it is a peer's.
    Text(String),
    /// Bytes.
    Bytes(Bytes),
    /// Several values.
    List(Vec<Value>),
    /// Fields of its own.
    Group(Vec<Field>),
}

/// Bytes, of which a long field keeps the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// How many there are.
    pub length: usize,
    /// The first of them, up to 1,024.
    pub start: Vec<u8>,
}

impl Field {
    /// A field.
    pub fn new(name: &'static str, value: impl Into<Value>) -> Self {
        Self { name, value: value.into() }
    }
}

impl Value {
    /// A set of bits.
    pub fn mask(bits: impl Into<u64>) -> Self {
        Self::Mask(bits.into())
    }

    /// What is printed with spaces between, as a list of names; `none` is an empty one.
    pub fn names(printed: &impl ToString) -> Self {
        let printed = printed.to_string();
        let names = printed.split_ascii_whitespace().filter(|name| *name != "none");
        Self::List(names.map(|name| Self::Text(name.to_owned())).collect())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64);

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        match text.char_indices().nth(CHARACTERS) {
            Some((end, _)) => Self::Text(format!("{}...", text.get(..end).unwrap_or_default())),
            None => Self::Text(text.to_owned()),
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        let start = bytes.iter().copied().take(KEPT).collect();
        Self::Bytes(Bytes { length: bytes.len(), start })
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

/// Bytes in hexadecimal, two digits each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A group as an object, bytes as an object of `length` and `hex`.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Number(number) | Self::Mask(number) => serializer.serialize_u64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("length", &bytes.length)?;
                map.serialize_entry("hex", &hex(&bytes.start))?;
                map.end()
            }
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
            Self::Group(fields) => object(fields, serializer),
        }
    }
}

/// Fields as an object.
pub fn object<S: Serializer>(fields: &[Field], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    fields.iter().try_for_each(|field| map.serialize_entry(field.name, &field.value))?;
    map.end()
}
