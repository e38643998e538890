//! The document as programs read it.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::document::{Content, Flag, Section, Value};
use super::words::snake;

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in self.fields.iter().filter(|field| field.audience.has_programs()) {
            map.serialize_entry(field.name, &field.value)?;
        }
        for part in self.parts.iter().filter(|part| part.audience.has_programs()) {
            map.serialize_entry(part.name, &part.content)?;
        }
        map.end()
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(section) => section.serialize(serializer),
            Self::Many(sections) => sections.serialize(serializer),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number, _) => serializer.serialize_u64(*number),
            Self::Numbers(numbers, _) => numbers.serialize(serializer),
            Self::Word(word) => serializer.serialize_str(&snake(word)),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => list.serialize(serializer),
            Self::Flags(flags) => object(flags, serializer),
        }
    }
}

fn object<S: Serializer>(flags: &[Flag], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(flags.iter().map(|flag| (&flag.name, flag.set)))
}
