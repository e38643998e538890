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
    #[cfg(feature = "keylog")]
    pub(crate) listener: Listener,
}

/// Who is told the secrets of sessions, or nobody. No two listeners differ.
#[cfg(feature = "keylog")]
#[derive(Clone, Default)]
pub struct Listener(Option<std::rc::Rc<std::cell::RefCell<Tell>>>);

/// Told a session's number, whether it is established, and the secrets of the requester and of the responder.
#[cfg(feature = "keylog")]
type Tell = dyn FnMut(u32, bool, &[u8], &[u8]);

#[cfg(feature = "keylog")]
impl Listener {
    /// One that does this with them.
    pub fn new(tell: impl FnMut(u32, bool, &[u8], &[u8]) + 'static) -> Self {
        Self(Some(std::rc::Rc::new(std::cell::RefCell::new(tell))))
    }
}

#[cfg(feature = "keylog")]
impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener(..)")
    }
}

#[cfg(feature = "keylog")]
impl PartialEq for Listener {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(feature = "keylog")]
impl Eq for Listener {}

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

    #[cfg(feature = "keylog")]
    fn secrets(&mut self, session: u32, is_established: bool, requester: &[u8], responder: &[u8]) {
        if let Some(tell) = &self.listener.0 {
            (tell.borrow_mut())(session, is_established, requester, responder);
        }
    }
}
