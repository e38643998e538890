//! Elements of DER, one after the other, without going down by itself.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Reader, SliceReader, Tag, TagNumber};

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    pub(super) value: &'a [u8],
    /// Tag, length and value.
    pub(super) whole: &'a [u8],
}

/// What is left of a run of elements. `None` of its methods is anything that is not strict DER.
#[derive(Clone, Debug)]
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn element(&mut self) -> Option<Element<'a>> {
        let mut reader = SliceReader::new(self.rest).ok()?;
        let any: AnyRef<'a> = reader.decode().ok()?;
        let size = usize::try_from(reader.position()).ok()?;
        let (whole, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        Some(Element { tag: der::Tagged::tag(&any), value: any.value(), whole })
    }

    /// The next element, which must have this tag.
    pub(super) fn tagged(&mut self, tag: Tag) -> Option<Element<'a>> {
        self.element().filter(|element| element.tag == tag)
    }

    /// The value of the next element where it has this tag; the inner `None` where it has another or there is none.
    pub(super) fn optional(&mut self, tag: Tag) -> Option<Option<&'a [u8]>> {
        let before = self.rest;
        if self.is_empty() {
            return Some(None);
        }
        let element = self.element()?;
        if element.tag == tag {
            return Some(Some(element.value));
        }
        self.rest = before;
        Some(None)
    }

    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.tagged(Tag::Sequence).map(|element| Self::new(element.value))
    }

    pub(super) fn oid(&mut self) -> Option<ObjectIdentifier> {
        oid(self.tagged(Tag::ObjectIdentifier)?.value)
    }

    /// An INTEGER that is not negative, without leading zeros.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        unsigned(self.tagged(Tag::Integer)?.value)
    }

    /// A BIT STRING of whole bytes.
    pub(super) fn bit_bytes(&mut self) -> Option<&'a [u8]> {
        bits(self.tagged(Tag::BitString)?.value).and_then(|(unused, bytes)| (unused == 0).then_some(bytes))
    }

    /// `value`, where nothing is left.
    pub(super) fn end<T>(&self, value: T) -> Option<T> {
        self.is_empty().then_some(value)
    }
}

/// A tag of the context, by number.
pub(super) const fn context(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number: TagNumber(number) }
}

pub(super) fn oid(value: &[u8]) -> Option<ObjectIdentifier> {
    ObjectIdentifier::from_bytes(value).ok()
}

/// The value of an INTEGER that is not negative, without the zero that only says so. Zero is one zero byte.
pub(super) fn unsigned(value: &[u8]) -> Option<&[u8]> {
    match value {
        [] | [0x80..=0xFF, ..] => None,
        [0, 0x80..=0xFF, ..] => value.get(1..),
        [0, _, ..] => None,
        _ => Some(value),
    }
}

/// The same as a number.
pub(super) fn small(value: &[u8]) -> Option<u64> {
    let value = unsigned(value)?;
    (value.len() <= 8).then(|| value.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// The value of a BIT STRING: how many bits of the last byte do not count (and are zero), and the bytes.
pub(super) fn bits(value: &[u8]) -> Option<(u8, &[u8])> {
    let (&unused, bytes) = value.split_first()?;
    let last = *bytes.last().unwrap_or(&0);
    let mask = 1u8.checked_shl(unused.into()).filter(|_| unused < 8)?.wrapping_sub(1);
    (last & mask == 0 && (unused == 0 || !bytes.is_empty())).then_some((unused, bytes))
}

/// The value of a BOOLEAN.
pub(super) const fn boolean(value: &[u8]) -> Option<bool> {
    match value {
        [0] => Some(false),
        [0xFF] => Some(true),
        _ => None,
    }
}
