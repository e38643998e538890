//! What was said, message by message.

use lanewarden_spdm::{Part, Record};

/// Messages that were signed over, and the signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// GET_VERSION to ALGORITHMS.
    pub connection: Vec<Vec<u8>>,
    /// What came after it, a request and its answer each; of the last answer, what stands before the signature.
    pub messages: Vec<Vec<u8>>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// The record of an attestation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    connection: Vec<Vec<u8>>,
    authentication: Vec<Vec<u8>>,
    measurements: Vec<Vec<u8>>,
    request: Vec<u8>,
    /// The challenge, with what came before it.
    pub challenge: Option<Signed>,
    /// The signed measurements.
    pub measured: Option<Signed>,
}

impl Said {
    fn part(&mut self, part: Part) -> &mut Vec<Vec<u8>> {
        match part {
            Part::Connection => &mut self.connection,
            Part::Authentication => &mut self.authentication,
            Part::Measurements => &mut self.measurements,
        }
    }
}

impl Record for Said {
    fn request(&mut self, _: Part, bytes: &[u8]) {
        self.request = bytes.to_vec();
    }

    fn response(&mut self, part: Part, bytes: &[u8]) {
        let request = std::mem::take(&mut self.request);
        self.part(part).extend([request, bytes.to_vec()]);
    }

    fn signature(&mut self, part: Part, bytes: &[u8]) {
        let messages = std::mem::take(self.part(part));
        let signed = Signed { connection: self.connection.clone(), messages, signature: bytes.to_vec() };
        match part {
            Part::Authentication => self.challenge = Some(signed),
            Part::Measurements => self.measured = Some(signed),
            Part::Connection => {}
        }
    }

    fn reset(&mut self, part: Part) {
        self.part(part).clear();
    }
}
