use proptest::prelude::*;

use super::*;

const FD: Descriptor = Descriptor::Eventfd(7);
const ENTRY: u32 = 3;
const ENTRY_WITH_WAKEUP: u32 = 4;
const EXIT: u32 = 5;
const GET: u32 = 1 << 16;
const SET: u32 = 1 << 17;
const PROBE: u32 = 1 << 18;

fn opened(platform: Depth) -> Model {
    let mut model = Model::new(platform);
    model.open().unwrap();
    model
}

fn entered(wakeup: bool) -> Model {
    let mut model = opened(Depth::D3cold);
    enter(&mut model, wakeup).unwrap();
    model
}

fn asleep(wakeup: bool) -> Model {
    let mut model = entered(wakeup);
    model.idle();
    assert!(model.is_asleep());
    model
}

fn enter(model: &mut Model, wakeup: bool) -> Result<(), FeatureError> {
    let (argsz, feature) = if wakeup { (16, ENTRY_WITH_WAKEUP) } else { (8, ENTRY) };
    model.feature(argsz, feature | SET, FD)
}

fn exit(model: &mut Model) -> Result<(), FeatureError> {
    model.feature(8, EXIT | SET, Descriptor::Closed)
}

/// Row V1: the deepest state the platform has is reached by entry alone.
/// Row V2: the user's side is the same whichever it is.
#[test]
fn the_platform_decides_how_deep_a_device_sleeps_and_nobody_is_told() {
    for depth in [Depth::D0, Depth::D3hot, Depth::D3cold] {
        let mut model = opened(depth);
        assert_eq!(enter(&mut model, true), Ok(()));
        model.idle();
        assert_eq!(model.depth(), depth);
        assert_eq!((model.access(), model.take(7), exit(&mut model)), (Ok(()), 1, Ok(())));
        assert_eq!(model.depth(), Depth::D0);
    }
}

/// Rows V3, V13: an access wakes, mapped memory faults and does not, with an eventfd and without.
/// Row V18: it faults from the entry on.
#[test]
fn an_access_wakes_and_a_fault_does_not() {
    for wakeup in [false, true] {
        let mut model = entered(wakeup);
        assert!(model.faults(), "before it sleeps");
        model.idle();
        assert!(model.faults() && model.is_asleep());
        assert_eq!((model.resumes(), model.take(7)), (0, 0));
        model.access().unwrap();
        assert_eq!((model.resumes(), model.faults()), (1, !wakeup));
        exit(&mut model).unwrap();
        assert!(!model.faults());
    }
}

/// Rows V5, V6: a use by the host wakes; who asked to be told is told, and else the device may go back to sleep.
/// Row V7: without an eventfd nobody is signalled.
#[test]
fn a_use_by_the_host_is_told_to_who_asked() {
    for wakeup in [false, true] {
        let mut model = asleep(wakeup);
        model.host_use().unwrap();
        assert_eq!(model.take(7), u64::from(wakeup));
        model.idle();
        assert_eq!(model.is_asleep(), !wakeup);
    }
}

/// Row V8: one entry, one signal.
/// Row V10: an exit after that changes nothing.
#[test]
fn a_wake_is_told_once_and_then_the_device_stays_awake() {
    let mut model = asleep(true);
    for _ in 0..3 {
        model.host_use().unwrap();
        model.idle();
    }
    assert_eq!((model.take(7), model.uses(), model.is_asleep()), (1, 1, false));
    exit(&mut model).unwrap();
    assert_eq!((model.take(7), model.uses()), (0, 1));
}

/// Row V9: eventfd, wake and exit in every combination: awake for good after an exit, or after a wake that was told.
#[test]
fn who_has_to_balance_the_entry_is_known_in_every_case() {
    for case in 0..8_u8 {
        let (wakeup, woken, left) = (case & 1 != 0, case & 2 != 0, case & 4 != 0);
        let mut model = asleep(wakeup);
        if woken {
            model.host_use().unwrap();
        }
        if left {
            exit(&mut model).unwrap();
        }
        let held = left || wakeup && woken;
        assert_eq!(model.uses(), u32::from(held), "{case:03b}");
        model.close();
        assert_eq!(model.uses(), 0, "{case:03b}");
    }
}

/// Row V11: set and probed, never read.
/// Row V16: other numbers are unknown.
/// Row V17: exit is set.
/// Row V23: probing answers with the table.
#[test]
fn probing_answers_with_what_is_allowed() {
    let mut model = opened(Depth::D3hot);
    let mut ask = |flags| model.feature(16, flags, FD);
    for feature in [ENTRY, ENTRY_WITH_WAKEUP, EXIT] {
        assert_eq!(ask(feature | PROBE), Ok(()));
        assert_eq!(ask(feature | PROBE | SET), Ok(()));
        assert_eq!(ask(feature | PROBE | GET), Err(FeatureError::Refused));
        assert_eq!(ask(feature | PROBE | GET | SET), Err(FeatureError::Refused));
        assert_eq!(ask(feature | GET), Err(FeatureError::Refused));
        assert_eq!(ask(feature | GET | SET), Err(FeatureError::Refused));
        assert_eq!(ask(feature), Err(FeatureError::Refused));
        assert_eq!(ask(feature | SET | 1 << 19), Err(FeatureError::Refused));
    }
    assert_eq!(ask(0xffff | SET), Err(FeatureError::Unsupported));
    assert_eq!(ask(0xffff | PROBE), Err(FeatureError::Unsupported));
    assert!(!model.is_engaged());
    assert_eq!(model.feature(7, EXIT | SET, FD), Err(FeatureError::Refused));
    assert_eq!(model.feature(15, ENTRY_WITH_WAKEUP | SET, FD), Err(FeatureError::Refused));
}

/// Row V15: a descriptor that is no eventfd is refused and changes nothing.
/// Row V19: entering twice is an error.
#[test]
fn what_is_refused_changes_nothing() {
    let mut model = opened(Depth::D3hot);
    for (descriptor, refusal) in [
        (Descriptor::Negative, FeatureError::Refused),
        (Descriptor::Other, FeatureError::Refused),
        (Descriptor::Closed, FeatureError::BadDescriptor),
    ] {
        assert_eq!(model.feature(16, ENTRY_WITH_WAKEUP | SET, descriptor), Err(refusal));
        assert_eq!((model.is_engaged(), model.uses()), (false, 1));
    }
    enter(&mut model, false).unwrap();
    for wakeup in [false, true] {
        assert_eq!(enter(&mut model, wakeup), Err(FeatureError::Refused));
        assert_eq!((model.is_engaged(), model.uses()), (true, 0));
    }
}

/// Row V18: the interrupt line is masked for sleep only where it was not, and unmasked only where that was done.
#[test]
fn the_interrupt_line_is_left_as_its_user_had_it() {
    for (line, asleep) in [(Line::Off, Line::Off), (Line::Open, Line::Masked), (Line::Masked, Line::Masked)] {
        let mut model = opened(Depth::D3hot);
        model.set_line(line).unwrap();
        enter(&mut model, false).unwrap();
        model.idle();
        assert_eq!(model.line(), asleep);
        model.access().unwrap();
        assert_eq!(model.line(), line);
    }
    // One that its user masks while low power is engaged stays masked.
    let mut model = asleep(false);
    model.set_line(Line::Open).unwrap();
    model.set_line(Line::Masked).unwrap();
    model.idle();
    model.access().unwrap();
    assert_eq!(model.line(), Line::Masked);
}

/// Row V20: closing undoes low power, and nobody is told.
#[test]
fn closing_leaves_nothing_behind() {
    for mut model in [asleep(true), asleep(false), entered(true), opened(Depth::D3hot)] {
        model.close();
        assert_eq!(
            (model.is_engaged(), model.is_asleep(), model.uses(), model.take(7)),
            (false, false, 0, 0)
        );
        model.close();
        assert_eq!(model.uses(), 0);
    }
}

/// Row V12: one that cannot be woken is an error, and changes nothing.
#[test]
fn a_device_that_does_not_wake_is_an_error() {
    let mut model = asleep(true);
    model.stick();
    assert_eq!(model.access(), Err(FeatureError::NoWake));
    assert_eq!(exit(&mut model), Err(FeatureError::NoWake));
    assert_eq!((model.is_asleep(), model.uses(), model.take(7)), (true, 0, 0));
}

/// A device that the host keeps awake, or that has virtual functions, never sleeps, and nobody is told of anything.
#[test]
fn a_device_that_is_kept_awake_tells_of_nothing() {
    let mut model = opened(Depth::D3hot);
    model.hold(true);
    enter(&mut model, true).unwrap();
    model.idle();
    model.access().unwrap();
    assert_eq!((model.is_asleep(), model.is_engaged(), model.take(7)), (false, true, 0));
    model.hold(false);
    model.idle();
    assert!(model.is_asleep());
}

/// Row V1: what the user wrote to the device's own register is gone after a sleep: the kernel saves and restores D0.
#[test]
fn a_device_that_its_user_put_to_d3hot_wakes_to_d0() {
    let mut model = opened(Depth::D3cold);
    model.write_power_state(true).unwrap();
    assert_eq!((model.depth(), model.faults()), (Depth::D3hot, true));
    enter(&mut model, false).unwrap();
    assert_eq!(model.depth(), Depth::D3hot);
    model.idle();
    assert_eq!(model.depth(), Depth::D3cold);
    exit(&mut model).unwrap();
    assert_eq!((model.depth(), model.faults()), (Depth::D0, false));
}

/// Memory that is switched off faults in any state, and only then is answered again when both are over.
#[test]
fn mapped_memory_faults_for_two_reasons() {
    let mut model = opened(Depth::D3hot);
    model.write_memory_space(false).unwrap();
    assert!(model.faults());
    enter(&mut model, false).unwrap();
    model.write_memory_space(true).unwrap();
    assert!(model.faults());
    exit(&mut model).unwrap();
    assert!(!model.faults());
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Feature(u32, u32, Descriptor),
    Access,
    HostUse,
    Idle,
}

fn acts() -> impl Strategy<Value = Act> {
    let feature = (3..=5_u32, prop_oneof![4 => Just(SET), 1 => Just(PROBE | SET), 1 => Just(GET)]);
    let descriptor = prop_oneof![3 => Just(FD), 1 => Just(Descriptor::Closed), 1 => Just(Descriptor::Other)];
    prop_oneof![
        3 => (feature, descriptor).prop_map(|((number, flags), fd)| Act::Feature(16, number | flags, fd)),
        1 => (any::<u32>(), any::<u32>()).prop_map(|(argsz, flags)| Act::Feature(argsz, flags, FD)),
        2 => Just(Act::Access),
        1 => Just(Act::HostUse),
        3 => Just(Act::Idle),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Rows V4, V12: whatever is called, the count is one where low power is not engaged and none where it is.
    /// Row V19: each wake of an armed device is told, and none is told that did not happen.
    #[test]
    fn no_sequence_unbalances_the_count_or_loses_a_wake(acts in prop::collection::vec(acts(), 0..60)) {
        let mut model = opened(Depth::D3hot);
        for act in acts {
            let was_armed_and_asleep = model.asleep && model.armed.is_some();
            match act {
                Act::Feature(argsz, flags, fd) => drop(model.feature(argsz, flags, fd)),
                Act::Access => model.access().unwrap(),
                Act::HostUse => model.host_use().unwrap(),
                Act::Idle => model.idle(),
            }
            let woke = was_armed_and_asleep && !model.asleep;
            prop_assert_eq!(model.take(7), u64::from(woke));
            prop_assert_eq!(model.uses(), u32::from(!model.is_engaged()));
            prop_assert!(!model.asleep || model.is_engaged());
        }
    }
}
