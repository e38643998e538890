//! GET_DIGESTS (DSP0274 1.3, 10.7).

use lanewarden_crypto::Digest;

use super::{Core, Endpoint, Event, Operation};
use crate::error::Reason;
use crate::message::{Digests, Header, Reader, ResponderFlags, SLOTS};
use crate::transcript::Part;

impl<E: Endpoint> Core<E> {
    pub fn begin_digests(&mut self) -> Result<(), Reason> {
        self.needs(ResponderFlags::CERT, "certificates (CERT_CAP)")?;
        self.digests = [None; SLOTS as usize];
        self.operation = Operation::Digests;
        Ok(())
    }

    pub fn complete_digests<'a>(&mut self, message: &'a [u8]) -> Result<Event<'a>, Reason> {
        let connection = self.agreed()?;
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let (digests, length) =
            Digests::decode(connection.version, connection.hash.size(), header, &mut reader)?;
        if self.lane.is_none() {
            self.said(Part::Authentication, message.get(..length).unwrap_or_default())?;
        }
        for (slot, digest) in digests.iter() {
            if let Some(place) = self.digests.get_mut(usize::from(slot)) {
                *place = Digest::new(connection.hash, digest);
            }
        }
        Ok(Event::Digests(digests))
    }
}
