#[test]
fn the_built_in_scenario_is_one() {
    let scenario = super::Scenario::parse(super::DEFAULT_TOML).unwrap();
    assert_eq!(scenario.bridges.len(), 2);
}
