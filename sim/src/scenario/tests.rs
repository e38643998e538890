//! What is a scenario and what is not, and what is said of the latter.

use proptest::prelude::*;

use super::*;

fn refusal(text: &str) -> String {
    Scenario::parse(text).unwrap_err().to_string()
}

/// The refusal of a bridge with one root port that has this in it.
fn port_refusal(text: &str) -> String {
    refusal(&format!("[[bridges]]\nuid = 1\n[[bridges.ports]]\n{text}"))
}

#[test]
fn the_built_in_scenario_is_one() {
    let scenario = Scenario::parse(DEFAULT_TOML).unwrap();
    assert_eq!(scenario.bridges.len(), 2);
    assert_eq!(Scenario::default().bridges.len(), 2);
}

#[test]
fn mistakes_in_the_text_are_shown_where_they_are() {
    insta::assert_snapshot!(refusal("seed = 1\n[[bridges]]\nuid = 1\nuidd = 2"), @r"
    TOML parse error at line 4, column 1
      |
    4 | uidd = 2
      | ^^^^
    unknown field `uidd`, expected one of `segment`, `uid`, `root_bus`, `cxl`, `host`, `ports`, `functions`
    ");
    insta::assert_snapshot!(refusal("[[bridges]]\nuid = "), @r"
    TOML parse error at line 2, column 7
      |
    2 | uid = 
      |       ^
    string values must be quoted, expected literal string
    ");
    insta::assert_snapshot!(port_refusal("link = { generation = 7, width = 16 }"), @r"
    TOML parse error at line 4, column 23
      |
    4 | link = { generation = 7, width = 16 }
      |                       ^
    invalid value: integer `7`, expected a link generation from 1 to 6
    ");
    insta::assert_snapshot!(port_refusal("link = { generation = 5, width = 3 }"), @r"
    TOML parse error at line 4, column 34
      |
    4 | link = { generation = 5, width = 3 }
      |                                  ^
    invalid value: integer `3`, expected a link width of 1, 2, 4, 8, 12, 16 or 32 lanes
    ");
    insta::assert_snapshot!(port_refusal("doe = [{ protocols = [\"spdm\"] }]"), @r#"
    TOML parse error at line 4, column 23
      |
    4 | doe = [{ protocols = ["spdm"] }]
      |                       ^^^^^^
    invalid value: string "spdm", expected a DOE protocol, as in "1e98:02" or "table_access"
    "#);
    insta::assert_snapshot!(port_refusal("serial = \"12-34\""), @r#"
    TOML parse error at line 4, column 10
      |
    4 | serial = "12-34"
      |          ^^^^^^^
    invalid value: string "12-34", expected a serial number: an integer from 0, or 16 hexadecimal digits in quotes
    "#);
    insta::assert_snapshot!(port_refusal("functions = [{ kind = \"disk\" }]"), @r#"
    TOML parse error at line 4, column 23
      |
    4 | functions = [{ kind = "disk" }]
      |                       ^^^^^^
    unknown variant `disk`, expected one of `memory`, `nvme`, `accelerator`, `nic`, `endpoint`
    "#);
    insta::assert_snapshot!(port_refusal("id = { vendor = 70000 }"), @r"
    TOML parse error at line 4, column 17
      |
    4 | id = { vendor = 70000 }
      |                 ^^^^^
    invalid value: integer `70000`, expected u16
    ");
    insta::assert_snapshot!(port_refusal("functions = [{ kind = \"memory\", cdat = { hex = \"0g\" } }]"), @r#"
    TOML parse error at line 4, column 48
      |
    4 | functions = [{ kind = "memory", cdat = { hex = "0g" } }]
      |                                                ^^^^
    invalid value: string "0g", expected bytes in hexadecimal
    "#);
}

#[test]
fn machines_that_cannot_be_are_refused_with_the_part_that_is_wrong() {
    let refusals = [
        refusal("bridges = [{ uid = 1 }, { uid = 1 }]"),
        refusal("bridges = [{ uid = 1, root_bus = 5 }, { uid = 2, root_bus = 5 }]"),
        refusal("bridges = [{ uid = 1, root_bus = 0xff, ports = [{}] }]"),
        port_refusal("name = \"a\"\nfunctions = [{ kind = \"nic\", name = \"a\" }]"),
        port_refusal("device = 32"),
        port_refusal("device = 4\nfunction = 1"),
        port_refusal("switch = {}\nfunctions = [{ kind = \"nic\" }]"),
        port_refusal("functions = [{ kind = \"nic\", function = 1 }]"),
        port_refusal(
            "functions = [{ kind = \"nic\", link = { generation = 4, width = 4, trained = { generation = 5, width = 4 } } }]",
        ),
        port_refusal("interrupts = { msi = 3 }"),
        port_refusal("interrupts = { msi = 2 }\ndoe = [{ interrupt = 2 }]"),
        port_refusal("doe = [{ version = 3 }]"),
        port_refusal("doe = [{ max_dwords = 2 }]"),
        port_refusal("ide = { selective_streams = 255, address_blocks = 15 }"),
        port_refusal("ide = { address_blocks = 16 }"),
        port_refusal("functions = [{ kind = \"memory\", memory = [{ size_mib = 100 }] }]"),
        port_refusal("functions = [{ kind = \"nic\", memory = [{ size_mib = 256 }] }]"),
        port_refusal("switch = { figures = { write_latency_ns = 5000000 } }"),
        port_refusal("functions = [{ kind = \"memory\", cdat = { file = \"table.bin\" } }]"),
        refusal("faults = [{ at = \"mem7\", what = \"discarded\" }]"),
        port_refusal("name = \"p\"\n[[faults]]\nat = \"p\"\nwhat = \"discarded\""),
        port_refusal(
            "name = \"p\"\ndoe = [{}]\n[[faults]]\nat = \"p\"\nprotocol = \"1234:00\"\nwhat = \"error_at_start\"",
        ),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    bridges[1]: _UID 1 is taken
    bridges[1]: root bus 0x05 of the segment is taken
    bridges[0].ports[0]: no bus number is left below it: the buses of its host bridge end at 0xff
    0000:01:00.0 (a): the name "a" is taken
    bridges[0]: device 32, function 0: devices go from 0 to 31, functions from 0 to 7
    bridges[0]: device 4 has no function 0, so nothing on it could be found
    bridges[0].ports[0].switch: a port leads to a switch or to a device, not to both
    bridges[0].ports[0]: device 0 has no function 0, so nothing on it could be found
    bridges[0].ports[0]: the link is trained to more than both of its ends can do
    bridges[0].ports[0]: msi = 3: must be 0, or a power of two up to 32
    bridges[0].ports[0]: interrupt message 2, but there are 2 vectors
    bridges[0].ports[0]: version = 3: must be 1 or 2
    bridges[0].ports[0]: max_dwords = 2: must be from 8 to 262144
    0000:00:00.0: its capabilities do not fit into configuration space
    bridges[0].ports[0]: address_blocks = 16: must be from 0 to 15
    bridges[0].ports[0].functions[0]: a size of 100 MiB is not a multiple of 256 MiB above zero
    bridges[0].ports[0].functions[0]: only CXL memory, and CXL accelerators, have memory, in at most 16 ranges
    bridges[0].ports[0].switch: write_latency_ns = 5000000: must be 4294967 at most
    bridges[0].ports[0].functions[0]: a table from a file needs a scenario from a file
    faults[0] (discarded): no function has the name or address "mem7"
    faults[0] (discarded): function 0000:00:00.0 has 0 mailboxes, so there is no number 0
    faults[0] (error_at_start): "error_at_start" takes hold before the protocol of the exchange is known
    "#);
}

#[test]
fn tables_are_read_from_files_beside_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machine.toml");
    let text = "bridges = [{ uid = 1, cxl = true, ports = [{ functions = [{ kind = \"memory\", \
                cdat = { file = \"table.bin\" } }] }] }]";
    std::fs::write(&path, text).unwrap();
    assert!(
        matches!(Scenario::load(&path), Err(ScenarioError::Read { path, .. }) if path.ends_with("table.bin"))
    );
    std::fs::write(folder.path().join("table.bin"), [7; 20]).unwrap();
    let scenario = Scenario::load(&path).unwrap();
    let cdat = scenario.bridges[0].ports[0].functions[0].cdat.as_ref().unwrap();
    assert!(matches!(cdat, Cdat::Hex(HexBytes(bytes)) if bytes == &[7; 20]));

    std::fs::write(folder.path().join("table.bin"), vec![0; MAX_TABLE + 1]).unwrap();
    assert!(matches!(Scenario::load(&path), Err(ScenarioError::TooLong { .. })));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(Scenario::load(&path), Err(ScenarioError::NotText(_))));
}

#[test]
fn what_is_too_large_is_refused_before_it_is_built() {
    assert!(matches!(Scenario::parse(&" ".repeat(MAX_TEXT + 1)), Err(ScenarioError::TooLong { .. })));
    let faults = "[[faults]]\nat = \"p\"\nwhat = \"discarded\"\n".repeat(MAX_FAULTS + 1);
    let text = format!("[[bridges]]\nuid = 1\n[[bridges.ports]]\nname = \"p\"\ndoe = [{{}}]\n{faults}");
    assert!(refusal(&text).contains("more than 4096 faults"));
    let deep = "[[bridges]]\nuid = 1\nports = ".to_owned() + &"[{switch = {ports = ".repeat(5000);
    assert!(matches!(Scenario::parse(&deep), Err(ScenarioError::Syntax(_))));
    let dotted = "a.".repeat(100_000) + "a = 1";
    assert!(matches!(Scenario::parse(&dotted), Err(ScenarioError::Syntax(_))));
    let switches = "[{switch = {ports = ".repeat(20) + "[]" + &"}}]".repeat(20);
    assert!(Scenario::parse(&format!("[[bridges]]\nuid = 1\nports = {switches}")).is_ok());
}

#[test]
fn every_fault_is_written_as_it_is_called() {
    let unit = |kind: &FaultKind| toml::from_str::<Line>(&format!("what = \"{}\"", kind.name())).is_ok();
    let table = |kind: &FaultKind| {
        let fields = "after_dwords = 1, ms = 1, protocol = \"cma_spdm\", by = 1, dwords = 1";
        fields.split(", ").map(str::to_owned).chain([String::new()]).any(|fields| {
            toml::from_str::<Line>(&format!("what = {{ {} = {{ {fields} }} }}", kind.name())).is_ok()
        })
    };
    #[derive(Deserialize)]
    struct Line {
        #[expect(dead_code, reason = "only whether it can be read matters")]
        what: FaultKind,
    }
    for kind in all_faults() {
        assert!(unit(&kind) || table(&kind), "{}", kind.name());
    }
}

/// Pieces of scenarios, sound and unsound, to be put together in any order.
fn piece() -> impl Strategy<Value = String> {
    let lines = DEFAULT_TOML.lines().map(str::to_owned).collect::<Vec<_>>();
    prop_oneof![
        8 => proptest::sample::select(lines),
        1 => any::<String>(),
        1 => (any::<i64>(), proptest::sample::select(vec!["seed", "uid", "root_bus", "device", "size_mib"]))
            .prop_map(|(number, key)| format!("{key} = {number}")),
    ]
}

proptest! {
    /// Row D12: no text whatever makes the reader panic, and what it accepts can be built.
    #[test]
    fn any_text_is_a_machine_or_an_error(pieces in proptest::collection::vec(piece(), 0..40)) {
        if let Ok(scenario) = Scenario::parse(&pieces.join("\n")) {
            prop_assert!(scenario.check().is_ok());
        }
    }

    /// The built-in scenario with some of its lines left out or replaced.
    #[test]
    fn a_damaged_scenario_is_a_machine_or_an_error(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), piece()), 1..4)
    ) {
        let mut lines: Vec<_> = DEFAULT_TOML.lines().map(str::to_owned).collect();
        for (place, piece) in damage {
            let place = place.index(lines.len());
            lines[place] = piece;
        }
        if let Ok(scenario) = Scenario::parse(&lines.join("\n")) {
            prop_assert!(scenario.check().is_ok());
        }
    }
}
