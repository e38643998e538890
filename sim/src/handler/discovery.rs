//! Discovery, from the device's side (PCIe 6.x, 6.30.1.1).

use lanewarden_doe::{DiscoveryRequest, DiscoveryResponse, Feature, Limits, Protocol};

use super::Reply;

/// The filler for an index past the end, in the manner of QEMU.
const FILLER: Protocol = Protocol::new(0xffff, 0xff);

/// Answers from a list that starts with discovery itself and goes on with `protocols`. A request of version 2 is told
/// the longest object too.
pub(crate) fn discover(protocols: &[Protocol], max_dwords: u32, payload: &[u8]) -> Reply {
    let Some(request) = DiscoveryRequest::decode(payload).filter(|_| payload.len() == 4) else {
        return Reply::Discard;
    };
    let mut list = std::iter::once(Protocol::DISCOVERY).chain(protocols.iter().copied());
    let found = list.nth(usize::from(request.index));
    // Past the end the next index is one further, so that only the filler tells; after the last entry it is 0.
    let more = found.is_none() || list.next().is_some();
    let next = if more { request.index.wrapping_add(1) } else { 0 };
    let limits =
        (request.version >= 2).then_some(Limits { max_dwords: max_dwords & 0x3_ffff, additional: 0 });
    let feature = Feature { protocol: found.unwrap_or(FILLER), limits };
    let (bytes, length) = DiscoveryResponse { feature, next }.encode();
    Reply::answer(bytes.into_iter().take(length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(index: u8, version: u8) -> Reply {
        discover(&[Protocol::CMA_SPDM, Protocol::SECURED_CMA_SPDM], 1024, &[index, version, 0, 0])
    }

    /// Row D2: the list is what the mailbox speaks, discovery itself first.
    #[test]
    fn the_list_begins_with_discovery_and_ends_with_zero() {
        assert_eq!(ask(0, 0), Reply::answer(vec![0x01, 0x00, 0x00, 1]));
        assert_eq!(ask(1, 0), Reply::answer(vec![0x01, 0x00, 0x01, 2]));
        assert_eq!(ask(2, 0), Reply::answer(vec![0x01, 0x00, 0x02, 0]));
        assert_eq!(ask(3, 0), Reply::answer(vec![0xff, 0xff, 0xff, 4]));
        assert_eq!(ask(255, 0), Reply::answer(vec![0xff, 0xff, 0xff, 0]));
    }

    #[test]
    fn version_2_is_told_the_longest_object() {
        assert_eq!(ask(1, 2), Reply::answer(vec![0x01, 0x00, 0x01, 2, 0x00, 0x04, 0, 0]));
    }

    #[test]
    fn what_is_no_request_gets_no_answer() {
        assert_eq!(discover(&[], 1024, &[]), Reply::Discard);
        assert_eq!(discover(&[], 1024, &[0; 8]), Reply::Discard);
    }
}
