//! Tables for SPDM that mean something, and what is said of those that do not.

use lanewarden_spdm::crypto::{Curve, HashAlgorithm, SignatureAlgorithm};

use crate::scenario::{DEFAULT_AUTHORITY, Misbehaviour, Scenario, Spdm};

/// A scenario with one drive that has this table, and `after` behind it.
fn scenario(spdm: &str, after: &str) -> String {
    format!(
        "[[bridges]]\nuid = 1\n[[bridges.ports]]\n[[bridges.ports.functions]]\nkind = \"nvme\"\nname = \"drive\"\n\
         doe = [{{ protocols = [\"cma_spdm\"], max_dwords = 256 }}]\nspdm = {spdm}\n{after}\n"
    )
}

fn read(spdm: &str) -> Spdm {
    let scenario = Scenario::parse(&scenario(spdm, "")).unwrap_or_else(|error| panic!("{error}"));
    scenario.bridges[0].ports[0].functions[0].spdm.clone().unwrap()
}

fn refusal(spdm: &str, after: &str) -> String {
    Scenario::parse(&scenario(spdm, after)).unwrap_err().to_string()
}

#[test]
fn what_is_not_said_is_as_it_should_be() {
    let spdm = read("{}");
    assert_eq!(spdm, Spdm::default());
    assert!(spdm.attests && spdm.misbehave.is_none() && spdm.measurements.is_none());
    assert_eq!((spdm.versions.len(), spdm.certificates, &*spdm.slots), (4, 3, &[0][..]));
    assert_eq!(spdm.algorithm.0, SignatureAlgorithm::Ecdsa(Curve::P384));
    assert_eq!((spdm.hash.0, &*spdm.authority), (HashAlgorithm::Sha384, DEFAULT_AUTHORITY));
}

#[test]
fn every_misbehaviour_is_written_as_it_is_called() {
    for what in Misbehaviour::ALL {
        assert_eq!(read(&format!("{{ misbehave = \"{}\" }}", what.name())).misbehave, Some(what));
    }
}

#[test]
fn bounds_belong_to_what_they_bound() {
    assert_eq!(read("{ transfer_size = 64 }").transfer_size, Some(64));
    assert_eq!(read("{ transfer_size = 1016 }").transfer_size, Some(1016), "256 DWs and a header of two");
    assert_eq!(read("{ certificates = 16, slots = [0, 7] }").slots, [0, 7]);
    assert_eq!(read("{ not_ready = { wait_us = 60000000 } }").not_ready.unwrap().times, 1);
    let raw = "00".repeat(1024);
    let most = format!("{{ measurements = [{{ index = 254, kind = \"device_mode\", raw = \"{raw}\" }}] }}");
    assert!(read(&most).measurements.unwrap()[0].tcb);
}

#[test]
fn mistakes_in_values_are_shown_where_they_are() {
    insta::assert_snapshot!(refusal("{ versions = [\"1.4\"] }", ""), @r#"
    TOML parse error at line 8, column 22
      |
    8 | spdm = { versions = ["1.4"] }
      |                      ^^^^^
    invalid value: string "1.4", expected a version of SPDM from "1.0" to "1.3"
    "#);
    insta::assert_snapshot!(refusal("{ algorithm = \"P-384\" }", ""), @r#"
    TOML parse error at line 8, column 22
      |
    8 | spdm = { algorithm = "P-384" }
      |                      ^^^^^^^
    invalid value: string "P-384", expected a signature algorithm, as in "ECDSA-P384"
    "#);
    insta::assert_snapshot!(refusal("{ misbehave = \"naughty\" }", ""), @r#"
    TOML parse error at line 8, column 22
      |
    8 | spdm = { misbehave = "naughty" }
      |                      ^^^^^^^^^
    unknown variant `naughty`, expected one of `wrong_signature`, `expired_chain`, `unknown_anchor`, `changed_measurement`, `downgrade`, `replay`, `garbage`, `endless_not_ready`, `oversized_chunk`, `silent`, `other_certificate`, `wrong_verify_data`, `spoiled_records`
    "#);
    let hour =
        "[[authorities]]\nname = \"a\"\nvalidity = { from = 2024-01-01T00:00:00Z, until = 2025-01-01 }";
    insta::assert_snapshot!(refusal("{}", hour), @r"
    TOML parse error at line 11, column 21
       |
    11 | validity = { from = 2024-01-01T00:00:00Z, until = 2025-01-01 }
       |                     ^^^^^^^^^^^^^^^^^^^^
    invalid value: date and time, expected a day from 1970 on, as in 2024-01-01
    ");
}

#[test]
fn tables_that_mean_nothing_are_refused_with_the_part_that_is_wrong() {
    let measured = |list: &str| refusal(&format!("{{ measurements = [{list}] }}"), "");
    let declared = |text: &str| refusal("{}", &format!("[[authorities]]\nname = \"a\"\n{text}"));
    let refusals = [
        Scenario::parse("[[bridges]]\nuid = 1\nports = [{ name = \"p\", spdm = {} }]")
            .unwrap_err()
            .to_string(),
        refusal("{ versions = [] }", ""),
        refusal("{ algorithm = \"Ed25519\", versions = [\"1.0\", \"1.1\"] }", ""),
        refusal("{ certificates = 1 }", ""),
        refusal("{ certificates = 17 }", ""),
        refusal("{ slots = [] }", ""),
        refusal("{ slots = [8] }", ""),
        refusal("{ slots = [1, 1] }", ""),
        refusal("{ authority = \"maker\" }", ""),
        refusal("{ transfer_size = 63 }", ""),
        refusal("{ transfer_size = 1017 }", ""),
        refusal("{ not_ready = { times = 0, wait_us = 1 } }", ""),
        refusal("{ not_ready = { wait_us = 0 } }", ""),
        measured("{ index = 0, kind = \"device_mode\", raw = \"\" }"),
        measured("{ index = 255, kind = \"device_mode\", raw = \"\" }"),
        measured(
            "{ index = 2, kind = \"device_mode\", raw = \"\" }, { index = 2, kind = \"device_mode\", raw = \"\" }",
        ),
        measured("{ index = 1, kind = \"device_mode\" }"),
        measured("{ index = 1, kind = \"immutable_rom\", raw = \"\", digest = \"\" }"),
        measured("{ index = 1, kind = \"immutable_rom\", digest = \"00\" }"),
        measured("{ index = 1, kind = \"firmware_version\", digest = \"00\" }"),
        measured(&format!("{{ index = 1, kind = \"device_mode\", raw = \"{}\" }}", "00".repeat(1025))),
        refusal("{ attests = false, misbehave = \"replay\" }", ""),
        refusal("{ versions = [\"1.1\"], misbehave = \"oversized_chunk\" }", ""),
        refusal("{ measurements = [], misbehave = \"changed_measurement\" }", ""),
        declared("[[authorities]]\nname = \"a\""),
        declared("hash = \"SHA3-256\""),
        declared("validity = { from = 2025-01-01, until = 2025-01-01 }"),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    0000:00:00.0 (p): it has no mailbox that speaks SPDM, so `spdm` means nothing
    0000:01:00.0 (drive): SPDM needs a version
    0000:01:00.0 (drive): SPDM 1.1 does not have Ed25519
    0000:01:00.0 (drive): certificates = 1: must be from 2 to 16
    0000:01:00.0 (drive): certificates = 17: must be from 2 to 16
    0000:01:00.0 (drive): a certificate chain needs a slot; what has none says `attests = false`
    0000:01:00.0 (drive): slots = 8: must be from 0 to 7, each once
    0000:01:00.0 (drive): slots = 1: must be from 0 to 7, each once
    0000:01:00.0 (drive): no authority has the name "maker"
    0000:01:00.0 (drive): transfer_size = 63: must be from 64 to what its mailbox carries
    0000:01:00.0 (drive): transfer_size = 1017: must be from 64 to what its mailbox carries
    0000:01:00.0 (drive): times = 0: must be 1 at least
    0000:01:00.0 (drive): wait_us = 0: must be from 1 to 60000000
    0000:01:00.0 (drive): index = 0: must be from 1 to 254, in ascending order
    0000:01:00.0 (drive): index = 255: must be from 1 to 254, in ascending order
    0000:01:00.0 (drive): index = 2: must be from 1 to 254, in ascending order
    0000:01:00.0 (drive): measurement 1 has either `raw` or `digest`
    0000:01:00.0 (drive): measurement 1 has either `raw` or `digest`
    0000:01:00.0 (drive): the digest of measurement 1 has 1 bytes, and those of its `hash` have 48
    0000:01:00.0 (drive): measurement 1 is of a kind that is told as it is: it needs `raw`
    0000:01:00.0 (drive): raw = 1025: must be 1024 bytes at the most
    0000:01:00.0 (drive): replay cannot be: it does not attest
    0000:01:00.0 (drive): oversized_chunk cannot be: there are no chunks before SPDM 1.2
    0000:01:00.0 (drive): changed_measurement cannot be: it measures nothing
    authorities[1]: the name "a" is taken
    authorities[0]: certificates are signed over SHA-256, SHA-384 or SHA-512, not SHA3-256
    authorities[0]: the validity ends before it begins
    "#);
}
