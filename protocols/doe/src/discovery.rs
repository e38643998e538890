//! DOE Discovery: which protocols a mailbox speaks (PCIe 6.x, 6.30.1.1).

use core::fmt;

use crate::Protocol;

/// Version field of a request to an instance of capability version 2 or later. Zero before.
const VERSION_2: u8 = 2;
/// Longest response payload in bytes: version 2 adds a second DW.
pub const DISCOVERY_RESPONSE_MAX: usize = 8;

/// One discovery request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscoveryRequest {
    /// Which entry is asked for.
    pub index: u8,
    /// Version of discovery: 0, or 2 from capability version 2 on.
    pub version: u8,
}

impl DiscoveryRequest {
    /// Decodes a request's payload; `None` if it is shorter than a DW.
    #[must_use]
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let [index, version, ..] = *payload.first_chunk::<4>()?;
        Some(Self { index, version })
    }

    /// The request's payload.
    #[must_use]
    pub fn encode(self) -> [u8; 4] {
        [self.index, self.version, 0, 0]
    }
}

/// One discovery response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscoveryResponse {
    /// The entry that was asked for.
    pub feature: Feature,
    /// Index of the next entry, 0 after the last.
    pub next: u8,
}

impl DiscoveryResponse {
    /// Decodes a response's payload: one DW, and a second one with limits from version 2. What follows is ignored.
    ///
    /// # Errors
    /// [`DiscoveryError::Short`] where there is no whole DW.
    pub fn decode(payload: &[u8]) -> Result<Self, DiscoveryError> {
        let (first, rest) = payload.split_first_chunk::<4>().ok_or(DiscoveryError::Short(payload.len()))?;
        let [v0, v1, kind, next] = *first;
        let protocol = Protocol::new(u16::from_le_bytes([v0, v1]), kind);
        let limits = rest.first_chunk::<4>().map(|second| Limits::decode(u32::from_le_bytes(*second)));
        Ok(Self { feature: Feature { protocol, limits }, next })
    }

    /// The response's payload and its length, 4 or 8 bytes.
    #[must_use]
    pub fn encode(self) -> ([u8; DISCOVERY_RESPONSE_MAX], usize) {
        let [v0, v1] = self.feature.protocol.vendor.to_le_bytes();
        let [a, b, c, d] = self.feature.limits.unwrap_or_default().encode().to_le_bytes();
        let length = if self.feature.limits.is_some() { 8 } else { 4 };
        ([v0, v1, self.feature.protocol.kind, self.next, a, b, c, d], length)
    }
}

/// What a mailbox says of one protocol it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// The protocol.
    pub protocol: Protocol,
    /// The limits a version 2 instance may add.
    pub limits: Option<Limits>,
}

/// The second DW of a version 2 discovery response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Longest object of this protocol the instance takes, in DW as in an object's length field; 0 is 2^18.
    pub max_dwords: u32,
    /// Bits 31:18. For types 3 and 4 the lowest twelve are the largest connection ID.
    pub additional: u16,
}

impl Limits {
    fn decode(dword: u32) -> Self {
        Self { max_dwords: dword & 0x3_ffff, additional: (dword >> 18 & 0x3fff) as u16 }
    }

    fn encode(self) -> u32 {
        self.max_dwords & 0x3_ffff | u32::from(self.additional) << 18
    }
}

/// Why a walk of the discovery list came to nothing. Always the device's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// A response without its first DW.
    #[error("a discovery response of {0} bytes is shorter than a DW")]
    Short(usize),
    /// Index 0 is not discovery itself.
    #[error("the first entry is {0}, not DOE Discovery")]
    FirstEntry(Protocol),
    /// The device names an index as next that was already asked for.
    #[error("index {index} names index {next} as the next, which was already walked")]
    Loop {
        /// The index that was asked for.
        index: u8,
        /// The one it names.
        next: u8,
    },
}

/// The walk over a mailbox's discovery list: [`Discovery::request`], exchange, [`Discovery::answer`], until there is
/// no further request. At most 256 exchanges, whatever the device says.
#[derive(Clone, Debug)]
pub struct Discovery {
    version: u8,
    /// The next index, or none once the list has ended.
    index: Option<u8>,
    walked: [bool; 256],
}

impl Discovery {
    /// A walk of an instance whose capability has this version.
    #[must_use]
    pub fn new(capability_version: u8) -> Self {
        let version = if capability_version >= VERSION_2 { VERSION_2 } else { 0 };
        Self { version, index: Some(0), walked: [false; 256] }
    }

    /// The payload of the next request; `None` once the list has ended.
    #[must_use]
    pub fn request(&self) -> Option<[u8; 4]> {
        let request = DiscoveryRequest { index: self.index?, version: self.version };
        Some(request.encode())
    }

    /// Takes the payload of the answer to [`Discovery::request`] and returns the feature in it; `None` for the filler
    /// (vendor 0xffff, type 0xff) that QEMU gives past the end of its list.
    ///
    /// # Errors
    /// [`DiscoveryError`], which ends the walk: what was found before it stands, and there is no further request.
    pub fn answer(&mut self, payload: &[u8]) -> Result<Option<Feature>, DiscoveryError> {
        let Some(index) = self.index.take() else { return Ok(None) };
        let DiscoveryResponse { feature, next } = DiscoveryResponse::decode(payload)?;
        if index == 0 && feature.protocol != Protocol::DISCOVERY {
            return Err(DiscoveryError::FirstEntry(feature.protocol));
        }
        if feature.protocol == Protocol::new(0xffff, 0xff) {
            return Ok(None);
        }
        self.mark(index);
        if next != 0 {
            if self.walked.get(usize::from(next)).copied().unwrap_or(true) {
                return Err(DiscoveryError::Loop { index, next });
            }
            self.index = Some(next);
        }
        Ok(Some(feature))
    }

    fn mark(&mut self, index: u8) {
        if let Some(walked) = self.walked.get_mut(usize::from(index)) {
            *walked = true;
        }
    }
}

/// Protocols on one instance that the specifications want kept apart. Never more than a warning: devices break this
/// and work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollocationWarning {
    /// CMA/SPDM shares the instance with a protocol outside its own family (PCIe 6.0.1, 6.31.3).
    CmaShared(Protocol),
    /// More than two protocols beside discovery, counting the SPDM family as one.
    Crowded(usize),
}

impl fmt::Display for CollocationWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CmaShared(other) => {
                write!(f, "CMA/SPDM shares its instance with {other}; PCIe 6.0.1, 6.31.3 wants it alone")
            }
            Self::Crowded(count) => write!(f, "{count} protocols share one instance besides discovery"),
        }
    }
}

/// What is unusual about protocols that share one instance.
pub fn collocation(protocols: &[Protocol]) -> impl Iterator<Item = CollocationWarning> + '_ {
    let family = |p: &Protocol| p.vendor == Protocol::PCI_SIG && (1..=5).contains(&p.kind);
    let cma = protocols.iter().any(family);
    let others = move || protocols.iter().filter(move |p| **p != Protocol::DISCOVERY && !family(p));
    let shared = others().next().filter(|_| cma).map(|other| CollocationWarning::CmaShared(*other));
    let count = others().count().saturating_add(usize::from(cma));
    shared.into_iter().chain((count > 2).then_some(CollocationWarning::Crowded(count)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    extern crate std;
    use std::vec::Vec;

    use super::*;

    /// A device that answers from a list, as one does.
    fn list(protocols: &[Protocol], index: u8) -> [u8; 4] {
        let protocol = protocols[usize::from(index)];
        let next = if usize::from(index) + 1 < protocols.len() { index + 1 } else { 0 };
        let (bytes, _) = DiscoveryResponse { feature: Feature { protocol, limits: None }, next }.encode();
        *bytes.first_chunk().unwrap()
    }

    /// Row D2: a mailbox may carry any number of protocols; the walk's list equals the device's.
    #[test]
    fn the_walk_finds_just_what_is_there() {
        for count in [1, 2, 3, 256] {
            let there: Vec<_> = (0..count)
                .map(|i: u16| if i == 0 { Protocol::DISCOVERY } else { Protocol::new(0x1234 + i, 7) })
                .collect();
            let mut walk = Discovery::new(1);
            let mut found = Vec::new();
            while let Some(request) = walk.request() {
                found.extend(walk.answer(&list(&there, request[0])).unwrap().map(|f| f.protocol));
            }
            assert_eq!(found, there);
        }
    }

    #[test]
    fn version_2_is_asked_for_from_capability_version_2_on() {
        assert_eq!(Discovery::new(1).request(), Some([0, 0, 0, 0]));
        assert_eq!(Discovery::new(2).request(), Some([0, 2, 0, 0]));
        assert_eq!(Discovery::new(3).request(), Some([0, 2, 0, 0]));
    }

    #[test]
    fn a_version_2_answer_brings_limits() {
        let mut walk = Discovery::new(2);
        let feature = walk.answer(&[1, 0, 0, 0, 0x00, 0x04, 0xfc, 0x03]).unwrap().unwrap();
        assert_eq!(feature.limits, Some(Limits { max_dwords: 0x400, additional: 0xff }));
        let response = DiscoveryResponse { feature, next: 0 };
        assert_eq!(response.encode(), ([1, 0, 0, 0, 0x00, 0x04, 0xfc, 0x03], 8));
    }

    #[test]
    fn the_filler_past_the_end_ends_the_walk() {
        let mut walk = Discovery::new(1);
        walk.answer(&[1, 0, 0, 1]).unwrap();
        assert_eq!(walk.answer(&[0xff, 0xff, 0xff, 2]), Ok(None));
        assert_eq!(walk.request(), None);
    }

    #[test]
    fn a_list_that_loops_is_refused() {
        let mut walk = Discovery::new(1);
        walk.answer(&[1, 0, 0, 1]).unwrap();
        assert_eq!(walk.answer(&[1, 0, 1, 1]), Err(DiscoveryError::Loop { index: 1, next: 1 }));
        assert_eq!(walk.request(), None);
        assert_eq!(
            Discovery::new(1).answer(&[1, 0, 1, 0]),
            Err(DiscoveryError::FirstEntry(Protocol::CMA_SPDM))
        );
        assert_eq!(Discovery::new(1).answer(&[1, 0, 1]), Err(DiscoveryError::Short(3)));
    }

    /// Rows D2, B18: restricted combinations and crowds are named, and are no failure.
    #[test]
    fn collocation_is_judged_but_not_refused() {
        use Protocol as P;
        let judge = |protocols: &[P]| collocation(protocols).collect::<Vec<_>>();
        assert_eq!(judge(&[P::DISCOVERY, P::CMA_SPDM, P::SECURED_CMA_SPDM]), []);
        assert_eq!(judge(&[P::DISCOVERY, P::CXL_TABLE_ACCESS, P::CXL_COMPLIANCE]), []);
        let shared = [P::DISCOVERY, P::CMA_SPDM, P::CXL_TABLE_ACCESS];
        assert_eq!(judge(&shared), [CollocationWarning::CmaShared(P::CXL_TABLE_ACCESS)]);
        let crowd = [P::DISCOVERY, P::CXL_TABLE_ACCESS, P::CXL_COMPLIANCE, P::new(0x1234, 0)];
        assert_eq!(judge(&crowd), [CollocationWarning::Crowded(3)]);
    }
}
