//! Breadth first through all states, each looked at once.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use super::world::{Action, Told, World};

/// What a search came to.
#[derive(Debug)]
pub struct Found {
    pub states: usize,
    pub steps: usize,
    pub depth: usize,
    /// What was broken, and how to get there: on a shortest way.
    pub broken: Option<(String, Vec<Action>)>,
    /// Whether it was all there is.
    pub complete: bool,
    /// What was said and has happened on the way.
    pub told: BTreeSet<Told>,
}

/// A state's two hashes, so that no two states of a few million are taken for one another.
fn fingerprint(world: &World) -> u128 {
    let bytes = world.canonical();
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        bytes.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    hash(0) << 64 | hash(1)
}

/// Explores everything that can be reached from `start`, up to `most` states.
pub fn explore(start: World, most: usize) -> Found {
    let mut seen = HashSet::from([fingerprint(&start)]);
    let mut came_by: Vec<(usize, Action)> = vec![(0, Action::Time)];
    let mut found =
        Found { states: 1, steps: 0, depth: 0, broken: None, complete: false, told: BTreeSet::new() };
    let mut level = vec![(0, start)];
    while !level.is_empty() {
        let mut next_level = Vec::new();
        for (place, world) in level {
            for action in world.actions() {
                found.steps += 1;
                let mut next = world.clone();
                let acted = next.act(action);
                found.told.extend(next.told.drain(..));
                let is_new = acted.is_ok() && seen.insert(fingerprint(&next));
                let checked = if is_new { next.check() } else { acted };
                if let Err(what) = checked {
                    return Found { broken: Some((what, way(&came_by, place, action))), ..found };
                }
                if is_new {
                    found.states += 1;
                    next_level.push((came_by.len(), next));
                    came_by.push((place, action));
                }
            }
            if found.states >= most {
                return found;
            }
        }
        level = next_level;
        found.depth += 1;
    }
    Found { complete: true, ..found }
}

fn way(came_by: &[(usize, Action)], mut place: usize, last: Action) -> Vec<Action> {
    let mut way = vec![last];
    while place != 0 {
        let (before, action) = came_by[place];
        way.push(action);
        place = before;
    }
    way.reverse();
    way
}

impl Found {
    /// The way to what was broken, for a person.
    pub fn story(&self) -> String {
        match &self.broken {
            None => format!("{} states, {} steps, {} deep", self.states, self.steps, self.depth),
            Some((what, path)) => format!("{what}, after {path:?}, the {}th state", self.states),
        }
    }
}
