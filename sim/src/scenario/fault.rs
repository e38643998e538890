//! What goes wrong, where and when.

use lanewarden_doe::Protocol;
use serde::Deserialize;

use super::value::ProtocolName;

/// One line of the fault plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The function it happens at: a name from the scenario, or an address.
    pub at: String,
    /// Which of its mailboxes, counted from 0 in the order of their offsets.
    #[serde(default)]
    pub mailbox: u8,
    /// When.
    #[serde(default)]
    pub when: When,
    /// Counts, and spoils, the exchanges of this protocol only.
    pub protocol: Option<ProtocolName>,
    /// What.
    pub what: FaultKind,
}

/// Which exchanges of a mailbox a fault befalls. An exchange counts once its object has been received, or cut off by an
/// error. It is over when the host finds the mailbox idle after the answer or an abort; the look after that begins the
/// next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// All of them.
    #[default]
    Always,
    /// The one with this number, counted from 1.
    Exchange(u32),
    /// All from this time of the virtual clock on. What another agent does happens once, at this time.
    AfterMs(u64),
    /// Each with this chance, from the scenario's seed.
    Percent(u8),
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// Another agent has the mailbox: Busy is set before the host begins, for a time or until the host aborts.
    ForeignBusy {
        /// How long; for ever if not given.
        for_ms: Option<u64>,
        /// An abort does not end it either.
        #[serde(default)]
        through_abort: bool,
    },
    /// An answer that the host did not ask for lies unread in the mailbox.
    UnreadAnswer {
        /// Its protocol.
        protocol: ProtocolName,
        /// When its owner collects it; never if not given.
        collected_after_ms: Option<u64>,
    },
    /// Error is set before the host begins.
    ErrorAtStart,
    /// Error is set while the host writes its object.
    ErrorWhileWriting {
        /// After how many DWs of it.
        after_dwords: u32,
    },
    /// Error is set instead of an answer.
    ErrorInsteadOfAnswer,
    /// Error is set while the host reads the answer.
    ErrorWhileReading {
        /// After how many DWs of it.
        after_dwords: u32,
    },
    /// The answer comes this long after GO.
    LateAnswer {
        /// How long.
        ms: u64,
    },
    /// The object is dropped in silence.
    Discarded,
    /// The answer carries another vendor ID or type.
    WrongProtocol {
        /// Which.
        protocol: ProtocolName,
    },
    /// The answer's length field is off by so many DWs from what there is.
    WrongLength {
        /// By how many; negative for too small.
        by: i32,
    },
    /// The answer's length field holds the largest number, 2^18 - 1.
    OversizedLength,
    /// The answer's length field holds 0, which stands for 2^18.
    ZeroLength,
    /// The answer's length field holds 1, less than the header.
    LengthOne,
    /// The answer ends early.
    Truncated {
        /// After how many DWs.
        dwords: u32,
    },
    /// Data Object Ready stays set after the last DW.
    StuckReady,
    /// An abort takes this long.
    SlowAbort {
        /// How long.
        ms: u64,
    },
    /// An abort never ends.
    EndlessAbort,
    /// The interrupt message is lost on its way; Interrupt Status is set all the same.
    LostInterrupt,
    /// The device, with all below it, is pulled out when it has received the object: all ones from then on.
    Removed {
        /// When the host's hot-plug driver notices, after which accesses are refused; never if not given.
        noticed_after_ms: Option<u64>,
    },
    /// The device is pulled out while the host reads the answer.
    RemovedWhileReading {
        /// After how many DWs of it.
        after_dwords: u32,
        /// When the host's hot-plug driver notices; never if not given.
        noticed_after_ms: Option<u64>,
    },
    /// Table access: the checksum in the table header is wrong.
    BadChecksum,
    /// Table access: the table becomes another one, with the next sequence number, before this exchange is answered.
    ChangingTable,
    /// Table access: the answer holds the entry after the one asked for, as when someone else's request overtakes.
    OtherEntry,
    /// Table access: the list of entries ends here.
    ShortTable,
    /// Table access and discovery: the answer names as next what was just asked for.
    HandleLoop,
}

impl FaultKind {
    /// What a scenario calls it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ForeignBusy { .. } => "foreign_busy",
            Self::UnreadAnswer { .. } => "unread_answer",
            Self::ErrorAtStart => "error_at_start",
            Self::ErrorWhileWriting { .. } => "error_while_writing",
            Self::ErrorInsteadOfAnswer => "error_instead_of_answer",
            Self::ErrorWhileReading { .. } => "error_while_reading",
            Self::LateAnswer { .. } => "late_answer",
            Self::Discarded => "discarded",
            Self::WrongProtocol { .. } => "wrong_protocol",
            Self::WrongLength { .. } => "wrong_length",
            Self::OversizedLength => "oversized_length",
            Self::ZeroLength => "zero_length",
            Self::LengthOne => "length_one",
            Self::Truncated { .. } => "truncated",
            Self::StuckReady => "stuck_ready",
            Self::SlowAbort { .. } => "slow_abort",
            Self::EndlessAbort => "endless_abort",
            Self::LostInterrupt => "lost_interrupt",
            Self::Removed { .. } => "removed",
            Self::RemovedWhileReading { .. } => "removed_while_reading",
            Self::BadChecksum => "bad_checksum",
            Self::ChangingTable => "changing_table",
            Self::OtherEntry => "other_entry",
            Self::ShortTable => "short_table",
            Self::HandleLoop => "handle_loop",
        }
    }

    /// Whether it takes hold before the object of its exchange is known.
    pub(crate) const fn is_before_object(&self) -> bool {
        matches!(
            self,
            Self::ForeignBusy { .. }
                | Self::UnreadAnswer { .. }
                | Self::ErrorAtStart
                | Self::ErrorWhileWriting { .. }
                | Self::SlowAbort { .. }
                | Self::EndlessAbort
        )
    }

    /// The next in [`all_faults`]. A match, so that a new kind cannot be left out of it.
    const fn next(self) -> Option<Self> {
        Some(match self {
            Self::ForeignBusy { for_ms: Some(..=999), .. } => {
                Self::ForeignBusy { for_ms: Some(1100), through_abort: false }
            }
            Self::ForeignBusy { for_ms: Some(_), .. } => {
                Self::ForeignBusy { for_ms: None, through_abort: false }
            }
            Self::ForeignBusy { for_ms: None, through_abort: false } => {
                Self::ForeignBusy { for_ms: None, through_abort: true }
            }
            Self::ForeignBusy { .. } => Self::UnreadAnswer { protocol: SPDM, collected_after_ms: Some(300) },
            Self::UnreadAnswer { collected_after_ms: Some(_), .. } => {
                Self::UnreadAnswer { protocol: SPDM, collected_after_ms: None }
            }
            Self::UnreadAnswer { .. } => Self::ErrorAtStart,
            Self::ErrorAtStart => Self::ErrorWhileWriting { after_dwords: 1 },
            Self::ErrorWhileWriting { .. } => Self::ErrorInsteadOfAnswer,
            Self::ErrorInsteadOfAnswer => Self::ErrorWhileReading { after_dwords: 1 },
            Self::ErrorWhileReading { after_dwords: 1 } => Self::ErrorWhileReading { after_dwords: 2 },
            Self::ErrorWhileReading { .. } => Self::LateAnswer { ms: 999 },
            Self::LateAnswer { ms: 999 } => Self::LateAnswer { ms: 1001 },
            Self::LateAnswer { .. } => Self::Discarded,
            Self::Discarded => Self::WrongProtocol { protocol: SPDM },
            Self::WrongProtocol { .. } => Self::WrongLength { by: 1 },
            Self::WrongLength { by: 0.. } => Self::WrongLength { by: -1 },
            Self::WrongLength { .. } => Self::OversizedLength,
            Self::OversizedLength => Self::ZeroLength,
            Self::ZeroLength => Self::LengthOne,
            Self::LengthOne => Self::Truncated { dwords: 1 },
            Self::Truncated { dwords: 1 } => Self::Truncated { dwords: 2 },
            Self::Truncated { .. } => Self::StuckReady,
            Self::StuckReady => Self::SlowAbort { ms: 999 },
            Self::SlowAbort { ms: 999 } => Self::SlowAbort { ms: 1001 },
            Self::SlowAbort { .. } => Self::EndlessAbort,
            Self::EndlessAbort => Self::LostInterrupt,
            Self::LostInterrupt => Self::Removed { noticed_after_ms: None },
            Self::Removed { noticed_after_ms: None } => Self::Removed { noticed_after_ms: Some(0) },
            Self::Removed { .. } => Self::RemovedWhileReading { after_dwords: 1, noticed_after_ms: None },
            Self::RemovedWhileReading { .. } => Self::BadChecksum,
            Self::BadChecksum => Self::ChangingTable,
            Self::ChangingTable => Self::OtherEntry,
            Self::OtherEntry => Self::ShortTable,
            Self::ShortTable => Self::HandleLoop,
            Self::HandleLoop => return None,
        })
    }
}

const SPDM: ProtocolName = ProtocolName(Protocol::CMA_SPDM);

/// Every kind of fault, some in several strengths, for tests that go through them all.
#[must_use]
pub fn all_faults() -> Vec<FaultKind> {
    let first = FaultKind::ForeignBusy { for_ms: Some(300), through_abort: false };
    std::iter::successors(Some(first), |kind| kind.next()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_of_all_faults_ends_and_has_none_twice() {
        let all = all_faults();
        let names: BTreeSet<_> = all.iter().map(FaultKind::name).collect();
        assert_eq!((all.len(), names.len()), (35, 25));
        for (index, kind) in all.iter().enumerate() {
            assert!(!all[..index].contains(kind), "{kind:?}");
        }
    }
}
