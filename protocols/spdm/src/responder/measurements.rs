//! GET_MEASUREMENTS (DSP0274 1.3, 10.12).

use lanewarden_crypto::{Digest, Hash, Provider};

use super::{Answer, Core, Endpoint, Measurement, MeasurementSource, Refused, Value};
use crate::Version;
use crate::identity::Identities;
use crate::message::{
    Block, GetMeasurements, HEADER_SIZE, Header, MEASUREMENT_SPECIFICATION_DMTF, MeasurementHash,
    Measurements, NoRoom, Operation, Reader, Request, Response, SummaryKind, Writer,
};
use crate::transcript::Part;

/// Bytes before the record: the header, the number of blocks, the record's length.
const HEAD: usize = HEADER_SIZE + 4;

/// A block's bytes up to its value, and the value.
struct Form<'a> {
    head: [u8; Block::HEAD + Block::VALUE_HEAD],
    digest: Option<Digest>,
    plain: &'a [u8],
}

impl Form<'_> {
    fn value(&self) -> &[u8] {
        self.digest.as_ref().map_or(self.plain, Digest::as_bytes)
    }
}

impl<E: Endpoint> Core<E> {
    pub(super) fn measurements(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        if self.agreed()?.measurement_hash.is_none() {
            return Err(Refused::UNEXPECTED);
        }
        let (asked, length) = GetMeasurements::decode(self.version, header, reader)?;
        let slot = asked.signed.map(|(_, slot)| slot);
        if slot.is_some() && (!E::Identities::PRESENT || !self.is_usable(slot.unwrap_or_default())?) {
            return Err(Refused::INVALID);
        }
        let mut writer = Writer::new(out);
        let (count, size) = self.record_of(&asked, &mut writer)?;
        Measurements::encode_tail(self.version, &self.fresh_nonce()?, &[], &asked.context, &mut writer)?;
        let unsigned = writer.length();
        self.fill_head(&asked, count, size, out)?;
        let request = message.get(..length).unwrap_or_default();
        let answer = out.get(..unsigned).unwrap_or_default();
        let Some(slot) = slot else {
            self.said(Part::Measurements, request, answer)?;
            return Ok(Answer::Ready(unsigned));
        };
        self.prepare(Request::GetMeasurements, Part::Measurements, slot, request, answer)?;
        Ok(Answer::Unsigned(unsigned))
    }

    /// Writes the blocks that are asked for after room for the head; returns their number and their bytes.
    fn record_of(&self, asked: &GetMeasurements, writer: &mut Writer<'_>) -> Result<(u8, u32), Refused> {
        writer.room(HEAD)?;
        let mut count = 0_u8;
        for measurement in self.sources() {
            let is_meant = match asked.operation {
                Operation::Count => false,
                Operation::All => true,
                Operation::Index(index) => measurement.index == index,
            };
            if is_meant {
                let form = self.form(&measurement, asked.raw)?;
                writer.bytes(&form.head)?;
                writer.bytes(form.value())?;
                count = count.checked_add(1).ok_or(NoRoom)?;
            }
        }
        if count == 0 && matches!(asked.operation, Operation::Index(_)) {
            return Err(Refused::INVALID);
        }
        let size = writer.length().saturating_sub(HEAD);
        Ok((count, u32::try_from(size).map_err(|_| NoRoom)?))
    }

    fn fill_head(
        &self,
        asked: &GetMeasurements,
        count: u8,
        size: u32,
        out: &mut [u8],
    ) -> Result<(), Refused> {
        let total = if asked.operation == Operation::Count { self.parts.measurements.count() } else { 0 };
        let slot = asked.signed.filter(|_| self.version >= Version::V1_1).map_or(0, |(_, slot)| slot);
        let header = Header {
            version: self.version.byte(),
            code: Response::Measurements.byte(),
            param1: total,
            param2: slot,
        };
        let mut writer = Writer::new(out);
        header.encode(&mut writer)?;
        writer.u8(count)?;
        Ok(writer.u24(size)?)
    }

    fn sources(&self) -> impl Iterator<Item = Measurement<'_>> {
        let source = &self.parts.measurements;
        (0..source.count()).map_while(|place| source.measurement(place))
    }

    /// As a digest, unless it is to be raw or is never anything else.
    fn form<'m>(&self, measurement: &Measurement<'m>, raw: bool) -> Result<Form<'m>, Refused> {
        let (digest, plain): (Option<Digest>, &'m [u8]) = match measurement.value {
            Value::Plain(plain) => (None, plain),
            Value::Digest(digest) => (Some(digest), &[]),
            Value::Measured(plain) if raw => (None, plain),
            Value::Measured(plain) => (self.measure(plain)?, plain),
        };
        let length = digest.as_ref().map_or(plain.len(), |digest| digest.as_bytes().len());
        let length = u16::try_from(length).map_err(|_| NoRoom)?;
        let size = length.checked_add(3).ok_or(NoRoom)?;
        let [size_low, size_high] = size.to_le_bytes();
        let [low, high] = length.to_le_bytes();
        let kind = if digest.is_some() { measurement.kind.0 } else { measurement.kind.0 | 0x80 };
        let specification = MEASUREMENT_SPECIFICATION_DMTF;
        let head = [measurement.index, specification, size_low, size_high, kind, low, high];
        Ok(Form { head, digest, plain })
    }

    /// `None` where nothing is hashed.
    fn measure(&self, value: &[u8]) -> Result<Option<Digest>, Refused> {
        let Some(MeasurementHash::Hash(algorithm)) = self.agreed()?.measurement_hash else { return Ok(None) };
        let digest = self.parts.provider.digest(algorithm, &[value]);
        digest.map(Some).ok_or(Refused::UNSPECIFIED)
    }

    /// The digest over the blocks, heads included (DSP0274 1.3, 10.10.1).
    pub(super) fn summary(&self, kind: SummaryKind) -> Result<Option<Digest>, Refused> {
        if kind == SummaryKind::None {
            return Ok(None);
        }
        let mut hash = self.parts.provider.hash(self.agreed()?.hash).ok_or(Refused::UNSPECIFIED)?;
        for measurement in self.sources().filter(|one| one.is_tcb || kind == SummaryKind::All) {
            let form = self.form(&measurement, false)?;
            hash.update(&form.head);
            hash.update(form.value());
        }
        Ok(Some(hash.finish()))
    }
}
