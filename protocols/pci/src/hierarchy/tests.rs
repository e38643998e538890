extern crate std;

use alloc::string::String;
use std::string::ToString;
use std::{format, vec};

use super::*;
use crate::registers::pcie::PortType;
use crate::sample::{at, bridge, pci_express, plain};
use crate::{Image, PortKind};

fn function(address: &str, mut image: Image) -> Function {
    Function::read(at(address), &mut image).unwrap()
}

fn port(address: &str, port_type: PortType, secondary: u8, subordinate: u8) -> Function {
    let address = at(address);
    let image = pci_express(bridge(address.bus, secondary, subordinate), port_type);
    function(&address.to_string(), image)
}

fn endpoint(address: &str) -> Function {
    function(address, pci_express(plain(0x01_0802), PortType::Endpoint))
}

fn virtual_function(address: &str) -> Function {
    function(address, pci_express(plain(0x02_0000), PortType::Endpoint).with(0, u32::MAX))
}

/// Two root buses in one segment, one in another; a switch with two endpoints below the first.
fn machine() -> Vec<Function> {
    vec![
        endpoint("0000:10:00.0"),
        port("0000:0e:01.0", PortType::SwitchDownstream, 0x10, 0x10),
        endpoint("0000:0f:00.0"),
        function("0001:00:00.0", plain(0x06_0000)),
        port("0000:0c:00.0", PortType::RootPort, 0x0d, 0x10),
        port("0000:0e:00.0", PortType::SwitchDownstream, 0x0f, 0x0f),
        function("0000:00:00.0", plain(0x06_0000)),
        port("0000:0d:00.0", PortType::SwitchUpstream, 0x0e, 0x10),
    ]
}

fn drawing(hierarchy: &Hierarchy) -> String {
    let line = |step: Step| {
        let function = &hierarchy[step.id];
        let branch = if step.last { '`' } else { '|' };
        format!(
            "{:width$}{branch} {} {}\n",
            "",
            function.address,
            function.port_kind(),
            width = step.depth.into()
        )
    };
    hierarchy.depth_first().map(line).collect()
}

/// Row T1: root port, switch upstream port, two downstream ports, endpoints.
#[test]
fn functions_in_any_order_become_trees() {
    let hierarchy = Hierarchy::new(machine());
    let expected = "\
| 0000:00:00.0 host bridge
| 0000:0c:00.0 root port
 ` 0000:0d:00.0 switch upstream port
  | 0000:0e:00.0 switch downstream port
   ` 0000:0f:00.0 endpoint
  ` 0000:0e:01.0 switch downstream port
   ` 0000:10:00.0 endpoint
` 0001:00:00.0 host bridge
";
    assert_eq!(drawing(&hierarchy), expected);
    assert_eq!((hierarchy.len(), hierarchy.is_empty(), hierarchy.disorders()), (8, false, &[][..]));
}

#[test]
fn root_buses_are_grouped_by_segment_and_number() {
    let hierarchy = Hierarchy::new(machine());
    let roots: Vec<_> =
        hierarchy.roots().iter().map(|root| (root.segment, root.bus, root.functions.len())).collect();
    assert_eq!(roots, [(0, 0, 1), (0, 0x0c, 1), (1, 0, 1)]);
}

#[test]
fn a_path_leads_from_an_endpoint_to_its_root_port() {
    let hierarchy = Hierarchy::new(machine());
    let memory = hierarchy.find(at("0000:10:00.0")).unwrap();
    let path: Vec<_> = hierarchy.path_to_root(memory).map(|id| hierarchy[id].address.to_string()).collect();
    assert_eq!(path, ["0000:10:00.0", "0000:0e:01.0", "0000:0d:00.0", "0000:0c:00.0"]);
    let upstream = hierarchy.find(at("0d:00.0")).unwrap();
    assert_eq!(hierarchy.port_kind(upstream), Some(PortKind::SwitchUpstream));
    assert_eq!(hierarchy.children(upstream).count(), 2);
    assert_eq!(hierarchy.subtree(upstream).count(), 5);
    assert_eq!(hierarchy.find(at("0d:00.1")), None);
}

#[test]
fn a_subtree_ends_before_its_siblings() {
    let hierarchy = Hierarchy::new(machine());
    let first = hierarchy.find(at("0e:00.0")).unwrap();
    let steps: Vec<_> =
        hierarchy.subtree(first).map(|step| (hierarchy[step.id].address.bus, step.depth)).collect();
    assert_eq!(steps, [(0x0e, 0), (0x0f, 1)]);
}

#[test]
fn numbers_of_another_hierarchy_lead_nowhere() {
    let (large, small) = (Hierarchy::new(machine()), Hierarchy::new(vec![]));
    let id = large.find(at("10:00.0")).unwrap();
    assert!(small.is_empty() && small.get(id).is_none() && small.parent(id).is_none());
    assert_eq!(small.path_to_root(id).count() + small.children(id).count() + small.subtree(id).count(), 0);
    assert_eq!(small.depth_first().count(), 0);
}

#[test]
fn segments_do_not_mix() {
    let hierarchy =
        Hierarchy::new(vec![port("0000:00:01.0", PortType::RootPort, 1, 1), endpoint("0001:01:00.0")]);
    assert_eq!(hierarchy.roots().len(), 2);
    let hierarchy = Hierarchy::new(vec![
        port("0000:00:01.0", PortType::RootPort, 1, 3),
        function("0001:00:00.0", plain(0x06_0000)),
        virtual_function("0001:02:00.0"),
    ]);
    let roots: Vec<_> = hierarchy.roots().iter().map(|root| (root.segment, root.bus)).collect();
    assert_eq!(roots, [(0, 0), (1, 0), (1, 2)]);
}

#[test]
fn a_virtual_function_beyond_its_bus_stays_below_its_port() {
    let hierarchy = Hierarchy::new(vec![
        port("00:01.0", PortType::RootPort, 1, 3),
        endpoint("01:00.0"),
        virtual_function("02:00.0"),
        endpoint("03:00.0"),
        port("00:02.0", PortType::RootPort, 4, 4),
        virtual_function("05:00.0"),
    ]);
    let parent = |address| hierarchy.parent(hierarchy.find(at(address)).unwrap());
    assert_eq!(parent("02:00.0"), hierarchy.find(at("00:01.0")));
    // An ordinary function there has no business being there, and a virtual one outside every range has no parent.
    assert_eq!((parent("03:00.0"), parent("05:00.0")), (None, None));
}

#[test]
fn a_bridge_without_numbers_leads_nowhere_and_is_no_fault() {
    let hierarchy = Hierarchy::new(vec![port("00:01.0", PortType::RootPort, 0, 0), endpoint("00:02.0")]);
    assert_eq!((hierarchy.roots().len(), hierarchy.disorders().len()), (1, 0));
}

#[test]
fn cycles_are_broken_and_told() {
    let hierarchy = Hierarchy::new(vec![
        port("00:01.0", PortType::RootPort, 1, 255),
        port("01:00.0", PortType::SwitchUpstream, 1, 255),
        port("02:00.0", PortType::SwitchUpstream, 1, 2),
        port("03:00.0", PortType::SwitchUpstream, 9, 8),
    ]);
    let told: Vec<_> = hierarchy.disorders().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "0000:01:00.0: bridge to buses 01-ff, which cannot be",
            "0000:02:00.0: bridge to buses 01-02, which cannot be",
            "0000:03:00.0: bridge to buses 09-08, which cannot be",
        ]
    );
    assert_eq!(hierarchy.depth_first().count(), 4);
}

#[test]
fn a_contested_bus_goes_to_the_first_bridge() {
    let hierarchy = Hierarchy::new(vec![
        port("00:02.0", PortType::RootPort, 1, 1),
        port("00:01.0", PortType::RootPort, 1, 1),
        endpoint("01:00.0"),
    ]);
    let endpoint = hierarchy.find(at("01:00.0")).unwrap();
    assert_eq!(hierarchy.parent(endpoint), hierarchy.find(at("00:01.0")));
    let told: Vec<_> = hierarchy.disorders().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["0000:00:02.0: bridge to bus 01, to which 0000:00:01.0 leads already"]);
}

#[test]
fn of_two_functions_with_one_address_the_first_is_taken() {
    let mut hierarchy = Hierarchy::new(vec![endpoint("01:00.0"), port("01:00.0", PortType::RootPort, 2, 2)]);
    let id = hierarchy.find(at("01:00.0")).unwrap();
    assert_eq!((hierarchy.len(), hierarchy.port_kind(id)), (1, Some(PortKind::Endpoint)));
    assert_eq!(hierarchy.disorders(), [Disorder::Duplicate(at("01:00.0"))]);
    hierarchy.get_mut(id).unwrap().does.clear();
}

mod any_bus_numbers {
    use proptest::prelude::*;

    use super::*;

    fn any_function() -> impl Strategy<Value = Function> {
        let (busy, few) = (0_u8..8, 0_u8..2);
        (few, any::<u8>(), busy.clone(), busy.clone(), busy, any::<bool>(), any::<bool>()).prop_map(
            |(segment, devfn, bus, secondary, subordinate, is_bridge, is_virtual)| {
                let image = if is_bridge { bridge(0, secondary, subordinate) } else { plain(0) };
                let mut image = if is_virtual { image.with(0, u32::MAX) } else { image };
                let address = Address::from_devfn(segment.into(), bus, devfn & 0x0b);
                Function::read(address, &mut image).unwrap()
            },
        )
    }

    proptest! {
        #[test]
        fn every_function_has_its_place_once(functions in proptest::collection::vec(any_function(), 0..120)) {
            let hierarchy = Hierarchy::new(functions.clone());
            let mut walked: Vec<_> = hierarchy.depth_first().map(|step| step.id).collect();
            walked.sort();
            prop_assert_eq!(walked, hierarchy.iter().map(|(id, _)| id).collect::<Vec<_>>());
            for (id, function) in hierarchy.iter() {
                prop_assert!(functions.contains(function));
                prop_assert!(hierarchy.path_to_root(id).count() <= 256);
                let root = hierarchy.path_to_root(id).last();
                prop_assert!(hierarchy.roots().iter().any(|bus| bus.functions.contains(&root.unwrap())));
                prop_assert!(hierarchy.children(id).all(|child| hierarchy.parent(child) == Some(id)));
                prop_assert!(hierarchy.subtree(id).all(|step| hierarchy.path_to_root(step.id).any(|up| up == id)));
            }
        }

        #[test]
        fn depth_is_the_number_of_bridges_above(functions in proptest::collection::vec(any_function(), 0..120)) {
            let hierarchy = Hierarchy::new(functions);
            for step in hierarchy.depth_first() {
                prop_assert_eq!(usize::from(step.depth) + 1, hierarchy.path_to_root(step.id).count());
                prop_assert_eq!(step.last, hierarchy.next_sibling(step.id).is_none());
            }
        }
    }
}
