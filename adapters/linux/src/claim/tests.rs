use lanewarden_pci::{Claim, Machine};

use crate::sample::{Tree, mailbox};

const MEMORY: &str = "0000:0f:00.0";
const SWITCH: &str = "0000:0d:00.0";
const NVME: &str = "0000:30:00.0";

fn claim(tree: &Tree, function: &str) -> Option<Claim> {
    tree.machine().claim(mailbox(function))
}

/// Row D4: the driver of a CXL memory has its table read whenever the kernel likes.
#[test]
fn a_memory_belongs_to_its_driver() {
    let tree = Tree::new();
    tree.endpoint(MEMORY);
    assert_eq!(claim(&tree, MEMORY), None);
    tree.driver(MEMORY, "cxl_pci").memory("mem0", MEMORY).port("endpoint3", &format!("{MEMORY}/mem0"));
    assert_eq!(claim(&tree, MEMORY), Some(Claim::Driver("cxl_pci".to_owned())));
}

/// Row D4: the endpoint of an accelerator with memory, whose driver we do not know, says the same.
#[test]
fn an_endpoint_gives_the_core_away_whatever_the_driver() {
    let tree = Tree::new();
    tree.endpoint(MEMORY).driver(MEMORY, "sfc").memory("mem12", MEMORY);
    assert_eq!(claim(&tree, MEMORY), None);
    tree.port("endpoint3", &format!("{MEMORY}/mem12"));
    assert_eq!(claim(&tree, MEMORY), Some(Claim::CxlObject("endpoint3".to_owned())));
}

/// Row D4: the switch is bound to pcieport, which means nothing; the port object on it does.
#[test]
fn a_switch_belongs_to_the_core_once_a_port_hangs_on_it() {
    let tree = Tree::new();
    tree.endpoint(SWITCH).driver(SWITCH, "pcieport");
    tree.port("port1", "").port("endpoint3", &format!("{MEMORY}/mem0"));
    assert_eq!(claim(&tree, SWITCH), None);
    tree.port("port2", SWITCH);
    assert_eq!(claim(&tree, SWITCH), Some(Claim::CxlObject("port2".to_owned())));
}

/// Row D4: a driver that runs no protocol leaves the mailbox free.
#[test]
fn a_drive_that_is_merely_bound_is_free() {
    let tree = Tree::new();
    for driver in ["nvme", "pcieport", "e1000e", "vfio-pci"] {
        tree.endpoint(NVME).driver(NVME, driver);
        assert_eq!(claim(&tree, NVME), None, "{driver}");
        tree.unbind(NVME);
    }
}

#[test]
fn a_tsm_counts_while_it_is_connected() {
    let tree = Tree::new();
    tree.endpoint(NVME).driver(NVME, "nvme").attribute(NVME, "authenticated", "\n");
    for (connect, expected) in
        [("\n", None), ("tsm0\n", Some(Claim::Tsm)), ("0\n", None), ("1\n", Some(Claim::Tsm))]
    {
        tree.attribute(NVME, "tsm/connect", connect);
        assert_eq!(claim(&tree, NVME), expected, "{connect:?}");
    }
}

#[test]
fn a_kernel_that_authenticates_devices_itself_may_do_so_at_any_time() {
    let tree = Tree::new();
    tree.endpoint(NVME).driver(NVME, "nvme").attribute(NVME, "authenticated", "0\n");
    assert_eq!(claim(&tree, NVME), Some(Claim::Driver("PCI core (CMA)".to_owned())));
}

#[test]
fn a_claim_ends_with_its_object() {
    let tree = Tree::new();
    let machine = tree.machine();
    tree.endpoint(SWITCH).port("port2", SWITCH);
    assert!(machine.claim(mailbox(SWITCH)).is_some());
    std::fs::remove_file(tree.path("sys/bus/cxl/devices/port2")).unwrap();
    assert_eq!(machine.claim(mailbox(SWITCH)), None);
}

/// The core makes the object first and its link to the function a moment later.
#[test]
fn an_object_that_is_still_being_made_is_looked_at_again() {
    let tree = Tree::new();
    let machine = tree.machine();
    tree.endpoint(SWITCH).port("port2", SWITCH);
    let link = tree.path("sys/devices/platform/ACPI0017:00/root0/port2/uport");
    let target = std::fs::read_link(&link).unwrap();
    std::fs::remove_file(&link).unwrap();
    assert_eq!(machine.claim(mailbox(SWITCH)), None);
    std::os::unix::fs::symlink(target, &link).unwrap();
    assert!(machine.claim(mailbox(SWITCH)).is_some());
}
