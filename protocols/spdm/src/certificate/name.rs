//! Distinguished names (RFC 5280, 4.1.2.4).

use core::fmt::{self, Write};

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::input::Input;

/// A Name, checked down to its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    der: &'a [u8],
    value: &'a [u8],
}

/// An attribute of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// What it is.
    pub oid: ObjectIdentifier,
    /// Its text; `None` where it is no UTF8String, PrintableString or IA5String. It is the peer's: escape it.
    pub text: Option<&'a str>,
}

impl<'a> Name<'a> {
    pub(super) fn read(input: &mut Input<'a>) -> Option<Self> {
        let element = input.tagged(Tag::Sequence)?;
        let mut sets = Input::new(element.value);
        while !sets.is_empty() {
            let mut set = Input::new(sets.tagged(Tag::Set)?.value);
            read_attribute(&mut set)?;
            while !set.is_empty() {
                read_attribute(&mut set)?;
            }
        }
        Some(Self { der: element.whole, value: element.value })
    }

    /// All of it. Names are compared byte by byte: CAs write the issuer as they wrote the subject, and what RFC 5280, 7.1,
    /// calls equal beyond that is not needed.
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// Whether it has no attribute.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// Its attributes, in order.
    #[must_use]
    pub const fn attributes(&self) -> Attributes<'a> {
        Attributes { sets: Input::new(self.value), set: Input::new(&[]) }
    }
}

/// The attributes of a [`Name`].
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    sets: Input<'a>,
    set: Input<'a>,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        if self.set.is_empty() {
            self.set = Input::new(self.sets.tagged(Tag::Set)?.value);
        }
        read_attribute(&mut self.set)
    }
}

fn read_attribute<'a>(set: &mut Input<'a>) -> Option<Attribute<'a>> {
    let mut attribute = set.sequence()?;
    let oid = attribute.oid()?;
    let value = attribute.element()?;
    attribute.end(())?;
    let text = match value.tag {
        Tag::Utf8String => Some(core::str::from_utf8(value.value).ok()?),
        Tag::PrintableString | Tag::Ia5String => {
            Some(core::str::from_utf8(value.value).ok().filter(|text| text.is_ascii())?)
        }
        _ => None,
    };
    Some(Attribute { oid, text })
}

/// The short names of RFC 4514, 3, and two more that are common.
fn short(oid: ObjectIdentifier) -> Option<&'static str> {
    const SHORT: [(&[u8], &str); 8] = [
        (&[0x55, 4, 3], "CN"),
        (&[0x55, 4, 5], "serialNumber"),
        (&[0x55, 4, 6], "C"),
        (&[0x55, 4, 7], "L"),
        (&[0x55, 4, 8], "ST"),
        (&[0x55, 4, 10], "O"),
        (&[0x55, 4, 11], "OU"),
        (&[0x55, 4, 12], "title"),
    ];
    SHORT.iter().find(|(bytes, _)| *bytes == oid.as_bytes()).map(|(_, name)| *name)
}

/// Attributes with commas between, escaped: what is not printable ASCII, and what would look like a comma of ours.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, attribute) in self.attributes().enumerate() {
            f.write_str(if number == 0 { "" } else { ", " })?;
            attribute.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match short(self.oid) {
            Some(name) => write!(f, "{name}=")?,
            None => write!(f, "{}=", self.oid)?,
        }
        self.text.unwrap_or("?").chars().try_for_each(|c| escape(c, f))
    }
}

pub(super) fn escape(c: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match c {
        ',' | '=' | '\\' | '"' => write!(f, "\\{c}"),
        ' '..='~' => f.write_char(c),
        _ => write!(f, "{}", c.escape_unicode()),
    }
}
