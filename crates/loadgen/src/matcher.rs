//! The one place where the benchmark meets the index: rows in memory, changes over them, and the flips
//! that an index finds. No store, no memberships, no deltas.
//!
//! Flips of rules that read memberships are for the engine to decide and are left out.

use muster_directory::{AttributePatch, Instant, ObjectId, ObjectKind};
use muster_index::{Affected, Edit, Effect, IndexKind, RowChange, RowView, RuleIndex, Scratch, Table};
use muster_rule::Rule;
use std::sync::Arc;

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
            ids: Vec::new(),
            table: Table::default(),
            scratch: Scratch::default(),
            found: Vec::new(),
        }
    }
}

/// Objects in memory.
#[derive(Debug)]
pub struct Population<'m> {
    matcher: &'m Matcher,
    ids: Vec<ObjectId>,
    table: Table,
    scratch: Scratch,
    found: Vec<Affected>,
}

impl Population<'_> {
    /// Adds an object.
    pub fn load(&mut self, id: ObjectId, patch: AttributePatch) {
        let object = number(self.ids.len());
        let row = self.table.draft(ObjectKind::User, &id, None, Edit::Replace(patch));
        self.table.put(object, Some(row));
        self.ids.push(id);
    }

    /// The present attributes of an object, as rules read them.
    #[must_use]
    pub fn view(&self, object: usize) -> Option<RowView<'_>> {
        self.table.row(number(object)).map(|row| self.table.view(row))
    }

    /// Applies changes in order, which empties `changes`, and appends the flips.
    pub fn apply(&mut self, changes: &mut Vec<Change>, flips: &mut Vec<Flip>) {
        let mut rest = changes.drain(..);
        let mut place = 0;
        while !rest.as_slice().is_empty() {
            let ahead = rest.as_slice().iter().take(GROUP);
            self.table.read_ahead(ahead.map(|(object, patch)| (number(*object), patch)));
            for (object, patch) in rest.by_ref().take(GROUP) {
                self.change(place, object, patch, flips);
                place += 1;
            }
        }
    }

    fn change(&mut self, place: u32, object: usize, patch: AttributePatch, flips: &mut Vec<Flip>) {
        let Matcher { index, now } = self.matcher;
        let Some(id) = self.ids.get(object) else { return };
        let object = number(object);
        let old = self.table.take(object);
        // A row that is not yet put does not keep its values: one at a time.
        let new = self.table.draft(ObjectKind::User, id, old.as_ref(), Edit::Patch(patch));
        let change = RowChange { old: old.as_ref(), new: Some(&new) };
        self.found.clear();
        index.affected(&mut self.table, &[change], *now, &mut self.scratch, &mut self.found);
        let flipped = self.found.iter().filter(|affected| affected.effect == Effect::Flipped);
        flips.extend(flipped.map(|affected| (place, affected.rule)));
        self.table.replace(object, old.as_ref(), Some(new));
    }
}

/// So many changes are looked at before the first of them is applied.
const GROUP: usize = 32;

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
