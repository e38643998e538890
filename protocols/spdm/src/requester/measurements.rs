//! GET_MEASUREMENTS (DSP0274 1.3, 10.12).

use lanewarden_crypto::Digest;

use super::{Core, Endpoint, Event, Operation};
use crate::Version;
use crate::error::{Misuse, Reason, Violation};
use crate::message::{
    self, Blocks, Context, GetMeasurements, Header, MEASUREMENT_SPECIFICATION_DMTF, Nonce, Reader,
    ResponderFlags,
};
use crate::signing::Purpose;
use crate::transcript::{Part, Record};

/// The slot in the attributes of MEASUREMENTS.
const SLOT: u8 = 0xf;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasurementRequest {
    /// Which measurements.
    pub operation: message::Operation,
    /// Signed with the key of this slot, or not signed.
    pub signed: Option<u8>,
    /// With this nonce, where they are signed; a fresh one where there is none.
    pub nonce: Option<Nonce>,
    /// Raw values where there are some, from 1.2 on.
    pub raw: bool,
    /// With this context, from 1.3 on.
    pub context: Context,
}

impl MeasurementRequest {
    /// All measurements, with a signature.
    #[must_use]
    pub const fn all_signed(slot: u8) -> Self {
        Self {
            operation: message::Operation::All,
            signed: Some(slot),
            nonce: None,
            raw: false,
            context: [0; 8],
        }
    }
}

/// What came.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// The message.
    pub answer: message::Measurements<'a>,
    /// The requester's nonce, where they are signed.
    pub requester_nonce: Option<Nonce>,
    /// The digest of what was said since the last signature, which this one is over.
    pub transcript: Option<Digest>,
}

/// Whether all blocks are of the specification that was agreed on, and no index comes twice.
fn are_distinct(blocks: Blocks<'_>) -> bool {
    let mut seen = [0_u64; 4];
    blocks.iter().all(|block| {
        let bit = 1_u64.wrapping_shl(block.index.into());
        let word = seen.get_mut(usize::from(block.index >> 6));
        let is_new = word.is_some_and(|word| {
            let is_new = *word & bit == 0;
            *word |= bit;
            is_new
        });
        is_new && block.specification == MEASUREMENT_SPECIFICATION_DMTF
    })
}

impl<E: Endpoint> Core<E> {
    pub fn begin_measurements(&mut self, request: MeasurementRequest) -> Result<(), Reason> {
        self.needs(ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED, "measurements (MEAS_CAP)")?;
        if matches!(request.operation, message::Operation::Index(0 | 0xff)) {
            return Err(Misuse::Index.into());
        }
        if request.raw && self.version() < Version::V1_2 {
            return Err(Misuse::Version.into());
        }
        let signed = request.signed.map(|slot| self.signer(slot, request.nonce)).transpose()?;
        let MeasurementRequest { operation, raw, context, .. } = request;
        self.operation =
            Operation::Measurements(GetMeasurements { operation, raw, new: false, signed, context });
        Ok(())
    }

    fn signer(&self, slot: u8, nonce: Option<Nonce>) -> Result<(Nonce, u8), Reason> {
        self.needs(ResponderFlags::MEAS_SIGNED, "signed measurements (MEAS_CAP)")?;
        if slot != 0 && self.version() < Version::V1_1 {
            return Err(Misuse::Version.into());
        }
        self.key_of(slot)?;
        Ok((nonce.map_or_else(|| self.fresh_nonce(), Ok)?, slot))
    }

    pub fn complete_measurements<'a>(
        &mut self,
        asked: &GetMeasurements,
        message: &'a [u8],
    ) -> Result<Event<'a>, Reason> {
        let format = self.agreed()?.format();
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let is_signed = asked.signed.is_some();
        let (answer, unsigned, _) = message::Measurements::decode(format, is_signed, header, &mut reader)?;
        self.check_measured(asked, &answer)?;
        let said = message.get(..unsigned).unwrap_or_default();
        let Some((nonce, slot)) = asked.signed else {
            self.said(Part::Measurements, said)?;
            return Ok(Event::Measured(Measured { answer, requester_nonce: None, transcript: None }));
        };
        let transcript = self.verify(Purpose::MEASUREMENTS, slot, said, answer.signature)?;
        self.parts.record.response(Part::Measurements, said);
        self.parts.record.signature(Part::Measurements, answer.signature);
        self.reset(Part::Measurements);
        Ok(Event::Measured(Measured { answer, requester_nonce: Some(nonce), transcript: Some(transcript) }))
    }

    fn check_measured(
        &self,
        asked: &GetMeasurements,
        answer: &message::Measurements<'_>,
    ) -> Result<(), Reason> {
        let blocks = answer.blocks;
        if !are_distinct(blocks) {
            return Err(Violation::Measurements.into());
        }
        let fits = match asked.operation {
            message::Operation::Count => blocks.count() == 0,
            message::Operation::Index(index) => {
                blocks.count() == 1 && blocks.iter().all(|block| block.index == index)
            }
            message::Operation::All => true,
        };
        if !fits {
            return Err(Violation::Measurements.into());
        }
        let slot = answer.attributes & SLOT;
        if self.version() >= Version::V1_1 && asked.signed.is_some_and(|(_, asked)| asked != slot) {
            return Err(Violation::Slot(slot).into());
        }
        if self.version() >= Version::V1_3 && answer.context != asked.context {
            return Err(Violation::Context.into());
        }
        Ok(())
    }
}
