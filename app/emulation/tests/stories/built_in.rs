//! The machine that is there when no other is given.

use lanewarden_sim::Scenario;

use crate::support::World;

/// What a newcomer sees first.
#[test]
fn most_devices_of_the_built_in_machine_prove_who_they_are() {
    let world = World::of(&Scenario::default());
    let verdict = |name: &&str| match world.attest(name) {
        Ok(attested) => format!("{name}: {} trusted", attested.connection.version),
        Err(refused) => format!("{name}: {refused:?}"),
    };
    let names = [
        "cxl-root",
        "switch",
        "switch-0",
        "mem0",
        "switch-1",
        "mem1",
        "drive",
        "accelerator-root",
        "accelerator",
    ];
    insta::assert_snapshot!(names.iter().map(verdict).collect::<Vec<_>>().join("\n"), @r#"
    cxl-root: 1.3 trusted
    switch: 1.3 trusted
    switch-0: 1.3 trusted
    mem0: 1.3 trusted
    switch-1: 1.3 trusted
    mem1: Identity(Differs(Serial))
    drive: Spdm(Error { step: GetDigests, reason: Incapable("certificates (CERT_CAP)") })
    accelerator-root: 1.3 trusted
    accelerator: Distrust([Expired { place: Chain(2), not_after: 1704153600 }])
    "#);
}
