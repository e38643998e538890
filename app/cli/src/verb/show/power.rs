//! Power Management.

use lanewarden_pci::registers::pm::{PowerManagement, WakeFrom};

use super::document::{Section, Unit, Value, flags};

/// Power Management: the state, and how to be woken from it.
pub fn management(pm: &PowerManagement) -> Section {
    Section::default()
        .field("state", "State", Value::word(pm.state))
        .field("no_soft_reset", "Keeps registers in D3hot", pm.no_soft_reset)
        .field("wake_enabled", "May wake (PME)", pm.wake_enabled)
        .field("wake_status", "Asks to be woken", pm.wake_status)
        .field("wake_from", "Can wake from", wake_from(pm.wake_from))
        .detail("d1", "D1 supported", pm.d1)
        .detail("d2", "D2 supported", pm.d2)
        .detail(
            "auxiliary_current_ma",
            "Auxiliary current",
            Value::of(pm.auxiliary_current_ma, Unit::Milliamperes),
        )
        .detail("immediate_readiness", "Immediate readiness", pm.immediate_readiness)
        .detail("specific_initialization", "Specific initialisation", pm.specific_initialisation)
        .detail("version", "Version", pm.version)
}

fn wake_from(states: WakeFrom) -> Value {
    flags!(states)
}
