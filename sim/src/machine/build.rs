//! A machine from its scenario.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lanewarden_doe::Protocol;
use lanewarden_pci::{Address, MailboxId};

use super::inner::{Function, Inner, Presence};
use crate::firmware;
use crate::handler::Tables;
use crate::mailbox::{Line, Mailbox, Traits};
use crate::plan::{Plan, Planned};
use crate::random::Random;
use crate::scenario::{
    Authority, Doe, Fault, MAX_FAULTS, Problem, Scenario, ScenarioError, check_authorities, longest_message,
};
use crate::space::{self, Layouts};
use crate::tables;

const ANSWER_TIME: u32 = 100;
const ABORT_TIME: u32 = 10;
const MAX_DWORDS: u32 = 1024;

/// What functions of one make have in common, kept once.
#[derive(Default)]
struct Shared<'s> {
    authorities: &'s [Authority],
    layouts: Layouts,
    traits: HashMap<Traits, Arc<Traits>>,
    tables: HashMap<Vec<u8>, Arc<[u8]>>,
}

pub(super) fn build(scenario: &Scenario) -> Result<Inner, ScenarioError> {
    let plan = Plan::new(scenario)?;
    let mut inner = Inner {
        access_time: Duration::from_nanos(scenario.access_ns.into()),
        random: Some(Random::new(scenario.seed)),
        acpi: firmware::tables(&plan),
        functions: Vec::with_capacity(plan.functions.len()),
        ..Inner::default()
    };
    check_authorities(&scenario.authorities).map_err(|(index, problem)| ScenarioError::Invalid {
        at: format!("authorities[{index}]"),
        problem,
    })?;
    let mut shared = Shared { authorities: &scenario.authorities, ..Shared::default() };
    for planned in &plan.functions {
        add_function(&mut inner, planned, &mut shared)
            .map_err(|problem| ScenarioError::Invalid { at: describe(planned), problem })?;
    }
    inner.by_address = inner.functions.iter().map(|function| function.address).zip(0..).collect();
    inner.by_address.sort_unstable();
    for bridge in &plan.bridges {
        inner.bridges.insert((bridge.bridge.segment.into(), bridge.root_bus), bridge.bridge.uid);
    }
    add_faults(&mut inner, &scenario.faults)?;
    Ok(inner)
}

fn describe(planned: &Planned<'_>) -> String {
    match planned.part.name() {
        Some(name) => format!("{} ({name})", planned.address),
        None => planned.address.to_string(),
    }
}

fn add_function(inner: &mut Inner, planned: &Planned<'_>, shared: &mut Shared<'_>) -> Result<(), Problem> {
    let built = space::build(planned, &mut shared.layouts)?;
    let address = planned.address;
    if let Some(name) = planned.part.name() {
        let index = u32::try_from(inner.functions.len()).unwrap_or(u32::MAX);
        if inner.names.insert(name.to_owned(), index).is_some() {
            return Err(Problem::NameTaken(name.to_owned()));
        }
    }
    if let Some(driver) = planned.part.driver() {
        inner.drivers.insert(address, driver.to_owned());
    }
    add_spdm(inner, planned, shared.authorities)?;
    let mut mailboxes = Vec::with_capacity(built.mailboxes.len());
    for (doe, offset) in planned.part.doe(planned.cxl).iter().zip(built.mailboxes) {
        if let Some(by) = &doe.claimed_by {
            inner.claims.insert(MailboxId { address, offset }, by.clone());
        }
        let traits = traits(doe);
        let traits = shared.traits.entry(traits.clone()).or_insert_with(|| Arc::new(traits));
        mailboxes.push(Mailbox::new(offset, Arc::clone(traits)));
    }
    let table = tables::cdat(planned).map(|bytes| {
        let shared = shared.tables.entry(bytes).or_insert_with_key(|bytes| bytes.as_slice().into());
        Tables::new(Arc::clone(shared))
    });
    inner.functions.push(Function {
        address,
        parent: planned.parent,
        space: built.space,
        mailboxes: mailboxes.into_boxed_slice(),
        tables: table,
        vectors: built.vectors,
        reset: built.reset,
        presence: Presence::Here,
    });
    Ok(())
}

/// How the function that is added next answers SPDM, where that is said.
fn add_spdm(inner: &mut Inner, planned: &Planned<'_>, authorities: &[Authority]) -> Result<(), Problem> {
    let Some(spdm) = planned.part.spdm() else { return Ok(()) };
    let speaking = planned.part.doe(planned.cxl).iter().filter(|doe| doe.speaks_spdm());
    let longest = speaking.map(|doe| longest_message(doe.max_dwords.unwrap_or(MAX_DWORDS)));
    spdm.check(longest, authorities)?;
    let index = u32::try_from(inner.functions.len()).unwrap_or(u32::MAX);
    inner.spdm.insert(index, Arc::new(spdm.clone()));
    Ok(())
}

fn traits(doe: &Doe) -> Traits {
    let micros = |said: Option<u32>, usual: u32| Duration::from_micros(said.unwrap_or(usual).into());
    Traits {
        protocols: doe.protocols.iter().map(|name| name.0).filter(|p| *p != Protocol::DISCOVERY).collect(),
        interrupt: doe.interrupt,
        answer_time: micros(doe.answer_us, ANSWER_TIME),
        abort_time: micros(doe.abort_us, ABORT_TIME),
        max_dwords: doe.max_dwords.unwrap_or(MAX_DWORDS),
    }
}

fn add_faults(inner: &mut Inner, faults: &[Fault]) -> Result<(), ScenarioError> {
    for (index, fault) in faults.iter().enumerate() {
        let too_many = (index >= MAX_FAULTS).then_some(Problem::TooManyFaults);
        too_many.map_or_else(|| add_fault(inner, fault), Err).map_err(|problem| ScenarioError::Invalid {
            at: format!("faults[{index}] ({})", fault.what.name()),
            problem,
        })?;
    }
    Ok(())
}

fn add_fault(inner: &mut Inner, fault: &Fault) -> Result<(), Problem> {
    let address = inner.address(&fault.at).or_else(|| fault.at.parse::<Address>().ok());
    let index = address.and_then(|address| inner.find(address).ok());
    let function = index.and_then(|index| inner.functions.get_mut(usize::try_from(index).ok()?));
    let function = function.ok_or_else(|| Problem::NoSuchFunction(fault.at.clone()))?;
    if fault.protocol.is_some() && fault.what.is_before_object() {
        return Err(Problem::ProtocolTooEarly(fault.what.name()));
    }
    let (address, count) = (function.address, function.mailboxes.len());
    let mailbox = function.mailboxes.get_mut(usize::from(fault.mailbox));
    let mailbox = mailbox.ok_or(Problem::NoSuchMailbox { address, count, index: fault.mailbox })?;
    let protocol = fault.protocol.map(|name| name.0);
    mailbox.add_fault(Line { when: fault.when, protocol, kind: fault.what });
    Ok(())
}
