//! Both sides of sessions: a responder that has all there is to have, and a requester that it can ask back.

use lanewarden_crypto::Provider;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{ErrorCode, KeyOperation, Registry, SummaryKind, VendorMessage};
use lanewarden_spdm::requester::{MeasurementRequest, PeerKey, PresharedKey, Requester, SessionRequest};
use lanewarden_spdm::responder::{Context, Parts, PresharedKeys, Requesters, Responder, VendorHandler};
use lanewarden_spdm::session::{Seat, seats};
use lanewarden_spdm::{Identities, Instant};

use super::*;

/// Keys that both share, with a context of the responder's or without.
pub struct Shared<const CONTEXT: bool>;

impl<const C: bool> PresharedKeys for Shared<C> {
    const CONTEXT: bool = C;

    fn key(&self, hint: &[u8]) -> Option<&[u8]> {
        (hint == b"hint").then_some(b"a key that both have")
    }
}

/// Trusts the requester's key of number 3, as its chain comes or from before.
pub struct Trust<K: Kit> {
    pub chain: Vec<u8>,
    pub expected: Option<Digest>,
    pub known: Option<(Digest, <K::Provider as Provider>::VerifyingKey)>,
    pub portions: usize,
    /// Whether any chain will do.
    pub is_gullible: bool,
}

impl<K: Kit> Trust<K> {
    pub fn new() -> Self {
        Self { chain: vec![], expected: None, known: None, portions: 0, is_gullible: false }
    }
}

impl<K: Kit> Requesters<K::Provider> for Trust<K> {
    type Keep<T> = Option<T>;

    fn known(
        &mut self,
        _: u8,
        _: SignatureAlgorithm,
    ) -> Option<(Digest, <K::Provider as Provider>::VerifyingKey)> {
        let (digest, _) = self.known.as_ref()?;
        Some((*digest, K::verifying_key(P256, 3)))
    }

    fn begin(&mut self, _: u8, digest: &Digest, _: SignatureAlgorithm) {
        self.chain.clear();
        self.expected = Some(*digest);
    }

    fn portion(&mut self, bytes: &[u8]) -> bool {
        self.portions += 1;
        self.chain.extend(bytes);
        true
    }

    fn finish(&mut self) -> Option<<K::Provider as Provider>::VerifyingKey> {
        let expected = self.expected.take()?;
        (self.is_gullible || digest_of(expected.algorithm(), &self.chain) == expected)
            .then(|| K::verifying_key(P256, 3))
    }
}

/// Says back what it hears, and who said it.
#[derive(Default)]
pub struct Echo {
    pub heard: Vec<Context>,
    pub ended: Vec<u32>,
    /// How many sessions had ended when it was reset.
    pub resets: Vec<usize>,
}

impl VendorHandler for Echo {
    fn handle(
        &mut self,
        context: Context,
        _: Registry<'_>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        self.heard.push(context);
        answer[..request.len()].copy_from_slice(request);
        Ok(request.len())
    }

    fn message(
        &mut self,
        context: Context,
        message_type: u8,
        message: &[u8],
        answer: &mut [u8],
    ) -> Option<usize> {
        self.heard.push(context);
        // Of the types there are, one is answered.
        (message_type == 1).then_some(())?;
        answer[..message.len()].copy_from_slice(message);
        Some(message.len())
    }

    fn ended(&mut self, session: u32) {
        self.ended.push(session);
    }

    fn reset(&mut self) {
        self.resets.push(self.ended.len());
    }
}

pub type Seats<K> = [Seat<<K as Kit>::Provider>; 2];
pub type PartsTalking<K, const C: bool = true> =
    Parts<<K as Kit>::Provider, Device, Firmware, Echo, (), Seats<K>, Shared<C>, Trust<K>>;
pub type Talker<K, const C: bool> = Responder<PartsTalking<K, C>, Vec<u8>>;
pub type Asking<K> = Requester<requester::Parts<<K as Kit>::Provider, (), Seats<K>, Device>, Vec<u8>>;

pub fn talker<K: Kit, const C: bool>(settings: responder::Settings) -> Talker<K, C> {
    slow_talker::<K, C>(settings, 0)
}

pub fn slow_talker<K: Kit, const C: bool>(settings: responder::Settings, times: u32) -> Talker<K, C> {
    let parts =
        made(K::provider(), Device::new::<K>(P256, &[0]).slow(times), Firmware::default(), Echo::default())
            .with_sessions(seats())
            .with_psk(Shared::<C>)
            .with_requesters(Trust::<K>::new());
    Responder::new(parts, settings, vec![0; 0x3000])
}

pub struct Caller<K: Kit> {
    pub requester: Asking<K>,
    pub now: Instant,
}

impl<K: Kit> Caller<K> {
    pub fn new(settings: requester::Settings) -> Self {
        let mut identity = Device::new::<K>(P256, &[0]);
        identity.0[0].signer = K::signer(P256, 3);
        let parts = requester::Parts::new(K::provider()).with_sessions(seats()).with_identities(identity);
        Self { requester: Requester::new(parts, settings, vec![0; 0x3000]), now: Instant::ORIGIN }
    }

    pub fn drive(&mut self, line: &mut impl Wire) -> Result<Vec<Seen>, Error> {
        drive(&mut self.requester, &mut self.now, line)
    }

    /// Up to a key of the device's that is known.
    pub fn meet<R: Kit, const C: bool>(&mut self, responder: &mut Talker<R, C>) {
        self.requester.connect().unwrap();
        self.drive(&mut Line(responder)).unwrap();
        self.requester.digests().unwrap();
        self.drive(&mut Line(responder)).unwrap();
        self.trust_device();
    }

    /// Takes the device's key for known.
    pub fn trust_device(&mut self) {
        let chain = *self.requester.digest(0).unwrap();
        self.requester.know(0, PeerKey { key: K::verifying_key(P256, 0), chain });
    }

    pub fn exchange<R: Kit, const C: bool>(
        &mut self,
        responder: &mut Talker<R, C>,
    ) -> Result<Vec<Seen>, Error> {
        let wanted = SessionRequest { summary: SummaryKind::All, ..Default::default() };
        self.requester.key_exchange(wanted)?;
        self.drive(&mut Line(responder))
    }

    pub fn psk<R: Kit, const C: bool>(&mut self, responder: &mut Talker<R, C>) -> Result<Vec<Seen>, Error> {
        let psk = PresharedKey { hint: b"hint", key: b"a key that both have" };
        self.requester.psk_exchange(SessionRequest::default(), psk)?;
        self.drive(&mut Line(responder))
    }

    /// Everything that a session serves for, and its end.
    pub fn use_and_end<R: Kit, const C: bool>(
        &mut self,
        id: u32,
        mutual: bool,
        responder: &mut Talker<R, C>,
    ) {
        self.requester.within(id).digests().unwrap();
        assert!(matches!(self.drive(&mut Line(responder)).unwrap()[..], [Seen::Digests(_)]));
        self.requester.within(id).measurements(MeasurementRequest::all_signed(0)).unwrap();
        let measured = self.drive(&mut Line(responder)).unwrap();
        assert!(matches!(measured[..], [Seen::Measured { transcript: Some(_), .. }]));
        for operation in [KeyOperation::UpdateKey, KeyOperation::UpdateAllKeys, KeyOperation::UpdateKey] {
            self.requester.within(id).update_keys(operation).unwrap();
            assert_eq!(self.drive(&mut Line(responder)).unwrap(), [Seen::Renewed(id)]);
        }
        assert!(responder.ask_key_update(id));
        assert!(!responder.ask_key_update(id), "one thing is asked at a time");
        self.requester.within(id).encapsulated().unwrap();
        assert_eq!(self.drive(&mut Line(responder)).unwrap(), [Seen::Heard]);
        self.echo(id, 600, responder);
        assert_eq!(responder.parts_mut().vendor.heard, [Context { session: Some(id), mutual }]);
        self.requester.within(id).heartbeat().unwrap();
        assert_eq!(self.drive(&mut Line(responder)).unwrap(), [Seen::Alive(id)]);
        self.requester.within(id).end(false).unwrap();
        assert_eq!(self.drive(&mut Line(responder)).unwrap(), [Seen::Ended(id)]);
        assert!(responder.session(id).is_none());
        assert_eq!(responder.parts_mut().vendor.ended, [id]);
    }

    /// A vendor's request of that length, which comes back.
    pub fn echo<R: Kit, const C: bool>(&mut self, id: u32, length: usize, responder: &mut Talker<R, C>) {
        let payload: Vec<u8> = (0..251).cycle().take(length).collect();
        let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &payload };
        self.requester.within(id).vendor(&message).unwrap();
        assert_eq!(self.drive(&mut Line(responder)).unwrap(), [Seen::Vendor(payload)]);
    }
}

/// Changes requests on their way.
pub struct Meddler<'r, K: Kit, const C: bool, F> {
    pub responder: &'r mut Talker<K, C>,
    pub before: F,
}

impl<K: Kit, const C: bool, F: FnMut(&mut Vec<u8>)> Wire for Meddler<'_, K, C, F> {
    fn exchange(&mut self, _: &[u8]) -> Vec<u8> {
        panic!("all goes through the other")
    }

    fn carry(&mut self, now: Instant, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>) {
        let mut message = message.to_vec();
        (self.before)(&mut message);
        Line(&mut *self.responder).carry(now, kind, &message)
    }
}

pub fn opened(seen: &[Seen]) -> u32 {
    match seen.last() {
        Some(Seen::Opened(id)) => *id,
        Some(Seen::Exchanged { session, is_open: true, .. }) => *session,
        other => panic!("{other:?}"),
    }
}

pub fn settings() -> responder::Settings {
    responder::Settings { heartbeat: 10, ..Default::default() }
}

/// The digest of the requester's chain, as it stands in its slot.
pub fn own_digest(hash: HashAlgorithm) -> Digest {
    let device = Device::new::<AwsLcKit>(P256, &[0]);
    let certificates = device.certificates(0).unwrap();
    let root = digest_of(hash, &certificates[..600]);
    let length = u16::try_from(4 + hash.size() + certificates.len()).unwrap().to_le_bytes();
    digest_of(hash, &[&length[..], &[0, 0], root.as_bytes(), certificates].concat())
}
