//! Devices that prove who they are.

use lanewarden_sim::Scenario;
use lanewarden_spdm::Version;
use lanewarden_spdm::crypto::HashAlgorithm;

use crate::support::{Refused, World, one};

/// A root port, a switch with a downstream port, a device of two functions, and one in the root complex itself.
const EVERY_KIND: &str = r#"
    [[bridges]]
    uid = 1
    [[bridges.ports]]
    name = "root"
    serial = "00-00-00-ff-fe-00-00-01"
    doe = [{ protocols = ["cma_spdm"] }]
    [bridges.ports.switch]
    name = "up"
    doe = [{ protocols = ["cma_spdm"] }]
    [[bridges.ports.switch.ports]]
    name = "down"
    doe = [{ protocols = ["cma_spdm"] }]
    functions = [
        { kind = "nic", name = "one", serial = 1, doe = [{ protocols = ["cma_spdm"] }] },
        { kind = "nic", name = "two", doe = [{ protocols = ["1b36:e0"] }, { protocols = ["cma_spdm"] }] },
    ]
    [[bridges.functions]]
    kind = "endpoint"
    name = "inside"
    doe = [{ protocols = ["cma_spdm"] }]
"#;

#[test]
fn every_kind_of_port_and_function_attests() {
    let world = World::new(EVERY_KIND);
    let mut chains = Vec::new();
    for name in ["root", "up", "down", "one", "two", "inside"] {
        let attested = world.attest(name).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
        assert_eq!(attested.connection.version, Version::V1_3, "{name}");
        let indices: Vec<u8> = attested.measurements.iter().map(|(index, ..)| *index).collect();
        assert_eq!(indices, [1, 2, 3, 4], "{name}");
        chains.push(attested.chain);
    }
    chains.sort();
    chains.dedup();
    assert_eq!(chains.len(), 6, "each has a certificate of its own");
}

#[test]
fn every_version_attests() {
    for version in Version::ALL {
        let world = World::one(&format!("{{ versions = [\"{version}\"] }}"));
        assert_eq!(world.attest("drive").unwrap().connection.version, version);
    }
}

#[test]
fn every_algorithm_attests() {
    for (algorithm, hash) in [
        ("ECDSA-P256", "SHA-256"),
        ("ECDSA-P521", "SHA-512"),
        ("ECDSA-P384", "SHA3-384"),
        ("Ed25519", "SHA-256"),
        ("RSASSA-2048", "SHA-256"),
        ("RSAPSS-2048", "SHA3-512"),
    ] {
        let world = World::one(&format!("{{ algorithm = \"{algorithm}\", hash = \"{hash}\" }}"));
        let connection =
            world.attest("drive").unwrap_or_else(|refused| panic!("{algorithm}: {refused:?}")).connection;
        assert_eq!(connection.signature.map(|chosen| chosen.name()), Some(algorithm));
        assert_eq!(connection.hash.name(), hash);
    }
}

#[test]
fn a_chain_is_as_long_as_it_is_said_to_be_and_comes_from_who_is_said() {
    let authorities = "[[authorities]]\nname = \"maker\"\nalgorithm = \"ECDSA-P256\"\nhash = \"SHA-256\"\n\
        validity = { from = 2026-01-01, until = 2027-01-01 }\n";
    for certificates in [2, 5, 16] {
        let spdm = format!("{{ certificates = {certificates}, authority = \"maker\" }}");
        let world = World::new(&format!("{}{authorities}", one(&spdm)));
        assert_eq!(world.emulation.anchors().len(), 2, "the default one, and the maker's");
        let attested = world.attest("drive").unwrap();
        // Each certificate is a SEQUENCE of more than 255 bytes, behind a head of length and root hash.
        let mut rest = &attested.chain[4 + 48..];
        let mut found = 0;
        while !rest.is_empty() {
            assert_eq!(rest[..2], [0x30, 0x82]);
            rest = &rest[4 + usize::from(u16::from_be_bytes([rest[2], rest[3]]))..];
            found += 1;
        }
        assert_eq!(found, certificates);
    }
}

#[test]
fn every_slot_that_is_said_to_hold_a_chain_attests() {
    let world = World::one("{ slots = [1, 7] }");
    for slot in [1, 7] {
        let mut host = world.host("drive");
        host.slot = slot;
        host.attest(&world.emulation.anchors()).unwrap();
    }
    let refused = world.attest("drive").unwrap_err();
    assert!(format!("{refused:?}").contains("NoDigest"), "slot 0 is empty: {refused:?}");
}

#[test]
fn measurements_are_those_of_the_scenario() {
    let digest = "ab".repeat(32);
    let world = World::one(&format!(
        "{{ hash = \"SHA-256\", measurements = [\n\
            {{ index = 1, kind = \"mutable_firmware\", raw = \"00\" }},\n\
            {{ index = 2, kind = \"immutable_rom\", digest = \"{digest}\", tcb = false }},\n\
            {{ index = 254, kind = \"security_version_number\", raw = \"0102\" }},\n\
        ] }}"
    ));
    let attested = world.attest("drive").unwrap();
    assert_eq!(attested.connection.hash, HashAlgorithm::Sha256);
    let [firmware, rom, version] = &attested.measurements[..] else { panic!("three") };
    // SHA-256 of one zero byte.
    let zero = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!((firmware.0, firmware.1, hex(&firmware.2)), (1, 1, zero.to_owned()));
    assert_eq!((rom.0, rom.1, hex(&rom.2)), (2, 0, digest));
    assert_eq!((version.0, version.1, &*version.2), (254, 7, &[1, 2][..]));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_small_transfer_size_makes_it_go_in_chunks() {
    let whole = World::one("{ versions = [\"1.2\"] }").attest("drive").unwrap();
    let world = World::one("{ versions = [\"1.2\"], transfer_size = 100 }");
    let mut host = world.host("drive");
    let attested = host.attest(&world.emulation.anchors()).unwrap();
    assert_eq!((attested.chain, attested.measurements), (whole.chain, whole.measurements));
    assert!(host.wire.heard.iter().all(|answer| answer.len() <= 100));
    assert!(host.wire.heard.iter().any(|answer| answer[1] == 0x06), "CHUNK_RESPONSE");
}

#[test]
fn what_cannot_attest_negotiates_and_says_that_it_has_no_certificates() {
    let world = World::one("{ attests = false }");
    let mut host = world.host("drive");
    let connection = host.connect().unwrap();
    assert_eq!((connection.signature, connection.measurement_hash), (None, None));
    let refused = host.chain(&[]).unwrap_err();
    let Refused::Spdm(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.to_string(), "GET_DIGESTS: the device has no certificates (CERT_CAP)");
}

#[test]
fn a_machine_of_thousands_starts_without_making_a_key() {
    let world = World::of(&Scenario::synthetic(5000, 3));
    assert!(world.machine.spdm_devices().len() > 1000);
    // With keys for all of them this would take minutes.
    assert_eq!(world.emulation.anchors().len(), 1);
}
