//! Who stands between a responder and its mailbox, and changes what is heard or said. What is wrong with keys,
//! certificates or measurements themselves is seen to where those are made.

use lanewarden_sim::scenario::Misbehaviour;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{NONCE_SIZE, Request, Response};

use crate::random::Stream;

/// Where CHALLENGE has its nonce (DSP0274 1.3, table 44).
const NONCE: usize = 4;
/// Where CAPABILITIES has its flags (DSP0274 1.3, table 12).
const FLAGS: usize = 8;
/// The flags of measurements: MEAS_CAP and MEAS_FRESH_CAP.
const MEASURES: u8 = 0b11_1000;
/// Where VERSION has the number of its entries, and the entries of two bytes each (DSP0274 1.3, table 9).
const COUNT: usize = 5;
const ENTRIES: usize = 6;
/// Where CHUNK_RESPONSE has its place and the size of its data (DSP0274 1.3, table 99).
const SEQUENCE: usize = 4;
const CHUNK_SIZE: usize = 8;

/// The one who stands between.
pub(crate) struct Meddler {
    what: Misbehaviour,
    /// Bytes of the longest message.
    longest: usize,
    chance: Stream,
    /// CHALLENGE_AUTH that was given before.
    kept: Option<Vec<u8>>,
    /// VERSION has a single entry, so there is nothing to take away from it.
    one_version: bool,
}

impl Meddler {
    pub fn new(what: Misbehaviour, longest: u32, chance: Stream) -> Self {
        let longest = usize::try_from(longest).unwrap_or(usize::MAX);
        Self { what, longest, chance, kept: None, one_version: false }
    }

    /// What the responder hears; `None` for nothing at all.
    pub fn hear(&mut self, kind: MessageKind, message: &[u8]) -> Option<Vec<u8>> {
        if self.what == Misbehaviour::Silent {
            return None;
        }
        let mut heard = message.to_vec();
        let is_plain = kind == MessageKind::Plain;
        let challenges = is_plain && message.get(1) == Some(&Request::Challenge.byte());
        if self.what == Misbehaviour::Replay && challenges {
            // There is none to give again yet: the first is for a nonce that nobody sent.
            let nonce = heard.get_mut(NONCE..NONCE.saturating_add(NONCE_SIZE)).unwrap_or_default();
            self.chance.draw(nonce);
        }
        Some(heard)
    }

    /// What is said instead.
    pub fn tell(&mut self, kind: MessageKind, answer: &mut Vec<u8>) {
        match kind {
            MessageKind::Plain => self.tell_plain(answer),
            MessageKind::Secured => match self.what {
                Misbehaviour::Garbage => self.chance.draw(answer),
                Misbehaviour::SpoiledRecords => flip_last(answer),
                _ => {}
            },
        }
    }

    fn tell_plain(&mut self, answer: &mut Vec<u8>) {
        let code = answer.get(1).copied().unwrap_or_default();
        let is = |response: Response| code == response.byte();
        match self.what {
            Misbehaviour::Garbage => self.chance.draw(answer),
            Misbehaviour::Downgrade if is(Response::Version) => self.take_versions(answer),
            Misbehaviour::Downgrade if is(Response::Capabilities) && self.one_version => {
                if let Some(flags) = answer.get_mut(FLAGS) {
                    *flags &= !MEASURES;
                }
            }
            Misbehaviour::Replay if is(Response::ChallengeAuth) => {
                answer.clone_from(self.kept.get_or_insert_with(|| answer.clone()));
            }
            Misbehaviour::OversizedChunk if is(Response::ChunkResponse) => self.lengthen(answer),
            // The verify data comes last (DSP0274 1.3, table 70).
            Misbehaviour::WrongVerifyData if is(Response::KeyExchangeRsp) => flip_last(answer),
            _ => {}
        }
    }

    /// Leaves the oldest version only. The number of a version is in the second byte of its entry.
    fn take_versions(&mut self, answer: &mut Vec<u8>) {
        let entries = answer.get(ENTRIES..).unwrap_or_default().as_chunks::<2>().0;
        self.one_version = entries.len() < 2;
        let Some(oldest) = entries.iter().min_by_key(|[_, version]| *version).copied() else { return };
        answer.truncate(ENTRIES);
        answer.extend(oldest);
        if let Some(count) = answer.get_mut(COUNT) {
            *count = 1;
        }
    }

    /// As much more as the mailbox carries.
    fn lengthen(&self, answer: &mut Vec<u8>) {
        let is_first = answer.get(SEQUENCE..CHUNK_SIZE).is_some_and(|place| place == [0; 4]);
        let head: usize = if is_first { 16 } else { 12 };
        answer.resize(self.longest.max(answer.len()), 0);
        let size = u32::try_from(answer.len().saturating_sub(head)).unwrap_or(u32::MAX);
        if let Some(place) = answer.get_mut(CHUNK_SIZE..).and_then(<[u8]>::first_chunk_mut) {
            *place = size.to_le_bytes();
        }
    }
}

fn flip_last(message: &mut [u8]) {
    if let Some(byte) = message.last_mut() {
        *byte ^= 1;
    }
}
