//! Going through a hierarchy without recursion.

use super::{Hierarchy, NodeId};

/// One step of a depth-first walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The function.
    pub id: NodeId,
    /// How many bridges are above it within the walk, 0-255.
    pub depth: u16,
    /// Whether it is the last among its siblings, for drawing trees. Root functions of all root buses are siblings.
    pub last: bool,
}

/// Iterator over functions, each followed by what is below it. Needs no stack: nodes know where they are.
#[derive(Clone, Debug)]
pub struct DepthFirst<'a> {
    hierarchy: &'a Hierarchy,
    next: Option<(NodeId, u16)>,
    /// Siblings of the start are part of the walk.
    siblings: bool,
}

impl<'a> DepthFirst<'a> {
    pub(super) fn all(hierarchy: &'a Hierarchy, first: Option<NodeId>) -> Self {
        Self { hierarchy, next: first.map(|id| (id, 0)), siblings: true }
    }

    pub(super) fn below(hierarchy: &'a Hierarchy, start: Option<NodeId>) -> Self {
        Self { hierarchy, next: start.map(|id| (id, 0)), siblings: false }
    }

    fn sibling(&self, id: NodeId, depth: u16) -> Option<NodeId> {
        self.hierarchy.next_sibling(id).filter(|_| depth > 0 || self.siblings)
    }

    fn following(&self, mut id: NodeId, mut depth: u16) -> Option<(NodeId, u16)> {
        if let Some(child) = self.hierarchy.first_child(id) {
            return Some((child, depth.saturating_add(1)));
        }
        loop {
            if let Some(sibling) = self.sibling(id, depth) {
                return Some((sibling, depth));
            }
            depth = depth.checked_sub(1)?;
            id = self.hierarchy.parent(id)?;
        }
    }
}

impl Iterator for DepthFirst<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let (id, depth) = self.next?;
        self.next = self.following(id, depth);
        Some(Step { id, depth, last: self.sibling(id, depth).is_none() })
    }
}
