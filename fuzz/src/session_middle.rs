//! Somebody between a requester and a device that open sessions: who changes what goes by, as it is or, with the keys of
//! the sessions in hand, inside its records.

use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::MutualAuthentication;
use lanewarden_spdm::responder::{Parts, Responder, Settings};
use lanewarden_spdm::session::{
    Channel, RecordForm, Seat, Session, TrafficKeys, UNLIMITED, peek_session_id, seats,
};

use crate::input::Input;
use crate::stub::{Device, Echo, Firmware, Shared, Stub, StubAead, Trust};

/// Sessions that there is room for, on both sides.
pub const SEATS: usize = 2;

pub type Seats = [Seat<Stub>; SEATS];
type Made = Parts<Stub, Device, Firmware, Echo, (), Seats, Shared<true>, Trust>;

/// An honest device, and somebody before it. Past the end of the input all goes by as it is.
pub struct Middle<'i, 'a> {
    input: &'i mut Input<'a>,
    pub device: Responder<Made, Vec<u8>>,
    /// The cryptography of the device, and of the requester.
    pub stub: Stub,
    asker: Stub,
    settings: Settings,
    last: Vec<u8>,
    /// Whether anything was changed.
    pub meddled: bool,
    /// Whether anything was changed inside a record, which takes its keys.
    pub opened_records: bool,
    /// The sessions whose requester has proven who it is.
    pub proven: Vec<u32>,
}

impl<'i, 'a> Middle<'i, 'a> {
    pub fn new(input: &'i mut Input<'a>, asker: Stub, settings: Settings, delays: u8, trust: Trust) -> Self {
        let stub = Stub::numbered(1);
        let parts = Parts::new(stub.clone())
            .with_identities(Device::new(delays))
            .with_measurements(Firmware)
            .with_vendor(Echo)
            .with_sessions(seats())
            .with_psk(Shared::<true>)
            .with_requesters(trust);
        let device = Responder::new(parts, settings, vec![0; 0x3000]);
        Self {
            input,
            device,
            stub,
            asker,
            settings,
            last: Vec::new(),
            meddled: false,
            opened_records: false,
            proven: Vec::new(),
        }
    }

    /// What comes back for a message.
    pub fn carry(&mut self, now: Instant, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>) {
        let what = self.input.byte();
        let mut message = message.to_vec();
        if what & 0x40 != 0 {
            let asker = self.asker.clone();
            self.change(what, kind, &asker, &mut message);
        }
        if what & 0xf == 9 {
            self.device.reset();
            self.meddled = true;
        }
        let answered = self.device.respond(now, kind, &mut message);
        let answered = answered.map(|(kind, answer)| (kind, answer.to_vec()));
        self.look();
        let (mut kind, mut answer) = answered.unwrap_or((kind, Vec::new()));
        if what & 0x40 == 0 {
            let stub = self.stub.clone();
            self.change(what, kind, &stub, &mut answer);
        }
        if what & 0x80 != 0 {
            kind = if kind == MessageKind::Plain { MessageKind::Secured } else { MessageKind::Plain };
            self.meddled = true;
        }
        self.last.clone_from(&answer);
        (kind, answer)
    }

    /// There are as many sessions as seats, and only those are proven that were to be.
    fn look(&mut self) {
        assert!(self.device.sessions().count() <= SEATS);
        let proven =
            self.device.sessions().map(Session::id).filter(|id| self.device.is_requester_known(Some(*id)));
        for id in proven {
            assert_ne!(self.settings.mutual, MutualAuthentication::None);
            if !self.proven.contains(&id) {
                self.proven.push(id);
            }
        }
    }

    /// Changes a message that this side has sent: inside its record, where it is one and the input says so.
    fn change(&mut self, what: u8, kind: MessageKind, by: &Stub, message: &mut Vec<u8>) {
        let before = message.clone();
        if kind == MessageKind::Secured && what & 0x10 != 0 {
            if let Some(inner) = self.inside(by, message) {
                let mut changed = inner.clone();
                self.edit(what, &mut changed);
                if changed != inner
                    && let Some(record) = self.sealed(by, message, &changed)
                {
                    *message = record;
                    self.opened_records = true;
                }
            }
        } else {
            self.edit(what, message);
        }
        self.meddled |= *message != before;
    }

    /// One direction as it was before the last record, with the keys of the side that sealed it.
    fn channel(&self, by: &Stub) -> Option<(RecordForm, Channel<StubAead>)> {
        let protection = self.device.connection()?.protection()?;
        let (key, nonce) = by.seen().sealed?;
        let keys = TrafficKeys { aead: by.cipher(key), salt: nonce.into() };
        let form = RecordForm { binding: self.settings.binding, protection };
        Some((form, Channel::new(keys, UNLIMITED)))
    }

    fn inside(&self, by: &Stub, record: &[u8]) -> Option<Vec<u8>> {
        let (form, mut channel) = self.channel(by)?;
        let mut record = record.to_vec();
        let message = channel.open(&form, peek_session_id(&record)?, &mut record).ok()?;
        Some(record[message].to_vec())
    }

    fn sealed(&self, by: &Stub, record: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let (form, mut channel) = self.channel(by)?;
        let head = form.head();
        let mut buffer = [&vec![0; head], message, &[0; RecordForm::TAIL]].concat();
        let place = head..head + message.len();
        let sealed = channel.seal(&form, peek_session_id(record)?, &mut buffer, place).ok()?;
        Some(buffer[sealed].to_vec())
    }

    fn edit(&mut self, what: u8, message: &mut Vec<u8>) {
        let length = message.len().max(1);
        let input = &mut *self.input;
        match what & 0xf {
            1 => {
                let (at, byte) = (usize::from(input.word()) % length, input.byte());
                message.iter_mut().skip(at).take(1).for_each(|place| *place ^= byte);
            }
            2 => message.truncate(usize::from(input.word()) % length),
            3 => message.extend(input.counted()),
            4 => *message = input.counted().to_vec(),
            5 => {
                let [code, data] = input.array();
                let version = message.first().copied().unwrap_or_default();
                *message = [&[version, 0x7f, code, data], input.counted()].concat();
            }
            6 => message.clone_from(&self.last),
            7 => message.iter_mut().skip(2).zip(input.array::<2>()).for_each(|(place, byte)| *place = byte),
            8 => {
                let at = usize::from(input.byte()) % length;
                message.iter_mut().skip(at).zip(input.array::<2>()).for_each(|(place, byte)| *place = byte);
            }
            10 => {
                let at = usize::from(input.word()) % length;
                message.splice(at..at, input.counted().iter().copied());
            }
            // The head stays, and other things follow: what an encapsulated request says, for one.
            11 => {
                let keep = usize::from(input.byte() & 7);
                message.truncate(keep);
                message.extend(input.counted());
            }
            _ => {}
        }
    }
}
