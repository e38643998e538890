use lanewarden_pci::Image;

use super::*;
use crate::sample::{Tree, address, mailbox};

const MEMORY: &str = "0000:0f:00.0";
const SWITCH: &str = "0000:0d:00.0";

#[test]
fn functions_come_in_order_and_only_those() {
    let tree = Tree::new();
    for name in ["10000:e1:00.0", "0001:00:00.0", "0000:80:1f.7", "0000:0d:00.0", "d:00.1", "notes"] {
        tree.function(name, &Image::new(256));
    }
    let names: Vec<_> = tree.machine().functions().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["0000:0d:00.0", "0000:80:1f.7", "0001:00:00.0", "10000:e1:00.0"]);
}

#[test]
fn a_machine_without_pci_has_no_functions_and_one_without_sysfs_no_answer() {
    let tree = Tree::new();
    std::fs::remove_dir_all(tree.path("sys/bus/pci")).unwrap();
    assert_eq!(tree.machine().functions(), Ok(Vec::new()));
    std::fs::remove_dir_all(tree.path("sys")).unwrap();
    assert_eq!(tree.machine().functions(), Err(AccessError::System(2)));
}

#[test]
fn the_kernels_names_are_told() {
    let tree = Tree::new();
    tree.endpoint(MEMORY).driver(MEMORY, "cxl_pci").memory("mem1", MEMORY);
    tree.port("endpoint12", &format!("{MEMORY}/mem1")).endpoint(SWITCH).driver(SWITCH, "pcieport");
    tree.port("port2", SWITCH).port("port1", "").memory("memory", SWITCH).memory("mem", SWITCH);
    let machine = tree.machine();
    assert_eq!(machine.cxl_objects(address(MEMORY)), ["endpoint12", "mem1"]);
    assert_eq!(machine.cxl_objects(address(SWITCH)), ["port2"]);
    assert_eq!(machine.driver(address(SWITCH)).as_deref(), Some("pcieport"));
    assert_eq!(machine.driver(address("0000:00:00.0")), None);
    assert!(machine.cxl_objects(address("0000:00:00.0")).is_empty());
}

#[test]
fn a_name_given_again_leads_to_its_new_place() {
    let tree = Tree::new();
    let machine = tree.machine();
    tree.memory("mem0", MEMORY);
    assert_eq!(machine.cxl_objects(address(MEMORY)), ["mem0"]);
    // The old entry goes last, so that the new one cannot have its inode number.
    std::fs::rename(tree.path("sys/bus/cxl/devices/mem0"), tree.path("sys/bus/cxl/devices/old")).unwrap();
    tree.memory("mem0", SWITCH);
    assert!(machine.cxl_objects(address(MEMORY)).is_empty());
    assert_eq!(machine.cxl_objects(address(SWITCH)), ["mem0"]);
}

#[test]
fn the_kernels_list_of_features_is_told_where_it_has_one() {
    let tree = Tree::new();
    tree.endpoint(MEMORY);
    assert_eq!(tree.machine().kernel_doe_features(address(MEMORY)), None);
    for (name, content) in
        [("doe_discovery", "0001:00\n"), ("1e98:02", "1e98:02\n"), ("0001:01", "0001:01\n")]
    {
        tree.attribute(MEMORY, &format!("doe_features/{name}"), content);
    }
    let features = tree.machine().kernel_doe_features(address(MEMORY)).unwrap();
    assert_eq!(features, ["0001:00", "0001:01", "1e98:02"]);
}

#[test]
fn the_kernels_own_table_is_handed_out_whole() {
    let tree = Tree::new();
    tree.memory("mem0", MEMORY).port("endpoint3", &format!("{MEMORY}/mem0")).port("port2", SWITCH);
    let table = |of: &str| tree.machine().kernel_cdat(address(of));
    assert_eq!(table(MEMORY), None);
    tree.file("sys/devices/platform/ACPI0017:00/root0/endpoint3/CDAT", [7; 160]);
    tree.file("sys/devices/platform/ACPI0017:00/root0/port2/CDAT", []);
    assert_eq!(table(MEMORY), Some(vec![7; 160]));
    // The kernel gives nothing where reading the table failed.
    assert_eq!(table(SWITCH), None);
    tree.file("sys/devices/platform/ACPI0017:00/root0/port2/CDAT", vec![7; (1 << 20) + 1]);
    assert_eq!(table(SWITCH), None);
}

#[test]
fn tables_of_one_signature_come_in_the_firmwares_order() {
    let tree = Tree::new();
    let machine = tree.machine();
    assert_eq!(machine.acpi_tables(*b"SRAT"), Ok(Vec::new()));
    for (name, content) in
        [("SRAT", "s"), ("CEDT10", "c10"), ("CEDT2", "c2"), ("CEDT1", "c1"), ("CEDTx", "no")]
    {
        tree.file(&format!("sys/firmware/acpi/tables/{name}"), content);
    }
    tree.file("sys/firmware/acpi/tables/dynamic/SRAT", "no");
    assert_eq!(machine.acpi_tables(*b"SRAT"), Ok(vec![b"s".to_vec()]));
    assert_eq!(machine.acpi_tables(*b"CEDT").unwrap(), [b"c1".to_vec(), b"c2".to_vec(), b"c10".to_vec()]);
    assert_eq!(machine.acpi_tables(*b"HMAT"), Ok(Vec::new()));
    assert_eq!(machine.acpi_tables([0xff; 4]), Ok(Vec::new()));
}

#[test]
fn a_host_bridge_has_a_number_or_none() {
    let tree = Tree::new();
    tree.file("sys/devices/pci0000:0c/firmware_node/uid", "12\n");
    tree.file("sys/devices/pci0000:00/firmware_node/uid", "PC00\n");
    tree.file("sys/class/pci_bus/0001:40/device/firmware_node/uid", "7\n");
    let uid = |segment, bus| tree.machine().host_bridge_uid(segment, bus);
    assert_eq!((uid(0, 0x0c), uid(0, 0), uid(1, 0x40), uid(0, 0x40)), (Some(12), None, Some(7), None));
}

/// Row D3: two machines opened on the same root, as two processes would.
#[test]
fn a_mailbox_is_locked_for_every_user_of_the_machine() {
    let tree = Tree::new();
    let (one, two) = (tree.machine(), tree.machine());
    let lock = one.try_lock(mailbox(MEMORY)).unwrap();
    assert_eq!(two.try_lock(mailbox(MEMORY)).err(), Some(LockError::Held(Some(std::process::id()))));
    assert!(two.try_lock(mailbox(SWITCH)).is_ok());
    drop(lock);
    assert!(two.try_lock(mailbox(MEMORY)).is_ok());
}

#[test]
fn lockdown_is_seen_by_its_brackets() {
    let tree = Tree::new();
    assert!(!tree.machine().is_locked_down());
    for (mode, locked) in [
        ("[none] integrity confidentiality", false),
        ("none [integrity] confidentiality", true),
        ("none integrity [confidentiality]", true),
    ] {
        tree.lockdown(mode);
        assert_eq!(tree.machine().is_locked_down(), locked, "{mode}");
    }
}
