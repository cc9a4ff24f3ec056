//! The one place where the benchmark meets the index: rows in memory, changes over them, and the flips
//! that an index finds. No store, no memberships, no deltas.
//!
//! Flips of rules that read memberships are for the engine to decide and are left out.

use muster_directory::{AttributePatch, Attributes, Instant, ObjectKind};
use muster_index::{Affected, Effect, IndexKind, RowChange, RuleIndex, Scratch};
use muster_rule::{Rule, Text, Value, property};
use std::sync::Arc;

/// So many changes are given to the index at once.
const GROUP: usize = 32;

/// Compiled rules, to be shared by threads that each have objects of their own.
#[derive(Debug)]
pub struct Matcher {
    index: Box<dyn RuleIndex>,
    now: Instant,
}

/// A change of one object: its place in a [`Population`], and the new values.
pub type Change = (usize, AttributePatch);

/// A rule whose truth a change flipped: the change's place among those it was applied with, and the rule.
pub type Flip = (u32, u32);

impl Matcher {
    /// The rules in an index of this kind, numbered in their order.
    #[must_use]
    pub fn build(kind: IndexKind, rules: &[Arc<Rule>], now: Instant) -> Matcher {
        Matcher::with(kind.build(), rules, now)
    }

    /// The rules in a given index.
    #[must_use]
    pub fn with(mut index: Box<dyn RuleIndex>, rules: &[Arc<Rule>], now: Instant) -> Matcher {
        for (number, rule) in (0..).zip(rules) {
            index.insert(number, Arc::clone(rule));
        }
        Matcher { index, now }
    }

    /// No objects yet.
    #[must_use]
    pub fn population(&self) -> Population<'_> {
        Population {
            matcher: self,
            rows: Vec::new(),
            group: Vec::new(),
            scratch: Scratch::default(),
            found: Vec::new(),
        }
    }
}

/// Objects in memory.
#[derive(Debug)]
pub struct Population<'m> {
    matcher: &'m Matcher,
    rows: Vec<Attributes>,
    /// Rows of the changes at hand, before and after, and the object.
    group: Vec<(usize, Attributes, Attributes)>,
    scratch: Scratch,
    found: Vec<Affected>,
}

impl Population<'_> {
    /// Adds an object.
    pub fn load(&mut self, id: &str, patch: AttributePatch) {
        let mut row = Attributes::from_patch(patch);
        row.set(property::object_id(ObjectKind::User), Some(Value::Text(Text::new(id))));
        self.rows.push(row);
    }

    /// The present attributes of an object.
    #[must_use]
    pub fn row(&self, object: usize) -> Option<&Attributes> {
        self.rows.get(object)
    }

    /// Applies changes in order, which empties `changes`, and appends the flips.
    pub fn apply(&mut self, changes: &mut Vec<Change>, flips: &mut Vec<Flip>) {
        let mut first = 0;
        for (object, patch) in changes.drain(..) {
            // A second change of one object begins where the first one ends.
            if self.group.len() == GROUP || self.group.iter().any(|(other, _, _)| *other == object) {
                first += self.flush(first, flips);
            }
            let Some(row) = self.rows.get_mut(object) else { continue };
            let mut new = row.clone();
            new.apply(patch);
            self.group.push((object, std::mem::take(row), new));
        }
        self.flush(first, flips);
    }

    fn flush(&mut self, first: u32, flips: &mut Vec<Flip>) -> u32 {
        let changes: Vec<RowChange<'_>> = self
            .group
            .iter()
            .map(|(_, old, new)| RowChange { kind: ObjectKind::User, old: Some(old), new: Some(new) })
            .collect();
        self.found.clear();
        self.matcher.index.affected(&changes, self.matcher.now, &mut self.scratch, &mut self.found);
        let flipped = self.found.iter().filter(|affected| affected.effect == Effect::Flipped);
        flips.extend(flipped.map(|affected| (first + affected.change, affected.rule)));
        let count = u32::try_from(self.group.len()).unwrap_or(u32::MAX);
        for (object, _, new) in self.group.drain(..) {
            if let Some(row) = self.rows.get_mut(object) {
                *row = new;
            }
        }
        count
    }
}
