//! Algorithm structures: what sessions need, a structure for each kind of algorithm, from 1.1 on.

use core::ops::Deref;

use super::super::{Malformed, NoRoom, Reader, Writer};
use super::{AeadAlgorithms, AsymmetricAlgorithms, DheGroups, KeySchedules};

/// The most algorithm structures.
const MAX_STRUCTURES: usize = 4;
/// Bytes of the set of algorithms, and the count of extended algorithms, in the second byte of a structure.
const FIXED: u8 = 0x20;

/// One algorithm structure: what is offered, or chosen, of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    /// Which kind: 2 key exchange, 3 AEAD, 4 the requester's signatures, 5 key schedule.
    pub kind: u8,
    /// A bit for each algorithm.
    pub algorithms: u16,
}

impl Structure {
    /// The kind for key exchange.
    pub const DHE: u8 = 2;
    /// The kind for AEAD.
    pub const AEAD: u8 = 3;
    /// The kind for the requester's signatures.
    pub const REQUESTER_ASYMMETRIC: u8 = 4;
    /// The kind for key schedules.
    pub const KEY_SCHEDULE: u8 = 5;
}

/// Algorithm structures, from 1.1 on. Iterating gives them in order; they have been checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Structures<'a> {
    bytes: &'a [u8],
}

impl<'a> Structures<'a> {
    pub(super) fn decode(count: u8, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        if usize::from(count) > MAX_STRUCTURES {
            return Err(Malformed::Field("number of algorithm structures"));
        }
        let whole = reader.rest();
        let (start, mut last) = (reader.position(), 0);
        for _ in 0..count {
            let [kind, counts] = reader.array()?;
            if kind <= last || counts >> 4 != FIXED >> 4 {
                return Err(Malformed::Field("algorithm structure"));
            }
            last = kind;
            reader.u16()?;
            reader.take(usize::from(counts & 0xf).saturating_mul(4))?;
        }
        let length = reader.position().saturating_sub(start);
        Ok(Self { bytes: whole.get(..length).unwrap_or_default() })
    }

    /// The groups for key exchange; empty where there is no such structure.
    #[must_use]
    pub fn dhe(self) -> DheGroups {
        DheGroups::from_bits_retain(self.of(Structure::DHE))
    }

    /// The AEAD algorithms; empty where there is no such structure.
    #[must_use]
    pub fn aead(self) -> AeadAlgorithms {
        AeadAlgorithms::from_bits_retain(self.of(Structure::AEAD))
    }

    /// The requester's signatures; empty where there is no such structure.
    #[must_use]
    pub fn requester_asymmetric(self) -> AsymmetricAlgorithms {
        AsymmetricAlgorithms::from_bits_retain(self.of(Structure::REQUESTER_ASYMMETRIC).into())
    }

    /// The key schedules; empty where there is no such structure.
    #[must_use]
    pub fn key_schedule(self) -> KeySchedules {
        KeySchedules::from_bits_retain(self.of(Structure::KEY_SCHEDULE))
    }

    fn of(mut self, kind: u8) -> u16 {
        self.find(|structure| structure.kind == kind).map_or(0, |structure| structure.algorithms)
    }
}

impl Iterator for Structures<'_> {
    type Item = Structure;

    fn next(&mut self) -> Option<Structure> {
        let mut reader = Reader::new(self.bytes);
        let [kind, counts] = reader.array().ok()?;
        let algorithms = reader.u16().ok()?;
        reader.take(usize::from(counts & 0xf).saturating_mul(4)).ok()?;
        self.bytes = reader.rest();
        Some(Structure { kind, algorithms })
    }
}

pub(super) fn encode_structures(structures: &[Structure], writer: &mut Writer<'_>) -> Result<(), NoRoom> {
    structures.iter().try_for_each(|structure| {
        writer.bytes(&[structure.kind, FIXED])?;
        writer.u16(structure.algorithms)
    })
}

/// What is offered, or chosen, for sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionAlgorithms {
    /// For key exchange.
    pub dhe: DheGroups,
    /// For what is sealed.
    pub aead: AeadAlgorithms,
    /// For the requester's signatures: the algorithms of the lower 16 bits, which are all there are.
    pub requester_asymmetric: AsymmetricAlgorithms,
    /// For keys.
    pub key_schedule: KeySchedules,
}

impl SessionAlgorithms {
    /// The structures that say so, in order, without those that would be empty.
    #[must_use]
    pub fn structures(&self) -> StructureList {
        let [low, high, ..] = self.requester_asymmetric.bits().to_le_bytes();
        let all = [
            (Structure::DHE, self.dhe.bits()),
            (Structure::AEAD, self.aead.bits()),
            (Structure::REQUESTER_ASYMMETRIC, u16::from_le_bytes([low, high])),
            (Structure::KEY_SCHEDULE, self.key_schedule.bits()),
        ];
        let mut list = StructureList::default();
        let said = all.into_iter().filter(|(_, algorithms)| *algorithms != 0);
        for (place, (kind, algorithms)) in list.structures.iter_mut().zip(said) {
            *place = Structure { kind, algorithms };
            list.count = list.count.saturating_add(1);
        }
        list
    }
}

impl From<Structures<'_>> for SessionAlgorithms {
    fn from(structures: Structures<'_>) -> Self {
        Self {
            dhe: structures.dhe(),
            aead: structures.aead(),
            requester_asymmetric: structures.requester_asymmetric(),
            key_schedule: structures.key_schedule(),
        }
    }
}

/// Structures that are to be written.
#[derive(Clone, Copy, Debug, Default)]
pub struct StructureList {
    structures: [Structure; MAX_STRUCTURES],
    count: usize,
}

impl Deref for StructureList {
    type Target = [Structure];

    fn deref(&self) -> &[Structure] {
        self.structures.get(..self.count).unwrap_or_default()
    }
}
