//! All functions of a machine as the trees they form.

mod walk;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Index;

pub use walk::{DepthFirst, Step};

use crate::registers::header::BusNumbers;
use crate::{Address, Function, PortKind};

/// Which function of a [`Hierarchy`]; an index that is good for that one only. Functions are numbered in ascending
/// order of their addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The number, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A bus that no bridge we know of leads to, and the functions on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootBus {
    /// Segment.
    pub segment: u32,
    /// Bus number.
    pub bus: u8,
    /// The functions on it, in ascending order. Never empty.
    pub functions: Vec<NodeId>,
}

/// Something about the bus numbers that cannot be right. The hierarchy is built all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disorder {
    /// There are several functions with this address; the first of them was taken.
    Duplicate(Address),
    /// A bridge says it leads to its own bus or to a lower one, which would be a cycle, or that the last bus behind
    /// it comes before the first; nothing was put below it.
    Backwards {
        /// The bridge.
        bridge: Address,
        /// Its bus numbers.
        buses: BusNumbers,
    },
    /// Two bridges say they lead to the same bus; what is on it was put below the first of them.
    Contested {
        /// The bridge that was passed over.
        bridge: Address,
        /// The bridge that was taken.
        taken: Address,
        /// The bus.
        bus: u8,
    },
}

impl fmt::Display for Disorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(address) => write!(f, "{address}: more than one function with this address"),
            Self::Backwards { bridge, buses } => write!(
                f,
                "{bridge}: bridge to buses {:02x}-{:02x}, which cannot be",
                buses.secondary, buses.subordinate
            ),
            Self::Contested { bridge, taken, bus } => {
                write!(f, "{bridge}: bridge to bus {bus:02x}, to which {taken} leads already")
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Node {
    function: Function,
    parent: Option<NodeId>,
    first_child: Option<NodeId>,
    next_sibling: Option<NodeId>,
}

/// All functions of a machine, as trees below their root buses.
///
/// A function's parent is the bridge of its segment whose secondary bus it is on. A virtual function may be on a
/// later bus that has no bridge of its own (PCIe 6.x, 9.2.1.2): its parent is then the nearest bridge whose range
/// holds that bus. Bus numbers come from devices and may be anything: a bridge can only lead to a bus above its own,
/// so there are no cycles and no path is longer than 256.
///
/// Built in O(n log n) time and O(n) space.
#[derive(Clone, Debug, Default)]
pub struct Hierarchy {
    nodes: Vec<Node>,
    roots: Vec<RootBus>,
    disorders: Vec<Disorder>,
}

impl Hierarchy {
    /// Builds the hierarchy of these functions, in any order.
    #[must_use]
    pub fn new(mut functions: Vec<Function>) -> Self {
        functions.sort_by_key(|function| function.address);
        let mut hierarchy = Self::default();
        functions.dedup_by(|later, first| hierarchy.is_duplicate(first, later));
        let bridges = hierarchy.bridges(&functions);
        hierarchy.nodes = functions.into_iter().map(|function| bridges.place(function)).collect();
        hierarchy.link();
        hierarchy.collect_roots();
        hierarchy
    }

    fn is_duplicate(&mut self, first: &Function, later: &Function) -> bool {
        let duplicate = first.address == later.address;
        if duplicate {
            self.disorders.push(Disorder::Duplicate(first.address));
        }
        duplicate
    }

    fn bridges(&mut self, functions: &[Function]) -> Bridges {
        let mut bridges = Bridges(BTreeMap::new());
        for (id, function) in (0..).map(NodeId).zip(functions) {
            let Some(buses) = function.header.buses.filter(is_configured) else { continue };
            self.disorders.extend(bridges.add(id, function.address, buses));
        }
        bridges
    }

    /// Chains the children of each node, and all roots, in ascending order.
    fn link(&mut self) {
        let mut first_root = None;
        for index in (0..self.nodes.len()).rev() {
            let Some(id) = u32::try_from(index).ok().map(NodeId) else { continue };
            let parent = self.parent(id);
            let first = match parent.and_then(|parent| self.nodes.get_mut(parent.index())) {
                Some(parent) => &mut parent.first_child,
                None => &mut first_root,
            };
            let next = first.replace(id);
            if let Some(node) = self.nodes.get_mut(index) {
                node.next_sibling = next;
            }
        }
    }

    fn collect_roots(&mut self) {
        for (id, node) in (0..).map(NodeId).zip(&self.nodes) {
            let Address { segment, bus, .. } = node.function.address;
            if node.parent.is_some() {
                continue;
            }
            match self.roots.last_mut() {
                Some(root) if (root.segment, root.bus) == (segment, bus) => root.functions.push(id),
                _ => self.roots.push(RootBus { segment, bus, functions: Vec::from([id]) }),
            }
        }
    }

    /// How many functions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no function at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The root buses in ascending order of segment and number.
    #[must_use]
    pub fn roots(&self) -> &[RootBus] {
        &self.roots
    }

    /// What about the bus numbers cannot be right.
    #[must_use]
    pub fn disorders(&self) -> &[Disorder] {
        &self.disorders
    }

    /// The function with this number; `None` for a number of another hierarchy.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Function> {
        self.nodes.get(id.index()).map(|node| &node.function)
    }

    /// The function with this number, to change it.
    pub fn get_mut(&mut self, id: NodeId) -> Option<&mut Function> {
        self.nodes.get_mut(id.index()).map(|node| &mut node.function)
    }

    /// The function at this address, found by bisection.
    #[must_use]
    pub fn find(&self, address: Address) -> Option<NodeId> {
        let index = self.nodes.binary_search_by_key(&address, |node| node.function.address).ok()?;
        u32::try_from(index).ok().map(NodeId)
    }

    /// What kind of port the function with this number is.
    #[must_use]
    pub fn port_kind(&self, id: NodeId) -> Option<PortKind> {
        self.get(id).map(Function::port_kind)
    }

    /// The bridge a function is below; `None` on a root bus.
    #[must_use]
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.nodes.get(id.index())?.parent
    }

    /// The functions on the bus behind a bridge, in ascending order.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        core::iter::successors(self.first_child(id), |id| self.next_sibling(*id))
    }

    /// A function, the bridge above it, and so on up to the root bus.
    pub fn path_to_root(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let start = self.get(id).map(|_| id);
        core::iter::successors(start, |id| self.parent(*id))
    }

    fn first_child(&self, id: NodeId) -> Option<NodeId> {
        self.nodes.get(id.index())?.first_child
    }

    fn next_sibling(&self, id: NodeId) -> Option<NodeId> {
        self.nodes.get(id.index())?.next_sibling
    }

    /// All functions in ascending order of their addresses.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Function)> {
        (0..).map(NodeId).zip(self.nodes.iter().map(|node| &node.function))
    }

    /// All functions, each followed by what is below it.
    #[must_use]
    pub fn depth_first(&self) -> DepthFirst<'_> {
        let first = self.roots.first().and_then(|root| root.functions.first());
        DepthFirst::all(self, first.copied())
    }

    /// A function and all that is below it.
    #[must_use]
    pub fn subtree(&self, id: NodeId) -> DepthFirst<'_> {
        DepthFirst::below(self, self.get(id).map(|_| id))
    }
}

impl Index<NodeId> for Hierarchy {
    type Output = Function;

    /// # Panics
    ///
    /// With a number of another hierarchy. [`Hierarchy::get`] does not.
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers come from this hierarchy alone; get() is for the others"
    )]
    fn index(&self, id: NodeId) -> &Function {
        &self.nodes[id.index()].function
    }
}

/// A bridge to bus 0 through 0 is one that nobody has given numbers.
fn is_configured(buses: &BusNumbers) -> bool {
    (buses.secondary, buses.subordinate) != (0, 0)
}

/// The bridges by segment and secondary bus.
struct Bridges(BTreeMap<(u32, u8), Bridge>);

struct Bridge {
    id: NodeId,
    address: Address,
    subordinate: u8,
}

impl Bridges {
    fn add(&mut self, id: NodeId, bridge: Address, buses: BusNumbers) -> Option<Disorder> {
        if buses.secondary <= bridge.bus || buses.subordinate < buses.secondary {
            return Some(Disorder::Backwards { bridge, buses });
        }
        let place = (bridge.segment, buses.secondary);
        if let Some(taken) = self.0.get(&place) {
            return Some(Disorder::Contested { bridge, taken: taken.address, bus: buses.secondary });
        }
        self.0.insert(place, Bridge { id, address: bridge, subordinate: buses.subordinate });
        None
    }

    fn place(&self, function: Function) -> Node {
        let parent = self.parent(&function);
        Node { function, parent, first_child: None, next_sibling: None }
    }

    fn parent(&self, function: &Function) -> Option<NodeId> {
        let Address { segment, bus, .. } = function.address;
        if let Some(bridge) = self.0.get(&(segment, bus)) {
            return Some(bridge.id);
        }
        let nearer = self.0.range((segment, 0)..(segment, bus)).rev();
        let mut holding = nearer.filter(|_| function.header.is_virtual());
        holding.find(|(_, bridge)| bridge.subordinate >= bus).map(|(_, bridge)| bridge.id)
    }
}

#[cfg(test)]
mod tests;
