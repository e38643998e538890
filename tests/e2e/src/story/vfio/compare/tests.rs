use super::*;

const ALL: Abilities = Abilities { power_management: true, line: true };

/// What the script gives on the emulated machine, to be read by people and held against the interface's description.
#[test]
fn the_script_has_these_results() {
    let mut text = String::new();
    for scene in script::scenes(ALL) {
        text.push_str(&format!("{}\n", scene.name));
        let mut bench = Bench::new(Emulated::like("suspended, D3hot").unwrap(), ALL).unwrap();
        for act in scene.acts {
            text.push_str(&format!("    {act}: {}\n", bench.act(act, None).unwrap()));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn random_sequences_do_all_there_is_to_do() {
    let mut random = random::Random::new(ALL);
    let mut bench = Bench::new(Emulated::like("suspended, D3hot").unwrap(), ALL).unwrap();
    let mut results = std::collections::BTreeSet::new();
    for act in (0..1000).flat_map(|_| random.sequence()) {
        results.insert(bench.act(act, None).unwrap().to_string());
    }
    for part in [
        "Refused",
        "BadDescriptor",
        "Unsupported",
        "told 1",
        "faults",
        "line masked",
        "asleep D3hot",
        "awake D3hot",
    ] {
        assert!(results.iter().any(|result| result.contains(part)), "{part}");
    }
    assert!(!results.iter().any(|result| result.contains("told 2")));
}

#[test]
fn four_callers_leave_the_emulated_device_as_it_was() {
    let seen = callers::at_once(&Emulated::like("suspended, D3hot").unwrap(), None).unwrap();
    assert_eq!(seen, "0 strange answers; awake D0; asleep D3hot");
}
