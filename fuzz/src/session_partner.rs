//! A requester's side of sessions, worked out anew from what the specification says: what was said is kept whole and
//! hashed at once, and nothing is refused that could be tried.

use lanewarden_crypto::{AeadAlgorithm, Digest, Hash, HashAlgorithm, Provider};
use lanewarden_spdm::Connection;
use lanewarden_spdm::binding::Binding;
use lanewarden_spdm::session::{
    Channel, Directions, FinishedKey, HandshakeSecret, RecordForm, Secret, SessionHash, UNLIMITED,
};

use crate::stub::{Stub, StubAead};

/// The digest of these bytes.
pub fn hashed(algorithm: HashAlgorithm, bytes: &[u8]) -> Digest {
    let mut hash = Stub::default().hash(algorithm).unwrap();
    Hash::update(&mut hash, bytes);
    Hash::finish(hash)
}

/// One direction.
struct Way {
    secret: Secret,
    channel: Channel<StubAead>,
}

impl Way {
    fn new(secret: Secret, aead: AeadAlgorithm) -> Self {
        let keys = secret.traffic_keys(&Stub::default(), aead).unwrap();
        Self { secret, channel: Channel::new(keys, UNLIMITED) }
    }

    fn next(&self, aead: AeadAlgorithm) -> Self {
        Self::new(self.secret.next(&Stub::default()).unwrap(), aead)
    }

    fn open(&mut self, form: &RecordForm, id: u32, record: &[u8]) -> Option<Vec<u8>> {
        let mut record = record.to_vec();
        let message = self.channel.open(form, id, &mut record).ok()?;
        Some(record[message].to_vec())
    }
}

/// A session, with all of its secrets.
pub struct Partner {
    pub id: u32,
    pub is_psk: bool,
    pub in_the_clear: bool,
    /// Whether the requester is to prove who it is.
    pub is_mutual: bool,
    pub is_established: bool,
    /// All that was said: TH.
    pub said: Vec<u8>,
    hash: SessionHash,
    aead: AeadAlgorithm,
    form: RecordForm,
    secret: HandshakeSecret,
    finished: Directions<FinishedKey>,
    out: Way,
    back: Way,
}

impl Partner {
    /// A session whose exchange is over; `said` is what TH1 is over.
    pub fn begin(
        agreed: &Connection,
        binding: Binding,
        secret: HandshakeSecret,
        said: Vec<u8>,
        id: u32,
    ) -> Self {
        let stub = Stub::default();
        let aead = agreed.aead.unwrap();
        let th1 = hashed(agreed.hash, &said);
        let secrets = secret.directions(&stub, &th1).unwrap();
        let finished = Directions {
            requester: secrets.requester.finished_key(&stub).unwrap(),
            responder: secrets.responder.finished_key(&stub).unwrap(),
        };
        Self {
            id,
            is_psk: false,
            in_the_clear: false,
            is_mutual: false,
            is_established: false,
            said,
            hash: SessionHash { version: agreed.version, algorithm: agreed.hash },
            aead,
            form: RecordForm { binding, protection: agreed.protection().unwrap() },
            secret,
            finished,
            out: Way::new(secrets.requester, aead),
            back: Way::new(secrets.responder, aead),
        }
    }

    /// What the requester shows after this.
    pub fn verify_data(&self, said: &[u8]) -> Digest {
        self.finished.requester.verify_data(&Stub::default(), &hashed(self.hash.algorithm, said)).unwrap()
    }

    /// What the responder shows now.
    pub fn expected(&self) -> Digest {
        let th = hashed(self.hash.algorithm, &self.said);
        self.finished.responder.verify_data(&Stub::default(), &th).unwrap()
    }

    /// The handshake is over.
    pub fn establish(&mut self) {
        let (stub, th2) = (Stub::default(), hashed(self.hash.algorithm, &self.said));
        let secrets = self.secret.master(&stub).unwrap().directions(&stub, &th2).unwrap();
        self.out = Way::new(secrets.requester, self.aead);
        self.back = Way::new(secrets.responder, self.aead);
        self.is_established = true;
    }

    /// The requester's messages go under new keys from now on.
    pub fn renew(&mut self) {
        self.out = self.out.next(self.aead);
    }

    pub fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let head = self.form.head();
        let mut buffer = [&vec![0; head], message, &[0; RecordForm::TAIL]].concat();
        let place = head..head + message.len();
        let record = self.out.channel.seal(&self.form, self.id, &mut buffer, place).unwrap();
        buffer[record].to_vec()
    }

    /// What is in a record of the responder's; under new keys where it has some by now.
    pub fn open(&mut self, record: &[u8]) -> Option<Vec<u8>> {
        if let Some(message) = self.back.open(&self.form, self.id, record) {
            return Some(message);
        }
        let mut next = self.back.next(self.aead);
        let message = next.open(&self.form, self.id, record)?;
        self.back = next;
        Some(message)
    }
}
