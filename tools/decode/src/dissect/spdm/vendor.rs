//! What the messages of vendors carry: the protocols of the PCI-SIG and of CXL.

use lanewarden_ide::{cxl, pci};
use lanewarden_spdm::message::{Malformed, Reader, VendorMessage};
use lanewarden_tdisp::{self as tdisp, tsp};

use super::Content;
use crate::Field;

/// A message of a vendor, in one direction or the other.
pub fn vendor(is_request: bool, reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = VendorMessage::decode(reader)?;
    let told = protocol(&message, is_request);
    let mut fields = vec![
        Field::new("standards_body", message.registry.body),
        Field::new("standards_body_name", message.registry.name()),
        Field::new("vendor_id", message.registry.vendor),
    ];
    if let Some((protocol, said)) = &told {
        fields.extend([Field::new("protocol", *protocol), Field::new("message", said.clone())]);
    }
    fields.push(Field::new("payload", message.payload));
    Ok(match told {
        Some((protocol, said)) => Content::new(&format_args!("{protocol} {said}"), fields),
        None => Content::new(&message, fields),
    })
}

/// The protocol, and what is said in it; `None` where it is another, or is not spoken well.
fn protocol(message: &VendorMessage<'_>, is_request: bool) -> Option<(&'static str, String)> {
    let VendorMessage { registry, payload } = *message;
    let said = (registry.body == lanewarden_ide::BODY).then_some((registry.vendor, *payload.first()?))?;
    match said {
        (vendor, lanewarden_ide::PROTOCOL) if vendor == pci::VENDOR => {
            Some(("IDE_KM", pci::Message::decode(payload).ok()?.to_string()))
        }
        (vendor, lanewarden_ide::PROTOCOL) if vendor == cxl::VENDOR => {
            Some(("CXL_IDE_KM", cxl::Message::decode(payload).ok()?.to_string()))
        }
        (vendor, tdisp::PROTOCOL_ID) if vendor == pci::VENDOR => {
            let (header, said) = if is_request {
                tdisp::decode_request(payload).map(|(header, said)| (header, said.to_string()))
            } else {
                tdisp::decode_response(payload).map(|(header, said)| (header, said.to_string()))
            }
            .ok()?;
            Some(("TDISP", format!("{said}, interface {}", header.interface)))
        }
        (vendor, tdisp::PROTOCOL_ID) if vendor == cxl::VENDOR => {
            let said = if is_request {
                tsp::decode_request(payload).map(|(_, said)| said.to_string())
            } else {
                tsp::decode_response(payload).map(|(_, said)| said.to_string())
            };
            Some(("CXL TSP", said.ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lanewarden_spdm::message::Registry;

    use super::*;

    fn told(vendor: &[u8], payload: &[u8], is_request: bool) -> Option<String> {
        let message = VendorMessage { registry: Registry { body: 3, vendor }, payload };
        protocol(&message, is_request).map(|(protocol, said)| format!("{protocol} {said}"))
    }

    #[test]
    fn each_protocol_is_told_by_its_vendor_and_its_number() {
        let tdisp = [&[1, 0x10, 0x85, 0, 0, 0xef, 0xbe][..], &[0; 10]].concat();
        let asked = told(&pci::VENDOR, &tdisp, true).unwrap();
        assert_eq!(asked, "TDISP GET_DEVICE_INTERFACE_STATE, interface be:1d.7");
        let go = [0, 4, 0, 0, 9, 0, 0x12, 1];
        assert_eq!(told(&pci::VENDOR, &go, true).unwrap(), "IDE_KM K_SET_GO port 1 stream 9 K0 Tx NPR");
        assert!(told(&cxl::VENDOR, &[0, 0, 0, 1], true).unwrap().starts_with("CXL_IDE_KM QUERY"));
        assert!(told(&cxl::VENDOR, &[1, 0x10, 0x81, 0, 0], true).unwrap().starts_with("CXL TSP "));
    }

    #[test]
    fn an_answer_is_not_read_as_a_request() {
        let state = [&[1, 0x10, 0x05, 0, 0, 0xef, 0xbe][..], &[0; 10], &[2]].concat();
        assert_eq!(told(&pci::VENDOR, &state, true), None);
        let answered = told(&pci::VENDOR, &state, false).unwrap();
        assert_eq!(answered, "TDISP DEVICE_INTERFACE_STATE: RUN, interface be:1d.7");
    }

    #[test]
    fn no_key_is_told() {
        let key = [&[0, 2, 0, 0, 9, 0, 0x12, 1][..], &[0xab; 40]].concat();
        assert_eq!(told(&pci::VENDOR, &key, true).unwrap(), "IDE_KM KEY_PROG port 1 stream 9 K0 Tx NPR");
    }

    #[test]
    fn others_and_what_is_malformed_are_left_as_they_are() {
        for (vendor, payload) in [
            (&[0x86, 0x80][..], &[0, 0, 0, 1][..]),
            (&pci::VENDOR, &[2, 0]),
            (&pci::VENDOR, &[0, 4]),
            (&pci::VENDOR, &[]),
        ] {
            assert_eq!(told(vendor, payload, true), None);
        }
    }
}
