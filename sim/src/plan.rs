//! Numbers for everything: what firmware does between power-on and the operating system.
//!
//! Buses are given out depth first, as firmware does, and so are addresses for the base address registers.

mod bars;
mod numbers;
mod part;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::ops::Range;

use lanewarden_pci::Address;
use lanewarden_pci::registers::pcie::PortType;

use crate::scenario::{
    Bridge, Function, Link, MAX_FUNCTIONS, Port, Problem, Scenario, ScenarioError, Switch, Trained,
};
use bars::Cursor;
pub(crate) use bars::{Bar, Window};
use numbers::{Slot, allot};
pub(crate) use part::{Ends, Part};

/// One function, with its numbers.
#[derive(Clone, Debug)]
pub(crate) struct Planned<'s> {
    pub address: Address,
    pub part: Part<'s>,
    /// Index of the port it lies below.
    pub parent: Option<u32>,
    /// Secondary and subordinate bus of a bridge.
    pub buses: Option<(u8, u8)>,
    pub multi_function: bool,
    /// Below a host bridge that speaks CXL.
    pub cxl: bool,
    pub link: Ends,
    /// Port number in the link registers, which is also the slot number.
    pub port: u8,
    pub bars: [Option<Bar>; 2],
    /// The addresses below a bridge.
    pub window: Window,
    /// Port numbers of the downstream ports of a switch.
    pub downstream: Vec<u8>,
}

impl Planned<'_> {
    pub fn port_type(&self) -> PortType {
        self.part.port_type()
    }
}

/// One host bridge, with its numbers.
#[derive(Clone, Debug)]
pub(crate) struct PlannedBridge<'s> {
    pub bridge: &'s Bridge,
    pub root_bus: u8,
    /// What lies below it, among the plan's functions.
    pub functions: Range<usize>,
}

/// The whole machine, with its numbers.
#[derive(Debug, Default)]
pub(crate) struct Plan<'s> {
    pub bridges: Vec<PlannedBridge<'s>>,
    /// In the order in which they were numbered.
    pub functions: Vec<Planned<'s>>,
}

impl<'s> Plan<'s> {
    pub fn new(scenario: &'s Scenario) -> Result<Self, ScenarioError> {
        let mut plan = Self::default();
        let mut cursor = Cursor::default();
        for (index, (bridge, root_bus, last)) in root_buses(&scenario.bridges)?.into_iter().enumerate() {
            let place = Place { within: None, step: Step::Bridge(index) };
            let host = bridge.host.unwrap_or_default();
            part::check_figures(&host).map_err(|problem| place.refuse(problem))?;
            let first = plan.functions.len();
            let mut numbering = Numbering {
                plan: &mut plan,
                segment: u32::from(bridge.segment),
                cxl: bridge.cxl,
                next: u16::from(root_bus).saturating_add(1),
                last,
                cursor: &mut cursor,
            };
            numbering.bus(root_bus, Owner::Root(bridge), None, &place)?;
            let functions = first..plan.functions.len();
            plan.bridges.push(PlannedBridge { bridge, root_bus, functions });
        }
        Ok(plan)
    }
}

/// Root buses given out where the scenario says none, so that those of a segment get equal shares.
const ROOT_BUSES: [u8; 8] = [0, 0x80, 0x40, 0xc0, 0x20, 0x60, 0xa0, 0xe0];

/// Gives every host bridge its root bus, and the last bus it may use. In the scenario's order.
fn root_buses(bridges: &[Bridge]) -> Result<Vec<(&Bridge, u8, u8)>, ScenarioError> {
    let mut roots: BTreeMap<u16, BTreeSet<u8>> = BTreeMap::new();
    let mut uids = HashSet::new();
    let mut given = vec![0; bridges.len()];
    // Those that say which one they want come first.
    let said = |index: &usize| bridges.get(*index).is_some_and(|bridge| bridge.root_bus.is_some());
    let (first, then): (Vec<usize>, Vec<usize>) = (0..bridges.len()).partition(said);
    for index in first.into_iter().chain(then) {
        let Some(bridge) = bridges.get(index) else { continue };
        let place = Place { within: None, step: Step::Bridge(index) };
        if !uids.insert(bridge.uid) {
            return Err(place.refuse(Problem::UidTaken(bridge.uid)));
        }
        let taken = roots.entry(bridge.segment).or_default();
        let free = ROOT_BUSES.into_iter().find(|bus| !taken.contains(bus));
        let root = bridge.root_bus.or(free).ok_or_else(|| place.refuse(Problem::NoRootBus))?;
        if !taken.insert(root) {
            return Err(place.refuse(Problem::RootBusTaken(root)));
        }
        if let Some(slot) = given.get_mut(index) {
            *slot = root;
        }
    }
    Ok(bridges
        .iter()
        .zip(given)
        .map(|(bridge, root_bus)| {
            let above = roots.get(&bridge.segment).and_then(|taken| taken.range(root_bus..).nth(1));
            let last = above.map_or(u8::MAX, |other| other.saturating_sub(1));
            (bridge, root_bus, last)
        })
        .collect())
}

/// What has a bus of its own below it.
#[derive(Clone, Copy)]
enum Owner<'s> {
    Root(&'s Bridge),
    Port(&'s Port),
    Switch(&'s Switch),
}

impl<'s> Owner<'s> {
    fn ports(self) -> &'s [Port] {
        match self {
            Self::Root(bridge) => &bridge.ports,
            Self::Switch(switch) => &switch.ports,
            Self::Port(_) => &[],
        }
    }

    fn functions(self) -> &'s [Function] {
        match self {
            Self::Root(bridge) => &bridge.functions,
            Self::Port(port) => &port.functions,
            Self::Switch(_) => &[],
        }
    }
}

struct Numbering<'p, 's> {
    plan: &'p mut Plan<'s>,
    segment: u32,
    cxl: bool,
    /// The next bus number, 256 where there is none.
    next: u16,
    last: u8,
    cursor: &'p mut Cursor,
}

impl<'s> Numbering<'_, 's> {
    /// Numbers what lies on a bus, and all below it. As deep as there are buses.
    fn bus(
        &mut self,
        bus: u8,
        owner: Owner<'s>,
        parent: Option<u32>,
        place: &Place<'_>,
    ) -> Result<(), ScenarioError> {
        let numbers = allot(&slots(owner)).map_err(|problem| place.refuse(problem))?;
        let (for_ports, for_functions) = numbers.split_at(owner.ports().len().min(numbers.len()));
        for (index, (port, number)) in owner.ports().iter().zip(for_ports).enumerate() {
            let place = Place { within: Some(place), step: Step::Port(index) };
            let part =
                if matches!(owner, Owner::Root(_)) { Part::Root(port) } else { Part::Downstream(port) };
            let link = part::downward_link(port).map_err(|problem| place.refuse(problem))?;
            let port_number = u8::try_from(index).unwrap_or(u8::MAX);
            let number = (bus, *number);
            self.bridge(number, part, (link, port_number), parent, &place, Owner::Port(port))?;
        }
        for (index, (function, number)) in owner.functions().iter().zip(for_functions).enumerate() {
            let place = Place { within: Some(place), step: Step::Function(index) };
            let (part, link) = match owner {
                Owner::Port(port) => (Part::Endpoint(function), part::upward_link(port, function.into())),
                _ => (Part::Integrated(function), Ok(Ends::NONE)),
            };
            let link = link.map_err(|problem| place.refuse(problem))?;
            self.function((bus, *number), part, link, 0, parent, &place)?;
        }
        match owner {
            Owner::Port(Port { switch: Some(switch), functions, .. }) => {
                let place = Place { within: Some(place), step: Step::Switch };
                if !functions.is_empty() {
                    return Err(place.refuse(Problem::SwitchAndDevice));
                }
                self.switch(bus, owner, switch, parent, &place)
            }
            _ => Ok(()),
        }
    }

    fn switch(
        &mut self,
        bus: u8,
        above: Owner<'s>,
        switch: &'s Switch,
        parent: Option<u32>,
        place: &Place<'_>,
    ) -> Result<(), ScenarioError> {
        let Owner::Port(port) = above else { return Ok(()) };
        let link = part::upward_link(port, switch.into()).map_err(|problem| place.refuse(problem))?;
        let number = (bus, Slot::default());
        self.bridge(number, Part::Upstream(switch), (link, 0), parent, place, Owner::Switch(switch))
    }

    fn bridge(
        &mut self,
        number: (u8, Slot),
        part: Part<'s>,
        (link, port): (Ends, u8),
        parent: Option<u32>,
        place: &Place<'_>,
        below: Owner<'s>,
    ) -> Result<(), ScenarioError> {
        let index = self.function(number, part, link, port, parent, place)?;
        let secondary = self.take_bus().map_err(|problem| place.refuse(problem))?;
        let start = self.cursor.align();
        self.bus(secondary, below, Some(index), place)?;
        let window = Window { start, end: self.cursor.align() };
        // All buses up to the last one given out lie below it.
        let subordinate = u8::try_from(self.next.saturating_sub(1)).unwrap_or(u8::MAX);
        let downstream = below.ports().iter().zip(0_u8..).map(|(_, number)| number).collect();
        if let Some(planned) = usize::try_from(index).ok().and_then(|i| self.plan.functions.get_mut(i)) {
            planned.buses = Some((secondary, subordinate));
            planned.window = window;
            planned.downstream = downstream;
        }
        Ok(())
    }

    fn function(
        &mut self,
        (bus, slot): (u8, Slot),
        part: Part<'s>,
        link: Ends,
        port: u8,
        parent: Option<u32>,
        place: &Place<'_>,
    ) -> Result<u32, ScenarioError> {
        part.check().map_err(|problem| place.refuse(problem))?;
        let index = u32::try_from(self.plan.functions.len()).unwrap_or(u32::MAX);
        if self.plan.functions.len() >= MAX_FUNCTIONS {
            return Err(place.refuse(Problem::TooManyFunctions));
        }
        self.plan.functions.push(Planned {
            address: Address::from_devfn(self.segment, bus, slot.devfn),
            part,
            parent,
            buses: None,
            multi_function: slot.multi_function,
            cxl: self.cxl,
            link,
            port,
            bars: part.bar_sizes(self.cxl).map(|size| size.map(|size| self.cursor.take(size))),
            window: Window::default(),
            downstream: Vec::new(),
        });
        Ok(index)
    }

    fn take_bus(&mut self) -> Result<u8, Problem> {
        let bus = u8::try_from(self.next).ok().filter(|bus| *bus <= self.last);
        self.next = self.next.saturating_add(1);
        bus.ok_or(Problem::NoBus { last: self.last })
    }
}

/// What is asked for on the bus below an owner: its ports, then its functions.
fn slots(owner: Owner<'_>) -> Vec<numbers::Wish> {
    let integrated = matches!(owner, Owner::Root(_));
    let ports = owner.ports().iter().map(|port| numbers::Wish {
        device: port.device,
        function: port.function,
        fixed_device: false,
    });
    let functions = owner.functions().iter().map(|function| numbers::Wish {
        device: (!integrated).then_some(0),
        function: function.function,
        fixed_device: !integrated,
    });
    ports.chain(functions).collect()
}

/// Where in the scenario something stands, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    within: Option<&'p Place<'p>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Bridge(usize),
    Port(usize),
    Switch,
    Function(usize),
}

impl Place<'_> {
    fn refuse(&self, problem: Problem) -> ScenarioError {
        ScenarioError::Invalid { at: self.to_string(), problem }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(within) = self.within {
            write!(f, "{within}.")?;
        }
        match self.step {
            Step::Bridge(index) => write!(f, "bridges[{index}]"),
            Step::Port(index) => write!(f, "ports[{index}]"),
            Step::Switch => f.write_str("switch"),
            Step::Function(index) => write!(f, "functions[{index}]"),
        }
    }
}

/// What a link was trained to: what one end says, or what both ends can.
fn trained(one: &Link, other: &Link) -> Result<Trained, Problem> {
    let most =
        Trained { generation: one.generation.min(other.generation), width: one.width.min(other.width) };
    let said = match (one.trained, other.trained) {
        (Some(a), Some(b)) if a != b => return Err(Problem::TrainedTwice),
        (a, b) => a.or(b).unwrap_or(most),
    };
    if said.generation > most.generation || said.width > most.width {
        return Err(Problem::TrainedBeyond);
    }
    Ok(said)
}
