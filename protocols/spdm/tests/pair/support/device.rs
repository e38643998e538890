//! A device: chains, keys and measurements, and the responder made of them.

use core::time::Duration;

use lanewarden_crypto::{Provider, SignError, SignatureAlgorithm, Signed, Signer, Signing};
use lanewarden_spdm::Identities;
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::ValueType;
use lanewarden_spdm::responder::{
    Endpoint, Measurement, MeasurementSource, Parts, Responder, Settings, Value, VendorHandler,
};

use super::Kit;

/// Something in the outer form of a certificate, of so many bytes.
pub fn certificate(length: usize, filler: u8) -> Vec<u8> {
    let inner = u16::try_from(length - 4).unwrap().to_be_bytes();
    let mut der = vec![0x30, 0x82, inner[0], inner[1]];
    der.resize(length, filler);
    der
}

/// One slot: certificates, and who signs.
pub struct Chain {
    pub slot: u8,
    pub certificates: Vec<u8>,
    pub signer: Box<dyn Signer>,
}

/// A responder's parts, where the tests have all of these.
pub fn made<P: Provider, I, M, V>(provider: P, identities: I, measurements: M, vendor: V) -> Parts<P, I, M, V>
where
    I: Identities,
    M: MeasurementSource,
    V: VendorHandler,
{
    Parts::new(provider).with_identities(identities).with_measurements(measurements).with_vendor(vendor)
}

/// A responder that is spoken to outside of sessions, with no time passing.
pub trait Say {
    /// What it answers, if it does.
    fn told(&mut self, message: &[u8]) -> Option<Vec<u8>>;

    /// What it answers.
    fn say(&mut self, message: &[u8]) -> Vec<u8> {
        self.told(message).unwrap()
    }
}

impl<E: Endpoint> Say for Responder<E, Vec<u8>> {
    fn told(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let (kind, answer) = self.respond(Instant::ORIGIN, MessageKind::Plain, &mut message.to_vec())?;
        assert_eq!(kind, MessageKind::Plain);
        Some(answer.to_vec())
    }
}

/// A responder without anything of a vendor's.
pub type Plain<K> = Responder<Parts<<K as Kit>::Provider, Device, Firmware, ()>, Vec<u8>>;

/// Somebody between the two, who changes answers on their way.
pub fn meddle<K: Kit>(
    responder: &mut Plain<K>,
    mut change: impl FnMut(&[u8], &mut Vec<u8>),
) -> impl FnMut(&[u8]) -> Vec<u8> {
    move |message| {
        let mut answer = responder.say(message);
        change(message, &mut answer);
        answer
    }
}

/// The slots of a device.
#[derive(Default)]
pub struct Device(pub Vec<Chain>);

impl Device {
    /// One with a chain of two certificates in each of these slots; each has a key of its own.
    pub fn new<K: Kit>(algorithm: SignatureAlgorithm, slots: &[u8]) -> Self {
        let chain = |slot: &u8| Chain {
            slot: *slot,
            certificates: [certificate(600, *slot), certificate(700, 0x80 | slot)].concat(),
            signer: K::signer(algorithm, *slot),
        };
        Self(slots.iter().map(chain).collect())
    }

    /// The same with signers that are not ready so many times.
    pub fn slow(self, times: u32) -> Self {
        let slow = |chain: Chain| Chain { signer: Box::new(Slow::new(chain.signer, times)), ..chain };
        Self(self.0.into_iter().map(slow).collect())
    }

    /// A responder over it, with measurements and a buffer.
    pub fn responder<K: Kit>(self, settings: Settings, buffer: usize) -> Plain<K> {
        let parts = made(K::provider(), self, Firmware::default(), ());
        Responder::new(parts, settings, vec![0; buffer])
    }
}

impl Identities for Device {
    fn provisioned(&self) -> u8 {
        self.0.iter().fold(0, |all, chain| all | 1 << chain.slot)
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        self.0.iter().find(|chain| chain.slot == slot).map(|chain| chain.certificates.as_slice())
    }

    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer> {
        let chain = self.0.iter_mut().find(|chain| chain.slot == slot)?;
        Some(&mut *chain.signer)
    }
}

/// A signer that takes its time.
pub struct Slow {
    signer: Box<dyn Signer>,
    times: u32,
    left: u32,
}

impl Slow {
    pub fn new(signer: Box<dyn Signer>, times: u32) -> Self {
        Self { signer, times, left: times }
    }
}

impl Signer for Slow {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        self.signer.supports(algorithm)
    }

    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError> {
        if self.left > 0 {
            self.left -= 1;
            return Ok(Signing::Pending(Duration::from_millis(5)));
        }
        self.left = self.times;
        self.signer.sign(algorithm, signed, signature)
    }
}

/// What the device says it runs: index, kind, whether it counts as trusted base, and the value.
pub struct Firmware(pub Vec<(u8, ValueType, bool, Vec<u8>)>);

impl Default for Firmware {
    fn default() -> Self {
        Self(vec![
            (1, ValueType::IMMUTABLE_ROM, true, b"rom".to_vec()),
            (2, ValueType::MUTABLE_FIRMWARE, true, b"firmware".to_vec()),
            (3, ValueType::FIRMWARE_CONFIGURATION, false, b"configuration".to_vec()),
            (0x10, ValueType::SECURITY_VERSION, false, vec![7, 0, 0, 0, 0, 0, 0, 0]),
        ])
    }
}

impl MeasurementSource for Firmware {
    fn count(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap()
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let (index, kind, is_tcb, value) = self.0.get(usize::from(place))?;
        let plain = *kind == ValueType::SECURITY_VERSION;
        let value = if plain { Value::Plain(value) } else { Value::Measured(value) };
        Some(Measurement { index: *index, kind: *kind, is_tcb: *is_tcb, value })
    }
}
