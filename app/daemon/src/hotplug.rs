//! Devices that come and go, as the kernel tells it.

use lanewarden_broker::Address;

/// A change that the kernel tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A function is there.
    Added(Address),
    /// A function is gone.
    Removed(Address),
}

/// What a message of the kernel (a uevent) says of a PCI function; `None` where it is about something else. The message is
/// `ACTION@PATH` and then `KEY=VALUE`, each ended by a zero byte.
#[must_use]
pub fn change(message: &[u8]) -> Option<Change> {
    let text = std::str::from_utf8(message).ok()?;
    let mut fields = text.split('\0').skip(1).filter_map(|field| field.split_once('='));
    let (mut action, mut subsystem, mut slot) = (None, None, None);
    for (key, value) in fields.by_ref() {
        match key {
            "ACTION" => action = Some(value),
            "SUBSYSTEM" => subsystem = Some(value),
            "PCI_SLOT_NAME" => slot = Some(value),
            _ => {}
        }
    }
    let address = slot.filter(|_| subsystem == Some("pci"))?.parse().ok()?;
    match action? {
        "add" => Some(Change::Added(address)),
        "remove" => Some(Change::Removed(address)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ADDED: &[u8] = b"add@/devices/pci0000:00/0000:00:04.0/0000:0d:00.0\0ACTION=add\0\
        DEVPATH=/devices/pci0000:00/0000:00:04.0/0000:0d:00.0\0SUBSYSTEM=pci\0PCI_CLASS=50210\0\
        PCI_ID=8086:0D93\0PCI_SLOT_NAME=0000:0d:00.0\0SEQNUM=1234\0";

    #[test]
    fn functions_that_come_and_go_are_told() {
        let address = "0000:0d:00.0".parse().unwrap();
        assert_eq!(change(ADDED), Some(Change::Added(address)));
        let removed = String::from_utf8(ADDED.to_vec()).unwrap().replace("ACTION=add", "ACTION=remove");
        assert_eq!(change(removed.as_bytes()), Some(Change::Removed(address)));
        let bound = removed.replace("ACTION=remove", "ACTION=bind");
        assert_eq!(change(bound.as_bytes()), None);
        let other = removed.replace("SUBSYSTEM=pci", "SUBSYSTEM=net");
        assert_eq!(change(other.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_message_is_a_change_or_none(message in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = change(&message);
        }
    }
}
