//! What a device measures.

use lanewarden_crypto::Digest;
use lanewarden_sim::SpdmDevice;
use lanewarden_sim::scenario::{Measurement as Said, MeasurementKind, Misbehaviour, Spdm};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{Request, ValueType};
use lanewarden_spdm::responder::{Measurement, MeasurementSource, Value};

/// All measurements of a device.
pub(crate) struct Measured {
    values: Vec<Kept>,
    /// In place of the first of the trusted computing base, where it changes.
    changed: Option<Kept>,
    is_changed: bool,
}

#[derive(Clone)]
struct Kept {
    index: u8,
    kind: ValueType,
    is_tcb: bool,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Hashed(Vec<u8>),
    Digest(Digest),
    Plain(Vec<u8>),
}

impl Measured {
    pub fn new(device: &SpdmDevice) -> Self {
        let spdm = &device.spdm;
        let values: Vec<Kept> = match &spdm.measurements {
            Some(said) => said.iter().filter_map(|one| Kept::said(one, spdm)).collect(),
            None => usual(device),
        };
        let changes = spdm.misbehave == Some(Misbehaviour::ChangedMeasurement);
        let chosen = values.iter().find(|one| one.is_tcb).or(values.first());
        let changed =
            chosen.filter(|_| changes).map(|one| Kept { content: one.content.changed(), ..one.clone() });
        Self { values, changed, is_changed: false }
    }

    /// Before a request is answered: measurements that change are other ones when they are asked for themselves.
    /// In sessions nothing else asks for them.
    pub fn prepare(&mut self, kind: MessageKind, request: &[u8]) {
        let asked = request.get(1) == Some(&Request::GetMeasurements.byte());
        self.is_changed = asked || kind == MessageKind::Secured;
    }
}

impl Kept {
    fn said(said: &Said, spdm: &Spdm) -> Option<Self> {
        let content = match (&said.raw, &said.digest) {
            (Some(raw), _) if said.kind.is_hashed() => Content::Hashed(raw.0.clone()),
            (Some(raw), _) => Content::Plain(raw.0.clone()),
            (None, Some(digest)) => Content::Digest(Digest::new(spdm.hash.0, &digest.0)?),
            (None, None) => return None,
        };
        Some(Self { index: said.index, kind: said.kind.0, is_tcb: said.tcb, content })
    }
}

impl Content {
    fn changed(&self) -> Self {
        match self {
            Self::Hashed(bytes) => Self::Hashed([&**bytes, b" changed"].concat()),
            Self::Plain(bytes) => Self::Plain([&**bytes, b" changed"].concat()),
            Self::Digest(digest) => {
                let bytes: Vec<u8> = digest.as_bytes().iter().map(|byte| !byte).collect();
                Self::Digest(Digest::new(digest.algorithm(), &bytes).unwrap_or(*digest))
            }
        }
    }
}

/// What devices of one make have in common, and a configuration of the device's own.
fn usual(device: &SpdmDevice) -> Vec<Kept> {
    let make = format!("{:04x}:{:04x}", device.identity.vendor_id, device.identity.device_id);
    let own = device.identity.to_string();
    let value = |index, kind, content: String| {
        let bytes = content.into_bytes();
        let hashed = MeasurementKind(kind).is_hashed();
        let content = if hashed { Content::Hashed(bytes) } else { Content::Plain(bytes) };
        Kept { index, kind, is_tcb: true, content }
    };
    vec![
        value(1, ValueType::IMMUTABLE_ROM, format!("boot ROM of {make}")),
        value(2, ValueType::MUTABLE_FIRMWARE, format!("firmware of {make}")),
        value(3, ValueType::VERSION, "1.0.0".to_owned()),
        Kept {
            is_tcb: false,
            ..value(4, ValueType::HARDWARE_CONFIGURATION, format!("configuration of {own}"))
        },
    ]
}

impl MeasurementSource for Measured {
    fn count(&self) -> u8 {
        u8::try_from(self.values.len()).unwrap_or(u8::MAX)
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let kept = self.values.get(usize::from(place))?;
        let changed = self.changed.as_ref().filter(|changed| self.is_changed && changed.index == kept.index);
        let Kept { index, kind, is_tcb, content } = changed.unwrap_or(kept);
        let value = match content {
            Content::Hashed(bytes) => Value::Measured(bytes),
            Content::Digest(digest) => Value::Digest(*digest),
            Content::Plain(bytes) => Value::Plain(bytes),
        };
        Some(Measurement { index: *index, kind: *kind, is_tcb: *is_tcb, value })
    }
}
